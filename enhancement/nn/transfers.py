"""Pictures to a GPU and back while it computes: the next is on its way there and the last on its way back.

Who calls doesn't wait. All that one picture needs is put in line behind what the one before needs, so a GPU that
several pictures are given to has no pause between them, and holds the feature maps of one.
"""

from functools import cache
from math import isfinite
from typing import Literal

import torch
from torch import Tensor

from enhancement.pictures import Photo


@cache
def stream_for(device: torch.device, way: Literal["up", "down"]) -> torch.cuda.Stream:
    """A line of their own for what goes to a GPU, and for what comes from it: neither waits for what is computed."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def upload(picture: Tensor, device: torch.device) -> Tensor:
    """A picture on a device. What is computed there from now on waits for it, what is computed already does not."""
    if device.type == "cpu":
        return picture
    computing, up = torch.cuda.current_stream(device), stream_for(device, "up")
    pinned = picture.pin_memory()
    with torch.cuda.stream(up):
        there = pinned.to(device, non_blocking=True)
    computing.wait_stream(up)
    there.record_stream(computing)
    return there


class NotFiniteError(ValueError):
    """A network's output holds values that are no finite numbers: there is no picture."""


def refuse_not_finite(total: Tensor) -> None:
    """Refuse a picture by the sum of all that the network gave for it; waits for one on a GPU.

    Raises:
        NotFiniteError: The sum is no finite number.
    """
    if not isfinite(total.item()):
        raise NotFiniteError(
            "The network gives values that are no finite numbers for this photo. Its weights are of no use: "
            "take those of another training run, or of an earlier step."
        )


class Download:
    """A picture that a GPU computes, and then sends: an ``enhancement.subject.Underway``.

    Args:
        made: Shape (H, W, 3), uint8, contiguous, on the GPU; what computes it is in line.
        total: The sum of what it was rounded from, as ``refuse_not_finite`` takes it, on the GPU.
        begun: Was put in line before all that computes it; with its time.
    """

    def __init__(self, made: Tensor, total: Tensor, begun: torch.cuda.Event) -> None:
        down = stream_for(made.device, "down")
        self.begun, self.ended = begun, mark(torch.cuda.current_stream(made.device))
        self.here, self.total = (torch.empty(one.shape, dtype=one.dtype, pin_memory=True) for one in (made, total))
        down.wait_event(self.ended)
        with torch.cuda.stream(down):
            self.here.copy_(made, non_blocking=True)
            self.total.copy_(total, non_blocking=True)
        self.arrived = mark(down)
        made.record_stream(down)
        total.record_stream(down)

    def photo(self) -> Photo:
        """Waits until it is here.

        Raises:
            NotFiniteError: The network gave values that are no finite numbers.
        """
        self.arrived.synchronize()
        refuse_not_finite(self.total)
        photo: Photo = self.here.numpy()
        return photo

    def seconds(self) -> float:
        """Waits until it is computed: how long the GPU was at it."""
        self.ended.synchronize()
        return float(self.begun.elapsed_time(self.ended)) / 1000


def mark(line: torch.cuda.Stream) -> torch.cuda.Event:
    """The place where a line ends now. Who waits for it sleeps; else CUDA would keep a core busy asking."""
    event = torch.cuda.Event(enable_timing=True, blocking=True)  # type: ignore[no-untyped-call]
    event.record(line)
    return event
