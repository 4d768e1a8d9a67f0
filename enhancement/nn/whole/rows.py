"""One layer, fed a picture's rows from the top, strip by strip; it gives its own rows as soon as its kernel can.

A strip is (rows, width, channels), contiguous: the memory of a channels-last picture. What a kernel still needs of rows
that have passed is carried over, so nothing is computed twice, and where a strip ends changes no value.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from enhancement.nn.networks.chain import Layer, Step
from enhancement.nn.whole.pieces import in_pieces
from enhancement.nn.whole.queues import Queue

FEW_OUTPUTS = 4


class Convolution:
    """A layer's convolution, on a device and in a precision.

    In float32 on the CPU few outputs are computed as those of ``layers.FewOutputsConv``: vectors would be mostly empty.
    """

    def __init__(self, layer: Layer, device: torch.device, dtype: torch.dtype) -> None:
        self.layer, self.dtype = layer, dtype
        outputs, inputs, rows, columns = layer.weight.shape
        is_precise = device.type == "cpu" and dtype == torch.float32
        self.is_by_rows = is_precise and outputs <= FEW_OUTPUTS and layer.stride == 1
        kernels = layer.weight.detach()
        if self.is_by_rows:
            kernels = kernels.permute(2, 0, 1, 3).reshape(rows * outputs, inputs, 1, columns)
        self.weight = kernels.to(device, dtype).contiguous(memory_format=torch.channels_last)
        self.bias = layer.bias.detach().to(device, dtype)

    def __call__(self, rows: Tensor) -> Tensor:
        """Convolve rows that have their padding: (h + k - 1, W, C) → (h, W, C'), both by the stride.

        Zeros to the left and right are the convolution's to add; a reflection must be there: (h + k - 1, W + k - 1, C).
        """
        padding = (0, self.layer.pad_px if self.layer.padding == "zeros" else 0)
        picture = rows.permute(2, 0, 1)[None]  # (1, C, h + k - 1, W), channels-last
        bias = None if self.is_by_rows else self.bias
        made = F.conv2d(picture, self.weight, bias, self.layer.stride, padding)[0].permute(1, 2, 0).contiguous()
        return self._added_up(made) if self.is_by_rows else made

    def _added_up(self, sums: Tensor) -> Tensor:
        """What each row of the kernel made, (h + k - 1, W, k · C'), shifted and added: (h, W, C')."""
        kernel, height = self.layer.weight.shape[2], len(sums) - self.layer.weight.shape[2] + 1
        parts = sums.view(*sums.shape[:2], kernel, -1)  # (h + k - 1, W, k, C')
        total = self.bias.expand(height, *parts[0, :, 0].shape).clone()
        for row in range(kernel):
            total += parts[row : row + height, :, row]
        return total


class Window:
    """The rows that a layer's kernel will still look at, padded, in memory that is used again and again.

    Args:
        convolution: Of the layer.
        height_px: Of the whole picture that goes in.
    """

    def __init__(self, convolution: Convolution, height_px: int) -> None:
        self.convolution, self.layer = convolution, convolution.layer
        self.height_px = self.layer.enlarge * height_px
        self.came, self.begin, self.end = 0, 0, 0
        self.is_topped = self.layer.pad_px == 0
        self.buffer = torch.empty(0)

    def take_in(self, strip: Tensor) -> None:
        """Take in the next rows, (h, W, C)."""
        pad_px, times = self.layer.pad_px, self.layer.enlarge
        came = times * len(strip)
        if self.came == 0:
            self.end = pad_px  # what goes above the picture is known once the first rows are there
        self._make_room(came + pad_px, strip)
        edge = 0 if self.layer.padding == "zeros" else pad_px
        rows = self.buffer[self.end : self.end + came, edge : self.buffer.shape[1] - edge]
        for down in range(times):
            for along in range(times):
                rows[down::times, along::times] = strip
        if edge:
            mirror(self.buffer[self.end : self.end + came].transpose(0, 1), edge, rows.shape[1])
        self.came, self.end = self.came + came, self.end + came
        self._pad()

    def outputs(self) -> int:
        """How many rows can be computed by now."""
        rows = self.end - self.begin - self.layer.weight.shape[2]
        return rows // self.layer.stride + 1 if self.is_topped else 0

    def compute(self) -> Tensor:
        """Compute them."""
        outputs, stride = self.outputs(), self.layer.stride
        rows = self.buffer[self.begin : self.begin + (outputs - 1) * stride + self.layer.weight.shape[2]]
        self.begin += outputs * stride
        return self.convolution(rows)

    def _pad(self) -> None:
        """Above and below the picture, where its first and last rows have come."""
        pad_px, is_whole = self.layer.pad_px, self.came == self.height_px
        is_reflected = self.layer.padding == "reflect"
        if not self.is_topped and (self.came > pad_px or is_whole):
            self.is_topped = True
            above, first = self.buffer[:pad_px], self.buffer[pad_px:]
            above.copy_(beyond(first, pad_px, self.height_px).flip(0) if is_reflected else above.new_zeros(()))
        if is_whole and pad_px:
            below = self.buffer[self.end : self.end + pad_px]
            last = self.buffer[max(0, self.end - pad_px - 1) : self.end].flip(0)
            below.copy_(beyond(last, pad_px, self.height_px) if is_reflected else below.new_zeros(()))
            self.end += pad_px

    def _make_room(self, rows: int, strip: Tensor) -> None:
        """Let rows that are no longer needed go; take a larger buffer where it is still too small."""
        kept = self.buffer[self.begin : self.end]
        if self.end + rows <= len(self.buffer):
            return
        held = self.end - self.begin
        if held + rows > len(self.buffer):
            width_px = self.layer.enlarge * strip.shape[1]
            width_px += 0 if self.layer.padding == "zeros" else 2 * self.layer.pad_px
            self.buffer = strip.new_empty(held + rows, width_px, strip.shape[2], dtype=self.convolution.dtype)
        else:
            kept = kept.clone()
        if self.came:
            self.buffer[:held].copy_(kept)
        self.begin, self.end = 0, held


def beyond(rows: Tensor, pad_px: int, side_px: int) -> Tensor:
    """The picture's reflection beyond its first row, nearest first; its first row again where it is too small for one.

    Args:
        rows: The picture's rows from the first: (h, W, C).
        pad_px: Rows wanted.
        side_px: Of the whole picture.
    """
    return rows[1 : pad_px + 1] if pad_px < side_px else rows[:1].expand(pad_px, *rows.shape[1:])


def mirror(lines: Tensor, pad_px: int, side_px: int) -> None:
    """Fill in the first and the last ``pad_px`` of (pad_px + side_px + pad_px, …) by what lies between."""
    inside = lines[pad_px : pad_px + side_px]
    lines[:pad_px] = beyond(inside, pad_px, side_px).flip(0)
    lines[pad_px + side_px :] = beyond(inside.flip(0), pad_px, side_px)


def convolved(strips: Iterable[Tensor], convolution: Convolution, height_px: int) -> Iterator[Tensor]:
    """A layer up to its convolution.

    Args:
        strips: What goes in, (h, W, C) each.
        convolution: Of the layer.
        height_px: Of all strips together.

    Yields:
        (h', W', C') each, as many rows as can be computed by then; every row once, from the top.
    """
    window = Window(convolution, height_px)
    for strip in strips:
        window.take_in(strip)
        del strip  # nothing is held while others work
        if window.outputs() > 0:
            yield window.compute()


def finished(
    strip: Tensor,
    layer: Layer,
    norm: tuple[Tensor, Tensor] | None,
    skip: Queue | None,
    dtype: torch.dtype,
) -> Tensor:
    """What follows a layer's convolution: norm, steps, skip, steps. The strip is overwritten.

    Args:
        strip: What the convolution made, (h, W, C).
        layer: The layer.
        norm: What the instance norm multiplies by, and then adds: float32, shape (C,) each.
        skip: What is added, from the row that is next.
        dtype: What comes out is rounded to it, once.
    """
    made = strip if strip.dtype == dtype else torch.empty_like(strip, dtype=dtype)
    for piece, place in zip(in_pieces(strip), in_pieces(made), strict=True):
        rows = piece.float()
        if norm is not None:
            rows = torch.addcmul(norm[1], rows, norm[0], out=rows)
        rows = stepped(rows, layer.activation)
        if skip is not None:
            skip.add_to(rows)
        rows = stepped(rows, layer.after)
        if rows.data_ptr() != place.data_ptr():
            place.copy_(rows)
    return made


def stepped(rows: Tensor, steps: Iterable[Step]) -> Tensor:
    """Numbers by themselves; they are overwritten."""
    for step in steps:
        rows = STEPS[step.name](rows, step.first, step.second)
    return rows


STEPS: Mapping[str, Callable[[Tensor, float, float], Tensor]] = {
    "relu": lambda rows, *_: rows.relu_(),
    "leaky": lambda rows, slope, _: F.leaky_relu_(rows, slope),
    "tanh": lambda rows, *_: rows.tanh_(),
    "sigmoid": lambda rows, *_: rows.sigmoid_(),
    "clip": lambda rows, low, high: rows.clamp_(low, high),
    "affine": lambda rows, factor, shift: rows.mul_(factor).add_(shift),
}
"""By the names of ``Step``."""
