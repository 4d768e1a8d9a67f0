"""The score table: the released weights on DPED's own patches, and what can't be scored."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from enhancement.nn.__main__ import main
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.inference import pick_device
from enhancement.nn.networks.dong import Dong
from enhancement.nn.pairs.manifest import PatchesError
from enhancement.nn.table import as_text, find_networks, read_patches, score, score_network
from enhancement.pictures import encode_png

DB, SIMILARITY = 0.02, 0.0005


def known(shared: Callable[[str], Path], name: str) -> dict[str, float]:
    answers: dict[str, float] = json.loads(shared("reference/known_answers.json").read_text())["dped_patches_300"][name]
    return answers


def write_patches(folder: Path, count: int = 50, sides: tuple[str, str] = ("iphone", "canon")) -> Path:
    random = np.random.default_rng(0)
    for side in sides:
        (folder / side).mkdir(parents=True)
        for number in range(count):
            patch = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            (folder / side / f"{number:03d}.png").write_bytes(encode_png(patch))
    return folder


@pytest.mark.parametrize("name", ["iphone_orig", "dped_resnet_8_32", "dped_srcnn"])
def test_released_weights_score_as_known(shared: Callable[[str], Path], name: str) -> None:
    inputs, references = read_patches(shared("dped/patches"))
    _, network = next(find_networks(shared(f"dped/weights/{name}.index")))
    row, expected = score_network(name, network, inputs, references, pick_device()), known(shared, name)
    assert (row.patches, row.equal) == (300, 0)
    assert row.psnr_batch50 == pytest.approx(expected["psnr_batch50"], abs=DB)
    assert row.psnr_per_image == pytest.approx(expected["psnr_per_image"], abs=DB)
    assert row.ms_ssim == pytest.approx(expected["ms_ssim"], abs=SIMILARITY)
    assert row.ssim == pytest.approx(expected["ssim"], abs=SIMILARITY)


def test_the_patches_themselves_score_as_known(shared: Callable[[str], Path]) -> None:
    inputs, references = read_patches(shared("dped/patches"))
    row, expected = score("input", np.float32(inputs / 255.0), references), known(shared, "input")
    assert row.psnr_batch50 == pytest.approx(expected["psnr_batch50"], abs=DB)
    assert row.ms_ssim == pytest.approx(expected["ms_ssim"], abs=SIMILARITY)
    assert row.ssim == pytest.approx(expected["ssim"], abs=SIMILARITY)
    # Three pairs are the same black picture: infinite here, 100 dB each in the known answer.
    assert (row.patches, row.equal) == (300, 3)
    capped = (297 * row.psnr_per_image + 3 * 100) / 300
    assert capped == pytest.approx(expected["psnr_per_image"], abs=DB)
    assert f"{capped:.3f}" in as_text([row])


def test_equal_patches_are_infinite_and_counted() -> None:
    patches = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), dtype=np.uint8)
    row = score("same", np.float32(patches / 255.0), patches)
    assert (row.psnr_per_image, row.psnr_batch50, row.equal) == (math.inf, math.inf, 50)


def test_the_command_prints_a_row_for_each_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patches = write_patches(tmp_path / "patches", sides=("phone", "reference"))
    (tmp_path / "weights").mkdir()
    save(tmp_path / "weights" / "dong.safetensors", Dong(), source=Source("fresh"), code_version="1")
    arguments = ["score", "--weights", str(tmp_path / "weights"), "--patches", str(patches), "--device", "cpu"]
    assert main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["input", "dong"]
    assert main(arguments) == 0
    assert f"{rows[1]['psnr_batch50']:.3f}" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["score", "--weights", str(tmp_path), "--patches", str(tmp_path / "none")]
    assert main(arguments) == 2
    assert "none: should hold two folders, one of them named canon or reference" in capsys.readouterr().err


def test_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchesError, match="no checkpoint"):
        list(find_networks(tmp_path))


def test_a_patch_without_a_partner_is_named(tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "patches")
    (folder / "canon" / "007.png").unlink()
    with pytest.raises(PatchesError, match=r"007\.png has no partner"):
        read_patches(folder)


def test_less_than_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchesError, match="49 pairs, a batch takes 50"):
        read_patches(write_patches(tmp_path / "patches", count=49))


def test_patches_of_two_sizes_are_refused(tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "patches")
    (folder / "canon" / "007.png").write_bytes(encode_png(np.zeros((16, 17, 3), np.uint8)))
    with pytest.raises(PatchesError, match="must be of one size"):
        read_patches(folder)
