"""What a port of DPED is known to have fallen into; each test falls with its trap.

Kernels in the wrong axes are in ``tests/enhancement/nn/test_conversion.py``, the backbone's in ``test_backbone.py``.
"""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from enhancement.nn.networks.discriminator import Discriminator, grey
from enhancement.nn.networks.dong import Dong
from enhancement.nn.networks.generator import Generator
from enhancement.nn.networks.johnson import Johnson
from enhancement.nn.networks.layers import InstanceNorm
from enhancement.nn.training import losses
from enhancement.nn.training.backbone import Backbone
from enhancement.nn.training.backbone_files import Weights
from enhancement.nn.training.definitions import WEIGHTS, Definition

LAST = {Generator: "out", Dong: "conv3", Johnson: "out"}


@pytest.mark.parametrize("network", [Generator(blocks=1, channels=4), Dong(), Johnson()])
@pytest.mark.parametrize("sign", [-1, 1])
def test_pictures_are_on_a_scale_from_0_to_1_with_a_margin(network: nn.Module, sign: int) -> None:
    """Not tanh's −1 to 1."""
    last = network.get_submodule(LAST[type(network)])  # type: ignore[index]
    last.register_forward_hook(lambda _module, _inputs, output: torch.full_like(output, sign * 1e3))
    output = network(torch.rand(1, 3, 8, 8))
    assert output.unique().tolist() == pytest.approx([0.5 + sign * 0.58])


@pytest.mark.parametrize("side", [1, 7, 14])
def test_content_as_released_does_not_shrink_with_the_layer(side: int) -> None:
    """A mean is a mean: it isn't divided by C·H·W again."""
    features = torch.zeros(2, 512, side, side)
    assert losses.content(features, features + 3, "released").item() == pytest.approx(9)


def test_texture_teaches_the_generator() -> None:
    """Not cut off on the way, neither by the loss nor by grey nor by the discriminator."""
    torch.manual_seed(0)
    generator, discriminator = Generator(blocks=1, channels=4), Discriminator()
    logs = discriminator(grey(generator(torch.rand(1, 3, 100, 100))))
    for definition in WEIGHTS:
        generator.zero_grad()
        losses.texture(logs, definition).backward(retain_graph=True)
        assert all(p.grad is not None and (p.grad != 0).any() for p in (generator.out.weight, generator.head.weight))


@pytest.mark.parametrize("definition", ["released", "paper"])
def test_texture_pulls_towards_what_is_taken_for_the_dslrs(definition: Definition) -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    losses.texture(torch.log_softmax(logits, 1), definition).backward()
    assert logits.grad is not None
    assert (logits.grad * torch.tensor([[1.0, -1.0]]) > 0).all()


@pytest.mark.parametrize("definition", ["released", "paper"])
def test_texture_and_discrimination_are_sums_over_the_batch(definition: Definition) -> None:
    logs = torch.log_softmax(torch.randn(1, 2), 1)
    one, many = losses.texture(logs, definition).item(), losses.texture(logs.expand(50, 2), definition).item()
    assert many == pytest.approx(50 * one, rel=1e-5)
    undecided = torch.full((50, 2), math.log(0.5))
    assert losses.discrimination(undecided, torch.arange(50) % 2 == 0).item() == pytest.approx(50 * math.log(2))


def test_the_backbone_sees_0_to_255_minus_the_means(vgg19: Any) -> None:
    """Not [0, 1], not brought to unit length, not BGR: the first kernel is made to hand each channel on."""
    kernel, bias = torch.zeros(64, 3, 3, 3), torch.full((64,), 200.0)
    kernel[[0, 1, 2], [0, 1, 2], 1, 1] = 1
    weights = Weights("vgg19", [(kernel, bias), *vgg19[1:]], (255.0,) * 3, (123.68, 116.779, 103.939), "")
    photo = torch.tensor([1.0, 0.5, 0.0]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    seen = Backbone(weights, "relu1_1")(photo)[0, :3, 2, 2] - 200
    assert seen.tolist() == pytest.approx([255 - 123.68, 127.5 - 116.779, -103.939], rel=1e-5)
    twice = Backbone(weights, "relu1_1")(photo / 2)[0, :3, 2, 2] - 200
    assert twice.tolist() == pytest.approx([127.5 - 123.68, 63.75 - 116.779, -103.939], rel=1e-5)


@pytest.mark.parametrize("network", [Generator(), Johnson(), Discriminator()])
def test_norms_scale_and_shift_and_learn_to(network: nn.Module) -> None:
    norms = [module for module in network.modules() if isinstance(module, InstanceNorm)]
    assert len(norms) == {Generator: 8, Johnson: 15, Discriminator: 4}[type(network)]  # type: ignore[index]
    for norm in norms:
        assert norm.weight.requires_grad
        assert norm.bias.requires_grad
    norm = norms[0]
    x = torch.randn(1, len(norm.weight), 6, 6)
    plain = norm(x)
    norm.weight.data.mul_(2)
    norm.bias.data.add_(3)
    torch.testing.assert_close(norm(x), 2 * plain + 3)


def test_the_discriminator_judges_a_patch_by_itself() -> None:
    """No batch norm: neither the patches beside it nor what it saw before change its answer."""
    torch.manual_seed(0)
    discriminator = Discriminator().train()
    for parameter in discriminator.parameters():
        nn.init.normal_(parameter, std=(2 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.5)
    patch, others = torch.rand(1, 1, 100, 100), torch.rand(3, 1, 100, 100) ** 4
    alone = discriminator(patch)
    among: Tensor = discriminator(torch.cat([patch, others]))
    torch.testing.assert_close(among[:1], alone, rtol=1e-4, atol=1e-4)
    assert not [module for module in discriminator.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert not list(discriminator.buffers())


def test_the_discriminator_sees_no_colour() -> None:
    with torch.device("meta"), pytest.raises(ValueError, match="takes"):
        Discriminator()(torch.rand(1, 3, 100, 100))
