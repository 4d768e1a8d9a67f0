"""Which patches a step learns from: drawn from the seed and the step's number alone, so nothing is to be kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from enhancement.nn.inference import to_tensor
from enhancement.nn.pairs.store import PatchSet

FOR_NETWORK, FOR_DISCRIMINATOR, PRETRAINING = 0, 1, 2
"""Streams of chance: network and discriminator see different batches, as in the released code."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs of patches, and for the discriminator which one of each it is shown.

    Attributes:
        inputs: Shape (n, 3, H, W), float32, RGB in [0, 1], channels-last.
        references: Same shape.
        is_reference: Shape (n,), bool: a fair coin each. On the CPU, so that nobody waits for a GPU to know it.
    """

    inputs: Tensor
    references: Tensor
    is_reference: Tensor

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.inputs)

    def chunks(self, at_once: int) -> Iterator["Batch"]:
        """The batch in pieces of at most so many pairs."""
        pieces = (torch.split(part, at_once) for part in (self.inputs, self.references, self.is_reference))
        return map(Batch, *pieces)


@dataclass(frozen=True, eq=False)
class Draws:
    """The batches of a run, or one process's share of each.

    Attributes:
        patches: What is drawn from: their training side, with replacement.
        seed: Of the run.
        batch: Pairs in a batch, over all processes together.
        device: Where the tensors go.
        rank: Of this process.
        processes: How many share each batch: this one takes every ``processes``-th pair.
    """

    patches: PatchSet
    seed: int
    batch: int
    device: torch.device
    rank: int = 0
    processes: int = 1

    def of_step(self, step: int, stream: int) -> Batch:
        """The batch of a step; the same numbers always give the same pixels."""
        chance = np.random.default_rng((self.seed, step, stream))
        which = self.patches.train[chance.integers(len(self.patches.train), size=self.batch)]
        is_reference = chance.integers(2, size=self.batch).astype(bool)
        mine = slice(self.rank, None, self.processes)
        return self.as_batch(which[mine], is_reference[mine])

    def as_batch(self, which: npt.NDArray[np.intp], is_reference: npt.NDArray[np.bool_]) -> Batch:
        """Those pairs, on the device."""
        inputs, references = (
            to_tensor(side[which], self.device) for side in (self.patches.inputs, self.patches.references)
        )
        return Batch(inputs, references, torch.from_numpy(is_reference))

    def steps(self, first: int, last: int, streams: tuple[int, ...]) -> Iterator[tuple[Batch, ...]]:
        """The batches of steps ``first`` to ``last``; a thread reads the next ones while these are learnt from."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="patches") as reader:
            ahead = None
            for step in range(first, last + 1):
                now = ahead or reader.submit(self._of_streams, step, streams)
                ahead = reader.submit(self._of_streams, step + 1, streams) if step < last else None
                yield now.result()

    def _of_streams(self, step: int, streams: tuple[int, ...]) -> tuple[Batch, ...]:
        return tuple(self.of_step(step, stream) for stream in streams)
