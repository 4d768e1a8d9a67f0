"""The losses of DPED (Ignatov et al., ICCV 2017, section 3.1), each by the name that recipes and logs use.

Paper and released code differ in every one of them, so each has two definitions: ``"released"``, what the authors' code
computes and what the published networks were trained with, and ``"paper"``, what the formula in print says. Where the
paper gives a formula for one picture, the mean over the batch is taken; its texture term sums over the batch itself.

All are functions of tensors to one number, computed in float32 at least, whatever autocast is on around them: bfloat16
keeps fewer than three digits, and a patch has 30,000 values.

The texture terms and ``discrimination`` are sums over the batch: where a batch is spread over processes whose gradients
are averaged, multiply them by the number of processes, or they weigh less beside the rest.
"""

from math import log

import torch
from torch import Tensor

from enhancement.nn.networks.layers import precise
from enhancement.nn.training.colour_blur import blur, known
from enhancement.nn.training.definitions import Definition

ENHANCED, REFERENCE = 0, 1
LOG_FLOOR = log(1e-10)


def content(features: Tensor, target_features: Tensor, definition: Definition) -> Tensor:
    """How far apart two pictures are to a network that was trained to recognise things (paper, section 3.1.3).

    Args:
        features: Shape (N, C, H, W), float: a backbone's features of the enhanced patches.
        target_features: Same shape: those of the DSLR's patches.
        definition: ``"released"``: mean squared difference over all N·C·H·W values, divided by nothing further.
            ``"paper"``: Euclidean norm of a patch's difference, not squared, over C·H·W; mean over the batch.

    Returns:
        A scalar of at least 0.

    Raises:
        DefinitionError: The definition isn't known.
        ValueError: The shapes differ.

    Example:
        >>> features, target = torch.zeros(2, 2, 1, 2), torch.full((2, 2, 1, 2), 3.0)
        >>> content(features, target, "released").item(), content(features, target, "paper").item()
        (9.0, 1.5)
    """
    difference = subtract(features, target_features)  # (N, C, H, W)
    if known(definition) == "released":
        return difference.square().mean()
    return norms(difference).mean() / difference[0].numel()


def texture(log_probabilities: Tensor, definition: Definition) -> Tensor:
    """How surely the discriminator tells enhanced patches from the DSLR's (paper, section 3.1.2).

    Args:
        log_probabilities: Shape (N, 2), float, of the **enhanced** patches, as ``Discriminator`` gives them; the
            gradient must reach the generator through them.
        definition: ``"released"``: the sum over the batch of log p(enhanced), each at least log 1e-10; it saturates
            where the discriminator is sure. ``"paper"``: minus the sum over the batch of log p(the DSLR's).

    Returns:
        A scalar: at most 0 as released (−N·ln 2 where the discriminator is undecided), at least 0 as in the paper.

    Raises:
        DefinitionError: The definition isn't known.
        ValueError: The shape isn't (N, 2).

    Example:
        >>> undecided = torch.full((2, 2), 0.5).log()
        >>> round(texture(undecided, "released").item(), 4), round(texture(undecided, "paper").item(), 4)
        (-1.3863, 1.3863)
    """
    logs = precise(two_columns(log_probabilities))  # (N, 2)
    if known(definition) == "released":
        return logs[:, ENHANCED].clamp(min=LOG_FLOOR).sum()
    return -logs[:, REFERENCE].sum()


def colour(output: Tensor, target: Tensor, definition: Definition) -> Tensor:
    """How far apart two pictures are when both are blurred, so that colour is left (paper, section 3.1.1).

    Beyond the border the blur sees black, in both pictures alike, in both definitions.

    Args:
        output: Shape (N, 3, H, W), float, RGB in [0, 1]: the enhanced patches.
        target: Same shape: the DSLR's patches.
        definition: ``"released"``: half the sum of squares of a patch's blurred difference, with the code's kernel.
            ``"paper"``: the whole sum of squares, with the paper's Gaussian. Mean over the batch.

    Returns:
        A scalar of at least 0, of the order of H·W.

    Raises:
        DefinitionError: The definition isn't known.
        ValueError: The shapes differ.

    Example:
        >>> black, white = torch.zeros(1, 3, 100, 100), torch.ones(1, 3, 100, 100)
        >>> round(colour(black, white, "released").item()), round(colour(black, white, "paper").item())
        (13257, 28576)
    """
    half = 0.5 if known(definition) == "released" else 1.0
    difference = subtract(output, target)  # (N, 3, H, W)
    return half * blur(difference, definition).square().sum() / len(difference)


def total_variation(output: Tensor, definition: Definition) -> Tensor:
    """How rough pictures are (paper, section 3.1.4).

    Args:
        output: Shape (N, 3, H, W), float, RGB in [0, 1]: the enhanced patches; both sides of at least 2 px.
        definition: ``"released"``: mean squared step to the right plus mean squared step down. ``"paper"``: norm of the
            **signed** sum of both steps of each pixel that has both, over C·H·W, mean over the batch; what falls to the
            right as it rises downwards therefore costs nothing.

    Returns:
        A scalar of at least 0.

    Raises:
        DefinitionError: The definition isn't known.
        ValueError: A side is shorter than 2 px.

    Example:
        >>> ramp = (torch.arange(4.0)[None, :] - torch.arange(4.0)[:, None]).expand(1, 3, 4, 4)
        >>> total_variation(ramp, "released").item(), total_variation(ramp, "paper").item()
        (2.0, 0.0)
    """
    if min(output.shape[2:]) < 2:
        raise ValueError(f"Total variation needs pictures of 2 × 2 px at least, not {tuple(output.shape)}.")
    picture = precise(output)
    right = picture[:, :, :, 1:] - picture[:, :, :, :-1]  # (N, 3, H, W - 1)
    down = picture[:, :, 1:, :] - picture[:, :, :-1, :]  # (N, 3, H - 1, W)
    if known(definition) == "released":
        return right.square().mean() + down.square().mean()
    return norms(right[:, :, :-1, :] + down[:, :, :, :-1]).mean() / picture[0].numel()


def pixel(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of the pixels, which Dong's network is trained on (Dong et al., ECCV 2014).

    Args:
        output: Shape (N, 3, H, W), float, RGB in [0, 1].
        target: Same shape.

    Returns:
        A scalar of at least 0; PSNR of the batch as a whole is −10 log10 of it.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> pixel(torch.zeros(2, 3, 2, 2), torch.full((2, 3, 2, 2), 0.5)).item()
        0.25
    """
    return subtract(output, target).square().mean()


def discrimination(log_probabilities: Tensor, is_reference: Tensor) -> Tensor:
    """The discriminator's own loss: cross-entropy, summed over a batch in which each patch is enhanced or the DSLR's.

    As released: of each pair one patch is shown, drawn by a coin. Log-probabilities are held above log 1e-10.

    Args:
        log_probabilities: Shape (N, 2), float, as ``Discriminator`` gives them.
        is_reference: Shape (N,), bool: which patches are the DSLR's.

    Returns:
        A scalar of at least 0; N·ln 2 where the discriminator is undecided.

    Raises:
        ValueError: The shapes don't fit.

    Example:
        >>> certain = torch.tensor([[0.9, 0.1], [0.2, 0.8]]).log()
        >>> round(discrimination(certain, torch.tensor([False, True])).exp().item(), 4)  # 1 / (0.9 · 0.8)
        1.3889
    """
    logs = precise(two_columns(log_probabilities, is_reference))  # (N, 2)
    truth = is_reference.to(torch.int64)[:, None]  # (N, 1)
    return -logs.gather(1, truth).clamp(min=LOG_FLOOR).sum()


def discriminator_accuracy(log_probabilities: Tensor, is_reference: Tensor) -> Tensor:
    """The share of patches that the discriminator takes for what they are; stays near 0.5 in a healthy run.

    Args:
        log_probabilities: Shape (N, 2), float; who is undecided says "enhanced".
        is_reference: Shape (N,), bool.

    Returns:
        A scalar in [0, 1], float32, without gradient.

    Raises:
        ValueError: The shapes don't fit.

    Example:
        >>> certain = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]).log()
        >>> discriminator_accuracy(certain, torch.tensor([False, True, True, True])).item()
        0.75
    """
    logs = two_columns(log_probabilities, is_reference)  # (N, 2)
    said = logs[:, REFERENCE] > logs[:, ENHANCED]  # (N,)
    return (said == is_reference.bool()).float().mean()


def subtract(output: Tensor, target: Tensor) -> Tensor:
    """The difference of two batches in float32 at least.

    Raises:
        ValueError: The shapes differ; torch would stretch one to the other.
    """
    if output.shape != target.shape:
        raise ValueError(f"Only equal shapes can be compared, not {tuple(output.shape)} and {tuple(target.shape)}.")
    return precise(output) - precise(target)


def norms(batch: Tensor) -> Tensor:
    """(N, C, H, W) → (N,): Euclidean norms; the gradient of a norm of 0 is 0."""
    lengths: Tensor = torch.linalg.vector_norm(batch, dim=(1, 2, 3))
    return lengths


def two_columns(log_probabilities: Tensor, is_reference: Tensor | None = None) -> Tensor:
    """Log-probabilities, if their shape is (N, 2) and that of ``is_reference`` (N,).

    Raises:
        ValueError: It isn't.
    """
    n = len(log_probabilities)
    if log_probabilities.shape != (n, 2) or (is_reference is not None and is_reference.shape != (n,)):
        flags = "" if is_reference is None else f" and flags of shape (N,), not {tuple(is_reference.shape)}"
        raise ValueError(f"Log-probabilities must have the shape (N, 2), not {tuple(log_probabilities.shape)}{flags}.")
    return log_probabilities
