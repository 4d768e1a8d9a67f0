"""What a network is computed in: bfloat16 where the processor or GPU multiplies quicker in it, float32 elsewhere."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, get_args

import torch

Precision = Literal["auto", "float32", "bfloat16"]

DTYPES: Mapping[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}

CPU_FLAGS = ("amx_bf16", "avx512_bf16", "bf16")
"""Of ``/proc/cpuinfo``: Intel's matrix tiles, AVX-512, and ARM's."""

AMPERE = (8, 0)
"""The first compute capability of NVIDIA's that multiplies bfloat16."""

PROBE_SIDE, PROBE_TIMES = 1024, 4
"""A matrix product that is measured in either precision, some hundredths of a second long."""

PAYS = 1.2
"""How many times float32's speed bfloat16 must have."""


class PrecisionError(ValueError):
    """A precision was asked for that isn't known."""


def pick_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """What to compute in on a device.

    Raises:
        PrecisionError: Another name than ``auto``, ``float32``, ``bfloat16``.

    Example:
        >>> pick_dtype(torch.device("cpu"), "bfloat16")
        torch.bfloat16
    """
    check_precision(precision)
    if precision != "auto":
        return DTYPES[precision]
    return torch.bfloat16 if multiplies_bfloat16(device) else torch.float32


def check_precision(precision: str) -> None:
    """Refuse what is no precision.

    Raises:
        PrecisionError: Another name than ``auto``, ``float32``, ``bfloat16``.
    """
    if precision not in get_args(Precision):
        raise PrecisionError(f"The precision must be one of {', '.join(get_args(Precision))}, not {precision!r}.")


def full_float32() -> Any:
    """On a GPU float32 would otherwise be rounded to TensorFloat-32, ten bits of mantissa."""
    return torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)


def name_of_dtype(dtype: torch.dtype) -> str:
    """As settings and provenance call it.

    Example:
        >>> name_of_dtype(torch.bfloat16)
        'bfloat16'
    """
    return str(dtype).removeprefix("torch.")


@cache
def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies it, and quicker than float32.

    That a processor has the instructions says too little. With AVX-512 BF16 an Intel Xeon whose matrix tiles a virtual
    machine hides multiplies half as quickly as in float32, an AMD EPYC more than twice as quickly. So a product is
    measured, once in a process.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= AMPERE
    about = Path("/proc/cpuinfo")
    return about.exists() and flags_multiply_bfloat16(about.read_text()) and gain_of_bfloat16(device) >= PAYS


def gain_of_bfloat16(device: torch.device) -> float:
    """How many times as quickly a processor multiplies two matrices in bfloat16 as in float32: the best of a few."""
    matrices = {dtype: torch.ones(PROBE_SIDE, PROBE_SIDE, dtype=dtype, device=device) for dtype in DTYPES.values()}
    seconds: dict[torch.dtype, list[float]] = {dtype: [] for dtype in matrices}
    for _ in range(PROBE_TIMES):
        for dtype, matrix in matrices.items():
            began = perf_counter()
            torch.mm(matrix, matrix)
            seconds[dtype].append(perf_counter() - began)
    return min(seconds[torch.float32]) / min(seconds[torch.bfloat16])


def flags_multiply_bfloat16(cpuinfo: str) -> bool:
    """Whether a processor's flags, as Linux writes them, name such instructions; of all its cores.

    Example:
        >>> flags_multiply_bfloat16("flags : avx2 avx512_bf16"), flags_multiply_bfloat16("flags : avx2 avx512f")
        (True, False)
    """
    lines = [line for line in cpuinfo.splitlines() if line.lower().startswith(("flags", "features"))]
    return bool(lines) and all(set(CPU_FLAGS) & set(line.split()) for line in lines)
