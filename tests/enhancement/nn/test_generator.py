"""The DPED generator and the Dong net: sizes, layers, padding, norm."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from enhancement.nn.architectures import ArchitectureError, architecture_of, build
from enhancement.nn.dong import Dong
from enhancement.nn.generator import Generator, InstanceNorm


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def reach(network: torch.nn.Module, side: int) -> torch.Tensor:
    """Which input pixels the centre pixel of the output depends on."""
    photo = torch.full((1, 3, side, side), 0.5, dtype=torch.float64, requires_grad=True)
    network(photo)[0, :, side // 2, side // 2].sum().backward()
    assert photo.grad is not None
    return photo.grad[0].abs().sum(0) > 0


def test_the_published_numbers_of_parameters() -> None:
    assert count(Generator()) == 401_475
    assert count(Generator(blocks=2, channels=32)) == 71_331
    assert count(Dong()) == 69_249


@pytest.mark.parametrize(("network", "width"), [(Generator(norm="batch").eval(), 37), (Dong(), 17)])
def test_receptive_field(network: torch.nn.Module, width: int) -> None:
    for value in network.parameters():
        if value.ndim == 4:
            value.data.fill_(0.5 / value[0].numel())
    seen = reach(network.double(), width + 4)
    assert int(seen.sum()) == width**2
    assert seen[2:-2, 2:-2].all()


def test_instance_norm_makes_a_pixel_depend_on_the_whole_photo() -> None:
    torch.manual_seed(3)
    assert reach(Generator(blocks=1, channels=8).double(), 45).float().mean() > 0.9


def test_fresh_weights_are_a_normal_cut_at_two_sd_and_biases_a_hundredth() -> None:
    torch.manual_seed(0)
    generator = Generator()
    weight = generator.blocks[0].get_submodule("conv1").get_parameter("weight")
    assert weight.abs().max() <= 0.02
    assert weight.std().item() == pytest.approx(0.01 * 0.8796, rel=0.02)  # sd of a unit normal cut at ±2
    assert (generator.out.bias == 0.01).all()


@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_instance_norm_is_torchs(height: int, width: int, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    x = 3 * torch.randn(2, 4, height, width, generator=random) + 1
    norm = InstanceNorm(4)
    norm.weight.data, norm.bias.data = torch.randn(4, generator=random), torch.randn(4, generator=random)
    torch.testing.assert_close(norm(x), F.instance_norm(x, weight=norm.weight, bias=norm.bias, eps=1e-3))


@pytest.mark.parametrize(
    "network", [Generator(blocks=1, channels=4), Generator(blocks=1, channels=4, norm="batch"), Dong()]
)
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 2), (20, 11)])
def test_any_size_and_the_same_with_and_without_gradients(network: torch.nn.Module, size: tuple[int, int]) -> None:
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    photo = torch.rand(2, 3, *size)
    trained = network.eval()(photo)
    with torch.inference_mode():
        inferred = network(photo)
    assert inferred.shape == photo.shape
    torch.testing.assert_close(inferred, trained.detach())


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    generator = Generator(blocks=2, channels=8)
    generator(torch.rand(1, 3, 12, 12)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())
    assert all(
        np.isfinite(parameter.grad.numpy()).all() for parameter in generator.parameters() if parameter.grad is not None
    )


def test_architectures_are_built_by_name() -> None:
    network = build("dped", {"blocks": 2, "channels": 8, "norm": "batch"})
    assert architecture_of(network) == "dped"
    assert network.config == {"blocks": 2, "channels": 8, "norm": "batch"}


@pytest.mark.parametrize(
    ("architecture", "config", "message"),
    [
        ("unet", {}, "no architecture 'unet'; known are dped, dong"),
        ("dped", {"depth": 3}, "unexpected keyword argument 'depth'"),
        ("dped", {"blocks": 0}, "at least one block"),
        ("dped", {"norm": "layer"}, "not 'layer'"),
        ("dong", {"blocks": 2}, "don't fit the architecture 'dong'"),
    ],
)
def test_what_cannot_be_built(architecture: str, config: dict[str, int | str], message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        build(architecture, config)
