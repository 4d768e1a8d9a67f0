"""Whether activations are kept or computed again, by the memory there is."""

import logging
from itertools import pairwise
from typing import Literal, cast, get_args

import torch

from enhancement.nn.memory import left_bytes
from enhancement.nn.networks.chain import Chain
from enhancement.nn.whole.passes import STRIP_BYTES, Mode, dtypes_of, map_floats
from enhancement.nn.whole.queues import AT_ONCE, GROUPS_LEFT, SPARE

log = logging.getLogger(__name__)

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
    needed, left = fast_bytes(chain, height_px, width_px, dtype, photo.device.type), left_on(photo.device)
    if needed == 0 or left is None or needed <= SHARE * left:
        return "fast"
    words = "%d×%d px: lean, for fast would take %.2f GB, which is more than %.0f %% of the %.2f GB that are left"
    log.info(words, width_px, height_px, needed / 1e9, 100 * SHARE, left / 1e9)
    return "lean"


def check_mode(mode: str) -> None:
    """Refuse what is no mode.

    Raises:
        ModeError: Another name than ``auto``, ``fast``, ``lean``.
    """
    if mode not in get_args(Asked):
        raise ModeError(f"The mode must be one of {', '.join(get_args(Asked))}, not {mode!r}.")


def fast_bytes(chain: Chain, height_px: int, width_px: int, dtype: torch.dtype, device: str) -> int:
    """What must be left of a type of device's memory for ``fast``; 0 where it keeps nothing.

    On a GPU what is spare in slots is taken, too; a processor's last memory isn't.
    """
    kept = kept_bytes(chain, height_px, width_px, dtype)
    strip = min(STRIP_BYTES[device], max(map_floats(chain, height_px, width_px)) * dtype.itemsize)
    slots = {"cpu": kept + GROUPS_LEFT * AT_ONCE["cpu"] * SPARE * strip, "cuda": SPARE * kept}
    return int(slots[device]) + (STRIPS_EACH * longest_pass(chain) + STRIPS_ONCE) * strip if kept else 0


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
    floats, sizes = map_floats(chain, height_px, width_px), [of.itemsize for of in dtypes_of(chain, dtype)]
    maps = [many * size for many, size in zip(floats, sizes, strict=True)]
    normed = chain.normed
    most = 0
    for before, place in zip([None, *normed], [*normed, None], strict=True):
        passing = max(0 if of is None else maps[of] for of in (before, place))
        first, last = (0 if before is None else before), (len(maps) if place is None else place)
        begun, ended, through = 0, 0, 0
        for end, layer in enumerate(chain.layers):
            begins = end - layer.skip + 1
            if layer.skip and begins <= last and end >= first:
                kept = floats[begins - 1] * sizes[begins] if begins else PHOTO_BYTES * height_px * width_px
                through += kept if begins < first and end > last else 0
                begun += kept if begins >= first else 0
                ended += kept if begins < first and end <= last else 0
        most = max(most, passing + through + max(begun, ended))
    return most if normed else 0
