"""What learns: a network, its discriminator, their optimisers, and one step of both."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from math import isfinite
from typing import TypeVar

import torch
from torch import Tensor, nn

from enhancement.nn.networks.architectures import Network, build
from enhancement.nn.networks.discriminator import Discriminator
from enhancement.nn.training.backbone import Backbone
from enhancement.nn.training.batches import Batch
from enhancement.nn.training.objective import Objective, discriminate
from enhancement.nn.training.recipe import Recipe
from enhancement.nn.training.team import Team

Told = dict[str, float]
M = TypeVar("M", bound=nn.Module)


class DivergedError(ArithmeticError):
    """A loss or gradient is no finite number any more; nothing was learnt from that step."""


class Learner:
    """A network in training. Fresh weights follow from the recipe's seed.

    Attributes:
        network: What is trained.
        average: The moving average of its weights, where the recipe wants one.
        discriminator: Its adversary, where the texture loss counts.
    """

    def __init__(self, recipe: Recipe, team: Team, backbone: Backbone | None = None) -> None:
        self.recipe, self.team = recipe, team
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            network = build(recipe.network.architecture, recipe.network.settings())
            adversary = Discriminator(hidden=recipe.discriminator.hidden) if recipe.losses.texture else None
        self.network: Network = on_device(network, team.device)
        self.average = deepcopy(self.network).requires_grad_(False) if recipe.ema else None
        self.discriminator = on_device(adversary, team.device) if adversary else None
        self.optimizers = {"network": adam(self.network, recipe.learning_rate)}
        if self.discriminator:
            self.optimizers["discriminator"] = adam(self.discriminator, recipe.discriminator.learning_rate)
        definition = recipe.losses.definition
        self.objective = Objective(recipe.losses.weights(), definition, recipe.batch, backbone, self.discriminator)

    @property
    def judged(self) -> Network:
        """What is judged and kept: the moving average where there is one."""
        return self.average or self.network

    def learn(self, batch: Batch) -> Told:
        """Let the network learn from a batch.

        Returns:
            Each loss, unweighted, and their weighted sum as ``loss``.

        Raises:
            DivergedError: A loss or a gradient isn't finite; the weights are as they were.
        """
        if self.discriminator:
            self.discriminator.requires_grad_(False)

        def losses_of(piece: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            terms = self.objective.terms(self.network, piece)
            loss = self.objective.weighted(terms)
            return loss, {"loss": loss, **terms}

        told = self._descend("network", self.network, batch, losses_of)
        if self.average:
            follow(self.average, self.network, self.recipe.ema)
        return told

    def learn_to_tell(self, batch: Batch) -> Told:
        """Let the discriminator learn from a batch.

        Returns:
            ``discrimination`` and ``accuracy``; nothing where there is no discriminator.

        Raises:
            DivergedError: A loss or a gradient isn't finite; the weights are as they were.
        """
        discriminator = self.discriminator
        if discriminator is None:
            return {}
        discriminator.requires_grad_(True)

        def losses_of(piece: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            told = discriminate(discriminator, self.network, piece, self.recipe.batch)
            return told["discrimination"], told

        return self._descend("discriminator", discriminator, batch, losses_of)

    def _descend(
        self, name: str, who: nn.Module, batch: Batch, losses_of: Callable[[Batch], tuple[Tensor, Mapping[str, Tensor]]]
    ) -> Told:
        """One step of one optimiser, over a batch in pieces."""
        self.optimizers[name].zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=self.team.device))
        for piece in batch.chunks(self.recipe.at_once):
            with self._precision():
                loss, told = losses_of(piece)
            loss.backward()  # type: ignore[no-untyped-call]
            for term, value in told.items():
                sums[term] = sums[term] + value.detach()
        self.team.add_up(who.parameters())
        norm = torch.nn.utils.get_total_norm([p.grad for p in who.parameters() if p.grad is not None])
        totals = self.team.total({**sums, "gradient": norm / self.team.size})
        if not all(map(isfinite, totals.values())):
            raise DivergedError(", ".join(f"{term} {value:.4g}" for term, value in totals.items()))
        self.optimizers[name].step()
        del totals["gradient"]
        return totals

    def _precision(self) -> AbstractContextManager[None]:
        mixed = self.recipe.precision == "bfloat16"
        return torch.autocast(self.team.device.type, dtype=torch.bfloat16, enabled=mixed)


def on_device(module: M, device: torch.device) -> M:
    """A module in training mode, on a device, channels-last."""
    module.train().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def adam(module: nn.Module, learning_rate: float) -> torch.optim.Adam:
    """Adam as one pass over each tensor; the plain one takes ten, and wakes all threads for each of them."""
    return torch.optim.Adam(module.parameters(), lr=learning_rate, fused=True)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of weights towards a network; what isn't learnt (statistics, counts) is copied."""
    for mean, now in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(now, 1 - decay)
    for kept, told in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(told)
