"""One step of learning: pieces, adversary, average, and numbers that are none."""

import pytest
import torch
from torch import Tensor, nn

from enhancement.nn.networks.architectures import build
from enhancement.nn.pairs.store import PatchSet
from enhancement.nn.training.batches import FOR_NETWORK, Batch, Draws
from enhancement.nn.training.learner import DivergedError, Learner
from enhancement.nn.training.objective import shown
from enhancement.nn.training.team import Team

from .conftest import MakeRecipe

CPU = torch.device("cpu")


@pytest.fixture
def batch(patches: PatchSet) -> Batch:
    return Draws(patches, 1, 4, CPU).of_step(1, FOR_NETWORK)


def weights(module: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def gradients(module: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None])


def all_gradients(learner: Learner) -> list[Tensor]:
    return [gradients(module) for module in (learner.network, learner.discriminator) if module]


@pytest.mark.parametrize("definition", ["released", "paper"])
def test_a_batch_in_pieces_gives_the_gradients_of_the_whole(
    recipe_of: MakeRecipe, batch: Batch, definition: str
) -> None:
    losses = {"definition": definition, "texture": 1, "colour": 0.5, "total_variation": 10, "pixel": 1}
    learners = [Learner(recipe_of(micro_batch=size, losses=losses), Team(CPU)) for size in (4, 3)]
    told = [learner.learn(batch) | learner.learn_to_tell(batch) for learner in learners]
    assert told[0] == pytest.approx(told[1], rel=1e-4)
    for whole, pieces in zip(*map(all_gradients, learners), strict=True):
        assert torch.allclose(whole, pieces, rtol=1e-3, atol=1e-4 * float(whole.abs().max()))


def test_each_learns_while_the_other_stands(recipe_of: MakeRecipe, batch: Batch) -> None:
    learner = Learner(recipe_of(), Team(CPU))
    assert learner.discriminator is not None
    network, discriminator = weights(learner.network), weights(learner.discriminator)
    learner.learn(batch)
    assert torch.equal(weights(learner.discriminator), discriminator)
    moved = weights(learner.network)
    assert not torch.equal(moved, network)
    learner.learn_to_tell(batch)
    assert torch.equal(weights(learner.network), moved)
    assert not torch.equal(weights(learner.discriminator), discriminator)


def test_the_loss_falls(recipe_of: MakeRecipe, batch: Batch) -> None:
    learner = Learner(recipe_of(losses={"pixel": 1}, learning_rate=2e-3), Team(CPU))
    assert learner.discriminator is None
    told = [learner.learn(batch)["loss"] for _ in range(30)]
    assert told[-1] < told[0] / 2


def test_the_average_follows_by_its_decay(recipe_of: MakeRecipe, batch: Batch) -> None:
    learner = Learner(recipe_of(ema=0.75, losses={"pixel": 1}), Team(CPU))
    assert learner.judged is learner.average
    before = weights(learner.network)
    learner.learn(batch)
    assert torch.allclose(weights(learner.judged), 0.75 * before + 0.25 * weights(learner.network), atol=1e-7)


def test_the_statistics_of_batch_norm_are_averaged_over_by_none(recipe_of: MakeRecipe, batch: Batch) -> None:
    network = {"architecture": "dped", "blocks": 1, "channels": 4, "norm": "batch"}
    learner = Learner(recipe_of(ema=0.75, losses={"pixel": 1}, network=network), Team(CPU))
    learner.learn(batch)
    assert learner.average is not None
    kept, now = dict(learner.average.named_buffers()), dict(learner.network.named_buffers())
    assert all(torch.equal(kept[name], now[name]) for name in now)


@pytest.mark.parametrize("weight", [1e38, 1e300])
def test_a_loss_that_is_no_number_changes_nothing(recipe_of: MakeRecipe, batch: Batch, weight: float) -> None:
    learner = Learner(recipe_of(losses={"colour": weight}), Team(CPU))
    before = weights(learner.network)
    with pytest.raises(DivergedError, match="colour"):
        learner.learn(batch)
    assert torch.equal(weights(learner.network), before)


def test_mixed_precision_learns_nearly_the_same(recipe_of: MakeRecipe, batch: Batch) -> None:
    told = [Learner(recipe_of(precision=precision), Team(CPU)).learn(batch) for precision in ("float32", "bfloat16")]
    assert told[0] != told[1]
    assert told[0] == pytest.approx(told[1], rel=0.02, abs=1e-5)


def test_fresh_weights_follow_from_the_seed(recipe_of: MakeRecipe) -> None:
    first, again, other = (weights(Learner(recipe_of(seed=seed), Team(CPU)).network) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("shows", [[False, True, False, True], [True] * 4, [False] * 4])
def test_what_is_not_shown_need_not_be_enhanced(recipe_of: MakeRecipe, batch: Batch, shows: list[bool]) -> None:
    network = Learner(recipe_of(), Team(CPU)).network
    coins = torch.tensor(shows)
    with torch.no_grad():
        wanted = torch.where(coins[:, None, None, None], batch.references, network(batch.inputs))
    seen = shown(network, Batch(batch.inputs, batch.references, coins))
    assert torch.allclose(seen, wanted, atol=1e-6)


def test_where_a_norm_looks_at_the_whole_batch_all_of_it_is_enhanced(recipe_of: MakeRecipe, batch: Batch) -> None:
    table = {"architecture": "dped", "blocks": 1, "channels": 4, "norm": "batch"}
    networks = [Learner(recipe_of(network=table), Team(CPU)).network for _ in range(2)]
    with torch.no_grad():
        wanted = torch.where(batch.is_reference[:, None, None, None], batch.references, networks[0](batch.inputs))
    assert torch.allclose(shown(networks[1], batch), wanted, atol=1e-6)
    for one, other in zip(*(network.buffers() for network in networks), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("architecture", ["dped", "dong", "johnson"])
def test_what_mixed_precision_makes_has_more_steps_than_bfloat16(batch: Batch, architecture: str) -> None:
    network = build(architecture, {})
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        output = network(batch.inputs.clone())
    assert output.dtype == torch.float32
    assert not torch.equal(output, output.bfloat16().float())
