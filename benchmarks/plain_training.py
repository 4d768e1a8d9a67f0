"""The plain eager loop: DPED's training as one writes it from the paper and the released code, without any tricks.

float32, NCHW, the whole batch at once, torch's own layers and Adam, the colour loss's kernel as one convolution.
"""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from enhancement.nn.training.colour_blur import blur_kernel
from enhancement.nn.training.learner import Learner

Pairs = tuple[Tensor, Tensor, Tensor]
M = TypeVar("M", bound=nn.Module)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.InstanceNorm2d(channels, eps=1e-3, affine=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.InstanceNorm2d(channels, eps=1e-3, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return x + F.relu(self.norm2(self.conv2(y)))


class PlainGenerator(nn.Module):
    def __init__(self, blocks: int, channels: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, channels, 9, padding=4)
        self.blocks = nn.Sequential(*[ResidualBlock(channels) for _ in range(blocks)])
        self.tail1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.tail2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, 3, 9, padding=4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.head(x)))
        x = F.relu(self.tail2(F.relu(self.tail1(x))))
        return torch.tanh(self.out(x)) * 0.58 + 0.5


def plain_discriminator() -> nn.Sequential:
    def same(inputs: int, outputs: int, kernel: int, stride: int, padding: tuple[int, int]) -> list[nn.Module]:
        before, after = padding
        pad = nn.ZeroPad2d((before, after, before, after))
        return [pad, nn.Conv2d(inputs, outputs, kernel, stride), nn.LeakyReLU(0.2)]

    def normed(*layer: nn.Module, channels: int) -> list[nn.Module]:
        return [*layer, nn.InstanceNorm2d(channels, eps=1e-3, affine=True)]

    return nn.Sequential(
        *same(1, 48, 11, 4, (3, 4)),
        *normed(*same(48, 128, 5, 2, (2, 2)), channels=128),
        *normed(*same(128, 192, 3, 1, (1, 1)), channels=192),
        *normed(*same(192, 192, 3, 1, (1, 1)), channels=192),
        *normed(*same(192, 128, 3, 2, (1, 1)), channels=128),
        *[nn.Flatten(), nn.Linear(128 * 7 * 7, 1024), nn.LeakyReLU(0.2), nn.Linear(1024, 2)],
    )


def plain_backbone(weights: list[list[tuple[Tensor, Tensor]]]) -> nn.Sequential:
    """A VGG from the kernels and biases of its stages."""
    layers: list[nn.Module] = []
    for stage in weights:
        layers += [nn.MaxPool2d(2, ceil_mode=True)] if layers else []
        for kernel, bias in stage:
            convolution = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
            convolution.weight.data, convolution.bias.data = kernel.clone(), bias.clone()
            layers += [convolution, nn.ReLU()]
    return nn.Sequential(*layers).requires_grad_(False).eval()


class PlainLoop:
    """Begins with the weights of a learner, whose step must then tell the same losses."""

    def __init__(self, learner: Learner, blocks: int, channels: int) -> None:
        backbone = learner.objective.backbone
        assert backbone is not None
        assert learner.discriminator is not None
        self.generator = begun_as(PlainGenerator(blocks, channels), learner.network)
        self.discriminator = begun_as(plain_discriminator(), learner.discriminator)
        self.vgg = plain_backbone([[(one.weight, one.bias) for one in stage] for stage in backbone.stages])
        self.gain, self.shift = backbone.gain, backbone.shift
        self.kernel = torch.outer(*[blur_kernel("released").float()] * 2).expand(3, 1, 21, 21).contiguous()
        self.adam_g = torch.optim.Adam(self.generator.parameters(), lr=5e-4)
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), lr=5e-4)

    def step(self, first: Pairs, second: Pairs) -> dict[str, float]:
        """The generator learns from one batch, the discriminator from the other."""
        return self.generator_step(first) | self.discriminator_step(second)

    def generator_step(self, pairs: Pairs) -> dict[str, float]:
        inputs, references, _ = pairs
        enhanced = self.generator(inputs)
        with torch.no_grad():
            target = self.features(references)
        content = F.mse_loss(self.features(enhanced), target)
        texture = F.log_softmax(self.discriminator(grey(enhanced)), dim=1)[:, 0].clamp(min=-23.02585).sum()
        blurred = [F.conv2d(picture, self.kernel, padding=10, groups=3) for picture in (enhanced, references)]
        colour = (blurred[0] - blurred[1]).square().sum() / (2 * len(inputs))
        right, down = (enhanced.diff(dim=dim).square().mean() for dim in (3, 2))
        loss = 10 * content + texture + 0.5 * colour + 2000 * (right + down)
        self.adam_g.zero_grad()
        loss.backward()
        self.adam_g.step()
        terms = {"content": content, "texture": texture, "colour": colour, "total_variation": right + down}
        return {name: float(term.detach()) for name, term in terms.items()}

    def discriminator_step(self, pairs: Pairs) -> dict[str, float]:
        inputs, references, is_reference = pairs
        with torch.no_grad():
            enhanced = self.generator(inputs)
        shown = torch.where(is_reference[:, None, None, None], references, enhanced)
        loss = F.cross_entropy(self.discriminator(grey(shown)), is_reference.long(), reduction="sum")
        self.adam_d.zero_grad()
        loss.backward()
        self.adam_d.step()
        return {"discrimination": float(loss.detach())}

    def features(self, rgb: Tensor) -> Tensor:
        features: Tensor = self.vgg(rgb * self.gain - self.shift)
        return features


def begun_as(plain: M, ours: nn.Module) -> M:
    """A net with another's weights, which come in the same order."""
    for mine, its in zip(plain.parameters(), ours.parameters(), strict=True):
        mine.data = its.detach().clone(memory_format=torch.contiguous_format)
    return plain


def grey(rgb: Tensor) -> Tensor:
    return 0.2989 * rgb[:, 0:1] + 0.5870 * rgb[:, 1:2] + 0.1140 * rgb[:, 2:3]
