"""One layer, fed a picture's rows from the top, strip by strip; it gives its own rows as soon as its kernel can.

A strip is (rows, width, channels), contiguous: the memory of a channels-last picture. What a kernel still needs of rows
that have passed is carried over, so nothing is computed twice, and where a strip ends changes no value.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from enhancement.nn.networks.chain import Layer
from enhancement.nn.whole.finishing import Strip
from enhancement.nn.whole.queues import Queue

FEW_OUTPUTS = 4


class Convolution:
    """A layer's convolution, on a device and in a precision.

    In float32 on the CPU few outputs are computed as those of ``layers.FewOutputsConv``, for vectors would be mostly
    empty: first each row by itself with each row of the kernel, as many outputs; then those sums are added up.

    Attributes:
        edge_px: Columns of padding that must be there on each side; zeros are the convolution's to add.
        is_by_rows: Whether it is computed in these two steps. What waits for the kernel's rows is what the first makes.
    """

    def __init__(self, layer: Layer, device: torch.device, dtype: torch.dtype) -> None:
        self.layer, self.dtype = layer, dtype
        self.edge_px = layer.pad_px if layer.padding == "reflect" else 0
        outputs, inputs, rows, columns = layer.weight.shape
        is_precise = device.type == "cpu" and dtype == torch.float32
        self.is_by_rows = is_precise and outputs <= FEW_OUTPUTS and layer.stride == 1
        kernels = layer.weight.detach()
        if self.is_by_rows:
            kernels = kernels.permute(2, 0, 1, 3).reshape(rows * outputs, inputs, 1, columns)
        self.weight = kernels.to(device, dtype).contiguous(memory_format=torch.channels_last)
        self.bias = layer.bias.detach().to(device, dtype)

    def __call__(self, rows: Tensor) -> Tensor:
        """Convolve rows that have their padding, (h + k - 1, edge_px + W + edge_px, C); by rows, add up what ``across``
        made of them, (h + k - 1, W, k · C'). Either gives (h, W, C'), both by the stride.
        """
        return self._added_up(rows) if self.is_by_rows else self._convolved(rows, self.bias)

    def across(self, rows: Tensor) -> Tensor:
        """The first of two steps: (h, edge_px + W + edge_px, C) → (h, W, k · C')."""
        return self._convolved(rows, None)

    def _convolved(self, rows: Tensor, bias: Tensor | None) -> Tensor:
        padding = (0, self.layer.pad_px - self.edge_px)
        picture = rows.permute(2, 0, 1)[None]  # (1, C, h + k - 1, W), channels-last
        return F.conv2d(picture, self.weight, bias, self.layer.stride, padding)[0].permute(1, 2, 0).contiguous()

    def _added_up(self, sums: Tensor) -> Tensor:
        """The second: (h + k - 1, W, k · C') → (h, W, C')."""
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
        self.came, self.begin, self.end, self.most = 0, 0, 0, 1
        self.is_topped = self.layer.pad_px == 0
        self.buffer = torch.empty(0)

    def take_in(self, strip: Strip) -> Tensor:
        """Take in the next rows, (h, W, C); they are given back finished, until the next ones come."""
        height, width, channels = strip.rows.shape
        came, pad_px, edge_px = self.layer.enlarge * height, self.layer.pad_px, self.convolution.edge_px
        if self.came == 0:
            self.end = pad_px  # what goes above the picture is known once the first rows are there
        padded = came, edge_px + self.layer.enlarge * width + edge_px, channels
        if self.convolution.is_by_rows:
            places = strip.rows.new_empty(padded, dtype=self.convolution.dtype)
            rows = self._lay(strip, places)
            sums = self.convolution.across(places)
            self._make_room(came + pad_px, *sums.shape[1:])
            self.buffer[self.end : self.end + came] = sums
        else:
            self._make_room(came + pad_px, *padded[1:])
            rows = self._lay(strip, self.buffer[self.end : self.end + came])
        self.came, self.end = self.came + came, self.end + came
        self.most = max(self.most, came // self.layer.stride)
        self._pad()
        return rows

    def _lay(self, strip: Strip, places: Tensor) -> Tensor:
        """Put rows where they are convolved, repeated and with the columns beside them; given back as they came."""
        edge_px, times = self.convolution.edge_px, self.layer.enlarge
        inside = places[:, edge_px : places.shape[1] - edge_px]
        if times == 1:
            strip.write(places, edge_px)
            rows = inside
        else:
            rows = strip.finished(places.dtype)
            for down in range(times):
                for along in range(times):
                    inside[down::times, along::times] = rows
        if edge_px:
            mirror(places.transpose(0, 1), edge_px, inside.shape[1])
        return rows

    def outputs(self) -> int:
        """How many rows can be computed by now, of as many as a strip brings at most.

        With the last strip come the rows that it was waited with for, and they add up from layer to layer.
        """
        rows = self.end - self.begin - self.layer.weight.shape[2]
        return min(rows // self.layer.stride + 1, self.most) if self.is_topped else 0

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

    def _make_room(self, rows: int, width_px: int, channels: int) -> None:
        """Let rows that are no longer needed go; take a larger buffer where it is still too small."""
        if self.end + rows <= len(self.buffer):
            return
        kept, held = self.buffer[self.begin : self.end], self.end - self.begin
        if held + rows > len(self.buffer):
            self.buffer = self.convolution.bias.new_empty(held + rows, width_px, channels)
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


def convolved(
    strips: Iterable[Strip], convolution: Convolution, height_px: int, queues: Sequence[Queue] = ()
) -> Iterator[Tensor]:
    """A layer up to its convolution.

    Args:
        strips: What goes in, (h, W, C) each.
        convolution: Of the layer.
        height_px: Of all strips together.
        queues: Of the skips that begin here.

    Yields:
        (h', W', C') each, as many rows as can be computed by then; every row once, from the top.
    """
    window = Window(convolution, height_px)
    for strip in strips:
        rows = window.take_in(strip)
        for queue in queues:
            queue.keep(rows)
        del strip, rows  # nothing is held while others work
        while window.outputs() > 0:
            yield window.compute()
