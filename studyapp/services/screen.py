"""Is a screen good enough to judge pictures on?"""

from collections.abc import Iterator, Mapping
from typing import Any

from studyapp.models import Study

STEPS = 6
"""Squares in each bar of brightness steps; a bar of fewer that can be told apart hides what a picture holds."""
DARK = (4, 8, 13, 19, 26, 34)
BRIGHT = (251, 247, 242, 236, 229, 221)
"""sRGB values of the squares on black and on white."""
NEEDED = 4
MIN_HEIGHT_PX = 320
ZOOM_TOLERANCE = 0.05
"""Browsers zoom in steps of a tenth; what a window's own frame adds to the measure is less."""


def problems_of_screen(told: Mapping[str, Any], study: Study) -> Iterator[str]:
    """What an observer should mend, by name; the page has the words."""
    width_px, height_px, zoom = (told.get(name) for name in ("viewport_width_px", "viewport_height_px", "browser_zoom"))
    if not told.get("capable") or width_px is None or height_px is None:
        yield "browser"
        return
    if width_px < study.screen_min_width_px:
        yield "narrow"
    if height_px < MIN_HEIGHT_PX:
        yield "low"
    if zoom is None or abs(zoom - 1) > ZOOM_TOLERANCE:
        yield "zoom"
    for name in ("dark", "bright"):
        if (told.get(f"{name}_steps") or 0) < NEEDED:
            yield name
