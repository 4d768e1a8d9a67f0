"""``python -m enhancement.nn align``: what it prints, writes and refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data

from enhancement.nn.__main__ import main
from enhancement.nn.pairs.aligning import read_alignments
from tests.enhancement.nn.pairs.synthetic import write_pair


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scene 1, which aligns; scene 2, which doesn't; scene 3 without a reference."""
    folder, photo = tmp_path_factory.mktemp("pairs"), skimage.data.astronaut()
    write_pair(folder, "1", photo[20:300, 20:320], photo)
    write_pair(folder, "2", photo[:10], photo)
    write_pair(folder, "3", photo, photo)
    (folder / "canon" / "3.png").unlink()
    return folder


def test_it_prints_and_writes_a_row_a_pair(tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["align", str(pairs / "phone"), str(pairs / "canon"), "-o", str(tmp_path / "out"), "--processes", "1"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split()[:3] == ["scene", "matches", "inliers"]
    assert printed.splitlines()[2].split()[:7] == ["2", "–", "–", "–", "–", "–", "The"]
    assert printed.endswith("1 of 3 aligned.\n")
    report = (tmp_path / "out" / "report.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in report] == ["scene", "1", "2", "3"]
    assert report[3] == "3,,,,,,phone/3.png: has no partner in canon/."
    assert main([*arguments, "--json"]) == 0
    assert [row["scene"] for row in json.loads(capsys.readouterr().out)] == ["1", "2", "3"]


def test_dpeds_full_size_photos(tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(pairs, tmp_path / "dped" / "train")
    assert main(["align", str(tmp_path / "dped"), "--phone", "phone", "-o", str(tmp_path / "out")]) == 0
    assert [pair.scene for pair in read_alignments(tmp_path / "out").pairs] == ["train-1", "train-2"]


def test_none_aligned_is_no_success(tmp_path: Path, pairs: Path) -> None:
    for side in ("phone", "canon"):
        (tmp_path / side).mkdir()
        shutil.copy(pairs / side / "2.png", tmp_path / side)
    arguments = ["align", str(tmp_path / "phone"), str(tmp_path / "canon"), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--processes", "1"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "Give the folders of the inputs and of the references, or one of DPED's and --phone."),
        (["a", "b", "--phone", "iphone"], "Give the folders"),
        (["a", "b"], "a: there is no such folder"),
        (["a", "--phone", "iphone"], "holds both iphone/ and canon/"),
    ],
)
def test_what_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["align", *arguments, "-o", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_processes_are_refused(tmp_path: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["align", str(pairs / "phone"), str(pairs / "canon"), "-o", str(tmp_path / "out"), "--processes", "0"]
    assert main(arguments) == 2
    assert "give 1 or more" in capsys.readouterr().err


def test_neither_torch_nor_django_is_loaded() -> None:
    code = (
        "import sys; from enhancement.nn.__main__ import main, parser; parser('align'), parser('patches'); "
        "sys.exit(bool({'torch', 'django', 'celery'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[4]).returncode == 0
