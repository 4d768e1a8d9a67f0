"""What is computed in, by what the hardware multiplies in."""

from pathlib import Path

import pytest
import torch

from enhancement.nn.whole import precision
from enhancement.nn.whole.precision import (
    PrecisionError,
    flags_multiply_bfloat16,
    gain_of_bfloat16,
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
def test_torch_says_the_same_of_this_processors_instructions() -> None:
    has = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    assert flags_multiply_bfloat16(Path("/proc/cpuinfo").read_text()) == has


@pytest.mark.parametrize(
    ("flags", "gain", "expected"),
    [
        ("flags : avx2 avx512_bf16", 2.4, True),
        ("flags : avx2 avx512_bf16", 0.5, False),
        ("flags : avx2 avx512_bf16", 1.1, False),
        ("flags : avx2 avx512f", 2.4, False),
    ],
)
def test_instructions_must_be_there_and_pay(
    monkeypatch: pytest.MonkeyPatch, flags: str, gain: float, expected: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self: flags)
    monkeypatch.setattr(precision, "gain_of_bfloat16", lambda device: gain)
    assert multiplies_bfloat16.__wrapped__(CPU) is expected


def test_what_it_gains_is_measured() -> None:
    assert 0.001 < gain_of_bfloat16(CPU) < 1000


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
