"""What follows a layer's convolution, and what is seen of a strip on its way: compiled on the CPU, torch on a GPU."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from enhancement.nn.networks.chain import Layer, Step
from enhancement.nn.whole import kernels
from enhancement.nn.whole.queues import Queue

Factors = tuple[Tensor, Tensor]


class Looked(NamedTuple):
    """Statistics of the parts of a strip.

    Attributes:
        counts: Pixels of each, (parts,), float64.
        means: Shape (parts, C), float64.
        squares: Of what deviates from them, summed, (parts, C), float64.
    """

    counts: Tensor
    means: Tensor
    squares: Tensor


@dataclass(frozen=True, eq=False)
class Finishing:
    """What follows a layer's convolution: norm, steps, skip, steps.

    Attributes:
        layer: The layer.
        norm: What the instance norm multiplies by, and then adds: float32, shape (C,) each.
        skip: What is added, from the row that is next.
    """

    layer: Layer
    norm: Factors | None = None
    skip: Queue | None = None

    @cached_property
    def numbers(self) -> tuple[kernels.Array, ...]:
        """What the kernels take of it: the norm's two, codes and numbers of the steps before the sum, and after it."""
        channels = len(self.layer.weight)
        scale, shift = self.norm or (torch.ones(channels), torch.zeros(channels))
        return scale.numpy(), shift.numpy(), *numbers_of(self.layer.activation), *numbers_of(self.layer.after)

    def write(self, rows: Tensor, places: Tensor, edge_px: int) -> None:
        """Finish rows, which may be overwritten, and round them to what their place is made of, once.

        Args:
            rows: What the convolution made, (h, W, C).
            places: Where to, (h, edge_px + W + edge_px, C).
            edge_px: Columns on each side that are left alone.
        """
        finish, done = FINISH[rows.device.type], 0
        for added in [None] if self.skip is None else self.skip.taken(len(rows)):
            end = len(rows) if added is None else done + len(added)
            finish(self, rows[done:end], added, places[done:end], edge_px)
            done = end


@dataclass(frozen=True, eq=False)
class Strip:
    """Rows that flow to the next layer.

    Attributes:
        rows: Shape (h, W, C).
        then: What has to be done to them yet.
    """

    rows: Tensor
    then: Finishing | None = None

    def write(self, places: Tensor, edge_px: int = 0) -> None:
        """What has to be done is done on the way to a place: (h, edge_px + W + edge_px, C)."""
        if self.then is None:
            places[:, edge_px : edge_px + self.rows.shape[1]] = self.rows
        else:
            self.then.write(self.rows, places, edge_px)

    def finished(self, dtype: torch.dtype) -> Tensor:
        """The rows by themselves, (h, W, C)."""
        made = torch.empty_like(self.rows, dtype=dtype)
        self.write(made)
        return made


def get_ready(device: torch.device, dtype: torch.dtype) -> None:
    """Have what a device needs to compute in a precision compiled, while there is memory."""
    if device.type == "cpu":
        kernels.ready(dtype)


def look(strip: Tensor, slot: Tensor | None) -> Looked:
    """See the statistics of (h, W, C), and keep a copy in a slot, where there is one."""
    return LOOK[strip.device.type](strip, slot)


def finish_by_torch(then: Finishing, rows: Tensor, added: Tensor | None, places: Tensor, edge_px: int) -> None:
    """An operation at a time."""
    made = rows.float() if then.norm is None else torch.addcmul(then.norm[1], rows, then.norm[0])  # float32
    made = stepped(made, then.layer.activation)
    if added is not None:
        made += added
    places[:, edge_px : edge_px + rows.shape[1]] = stepped(made, then.layer.after)


def stepped(rows: Tensor, steps: Iterable[Step]) -> Tensor:
    """Numbers by themselves; they are overwritten."""
    for step in steps:
        rows = STEPS[step.name](rows, step.first, step.second)
    return rows


STEPS: Mapping[str, Callable[[Tensor, float, float], Tensor]] = {
    "relu": lambda rows, *_: rows.relu_(),
    "leaky": lambda rows, slope, _: F.leaky_relu_(rows, slope),
    "tanh": lambda rows, *_: rows.tanh_(),
    "sigmoid": lambda rows, *_: rows.sigmoid_(),
    "clip": lambda rows, low, high: rows.clamp_(low, high),
    "affine": lambda rows, factor, shift: rows.mul_(factor).add_(shift),
}
"""By the names of ``Step``."""


def look_by_torch(strip: Tensor, slot: Tensor | None) -> Looked:
    """All of a strip as one part."""
    if slot is not None:
        slot.copy_(strip)
    pixels = strip.flatten(0, 1).float()
    mean = pixels.mean(0, keepdim=True)
    squares = (pixels - mean).square_().sum(0, keepdim=True)
    return Looked(mean.new_full((1,), len(pixels), dtype=torch.float64), mean.double(), squares.double())


def finish_compiled(then: Finishing, rows: Tensor, added: Tensor | None, places: Tensor, edge_px: int) -> None:
    """In one pass, its rows shared among threads."""
    made, to = kernels.array_of(rows), kernels.array_of(places)
    others = kernels.array_of(rows[:0] if added is None else added)
    begin_at = edge_px * rows.shape[2]

    def work(first: int, last: int) -> None:
        some = slice(first, last)
        kernels.finish_rows(made[some], others[some], to[some], begin_at, *then.numbers)

    kernels.share(work, len(rows), rows.numel())


def look_compiled(strip: Tensor, slot: Tensor | None) -> Looked:
    """In one pass, its pixels shared among threads."""
    pixels = kernels.array_of(strip.flatten(0, 1))
    copy = pixels[:0] if slot is None else kernels.array_of(slot.flatten(0, 1))
    parts = -(-len(pixels) // kernels.CHUNK_PX)
    counts, (means, squares) = np.empty(parts), np.empty((2, parts, pixels.shape[1]))

    def work(first: int, last: int) -> None:
        some = slice(first * kernels.CHUNK_PX, last * kernels.CHUNK_PX)
        kernels.look_at(pixels[some], copy[some], counts[first:last], means[first:last], squares[first:last])

    kernels.share(work, parts, pixels.size)
    return Looked(*map(torch.from_numpy, (counts, means, squares)))


def numbers_of(steps: Sequence[Step]) -> tuple[kernels.Array, kernels.Floats]:
    """Steps as the kernels take them: their codes, (n,), and numbers, (n, 2)."""
    known = [Step("clip", 0.0, np.inf) if step.name == "relu" else step for step in steps]
    codes = np.array([kernels.CODES[step.name] for step in known], np.int64)
    return codes, np.array([(step.first, step.second) for step in known], np.float32).reshape(-1, 2)


FINISH = {"cpu": finish_compiled, "cuda": finish_by_torch}
LOOK = {"cpu": look_compiled, "cuda": look_by_torch}
"""By the type of device."""
