"""A photo through a network's layers, in passes that end where an instance norm must have seen the whole picture."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from enhancement.nn.networks.chain import Chain
from enhancement.nn.whole.finishing import Finishing, Strip, get_ready
from enhancement.nn.whole.moments import Moments
from enhancement.nn.whole.queues import Queue, Slots
from enhancement.nn.whole.rows import Convolution, convolved

Mode = Literal["fast", "lean"]

STRIP_BYTES = {"cpu": 8 * 2**20, "cuda": 256 * 2**20}
"""Of the largest map of a strip; in half precision those of the first and the last layer may be twice as large. Glibc
hands blocks of up to 32 MB out again and again without new pages.
"""


def output_strips(
    chain: Chain, photo: Tensor, dtype: torch.dtype, mode: Mode, strip_px: int | None = None
) -> Iterator[Tensor]:
    """The network's output, strip by strip: what a pass over the whole picture gives, to rounding.

    Args:
        chain: The network.
        photo: Shape (H, W, 3), uint8, on the device that computes; both sides multiples of the chain's ``step_px``.
        dtype: What is computed in. The first and the last layer, which half precision would cost most, are float32.
        mode: ``"fast"`` keeps what the norms have looked at until the next pass has taken it up; ``"lean"`` keeps
            nothing and begins every pass at the photo.
        strip_px: Rows of the photo at a time; chosen by the width where nothing is said.

    Yields:
        Shape (h, W, 3), float32, not clipped; every row once, from the top.
    """
    passes = Passes(chain, photo, dtype, mode, strip_px)
    for place in chain.normed:
        passes.look(place)
    yield from passes.finish()


class Passes:
    """What is known and kept from one pass to the next."""

    def __init__(self, chain: Chain, photo: Tensor, dtype: torch.dtype, mode: Mode, strip_px: int | None) -> None:
        get_ready(photo.device, dtype)
        self.layers, self.photo, self.mode = chain.layers, photo, mode
        self.heights = sides_px(chain, len(photo))
        self.strip_px = strip_px or rows_at_once(chain, photo, dtype)
        dtypes = dtypes_of(chain, dtype)
        self.convolutions = [Convolution(layer, photo.device, dtypes[place]) for place, layer in enumerate(self.layers)]
        self.norms: dict[int, tuple[Tensor, Tensor]] = {}
        self.skips: dict[int, Queue] = {}
        self.slots = Slots(is_watched=mode == "fast")
        self.kept = Queue(self.slots)
        self.looked_at = -1

    def look(self, place: int) -> None:
        """Compute up to a layer's convolution, for its norm's statistics; those of the norms before it are known."""
        self.slots.begin()
        moments, kept = Moments(self.photo.device), Queue(self.slots)
        for strip in self._convolved(place, stop=place):
            moments.add(strip, kept.room_for(strip) if self.mode == "fast" else None)
            del strip  # nothing is held while the next is computed
        norm = self.layers[place].norm
        assert norm is not None  # noqa: S101
        self.norms[place], self.kept, self.looked_at = moments.as_factors(norm), kept, place

    def finish(self) -> Iterator[Tensor]:
        """Compute to the end; the statistics of all norms are known."""
        last = len(self.layers) - 1
        is_there = self.mode == "fast" and self.looked_at == last
        made = self.kept.emptied() if is_there else self._convolved(last, stop=last + 1)
        return map(partial(Strip.finished, dtype=torch.float32), self._followed(made, last))

    def _convolved(self, last: int, *, stop: int) -> Iterator[Tensor]:
        """What a layer's convolution makes, from what was kept, or else from the photo; skips from ``stop`` on wait."""
        if self.mode == "fast" and self.looked_at >= 0:
            first, strips = self.looked_at + 1, self._followed(self.kept.emptied(), self.looked_at)
        else:
            first, strips = 0, self._photo_strips()
        self._make_queues(first, last, stop)
        for place in range(first, last + 1):
            made = convolved(strips, self.convolutions[place], self.heights[place], self._begun_at(place))
            strips = self._followed(made, place)
        return made

    def _make_queues(self, first: int, last: int, stop: int) -> None:
        """A queue for each skip that begins in a pass, and ends there or in one that goes on from it."""
        for end, layer in enumerate(self.layers):
            begins = end - layer.skip + 1
            if layer.skip and first <= begins <= last and (self.mode == "fast" or end < stop):
                self.skips[end] = Queue(self.slots)

    def _begun_at(self, place: int) -> list[Queue]:
        """The queues of the skips that begin before a layer."""
        return [queue for end, queue in self.skips.items() if end - self.layers[end].skip + 1 == place]

    def _followed(self, made: Iterator[Tensor], place: int) -> Iterator[Strip]:
        then = Finishing(self.layers[place], self.norms.get(place), self.skips.get(place))
        return map(partial(Strip, then=then), made)  # which, other than a generator, holds no strip that it has given

    def _photo_strips(self) -> Iterator[Strip]:
        return (Strip(strip.float().div_(255)) for strip in torch.split(self.photo, self.strip_px))


def sides_px(chain: Chain, side_px: int) -> list[int]:
    """Height or width of what goes into each layer, and last of what comes out, by the photo's.

    Example:
        >>> from enhancement.nn.networks.johnson import Johnson
        >>> sides_px(Johnson().chain(), 8)[:5]
        [8, 8, 4, 2, 2]
    """
    sides = [side_px]
    for layer in chain.layers:
        sides.append(layer.side_after(sides[-1]))
    return sides


def dtypes_of(chain: Chain, dtype: torch.dtype) -> list[torch.dtype]:
    """What each layer is computed in: the first and the last in float32.

    Example:
        >>> from enhancement.nn.networks.dong import Dong
        >>> dtypes_of(Dong().chain(), torch.bfloat16)
        [torch.float32, torch.bfloat16, torch.float32]
    """
    last = len(chain.layers) - 1
    return [torch.float32 if place in (0, last) else dtype for place in range(last + 1)]


def map_floats(chain: Chain, height_px: int, width_px: int) -> list[int]:
    """How many numbers each layer makes of a photo."""
    sides = zip(chain.layers, sides_px(chain, height_px)[1:], sides_px(chain, width_px)[1:], strict=True)
    return [len(layer.weight) * height * width for layer, height, width in sides]


def rows_at_once(chain: Chain, photo: Tensor, dtype: torch.dtype) -> int:
    """How many of the photo's rows make a strip of about ``STRIP_BYTES``; a multiple of the chain's step."""
    height, width = photo.shape[:2]
    row_bytes = max(map_floats(chain, height, width)) * dtype.itemsize / height
    steps = int(STRIP_BYTES[photo.device.type] / row_bytes / chain.step_px)
    return max(1, steps) * chain.step_px
