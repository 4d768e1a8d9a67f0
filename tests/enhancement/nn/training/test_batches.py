"""Batches: chance that follows from seed and step alone."""

import dataclasses

import numpy as np
import pytest
import torch

from enhancement.nn.pairs.store import PatchSet
from enhancement.nn.training.batches import FOR_DISCRIMINATOR, FOR_NETWORK, Draws

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def draws(patches: PatchSet) -> Draws:
    return Draws(patches, seed=7, batch=6, device=CPU)


def test_a_step_always_draws_the_same(draws: Draws) -> None:
    one, again = draws.of_step(3, FOR_NETWORK), draws.of_step(3, FOR_NETWORK)
    assert torch.equal(one.inputs, again.inputs)
    assert torch.equal(one.is_reference, again.is_reference)


@pytest.mark.parametrize(
    ("step", "stream", "seed"), [(4, FOR_NETWORK, 7), (3, FOR_DISCRIMINATOR, 7), (3, FOR_NETWORK, 8)]
)
def test_another_step_stream_or_seed_draws_others(draws: Draws, step: int, stream: int, seed: int) -> None:
    other = dataclasses.replace(draws, seed=seed).of_step(step, stream)
    assert not torch.equal(draws.of_step(3, FOR_NETWORK).inputs, other.inputs)


def test_a_batch_is_of_pairs_that_train(draws: Draws, patches: PatchSet) -> None:
    batch = draws.of_step(1, FOR_NETWORK)
    inputs = {patch.tobytes() for patch in patches.inputs[patches.train]}
    pairs = dict(
        zip((p.tobytes() for p in patches.inputs[patches.train]), patches.references[patches.train], strict=True)
    )
    for here, there in zip(as_photos(batch.inputs), as_photos(batch.references), strict=True):
        assert here.tobytes() in inputs
        assert np.array_equal(pairs[here.tobytes()], there)


def test_processes_share_a_batch_between_them(draws: Draws) -> None:
    whole = draws.of_step(2, FOR_NETWORK)
    shares = [dataclasses.replace(draws, rank=rank, processes=2).of_step(2, FOR_NETWORK) for rank in (0, 1)]
    together = torch.stack([share.inputs for share in shares], dim=1).flatten(0, 1)
    assert torch.equal(whole.inputs, together)


def test_pieces_make_up_the_batch(draws: Draws) -> None:
    batch = draws.of_step(1, FOR_NETWORK)
    pieces = list(batch.chunks(4))
    assert [len(piece) for piece in pieces] == [4, 2]
    assert torch.equal(torch.cat([piece.references for piece in pieces]), batch.references)


def test_what_is_read_ahead_is_what_is_drawn(draws: Draws) -> None:
    read = [batch for (batch,) in draws.steps(5, 7, (FOR_NETWORK,))]
    assert [torch.equal(batch.inputs, draws.of_step(5 + n, FOR_NETWORK).inputs) for n, batch in enumerate(read)] == [
        True
    ] * 3


def as_photos(tensor: torch.Tensor) -> np.ndarray:
    return (tensor.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
