"""Elementwise work on a strip, a few rows at a time: what one operation leaves in the cache the next finds there."""

import torch
from torch import Tensor

PIECE_BYTES = {"cpu": 2**21, "cuda": 2**30}
"""Of float32. A GPU has no cache that a piece would stay in, and each operation has its price."""


def in_pieces(strip: Tensor) -> tuple[Tensor, ...]:
    """A strip, (h, W, C), as views of some of its rows each, from the top.

    Example:
        >>> [len(piece) for piece in in_pieces(torch.empty(10, 1024, 64))]
        [8, 2]
    """
    row_bytes = strip.shape[1] * strip.shape[2] * 4
    return torch.split(strip, max(1, PIECE_BYTES[strip.device.type] // row_bytes))
