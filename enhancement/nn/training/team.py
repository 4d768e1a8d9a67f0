"""One process that trains, or several that share each batch: over GPUs, or over hosts, as ``torchrun`` starts them.

Each process takes its share of a batch, and the gradients are added up. That is the gradient of one process because
losses are scaled by the whole batch (``objective.py``): no average is taken, so nothing that is a sum loses its weight.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from enhancement.nn.inference import pick_device


@dataclass(frozen=True)
class Team:
    """Where this process stands among those that train together.

    Attributes:
        device: That this process computes on.
        rank: 0 for the one that writes and tells.
        size: How many there are.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    def add_up(self, gradients_of: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by the sum over all processes, in one message."""
        gradients = [parameter.grad for parameter in gradients_of if parameter.grad is not None]
        if self.size > 1 and gradients:
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            dist.all_reduce(flat)
            parts = torch.split(flat, [one.numel() for one in gradients])
            for gradient, summed in zip(gradients, parts, strict=True):
                gradient.copy_(summed.view_as(gradient))

    def total(self, told: Mapping[str, Tensor]) -> dict[str, float]:
        """The sum over all processes of each number: one message, and the one wait for a GPU in a step."""
        values = torch.stack([value.detach().to(torch.float64) for value in told.values()])
        if self.size > 1:
            dist.all_reduce(values)
        return dict(zip(told, values.tolist(), strict=True))

    def agree(self, *, go_on: bool) -> bool:
        """Whether all processes want to go on; one that was told to stop stops them all."""
        if self.size == 1:
            return go_on
        refusals = torch.tensor(0.0 if go_on else 1.0, device=self.device)
        dist.all_reduce(refusals)
        return refusals.item() == 0

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined(device: str = "auto") -> Iterator[Team]:
    """The team that ``torchrun`` made, or this process alone.

    Args:
        device: As ``pick_device`` takes it; of several GPUs each process of a host takes one.

    Raises:
        DeviceError: The device isn't here.
    """
    picked = pick_device(device)
    if not dist.is_torchelastic_launched():
        yield Team(picked)
        return
    if picked.type == "cuda":
        picked = torch.device("cuda", dist.get_node_local_rank())
        torch.cuda.set_device(picked)
    dist.init_process_group("nccl" if picked.type == "cuda" else "gloo")
    try:
        yield Team(picked, dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
