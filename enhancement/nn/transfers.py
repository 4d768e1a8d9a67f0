"""Pictures to a GPU and back while it computes: the next is on its way there and the last on its way back.

Who calls doesn't wait. All that one picture needs is put in line behind what the one before needs, so a GPU that
several pictures are given to has no pause between them, and holds the feature maps of one.
"""

from functools import cache
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


class Download:
    """A picture that a GPU computes, and then sends: an ``enhancement.subject.Underway``.

    Args:
        made: Shape (H, W, 3), uint8, contiguous, on the GPU; what computes it is in line.
        begun: Was put in line before all that computes it; with its time.
    """

    def __init__(self, made: Tensor, begun: torch.cuda.Event) -> None:
        down = stream_for(made.device, "down")
        self.begun, self.ended = begun, mark(torch.cuda.current_stream(made.device))
        self.here = torch.empty(made.shape, dtype=made.dtype, pin_memory=True)
        down.wait_event(self.ended)
        with torch.cuda.stream(down):
            self.here.copy_(made, non_blocking=True)
        self.arrived = mark(down)
        made.record_stream(down)

    def photo(self) -> Photo:
        """Waits until it is here."""
        self.arrived.synchronize()
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
