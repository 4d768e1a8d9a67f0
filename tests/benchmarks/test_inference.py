"""What whole photos are measured by."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.inference import measure, show
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.networks.generator import Generator
from enhancement.pictures import encode_png


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    """A small network and a small photo."""
    save(tmp_path / "net.safetensors", Generator(blocks=1, channels=4), source=Source("fresh"), code_version="1")
    photo = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    (tmp_path / "photo.png").write_bytes(encode_png(photo))
    given = {"weights": tmp_path / "net.safetensors", "photo": tmp_path / "photo.png", "truth": tmp_path / "truth"}
    return Namespace(**given, device="cpu", megapixels=[0.0012], repeats=1)


def measured(options: Namespace, line: str) -> dict[str, float]:
    return measure(Namespace(**vars(options), line=line))


def test_lines_are_compared_with_the_plain_graph_in_float32(options: Namespace) -> None:
    assert "db" not in measured(options, "plain float32")
    assert measured(options, "fast float32")["db"] > 120


def test_no_other_line_stands_in_for_it(options: Namespace, capsys: pytest.CaptureFixture[str]) -> None:
    """It may have had too little memory; then nothing is said of the others' pictures."""
    for line in ("fast float32", "lean float32"):
        told = measured(options, line)
        show(line, told, 1.0, 1.0, "clock")
        assert "db" not in told
    assert [row.split()[-2:] for row in capsys.readouterr().out.splitlines()] == [["–", "–"]] * 2
