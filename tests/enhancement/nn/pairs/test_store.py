"""Opening patches: a store, published patches as they are, and what is neither."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from enhancement.nn.pairs.copying import copy_published
from enhancement.nn.pairs.manifest import Manifest, PatchesError, PatchSettings, Scene
from enhancement.nn.pairs.patch_set import PatchSet
from enhancement.nn.pairs.published import find_published
from enhancement.nn.pairs.store import open_patches
from enhancement.pictures import Photo, encode_png


def write_published(folder: Path, count: int, *, seed: int = 0, size: int = 20) -> None:
    """Patches 0, 1, 2 … as DPED names them, in two folders."""
    random = np.random.default_rng(seed)
    for side in ("iphone", "canon"):
        (folder / side).mkdir(parents=True)
        for number in range(count):
            patch = random.integers(0, 256, (size, size, 3), dtype=np.uint8)
            patch[0, 0] = number
            (folder / side / f"{number}.png").write_bytes(encode_png(patch))


@pytest.fixture
def dped(tmp_path: Path) -> Path:
    """DPED's own folders: 12 patches that train, 3 that test."""
    write_published(tmp_path / "dped" / "training_data", 12)
    write_published(tmp_path / "dped" / "test_data" / "patches", 3, seed=1)
    return tmp_path / "dped"


@pytest.fixture
def store(tmp_path: Path, dped: Path) -> Path:
    copy_published(dped, tmp_path / "store", train_first=None, processes=1)
    return tmp_path / "store"


def numbers(patches: Photo) -> list[int]:
    return [int(patch[0, 0, 0]) for patch in patches]


def test_published_patches_are_read_as_they_are(dped: Path) -> None:
    patches = open_patches(dped)
    assert numbers(patches.inputs[:]) == numbers(patches.references[:]) == [*range(12), 0, 1, 2]
    assert (patches.train.tolist(), patches.test.tolist()) == (list(range(12)), [12, 13, 14])
    assert (patches.scenes, patches.manifest.scenes_known) == (("unknown (train)", "unknown (test)"), False)
    assert patches.manifest.split == {"by": "folders"}
    assert len(patches) == 15
    assert patches.size_px == 20


@pytest.mark.parametrize("place", ["training_data", "test_data/patches", "test_data"])
def test_one_folder_of_patches_is_split_by_order(dped: Path, place: str) -> None:
    patches = open_patches(dped / place, train_first=2)
    assert numbers(patches.inputs[patches.train]) == [0, 1]
    assert numbers(patches.inputs[patches.test]) == list(range(2, len(patches)))
    assert patches.manifest.split == {"by": "order", "train_first": 2}


def test_a_part_alone_is_split_by_order(dped: Path) -> None:
    shutil.rmtree(dped / "training_data")
    assert open_patches(dped, train_first=1).test.tolist() == [1, 2]


@pytest.mark.parametrize("train_first", [None, -1, 13])
def test_one_folder_without_a_split_is_refused(dped: Path, train_first: int | None) -> None:
    with pytest.raises(PatchesError, match=r"12 patches of unknown scenes .*train_first, 0 to 12"):
        open_patches(dped / "training_data", train_first=train_first)


def test_two_splits_are_refused(dped: Path, store: Path) -> None:
    for place in (dped, store):
        with pytest.raises(PatchesError, match="leave train_first out"):
            open_patches(place, train_first=3)


@pytest.mark.parametrize("sent", [False, True])
def test_a_store_of_published_patches_holds_the_same(dped: Path, store: Path, sent: bool) -> None:
    lazily, mapped = open_patches(dped), open_patches(store, verify=True)
    if sent:
        lazily, mapped = (pickle.loads(pickle.dumps(patches)) for patches in (lazily, mapped))
    for which in (np.array([14, 0, 0, 7]), np.array([], dtype=np.intp), slice(None), slice(3, 9, 2)):
        for role in ("inputs", "references"):
            first, second = getattr(lazily, role)[which], getattr(mapped, role)[which]
            np.testing.assert_array_equal(first, second)
            assert type(second) is np.ndarray
            assert second.flags.writeable
            assert second.shape[1:] == (20, 20, 3)
    np.testing.assert_array_equal(lazily.scene_of, mapped.scene_of)
    assert lazily.manifest.listing_sha256 == mapped.manifest.listing_sha256


def test_what_is_sent_to_another_process_is_where_it_lies(store: Path) -> None:
    assert len(pickle.dumps(open_patches(store).inputs)) < 500


def test_chunks_and_processes_make_the_same_store(
    tmp_path: Path, dped: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enhancement.nn.pairs.copying.CHUNK", 5)
    copy_published(dped, tmp_path / "chunks", train_first=None, processes=2)
    assert {path.name: path.read_bytes() for path in store.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "chunks").iterdir()
    }


def test_the_name_of_a_set_changes_with_what_is_in_it(tmp_path: Path, dped: Path, store: Path) -> None:
    lazily, mapped = open_patches(dped).manifest_sha256, open_patches(store).manifest_sha256
    (dped / "training_data" / "canon" / "3.png").write_bytes(encode_png(np.zeros((20, 20, 3), np.uint8)))
    copy_published(dped, tmp_path / "again", train_first=None, processes=1)
    assert open_patches(dped).manifest_sha256 != lazily
    assert open_patches(tmp_path / "again").manifest_sha256 != mapped


def test_published_patches_of_two_sizes_are_refused(tmp_path: Path, dped: Path) -> None:
    (dped / "training_data" / "canon" / "3.png").write_bytes(encode_png(np.zeros((20, 21, 3), np.uint8)))
    with pytest.raises(PatchesError, match=r"3\.png: patches must be of one size; this one has 21×20 px, not 20×20"):
        open_patches(dped).references[np.array([3])]
    with pytest.raises(PatchesError, match=r"3\.png: patches must be of one size"):
        copy_published(dped, tmp_path / "store", train_first=None, processes=1)
    assert not (tmp_path / "store").exists()


def test_a_published_patch_without_a_partner_is_named(dped: Path) -> None:
    (dped / "training_data" / "canon" / "7.png").unlink()
    with pytest.raises(PatchesError, match=r"7\.png has no partner"):
        open_patches(dped)


def test_nothing_there_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(PatchesError, match="no patches here; make a store with"):
            open_patches(place)


@pytest.mark.parametrize("name", ["inputs.npy", "references.npy"])
@pytest.mark.parametrize("left", [None, 0, 60, 2000])
def test_half_a_store_is_refused(store: Path, name: str, left: int | None) -> None:
    content = (store / name).read_bytes()
    (store / name).unlink()
    if left is not None:
        (store / name).write_bytes(content[:left])
    with pytest.raises(PatchesError, match=f"store/{name}: missing or cut short .*; make the patches again"):
        open_patches(store)


def test_arrays_of_another_store_are_refused(store: Path) -> None:
    np.save(store / "inputs.npy", np.zeros((14, 20, 20, 3), np.uint8))
    with pytest.raises(PatchesError, match=r"shape \(15, 20, 20, 3\); inputs have \(14, 20, 20, 3\)"):
        open_patches(store)
    np.save(store / "inputs.npy", np.zeros((15, 20, 20, 3), np.float32))
    with pytest.raises(PatchesError, match="no patches, but float32"):
        open_patches(store)


@pytest.mark.parametrize("name", ["inputs.npy", "references.npy", "patches.csv", "report.csv", "contact_sheet.png"])
def test_a_changed_byte_is_found_when_asked(store: Path, name: str) -> None:
    content = bytearray((store / name).read_bytes())
    content[-1] ^= 1
    (store / name).write_bytes(content)
    open_patches(store)
    with pytest.raises(PatchesError, match=f"{name}: its bytes aren't those that were written"):
        open_patches(store, verify=True)
    (store / name).unlink()
    if name.endswith(".csv"):
        with pytest.raises(PatchesError, match=f"{name}: can't be read"):
            open_patches(store, verify=True)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1]", b'{"format": 1}', b"\xff"])
def test_a_damaged_manifest_is_refused(store: Path, content: bytes) -> None:
    (store / "manifest.json").write_bytes(content)
    with pytest.raises(PatchesError, match="store: its manifest is damaged"):
        open_patches(store)


def test_a_newer_format_is_refused(store: Path) -> None:
    (store / "manifest.json").write_text((store / "manifest.json").read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(PatchesError, match="its format is 2, this version reads 1"):
        open_patches(store)


def test_other_settings_than_expected_are_named(tmp_path: Path, store: Path) -> None:
    with pytest.raises(PatchesError, match="size_px is 20, 100 was asked for"):
        open_patches(store, expecting=PatchSettings())
    cut = Manifest(20, (Scene("1", "train", 15),), True, {}, settings=PatchSettings(20, 10))
    (store / "manifest.json").write_bytes(cut.as_json())
    with pytest.raises(PatchesError, match=r"stride_px is 10, 20 was asked for; threshold is 0\.9, 0\.8 was asked for"):
        open_patches(store, expecting=PatchSettings(20, 20, 5, 0.8))
    assert open_patches(store, expecting=PatchSettings(20, 10)).scenes == ("1",)


@pytest.mark.parametrize(
    "values", [{"size_px": 1}, {"stride_px": 0}, {"max_shift_px": -1}, {"threshold": 1.1}, {"threshold": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(PatchesError, match="size must be 2 px or more"):
        PatchSettings(**values)


def test_dpeds_own_patches(tmp_path: Path, shared: Callable[[str], Path]) -> None:
    folder = shared("dped")
    patches = open_patches(folder, train_first=250)
    assert (len(patches), patches.size_px, len(patches.test)) == (300, 100, 50)
    assert patches.manifest.split == {"by": "order", "train_first": 250}
    some = np.array([299, 4])
    files = [find_published(folder, train_first=250).files[number] for number in some]
    copied = tmp_path / "store"
    copy_published(folder, copied, train_first=250, processes=1)
    np.testing.assert_array_equal(open_patches(copied).inputs[some], patches.inputs[some])
    assert [path.name for path, _ in files] == ["299.jpg", "004.jpg"]
    assert isinstance(open_patches(copied), PatchSet)
