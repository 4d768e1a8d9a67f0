"""Each loss against a slow reading of its formula, as released and as in the paper."""

import math
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
import scipy.ndimage
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from enhancement.nn.training import losses
from enhancement.nn.training.colour_blur import DefinitionError, blur, blur_kernel
from enhancement.nn.training.definitions import WEIGHTS, Definition

DEFINITIONS: tuple[Definition, ...] = get_args(Definition)
Floats = npt.NDArray[np.float64]
both = pytest.mark.parametrize("definition", DEFINITIONS)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def judged(n: int, seed: int = 0) -> Tensor:
    return torch.log_softmax(4 * drawn(n, 2, seed=seed), dim=1)


def plain_content(features: Floats, target: Floats, definition: Definition) -> float:
    n, c, h, w = features.shape
    if definition == "released":
        return sum(float((a - b) ** 2) for a, b in zip(features.flat, target.flat, strict=True)) / (n * c * h * w)
    return sum(math.sqrt(((a - b) ** 2).sum()) / (c * h * w) for a, b in zip(features, target, strict=True)) / n


def plain_kernel(definition: Definition) -> Floats:
    """The whole 21 × 21: by scipy's normal distribution, or as the paper prints it."""
    if definition == "paper":
        k, l = np.mgrid[-10:11, -10:11]  # noqa: E741
        return np.asarray(0.053 * np.exp(-(k**2) / (2 * 3) - l**2 / (2 * 3)))
    masses = np.diff(scipy.stats.norm.cdf(np.linspace(-3 - 1 / 6, 3 + 1 / 6, 22)))
    raw = np.sqrt(np.outer(masses, masses))
    return np.asarray(raw / raw.sum())


def plain_colour(output: Floats, target: Floats, definition: Definition) -> float:
    kernel, total = plain_kernel(definition), 0.0
    for a, b in zip(output.reshape(-1, *output.shape[2:]), target.reshape(-1, *target.shape[2:]), strict=True):
        blurred = [scipy.ndimage.convolve(side, kernel, mode="constant", cval=0.0) for side in (a, b)]
        total += float(((blurred[0] - blurred[1]) ** 2).sum())
    return total / (2 * len(output) if definition == "released" else len(output))


def plain_total_variation(output: Floats, definition: Definition) -> float:
    n, c, h, w = output.shape
    right = [(x[:, r, s + 1] - x[:, r, s]) for x in output for r in range(h) for s in range(w - 1)]
    down = [(x[:, r + 1, s] - x[:, r, s]) for x in output for r in range(h - 1) for s in range(w)]
    if definition == "released":
        return float(np.mean(np.square(right)) + np.mean(np.square(down)))
    total = 0.0
    for x in output:
        both = [x[:, r, s + 1] + x[:, r + 1, s] - 2 * x[:, r, s] for r in range(h - 1) for s in range(w - 1)]
        total += math.sqrt(np.square(both).sum()) / (c * h * w)
    return total / n


@both
def test_content(definition: Definition) -> None:
    a, b = drawn(3, 4, 5, 2), drawn(3, 4, 5, 2, seed=1)
    expected = plain_content(a.numpy(), b.numpy(), definition)
    assert losses.content(a, b, definition).item() == pytest.approx(expected, rel=1e-12)


@both
def test_colour(definition: Definition) -> None:
    a, b = drawn(2, 3, 30, 25), drawn(2, 3, 30, 25, seed=1)
    expected = plain_colour(a.numpy(), b.numpy(), definition)
    assert losses.colour(a, b, definition).item() == pytest.approx(expected, rel=1e-12)


@both
def test_total_variation(definition: Definition) -> None:
    a = drawn(2, 3, 7, 5)
    expected = plain_total_variation(a.numpy(), definition)
    assert losses.total_variation(a, definition).item() == pytest.approx(expected, rel=1e-12)


def test_texture() -> None:
    logs = judged(5)
    p = np.exp(logs.numpy())
    assert losses.texture(logs, "released").item() == pytest.approx(sum(math.log(row[0]) for row in p))
    assert losses.texture(logs, "paper").item() == pytest.approx(-sum(math.log(row[1]) for row in p))


def test_texture_of_an_undecided_discriminator() -> None:
    logs = torch.full((50, 2), math.log(0.5))
    assert losses.texture(logs, "released").item() == pytest.approx(-50 * math.log(2))
    assert losses.texture(logs, "paper").item() == pytest.approx(50 * math.log(2))


def test_texture_as_released_saturates_and_as_in_the_paper_does_not() -> None:
    """What a generator is told where the discriminator is sure of it: next to nothing, or all."""
    slopes = {}
    for definition in DEFINITIONS:
        logits = torch.tensor([[12.0, 0.0]], dtype=torch.float64, requires_grad=True)
        losses.texture(torch.log_softmax(logits, 1), definition).backward()
        assert logits.grad is not None
        slopes[definition] = logits.grad[0, 0].item()
    assert 0 < slopes["released"] < 1e-5
    assert slopes["paper"] > 0.99


def test_logarithms_end_at_a_ten_thousand_millionth() -> None:
    logs = torch.tensor([[-1e4, 0.0], [0.0, -1e4]])
    assert losses.texture(logs, "released").item() == pytest.approx(math.log(1e-10))
    assert losses.discrimination(logs, torch.tensor([False, True])).item() == pytest.approx(-2 * math.log(1e-10))


def test_pixel() -> None:
    a, b = drawn(2, 3, 4, 5), drawn(2, 3, 4, 5, seed=1)
    expected = sum((x - y) ** 2 for x, y in zip(a.numpy().flat, b.numpy().flat, strict=True)) / a.numel()
    assert losses.pixel(a, b).item() == pytest.approx(float(expected), rel=1e-12)


def test_discrimination() -> None:
    logs, is_reference = judged(6), torch.tensor([True, False, True, True, False, False])
    p = np.exp(logs.numpy())
    expected = -sum(math.log(row[1] if of else row[0]) for row, of in zip(p, is_reference.tolist(), strict=True))
    assert losses.discrimination(logs, is_reference).item() == pytest.approx(expected, rel=1e-12)
    assert losses.discrimination(logs, is_reference[:, None].float()[:, 0].bool()).item() == pytest.approx(expected)


def test_the_discriminators_loss_on_enhanced_patches_is_the_texture_loss_turned_round() -> None:
    logs = judged(6)
    enhanced = losses.discrimination(logs, torch.zeros(6, dtype=torch.bool))
    assert enhanced.item() == pytest.approx(-losses.texture(logs, "released").item())


def test_accuracy() -> None:
    logs = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.5, 0.5]]).log().requires_grad_()
    accuracy = losses.discriminator_accuracy(logs, torch.tensor([False, False, False, False]))
    assert (accuracy.item(), accuracy.dtype, accuracy.requires_grad) == (0.75, torch.float32, False)
    assert losses.discriminator_accuracy(logs, torch.tensor([True, True, True, True])).item() == 0.25


@both
def test_the_kernel(definition: Definition) -> None:
    one = blur_kernel(definition).numpy()
    np.testing.assert_allclose(np.outer(one, one), plain_kernel(definition), rtol=1e-12)
    spread = math.sqrt(float((one * np.arange(-10, 11) ** 2).sum() / one.sum()))
    assert spread == pytest.approx({"released": 4.34, "paper": math.sqrt(3)}[definition], abs=0.005)
    assert np.outer(one, one).sum() == pytest.approx(1, abs={"released": 1e-12, "paper": 2e-3}[definition])


def test_the_blur_sees_black_beyond_the_border() -> None:
    blurred = blur(torch.ones(1, 3, 60, 60, dtype=torch.float64), "released")
    assert blurred[0, :, 30, 30].tolist() == pytest.approx([1, 1, 1])
    assert 0.25 < blurred[0, 0, 0, 0] < 0.32


@given(st.sampled_from(DEFINITIONS), st.floats(-2, 2), st.floats(0.01, 3), st.integers(2, 12), st.integers(2, 12))
@settings(deadline=None, max_examples=40)
def test_a_ramp_in_x_minus_y_costs_nothing_in_the_paper(
    definition: Definition, level: float, slope: float, height: int, width: int
) -> None:
    x, y = torch.arange(width, dtype=torch.float64)[None, :], torch.arange(height, dtype=torch.float64)[:, None]
    falling, rising = ((level + slope * (x + sign * y)).expand(1, 3, height, width) for sign in (-1, 1))
    cost = losses.total_variation(falling, definition).item()
    assert cost == pytest.approx(0 if definition == "paper" else 2 * slope**2, abs=1e-9)
    assert losses.total_variation(rising, definition).item() > 0


@both
def test_equal_pictures_cost_nothing_and_have_a_gradient_of_zero(definition: Definition) -> None:
    for loss in (losses.content, losses.colour):
        a = drawn(2, 3, 6, 6).requires_grad_()
        cost = loss(a, a.detach(), definition)
        cost.backward()
        assert cost.item() == 0
        assert a.grad is not None
        assert (a.grad == 0).all()
    flat = torch.ones(1, 3, 4, 4, requires_grad=True)
    losses.total_variation(flat, definition).backward()
    assert flat.grad is not None
    assert (flat.grad == 0).all()


CHECKED: dict[str, Callable[[Tensor, Definition], Tensor]] = {
    "content": lambda x, d: losses.content(x, drawn(2, 3, 3, 2, seed=9), d),
    "texture": lambda x, d: losses.texture(torch.log_softmax(x[:, 0, 0, :2], 1), d),
    "colour": lambda x, d: losses.colour(x, drawn(2, 3, 3, 2, seed=9), d),
    "total_variation": losses.total_variation,
    "pixel": lambda x, _: losses.pixel(x, drawn(2, 3, 3, 2, seed=9)),
    "discrimination": lambda x, _: losses.discrimination(
        torch.log_softmax(x[:, 0, 0, :2], 1), torch.tensor([True, False])
    ),
}


@both
@pytest.mark.parametrize("name", CHECKED)
def test_gradients(name: str, definition: Definition) -> None:
    x = drawn(2, 3, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: CHECKED[name](x, definition), (x,))


@both
def test_autocast_and_half_precision_change_no_sum(definition: Definition) -> None:
    """A patch of 30,000 values, where sums in bfloat16 would be wrong in the third digit."""
    a, b = drawn(4, 3, 100, 100).float(), drawn(4, 3, 100, 100, seed=1).float()
    logs = judged(200).float()
    runs: list[tuple[Any, tuple[Tensor, ...]]] = [
        (lambda x, y: losses.content(x, y, definition), (a, b)),
        (lambda x, y: losses.colour(x, y, definition), (a, b)),
        (lambda x: losses.total_variation(x, definition), (a,)),
        (lambda x: losses.texture(x, definition), (logs,)),
        (lambda x: losses.discrimination(x, torch.arange(200) % 2 == 0), (logs,)),
        (losses.pixel, (a, b)),
    ]
    for loss, inputs in runs:
        halves = [x.bfloat16() for x in inputs]
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(loss(*inputs), loss(*inputs))
            found = [loss(*inputs), loss(*halves)]
        assert [x.dtype for x in found] == [torch.float32, torch.float32]
        wanted = [loss(*[x.double() for x in given]) for given in (inputs, halves)]
        assert [x.item() for x in found] == pytest.approx([x.item() for x in wanted], rel=1e-5)


def test_the_weights_of_both_recipes() -> None:
    assert WEIGHTS["released"] == {"content": 10, "texture": 1, "colour": 0.5, "total_variation": 2000}
    assert WEIGHTS["paper"] == {"content": 1, "texture": 0.4, "colour": 0.1, "total_variation": 400}
    assert tuple(WEIGHTS) == DEFINITIONS
    assert all(callable(getattr(losses, name)) for weights in WEIGHTS.values() for name in weights)


@pytest.mark.parametrize("loss", [losses.content, losses.colour, losses.texture, losses.total_variation])
def test_a_definition_that_there_is_not(loss: Callable[..., Tensor]) -> None:
    inputs = {losses.texture: (judged(2),), losses.total_variation: (drawn(1, 3, 4, 4),)}
    with pytest.raises(DefinitionError, match='"released" or as "paper", not as \'code\''):
        loss(*inputs.get(loss, (drawn(1, 3, 4, 4), drawn(1, 3, 4, 4))), "code")


def test_shapes_that_do_not_fit() -> None:
    for loss in (losses.pixel, lambda a, b: losses.content(a, b, "paper"), lambda a, b: losses.colour(a, b, "paper")):
        with pytest.raises(ValueError, match=r"\(2, 3, 4, 4\) and \(1, 3, 4, 4\)"):
            loss(drawn(2, 3, 4, 4), drawn(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"shape \(N, 2\), not \(5, 1\)"):
        losses.texture(drawn(5, 1), "released")
    with pytest.raises(ValueError, match=r"flags of shape \(N,\), not \(5, 1\)"):
        losses.discrimination(judged(5), torch.ones(5, 1))
    with pytest.raises(ValueError, match="2 × 2 px at least"):
        losses.total_variation(drawn(1, 3, 1, 4), "released")
