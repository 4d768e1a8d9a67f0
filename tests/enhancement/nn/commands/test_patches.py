"""``python -m enhancement.nn patches``: what it prints, makes and refuses."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from enhancement.nn.__main__ import main
from enhancement.nn.pairs.store import open_patches
from enhancement.pictures import encode_png
from tests.enhancement.nn.pairs.synthetic import write_pair


@pytest.fixture(scope="module")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes, aligned."""
    folder = tmp_path_factory.mktemp("pairs")
    for scene, photo in (("1", skimage.data.astronaut()), ("2", skimage.data.coffee())):
        write_pair(folder, scene, photo[20:300, 20:320], photo)
    out = folder / "aligned"
    assert main(["align", str(folder / "phone"), str(folder / "canon"), "-o", str(out), "--processes", "1"]) == 0
    return out


def test_it_prints_a_row_a_scene_and_makes_the_store(
    tmp_path: Path, aligned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["patches", str(aligned), "-o", str(tmp_path / "store"), "--held-out", "2", "--processes", "1"]
    assert main([*arguments, "--size", "60", "--max-shift", "3", "--threshold", "0.8"]) == 0
    patches = open_patches(tmp_path / "store")
    assert str(patches.manifest.settings) == "PatchSettings(size_px=60, stride_px=60, max_shift_px=3, threshold=0.8)"
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed[1:3]] == [["1", "train"], ["2", "test"]]
    assert printed[3].startswith(
        f"{len(patches)} patches of 60 px: {len(patches.train)} train, {len(patches.test)} test, in {tmp_path}/store."
    )


def test_a_share_is_held_out_by_its_seed(tmp_path: Path, aligned: Path) -> None:
    arguments = ["patches", str(aligned), "-o", str(tmp_path / "store"), "--held-out-share", "0.5", "--seed", "4"]
    assert main([*arguments, "--stride", "50", "--processes", "1"]) == 0
    manifest = open_patches(tmp_path / "store").manifest
    assert manifest.split == {"by": "share", "share": 0.5, "seed": 4}
    assert sorted(scene.side for scene in manifest.scenes) == ["test", "train"]
    assert manifest.settings is not None
    assert manifest.settings.stride_px == 50


def test_published_patches_are_taken_over(tmp_path: Path) -> None:
    for side in ("iphone", "canon"):
        (tmp_path / "patches" / side).mkdir(parents=True)
        for number in range(12):
            patch = np.full((20, 20, 3), number, np.uint8)
            (tmp_path / "patches" / side / f"{number}.png").write_bytes(encode_png(patch))
    arguments = ["patches", "--published", str(tmp_path / "patches"), "-o", str(tmp_path / "store")]
    assert main([*arguments, "--train-first", "9", "--processes", "1"]) == 0
    patches = open_patches(tmp_path / "store")
    assert patches.inputs[patches.test][:, 0, 0, 0].tolist() == [9, 10, 11]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give the folder that `align` filled, or --published"),
        (["aligned", "--published", "folder"], "Give the folder that `align` filled, or --published"),
        (["aligned"], "Say which scenes are held out for tests"),
        (["aligned", "--held-out", "1", "--held-out-share", "0.1"], "Say which scenes are held out for tests"),
        (["aligned", "--held-out", "1", "--train-first", "3"], "--train-first is for --published"),
        (["--published", "folder", "--held-out", "1"], "The scenes of published patches are unknown"),
        (["--published", "folder", "--train-first", "1"], "folder: should hold two folders"),
        (["aligned", "--held-out", "1"], "holds no alignments.json"),
        (["aligned", "--held-out", "1", "--size", "0"], "size must be 2 px or more"),
    ],
)
def test_what_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["patches", *arguments, "-o", str(tmp_path / "store")]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
