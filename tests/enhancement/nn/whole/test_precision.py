"""What is computed in, by what the hardware multiplies in."""

import pytest
import torch

from enhancement.nn.whole.precision import (
    PrecisionError,
    flags_multiply_bfloat16,
    multiplies_bfloat16,
    pick_dtype,
)

CPU = torch.device("cpu")


def test_by_name() -> None:
    assert pick_dtype(CPU, "float32") == torch.float32
    assert pick_dtype(CPU, "bfloat16") == torch.bfloat16
    with pytest.raises(PrecisionError, match="one of auto, float32, bfloat16, not 'half'"):
        pick_dtype(CPU, "half")


def test_by_hardware() -> None:
    assert pick_dtype(CPU) == (torch.bfloat16 if multiplies_bfloat16(CPU) else torch.float32)


@pytest.mark.skipif(not torch.backends.cpu.get_cpu_capability().startswith("AVX"), reason="not an x86 processor")
def test_torch_says_the_same_of_this_processor() -> None:
    assert multiplies_bfloat16(CPU) == (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("flags\t\t: fpu avx512_bf16 amx_tile amx_bf16\nflags\t\t: fpu avx512_bf16 amx_tile amx_bf16\n", True),
        ("flags\t\t: fpu avx512_bf16\nflags\t\t: fpu avx2\n", False),
        ("Features\t: fp asimd i8mm bf16\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("", False),
    ],
)
def test_flags(cpuinfo: str, expected: bool) -> None:
    assert flags_multiply_bfloat16(cpuinfo) == expected
