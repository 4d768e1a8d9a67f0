"""Pairs on disk: what belongs together, what has no partner, what can't be paired."""

from pathlib import Path

import pytest

from enhancement.nn.pairs.sources import PairsError, find_dped_pairs, find_pairs


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_names_match_without_endings_and_case_in_natural_order(tmp_path: Path) -> None:
    put(tmp_path, "a/IMG_10.HEIC", "a/img_9.jpg", "b/img_10.jpg", "b/IMG_9.png", "a/Thumbs.db", "a/img_9.aae")
    pairs = find_pairs(tmp_path / "a", tmp_path / "b")
    assert [(pair.scene, pair.input.name, pair.reference.name) for pair in pairs.found] == [
        ("img_9", "img_9.jpg", "IMG_9.png"),
        ("IMG_10", "IMG_10.HEIC", "img_10.jpg"),
    ]
    assert pairs.alone == ()


def test_photos_without_a_partner_are_told(tmp_path: Path) -> None:
    pairs = find_pairs(*(put(tmp_path, "a/1.jpg", "a/2.jpg", "b/1.jpg", "b/3.jpg") / side for side in ("a", "b")))
    assert [pair.scene for pair in pairs.found] == ["1"]
    assert [(one.scene, one.why) for one in pairs.alone] == [
        ("2", "a/2.jpg: has no partner in b/."),
        ("3", "b/3.jpg: has no partner in a/."),
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/1.jpg"], "b: there is no such folder"),
        (["a/1.jpg", "b/2.jpg"], "no photo of one has a photo of its name in the other"),
        (["a/1.jpg", "a/1.png", "b/1.jpg"], r"1\.jpg and 1\.png have one name"),
    ],
)
def test_what_cannot_be_paired_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    put(tmp_path, *names)
    with pytest.raises(PairsError, match=message):
        find_pairs(tmp_path / "a", tmp_path / "b")


def test_a_folder_is_no_reference_for_itself(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg")
    with pytest.raises(PairsError, match="the same folder"):
        find_pairs(tmp_path / "a", tmp_path / "a")


def test_dpeds_photos_of_one_phone(tmp_path: Path) -> None:
    put(tmp_path, "iphone/2.jpg", "iphone/10.jpg", "sony/2.jpg", "canon/2.jpg", "canon/10.jpg")
    assert [pair.scene for pair in find_dped_pairs(tmp_path, "iphone").found] == ["2", "10"]


def test_dpeds_photos_in_parts_are_named_by_part(tmp_path: Path) -> None:
    put(tmp_path, *(f"{part}/{camera}/1.jpg" for part in ("train", "test") for camera in ("iphone", "sony", "canon")))
    pairs = find_dped_pairs(tmp_path, "sony").found
    assert [(pair.scene, pair.input.parent.name) for pair in pairs] == [("test-1", "sony"), ("train-1", "sony")]


def test_a_phone_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="holds both nokia/ and canon/"):
        find_dped_pairs(put(tmp_path, "iphone/1.jpg", "canon/1.jpg"), "nokia")
