"""The DPED generator and the Dong net: sizes, layers, padding, norm."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from enhancement.nn.networks.architectures import ArchitectureError, architecture_of, build
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Block, Generator
from enhancement.nn.networks.layers import FewOutputsConv, InstanceNorm
from enhancement.nn.networks.settings import Norm
from enhancement.pictures import Photo


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


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_it_can_start_as_the_identity(norm: Norm, astronaut: Photo) -> None:
    torch.manual_seed(1)
    network = Generator(blocks=2, channels=8, norm=norm, start="identity")
    photo = torch.from_numpy(astronaut[:64, :48].copy()).permute(2, 0, 1)[None] / 255  # (1, 3, 64, 48)
    output = network(photo)
    assert (output - photo).abs().max() < 0.08  # what a tanh leaves of black and white
    (output - photo).square().mean().backward()
    last = network.blocks[1]
    assert isinstance(last, Block)
    for learns in (network.head.weight, network.tail1.weight[:3], last.norm2.weight[:3], network.out.weight):
        assert learns.isfinite().all()
    for gradient in (
        network.head.weight.grad,
        last.norm2.weight.grad,
        network.tail1.weight.grad,
        network.out.weight.grad,
    ):
        assert gradient is not None
        assert (gradient[:3].abs() > 0).any()


def test_other_weights_are_drawn_as_ever() -> None:
    torch.manual_seed(1)
    plain = Generator(blocks=1, channels=8)
    torch.manual_seed(1)
    identity = Generator(blocks=1, channels=8, start="identity")
    assert torch.equal(plain.tail1.weight[3:], identity.tail1.weight[3:])
    assert torch.equal(plain.blocks[0].conv1.weight, identity.blocks[0].conv1.weight)  # type: ignore[union-attr]


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
        ("unet", {}, "no architecture 'unet'; known are dped, dong, johnson"),
        ("dped", {"depth": 3}, "unexpected keyword argument 'depth'"),
        ("dped", {"blocks": 0}, "at least one block"),
        ("dped", {"norm": "layer"}, "not 'layer'"),
        ("dong", {"blocks": 2}, "don't fit the architecture 'dong'"),
    ],
)
def test_what_cannot_be_built(architecture: str, config: dict[str, int | str], message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        build(architecture, config)


@pytest.mark.parametrize("side", [1, 7])
def test_the_norm_s_gradient_is_torch_s(side: int) -> None:
    torch.manual_seed(5)
    norm = InstanceNorm(3).double()
    torch.nn.init.uniform_(norm.weight)
    x = torch.rand(2, 3, side, side + 2, dtype=torch.float64, requires_grad=True)
    wanted = F.instance_norm(x, None, None, norm.weight, norm.bias, True, 0.0, 1e-3)
    direction = torch.rand_like(wanted)
    ours, theirs = (
        torch.autograd.grad((out * direction).sum(), (x, norm.weight, norm.bias)) for out in (norm(x), wanted)
    )
    assert torch.allclose(norm(x), wanted, atol=1e-12)
    assert all(torch.allclose(*both, atol=1e-12) for both in zip(ours, theirs, strict=True))


def test_the_norm_keeps_its_digits_where_a_map_is_far_from_zero() -> None:
    torch.manual_seed(6)
    x = torch.rand(1, 2, 300, 40) + 100
    wanted = F.instance_norm(x.double(), eps=1e-3)
    with torch.no_grad():
        ways = [InstanceNorm(2)(x.clone())]
    ways.append(InstanceNorm(2)(x).detach())
    for way in ways:
        assert float((way - wanted).abs().max()) < 1e-4


@pytest.mark.parametrize("size", [(1, 1), (3, 12), (12, 3), (20, 17)])
def test_a_convolution_to_few_channels_is_torchs(size: tuple[int, int]) -> None:
    torch.manual_seed(7)
    convolution = FewOutputsConv(6, 3, 9, padding="same").double()
    x = torch.rand(2, 6, *size, dtype=torch.float64, requires_grad=True)
    wanted = F.conv2d(x, convolution.weight, convolution.bias, padding=4)
    direction = torch.rand_like(wanted)
    learnt = (x, convolution.weight, convolution.bias)
    ours, theirs = (torch.autograd.grad((out * direction).sum(), learnt) for out in (convolution(x), wanted))
    assert torch.allclose(convolution(x), wanted, atol=1e-12)
    assert all(torch.allclose(*both, atol=1e-10) for both in zip(ours, theirs, strict=True))
