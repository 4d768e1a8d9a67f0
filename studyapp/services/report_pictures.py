"""Pictures for the page of a made report: the stimuli that stood in the pairs over which metrics and people part."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from enhancement.models import Stimulus
from studyapp.models import Rendering, Study
from studyapp.services.content_pictures import key_of

PIXEL_FOR_PIXEL = "1,0.5,0.5"
"""A view as library/choice.js reads it: a device pixel for each of the picture's, its middle in the middle."""


def with_pictures(page: dict[str, Any], study: Study) -> dict[str, Any]:
    """The page with a small picture for each side of its pairs, and where the two are compared at 1:1.

    One query, and none for a page without pairs. A pair that lacks a picture gets neither. Who may see a study may see
    its stimuli (``access.stimuli_for``), so that the page shows nothing that its addresses would refuse.
    """
    blocks = (block for section in page["sections"] for block in section["blocks"])
    pairs = [pair for block in blocks if block["is"] == "pairs" for pair in block["pairs"]]
    stimuli = _stimuli(study, pairs) if pairs else {}
    for pair in pairs:
        shown = [stimuli.get((pair["content"], side["condition"])) for side in pair["sides"]]
        _add(pair, [stimulus for stimulus in shown if stimulus is not None])
    return page


def _stimuli(study: Study, pairs: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Stimulus]:
    """What stood for each condition on the contents of the pairs, by their names."""
    rows = Rendering.objects.filter(raster__study=study, raster__content__name__in={pair["content"] for pair in pairs})
    told = rows.select_related("raster__content", "condition", "stimulus__method")
    return {(row.raster.content.name, row.condition.name): row.stimulus for row in told}


def _add(pair: dict[str, Any], shown: Sequence[Stimulus]) -> None:
    if len(shown) < len(pair["sides"]):
        return
    for side, stimulus in zip(pair["sides"], shown, strict=True):
        address = reverse("stimulus-thumbnail", args=[stimulus.pk])
        side["picture"] = {"address": address, "width_px": stimulus.width_px, "height_px": stimulus.height_px}
    first, second = (key_of(stimulus.method) for stimulus in shown)
    query = urlencode({"a": first, "b": second, "view": PIXEL_FOR_PIXEL}, safe=",")
    pair["compared_at"] = f"{reverse('content', args=[shown[0].content_id])}?{query}"
