"""The DPED discriminator: its size, its layers one by one, its padding, what it may see."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from enhancement.nn.networks.discriminator import Discriminator, grey, same_padding
from enhancement.nn.networks.settings import Hidden


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    """With weights that keep a signal alive through all layers, and norms that do something."""
    torch.manual_seed(1)
    network = Discriminator()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=(2 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.5)
    return network


def plain(network: Discriminator, x: Tensor, hidden: Hidden) -> Tensor:
    """The released graph, layer by layer: padding and sizes in numbers."""
    state = dict(network.state_dict())
    for n, (before, after, stride, side) in enumerate(
        [(3, 4, 4, 25), (2, 2, 2, 13), (1, 1, 1, 13), (1, 1, 1, 13), (1, 1, 2, 7)], start=1
    ):
        framed = F.pad(x, (before, after, before, after))
        x = F.conv2d(framed, state[f"conv{n}.weight"], state[f"conv{n}.bias"], stride)
        assert x.shape[2:] == (side, side)
        x = torch.maximum(0.2 * x, x)
        if n > 1:
            x = F.instance_norm(x, weight=state[f"norm{n}.weight"], bias=state[f"norm{n}.bias"], eps=1e-3)
    x = x.reshape(len(x), 128 * 7 * 7) @ state["hidden.weight"].T + state["hidden.bias"]
    x = 1 / (1 + torch.exp(-x)) if hidden == "sigmoid" else torch.maximum(0.2 * x, x)
    return torch.log(torch.softmax(x @ state["out.weight"].T + state["out.bias"], 1))


def test_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in Discriminator().parameters()) == 7_361_122


def test_fresh_weights_are_drawn_as_released() -> None:
    torch.manual_seed(0)
    network = Discriminator()
    for layer in (network.conv1, network.hidden, network.out):
        assert layer.weight.abs().max() <= 0.02
        assert layer.weight.std().item() == pytest.approx(0.0088, rel=0.05)
        assert (layer.bias == 0.01).all()


@pytest.mark.parametrize("hidden", ["leaky_relu", "sigmoid"])
def test_it_is_the_released_graph(discriminator: Discriminator, hidden: Hidden) -> None:
    with torch.device("meta"):
        network = Discriminator(hidden=hidden)
    network.load_state_dict(discriminator.state_dict(), assign=True)
    patches = torch.rand(3, 1, 100, 100)
    logs = network(patches)
    assert logs.std() > 0.1
    torch.testing.assert_close(logs, plain(network, patches, hidden), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(logs.exp().sum(1), torch.ones(3))


@pytest.mark.parametrize("side", range(1, 30))
@pytest.mark.parametrize(("kernel", "stride"), [(11, 4), (5, 2), (3, 1), (3, 2)])
def test_same_padding_gives_one_output_for_each_stride_begun(side: int, kernel: int, stride: int) -> None:
    before, after = same_padding(side, kernel, stride)
    assert (before + side + after - kernel) // stride + 1 == int(np.ceil(side / stride))
    assert 0 <= after - before <= 1


def test_grey_is_weighed_and_keeps_its_gradient() -> None:
    photo = torch.rand(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    shade = grey(photo)
    r, g, b = photo.detach().numpy().transpose(1, 0, 2, 3)
    np.testing.assert_allclose(shade.detach().numpy()[:, 0], 0.2989 * r + 0.5870 * g + 0.1140 * b)
    shade.sum().backward()
    assert photo.grad is not None
    assert photo.grad[0, :, 0, 0].tolist() == [0.2989, 0.5870, 0.1140]


def test_with_and_without_gradients_the_same(discriminator: Discriminator) -> None:
    patches = torch.rand(2, 1, 100, 100)
    kept = patches.clone()
    with torch.inference_mode():
        inferred = discriminator(patches)
    assert torch.equal(patches, kept)
    torch.testing.assert_close(inferred, discriminator(patches).detach())


def test_gradients_reach_every_parameter(discriminator: Discriminator) -> None:
    discriminator(torch.rand(1, 1, 100, 100))[:, 0].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in discriminator.parameters())


def test_it_runs_under_autocast(discriminator: Discriminator) -> None:
    patches = torch.rand(2, 1, 100, 100)
    with torch.autocast("cpu", torch.bfloat16):
        logs = discriminator(patches)
    assert logs.dtype == torch.float32
    torch.testing.assert_close(logs, discriminator(patches), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("shape", [(2, 3, 100, 100), (2, 1, 96, 100), (1, 100, 100)])
def test_other_patches_are_refused(shape: tuple[int, ...]) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=r"takes \(N, 1, 100, 100\), not"):
        Discriminator()(torch.zeros(shape))


def test_an_unknown_activation() -> None:
    with pytest.raises(ValueError, match="knows leaky_relu, sigmoid, not 'relu'"):
        Discriminator(hidden="relu")  # type: ignore[arg-type]
