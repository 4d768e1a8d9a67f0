"""Many pairs: each told, each once, the same however many processes there are and however often it was broken off."""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from enhancement.nn.pairs import aligning
from enhancement.nn.pairs.aligning import align_all, read_alignments
from enhancement.nn.pairs.report import alignment_rows, as_csv
from enhancement.nn.pairs.sources import Pairs, PairsError, find_pairs
from enhancement.nn.pairs.workplace import WorkplaceError, alone_in
from tests.stack import wait_until

ROOT = Path(__file__).parents[4]


@pytest.fixture
def own_pairs(tmp_path: Path, pairs_folder: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(pairs_folder, tmp_path / "own"))


def pairs_in(folder: Path) -> Pairs:
    return find_pairs(folder / "phone", folder / "canon")


def numbered(folder: Path) -> dict[str, int]:
    """Which file each piece is; another one where it was written again."""
    return {piece.name: piece.stat().st_ino for piece in (folder / "pairs").glob("*.json")}


def test_every_pair_is_told(pairs_folder: Path, aligned_folder: Path) -> None:
    alignments = read_alignments(aligned_folder)
    assert [pair.scene for pair in alignments.pairs] == ["1", "2", "3", "10"]
    assert [pair.scene for pair, _ in alignments.good] == ["1", "2", "10"]
    for pair, found in alignments.good:
        assert found.inliers >= 19
        assert found.homography[0][0] == pytest.approx(1.25, abs=0.01)
        assert pair.input == pairs_folder / "phone" / f"{pair.scene}.png"
    (skipped,) = alignments.skipped
    assert (skipped.scene, skipped.why) == (
        "3",
        "The input shows too little structure: 0 points to hold on to, 15 are needed.",
    )


def test_the_report_has_a_row_a_pair(own_pairs: Path, aligned_folder: Path) -> None:
    (own_pairs / "phone" / "11.png").write_bytes(b"")
    rows = list(csv.DictReader(io.StringIO(as_csv(alignment_rows(read_alignments(aligned_folder))).decode())))
    assert [bool(row["inliers"]) for row in rows] == [True, True, False, True]
    assert rows[2]["not_aligned"].startswith("The input shows too little structure")
    alone = pairs_in(own_pairs).alone
    assert [(one.scene, one.why) for one in alone] == [("11", "phone/11.png: has no partner in canon/.")]


def test_several_processes_write_the_same(tmp_path: Path, pairs_folder: Path, aligned_folder: Path) -> None:
    align_all(pairs_in(pairs_folder), tmp_path / "two", processes=2)
    folders = (aligned_folder, tmp_path / "two")
    first, second = ({path.name: path.read_bytes() for path in folder.rglob("*.json")} for folder in folders)
    assert len(first) == 5
    assert first == second


def test_what_is_done_is_done_once_and_what_changed_is_done_again(tmp_path: Path, own_pairs: Path) -> None:
    align_all(pairs_in(own_pairs), tmp_path / "out", processes=1)
    before = numbered(tmp_path / "out")
    shutil.copy(own_pairs / "phone" / "2.png", own_pairs / "phone" / "1.png")
    again = align_all(pairs_in(own_pairs), tmp_path / "out", processes=1)
    after = numbered(tmp_path / "out")
    assert [name for name in before if before[name] != after[name]] == ["1.json"]
    assert [pair.scene for pair, _ in again.good] == ["2", "10"]


def test_other_settings_align_again(tmp_path: Path, own_pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    align_all(pairs_in(own_pairs), tmp_path / "out", processes=1)
    before = numbered(tmp_path / "out")
    monkeypatch.setattr(aligning, "SETTINGS", {**aligning.SETTINGS, "opencv": "another"})
    align_all(pairs_in(own_pairs), tmp_path / "out", processes=1)
    assert all(before[name] != number for name, number in numbered(tmp_path / "out").items())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"key": 1}'])
def test_a_damaged_piece_is_made_again(tmp_path: Path, aligned_folder: Path, own_pairs: Path, content: bytes) -> None:
    out = Path(shutil.copytree(aligned_folder, tmp_path / "out"))
    (out / "pairs" / "1.json").write_bytes(content)
    align_all(pairs_in(own_pairs), out, processes=1)
    assert (out / "pairs" / "1.json").read_bytes() == (aligned_folder / "pairs" / "1.json").read_bytes()


def test_a_photo_that_cannot_be_read_is_skipped(tmp_path: Path, own_pairs: Path) -> None:
    (own_pairs / "phone" / "1.png").write_bytes((own_pairs / "phone" / "1.png").read_bytes()[:5000])
    alignments = align_all(pairs_in(own_pairs), tmp_path / "out", processes=1)
    assert [pair.scene for pair, _ in alignments.good] == ["2", "10"]
    assert alignments.skipped[0].why.startswith("phone/1.png: the picture is damaged")


@pytest.mark.parametrize(("how", "processes"), [(signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGINT, 2)])
def test_interrupted_and_run_again_it_ends_the_same(
    tmp_path: Path, pairs_folder: Path, aligned_folder: Path, how: signal.Signals, processes: int
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "enhancement.nn", "align", pairs_folder / "phone", pairs_folder / "canon"]
    command += ["-o", out, "--processes", str(processes)]
    for _ in range(5):  # a busy machine may let it end before the signal comes: then that run says nothing
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True) as running:
            wait_until(lambda: list((out / "pairs").glob("*.json")), "the first pair")
            os.kill(running.pid, how) if how is signal.SIGKILL else os.killpg(running.pid, how)
            # The pipe ends when the last process that holds it does.
            _, said = running.communicate(timeout=60)
        if not (out / "alignments.json").exists():
            break
        shutil.rmtree(out)
    assert list((out / "pairs").glob("*.json"))
    assert not (out / "alignments.json").exists()
    assert running.returncode == (-9 if how is signal.SIGKILL else 130)
    assert b"Traceback" not in said
    (out / "pairs" / ".1.json.half").write_bytes(b"as a killed process leaves it")
    align_all(pairs_in(pairs_folder), out, processes=1)
    assert (out / "alignments.json").read_bytes() == (aligned_folder / "alignments.json").read_bytes()
    assert not list(out.rglob(".*"))


def test_only_one_process_fills_a_folder(tmp_path: Path, pairs_folder: Path) -> None:
    with alone_in(tmp_path / "pairs", tmp_path), pytest.raises(WorkplaceError, match="another process is making it"):
        align_all(pairs_in(pairs_folder), tmp_path, processes=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "holds no alignments.json"), (b"{", "damaged"), (b'{"format": 9}', "its format is 9"), (b"{}", "damaged")],
)
def test_alignments_that_cannot_be_read_say_so(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "alignments.json").write_bytes(content)
    with pytest.raises(PairsError, match=message):
        read_alignments(tmp_path)
