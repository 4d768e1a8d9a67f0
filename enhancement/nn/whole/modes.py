"""Whether activations are kept or computed again, by the memory there is."""

from itertools import pairwise
from typing import Literal, cast, get_args

import torch

from enhancement.nn.memory import left_bytes
from enhancement.nn.networks.chain import Chain
from enhancement.nn.whole.passes import STRIP_BYTES, Mode, map_bytes

Asked = Literal["auto", "fast", "lean"]

SHARE = 0.8
"""Of the memory that is left, so that others have some too."""

STRIPS_EACH = 3
"""That a layer holds at once: its window, what it makes, what waits to be added."""

STRIPS_ONCE = 6
"""For all layers together: while statistics are taken on a GPU, and for the last layer, which is float32."""

PHOTO_BYTES = 3 * 4
"""Of a pixel that a skip takes around all layers: three colours in float32."""


class ModeError(ValueError):
    """A mode was asked for that isn't known."""


def pick_mode(chain: Chain, photo: torch.Tensor, dtype: torch.dtype, mode: str = "auto") -> Mode:
    """``fast`` where its memory is there or it is asked for by name, ``lean`` otherwise.

    A chain without an instance norm needs one pass, in which nothing is kept: both are the same, and it is ``fast``.

    Raises:
        ModeError: Another name than ``auto``, ``fast``, ``lean``.
    """
    check_mode(mode)
    if mode != "auto":
        return cast("Mode", mode)
    height_px, width_px = photo.shape[:2]
    kept, left = kept_bytes(chain, height_px, width_px, dtype), left_on(photo.device)
    strip = min(STRIP_BYTES[photo.device.type], max(map_bytes(chain, height_px, width_px, dtype)))
    strips = (STRIPS_EACH * longest_pass(chain) + STRIPS_ONCE) * strip
    return "fast" if kept == 0 or left is None or kept + strips <= SHARE * left else "lean"


def check_mode(mode: str) -> None:
    """Refuse what is no mode.

    Raises:
        ModeError: Another name than ``auto``, ``fast``, ``lean``.
    """
    if mode not in get_args(Asked):
        raise ModeError(f"The mode must be one of {', '.join(get_args(Asked))}, not {mode!r}.")


def longest_pass(chain: Chain) -> int:
    """How many layers ``fast`` is at in one pass, at most.

    Example:
        >>> from enhancement.nn.networks.generator import Generator
        >>> longest_pass(Generator().chain())
        3
    """
    ends = [-1, *chain.normed, len(chain.layers) - 1]
    return max(end - before for before, end in pairwise(ends))


def left_on(device: torch.device) -> int | None:
    """Memory that this process can still get on a device, in bytes; None where nobody says."""
    if device.type != "cuda":
        return left_bytes()
    in_use = torch.cuda.memory_stats(device).get("active_bytes.all.current", 0)  # also by pictures on their way
    return int(torch.cuda.mem_get_info(device)[0]) + torch.cuda.memory_reserved(device) - int(in_use)


def kept_bytes(chain: Chain, height_px: int, width_px: int, dtype: torch.dtype) -> int:
    """The most that ``fast`` keeps at once of a photo: two layers' maps while one becomes the other, and skips.

    Example:
        >>> from enhancement.nn.networks.generator import Generator
        >>> kept_bytes(Generator().chain(), 1000, 1000, torch.float32) / 10**6
        512.0
    """
    maps = map_bytes(chain, height_px, width_px, dtype)
    normed = chain.normed
    most = 0
    for before, place in zip([None, *normed], [*normed, None], strict=True):
        passing = max(0 if of is None else maps[of] for of in (before, place))
        first, last = (0 if before is None else before), (len(maps) if place is None else place)
        begun, ended, through = 0, 0, 0
        for end, layer in enumerate(chain.layers):
            begins = end - layer.skip + 1
            if layer.skip and begins <= last and end >= first:
                kept = maps[begins - 1] if begins else PHOTO_BYTES * height_px * width_px
                through += kept if begins < first and end > last else 0
                begun += kept if begins >= first else 0
                ended += kept if begins < first and end <= last else 0
        most = max(most, passing + through + max(begun, ended))
    return most if normed else 0
