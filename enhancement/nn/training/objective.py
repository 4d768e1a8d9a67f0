"""What a network is trained to do: the weighted losses of a recipe, over a batch that may come in pieces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from enhancement.nn.networks.architectures import Network
from enhancement.nn.networks.discriminator import Discriminator, grey
from enhancement.nn.training import losses
from enhancement.nn.training.backbone import Backbone
from enhancement.nn.training.batches import Batch
from enhancement.nn.training.definitions import Definition

SUMS = frozenset({"texture", "discrimination"})
"""Terms that are sums over a batch; all others are means, which the pieces of a batch share by their size."""


@dataclass(frozen=True, eq=False)
class Objective:
    """The weighted losses.

    Attributes:
        weights: Term → weight, of those that count.
        definition: Whose definition of each.
        batch: Pairs in a whole batch, over all pieces and processes.
        backbone: Where ``content`` looks; needed for it alone.
        discriminator: Whom ``texture`` must deceive; needed for it alone.
    """

    weights: Mapping[str, float]
    definition: Definition
    batch: int
    backbone: Backbone | None = None
    discriminator: Discriminator | None = None

    def terms(self, network: Network, piece: Batch) -> dict[str, Tensor]:
        """Each loss of a piece, unweighted, scaled so that the pieces of a batch add up to the batch's."""
        output = network(piece.inputs)  # (n, 3, H, W)
        measure = self.measures(output, piece.references)
        return {name: measure[name]() * self.share(name, len(piece)) for name in self.weights}

    def measures(self, output: Tensor, references: Tensor) -> Mapping[str, Callable[[], Tensor]]:
        """How each loss is had."""
        return {
            "content": lambda: self.content(output, references),
            "texture": lambda: losses.texture(self.judged(output), self.definition),
            "colour": lambda: losses.colour(output, references, self.definition),
            "total_variation": lambda: losses.total_variation(output, self.definition),
            "pixel": lambda: losses.pixel(output, references),
        }

    def share(self, name: str, size: int) -> float:
        """What a piece's loss is multiplied by."""
        return 1.0 if name in SUMS else size / self.batch

    def content(self, output: Tensor, references: Tensor) -> Tensor:
        """The content loss; the references' features need no gradient."""
        if self.backbone is None:
            raise ValueError("The content loss needs a backbone.")
        with torch.no_grad():
            target = self.backbone(references)  # (n, C, h, w)
        return losses.content(self.backbone(output), target, self.definition)

    def judged(self, output: Tensor) -> Tensor:
        """What the discriminator says of enhanced patches; the gradient reaches the network through it."""
        if self.discriminator is None:
            raise ValueError("The texture loss needs a discriminator.")
        answers: Tensor = self.discriminator(grey(output))  # (n, 2)
        return answers

    def weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The sum that is minimised."""
        return torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()


def discriminate(discriminator: Discriminator, network: Network, piece: Batch, batch: int) -> dict[str, Tensor]:
    """The discriminator's loss on a piece of a batch, and its share of right answers; the network learns nothing here.

    Args:
        discriminator: Who learns.
        network: Who makes the enhanced patches.
        piece: Of each pair one patch is shown: ``is_reference`` says which.
        batch: Pairs in the whole batch.
    """
    is_reference = piece.is_reference.to(piece.inputs.device)  # (n,)
    answers = discriminator(grey(shown(network, piece)))  # (n, 2)
    accuracy = losses.discriminator_accuracy(answers, is_reference) * len(piece) / batch
    return {"discrimination": losses.discrimination(answers, is_reference), "accuracy": accuracy}


@torch.no_grad()
def shown(network: Network, piece: Batch) -> Tensor:
    """What the discriminator sees of each pair, shape (n, 3, H, W), float32: the DSLR's patch or the enhanced one.

    Only what is seen goes through the network, except where batch norm makes an output depend on all the others.
    """
    if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        is_reference = piece.is_reference.to(piece.inputs.device)[:, None, None, None]  # (n, 1, 1, 1)
        return torch.where(is_reference, piece.references, network(piece.inputs))
    patches = piece.references.clone()  # (n, 3, H, W)
    if not piece.is_reference.all():
        which = torch.nonzero(~piece.is_reference)[:, 0].to(piece.inputs.device)  # (n enhanced,)
        patches[which] = network(piece.inputs[which]).to(patches.dtype)
    return patches
