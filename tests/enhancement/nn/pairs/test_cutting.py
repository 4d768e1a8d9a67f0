"""The store: what is in it, the same bytes whatever happened on the way, and nothing half there."""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from enhancement.nn.pairs.aligning import align_all, read_alignments
from enhancement.nn.pairs.cutting import cut_patches
from enhancement.nn.pairs.manifest import Manifest, PatchesError, PatchSettings
from enhancement.nn.pairs.report import chosen_for_sheet
from enhancement.nn.pairs.sources import PairsError, find_pairs
from enhancement.nn.pairs.split import HeldOutNames, HeldOutShare, Split
from enhancement.nn.pairs.store import open_patches
from enhancement.nn.pairs.windows import correlation, cut
from enhancement.nn.pairs.workplace import WorkplaceError, workplace
from enhancement.pictures import decode, encode_png
from tests.stack import wait_until

ROOT = Path(__file__).parents[4]
SMALL = PatchSettings(size_px=40, stride_px=40)
LAST = HeldOutNames(("10",))


def make(
    aligned: Path, store: Path, *, settings: PatchSettings = SMALL, split: Split = LAST, processes: int = 1
) -> Manifest:
    return cut_patches(aligned, store, settings=settings, split=split, processes=processes)


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As a full disk or a quota does: writing fails in the middle of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, aligned_folder: Path) -> Path:
    """Made in one go by one process."""
    place = tmp_path_factory.mktemp("stores") / "store"
    make(aligned_folder, place)
    return place


@pytest.fixture
def own_aligned(tmp_path: Path, pairs_folder: Path, aligned_folder: Path) -> Path:
    """Alignments of a copy of the photos, in ``own``: to break."""
    own = Path(shutil.copytree(pairs_folder, tmp_path / "own"))
    out = Path(shutil.copytree(aligned_folder, tmp_path / "aligned"))
    align_all(find_pairs(own / "phone", own / "canon"), out, processes=1)
    return out


def test_a_store_holds_what_each_pair_gives(store: Path, aligned_folder: Path) -> None:
    patches = open_patches(store, expecting=SMALL, verify=True)
    assert patches.scenes == ("1", "2", "10")
    for number, (pair, found) in enumerate(read_alignments(aligned_folder).good):
        of_scene = np.flatnonzero(patches.scene_of == number)
        expected = cut(*(decode(path, name="") for path in (pair.input, pair.reference)), found, SMALL)
        assert len(of_scene) == len(expected.windows) > 0
        np.testing.assert_array_equal(patches.inputs[of_scene], expected.inputs)
        np.testing.assert_array_equal(patches.references[of_scene], expected.references)
    assert {patches.scenes[number] for number in patches.scene_of[patches.test]} == {"10"}
    assert {patches.scenes[number] for number in patches.scene_of[patches.train]} == {"1", "2"}


def test_every_patch_has_its_row(store: Path) -> None:
    patches = open_patches(store)
    rows = list(csv.DictReader((store / "patches.csv").read_text().splitlines()))
    assert [int(row["patch"]) for row in rows] == list(range(len(patches)))
    assert [row["scene"] for row in rows] == [patches.scenes[number] for number in patches.scene_of]
    assert [number for number, row in enumerate(rows) if row["side"] == "test"] == patches.test.tolist()
    for row, photo, reference in zip(rows, patches.inputs[:], patches.references[:], strict=True):
        grey = (cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) for patch in (photo, reference))
        assert float(row["correlation"]) == pytest.approx(correlation(*grey), abs=1e-6)
        assert float(row["correlation"]) > 0.9
        assert max(abs(int(row["dx"])), abs(int(row["dy"]))) <= 5


def test_the_manifest_says_where_it_all_comes_from(store: Path, pairs_folder: Path) -> None:
    told = json.loads((store / "manifest.json").read_bytes())
    assert told["settings"] == {"size_px": 40, "stride_px": 40, "max_shift_px": 5, "threshold": 0.9}
    assert told["split"] == {"by": "names", "held_out": ["10"]}
    assert told["counts"]["patches"] == told["counts"]["train"] + told["counts"]["test"]
    assert [one["scene"] for one in told["skipped"]] == ["3"]
    assert str(pairs_folder) not in (store / "manifest.json").read_text()
    scene = told["scenes"][0]
    assert scene["input"]["name"] == "1.png"
    assert scene["windows"] >= scene["patches"] > 0
    assert 0.9 < scene["median_correlation"] <= 1


def test_the_contact_sheet_shows_pairs_side_by_side(store: Path) -> None:
    sheet = decode(store / "contact_sheet.png", name="sheet")
    patches = open_patches(store)
    (first, *_) = chosen_for_sheet(len(patches))
    shown = np.hstack([patches.inputs[first : first + 1][0], patches.references[first : first + 1][0]])
    np.testing.assert_array_equal(sheet[8:48, 8:88], shown)
    assert sheet.shape == (10 * (40 + 16 + 8) + 8, 4 * (80 + 8) + 8, 3)


def test_the_report_has_a_row_a_scene(store: Path) -> None:
    rows = list(csv.DictReader((store / "report.csv").read_text().splitlines()))
    assert [(row["scene"], row["side"]) for row in rows] == [("1", "train"), ("2", "train"), ("10", "test"), ("3", "")]
    assert rows[-1]["skipped"].startswith("The input shows too little structure")


def test_several_processes_make_the_same_bytes(tmp_path: Path, store: Path, aligned_folder: Path) -> None:
    make(aligned_folder, tmp_path / "two", processes=2)
    assert bytes_in(tmp_path / "two") == bytes_in(store)
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_in_the_middle_and_run_again_it_makes_the_same_bytes(
    tmp_path: Path, store: Path, own_aligned: Path, processes: int
) -> None:
    endless = tmp_path / "own" / "phone" / "10.png"
    endless.rename(tmp_path / "aside")
    os.mkfifo(endless)  # who reads it waits
    command = [sys.executable, "-m", "enhancement.nn", "patches", own_aligned, "-o", tmp_path / "store"]
    command += ["--size", "40", "--held-out", "10", "--processes", str(processes)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as running:
        kept = tmp_path / ".store.work"
        wait_until(lambda: len(list(kept.glob("*.npz"))) == 2, "two pieces")
        running.kill()
        running.communicate(timeout=60)
    assert not (tmp_path / "store").exists()
    (kept / ".half").write_bytes(b"as a killed process leaves it")
    (kept / "store").mkdir()
    endless.unlink()
    (tmp_path / "aside").rename(endless)
    make(own_aligned, tmp_path / "store", processes=processes)
    assert bytes_in(tmp_path / "store") == bytes_in(store)
    assert not kept.exists()


def stopped_before_the_store(aligned: Path, store: Path) -> Path:
    """All pieces are there, the store isn't: the disk was full."""
    with no_file_larger_than(400_000), pytest.raises(WorkplaceError):
        make(aligned, store)
    return store.with_name(".store.work")


def test_what_was_cut_is_used_and_not_cut_again(tmp_path: Path, aligned_folder: Path) -> None:
    piece = stopped_before_the_store(aligned_folder, tmp_path / "store") / "2.npz"
    with np.load(piece) as kept:
        content = dict(kept)
    np.savez(piece, **{**content, "inputs": np.zeros_like(content["inputs"])})
    make(aligned_folder, tmp_path / "store")
    patches = open_patches(tmp_path / "store")
    black = [not patches.inputs[patches.scene_of == number].any() for number in range(3)]
    assert black == [False, True, False]


@pytest.mark.parametrize("content", [b"", b"PK", None])
def test_what_was_cut_otherwise_or_is_damaged_is_cut_again(
    tmp_path: Path, store: Path, aligned_folder: Path, content: bytes | None
) -> None:
    if content is None:
        with no_file_larger_than(400_000), pytest.raises(WorkplaceError):
            make(aligned_folder, tmp_path / "store", settings=PatchSettings(size_px=40, stride_px=35))
    else:
        (stopped_before_the_store(aligned_folder, tmp_path / "store") / "2.npz").write_bytes(content)
    make(aligned_folder, tmp_path / "store")
    assert bytes_in(tmp_path / "store") == bytes_in(store)


def test_a_store_that_is_there_is_left_as_it_is(tmp_path: Path, store: Path, aligned_folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in store.iterdir()}
    assert make(aligned_folder, store) == open_patches(store).manifest
    assert {path.name: path.stat().st_mtime_ns for path in store.iterdir()} == before


@pytest.mark.parametrize(
    ("settings", "split", "differing"),
    [
        (PatchSettings(size_px=40, stride_px=20), LAST, "settings"),
        (SMALL, HeldOutNames(("1",)), "split"),
        (SMALL, HeldOutShare(0.3, 0), "split"),
        (PatchSettings(size_px=50, stride_px=50), LAST, "settings and size_px"),
    ],
)
def test_another_store_is_never_replaced(
    store: Path, aligned_folder: Path, settings: PatchSettings, split: Split, differing: str
) -> None:
    before = bytes_in(store)
    with pytest.raises(PatchesError, match=f"holds patches of other {differing}; give another name"):
        make(aligned_folder, store, settings=settings, split=split)
    assert bytes_in(store) == before


def test_something_else_is_never_replaced(tmp_path: Path, aligned_folder: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(PatchesError, match="is there, and no store of patches"):
        make(aligned_folder, tmp_path / "photos")


def test_a_photo_that_changed_since_it_was_aligned_is_refused(tmp_path: Path, own_aligned: Path) -> None:
    make(own_aligned, tmp_path / "before")
    (tmp_path / "own" / "canon" / "2.png").write_bytes(encode_png(np.zeros((512, 512, 3), np.uint8)))
    for place in ("before", "after"):
        with pytest.raises(PairsError, match=r"canon/2\.png: was changed since it was aligned; align again"):
            make(own_aligned, tmp_path / place)
    align_all(find_pairs(tmp_path / "own" / "phone", tmp_path / "own" / "canon"), own_aligned, processes=1)
    with pytest.raises(PatchesError, match="holds patches of other skipped"):
        make(own_aligned, tmp_path / "before")


def test_a_photo_that_is_gone_is_told(tmp_path: Path, own_aligned: Path) -> None:
    (tmp_path / "own" / "phone" / "1.png").unlink()
    with pytest.raises(PairsError, match=r"phone/1\.png: the file can't be read"):
        make(own_aligned, tmp_path / "store")


def test_no_good_patch_makes_no_store(tmp_path: Path, aligned_folder: Path) -> None:
    with pytest.raises(PatchesError, match="not made, as there is no patch to keep"):
        make(aligned_folder, tmp_path / "store", settings=PatchSettings(size_px=40, stride_px=40, threshold=1.0))
    assert not (tmp_path / "store").exists()


def test_only_one_process_makes_a_store(tmp_path: Path, aligned_folder: Path) -> None:
    with workplace(tmp_path / "store"), pytest.raises(WorkplaceError, match="another process is making it"):
        make(aligned_folder, tmp_path / "store")


@pytest.mark.parametrize(("size", "pieces"), [(20_000, 0), (400_000, 3)])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, store: Path, aligned_folder: Path, size: int, pieces: int
) -> None:
    """At first while pieces are written, then while the store is put together."""
    with (
        no_file_larger_than(size),
        pytest.raises(WorkplaceError, match=r"store: no room: .*MB are needed, .* are free"),
    ):
        make(aligned_folder, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    left = sorted(path.name for path in (tmp_path / ".store.work").iterdir())
    assert [name for name in left if name != "lock"] == ["1.npz", "10.npz", "2.npz"][: pieces or 0]
    make(aligned_folder, tmp_path / "store")
    assert bytes_in(tmp_path / "store") == bytes_in(store)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_really_full(tmp_path: Path, store: Path, aligned_folder: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(WorkplaceError, match="no room"):
            make(aligned_folder, disk / "store")
        assert [path.name for path in disk.iterdir()] == [".store.work"]
        subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
        make(aligned_folder, disk / "store")
        assert bytes_in(disk / "store") == bytes_in(store)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_real_pairs(tmp_path: Path, shared: Callable[[str], Path]) -> None:
    for side in ("iphone", "dslr"):
        (tmp_path / side).mkdir()
        for scene in ("001", "018"):
            (tmp_path / side / f"{scene}.jpg").symlink_to(shared(f"city100/{side}/{scene}.jpg"))
    align_all(find_pairs(tmp_path / "iphone", tmp_path / "dslr"), tmp_path / "aligned", processes=2)
    settings = PatchSettings(stride_px=50)
    manifest = make(tmp_path / "aligned", tmp_path / "store", settings=settings, split=HeldOutNames(("018",)))
    assert all(scene.inliers >= 19 and 80 <= scene.patches <= scene.windows == 150 for scene in manifest.scenes)
    patches = open_patches(tmp_path / "store", expecting=settings, verify=True)
    assert len(patches.train) + len(patches.test) == manifest.patches
