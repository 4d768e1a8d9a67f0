"""Photos on disk: four layouts, and one report of everything that is wrong."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from enhancement.folders import Found, Problem, SurveyError, survey
from enhancement.pictures import encode_png

PICTURE = encode_png(np.full((4, 6, 3), 90, np.uint8))


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE)
    return folder


def names(found: tuple[Found, ...]) -> list[str]:
    return [entry.name for entry in found]


def problems(path: Path, **options: object) -> list[Problem]:
    with pytest.raises(SurveyError) as refused:
        survey(path, **options)  # type: ignore[arg-type]
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return refused.value.problems


def test_two_folders_are_paired_by_name(tmp_path: Path) -> None:
    put(tmp_path, "input/b.jpg", "input/A.png", "reference/a.TIF", "reference/b.png", "notes/read me.txt")
    surveyed = survey(tmp_path, camera="iPhone X")
    assert surveyed.layout == "pairs"
    assert surveyed.found == (
        Found("A", "A", "iPhone X", tmp_path / "input/A.png", tmp_path / "reference/a.TIF"),
        Found("b", "b", "iPhone X", tmp_path / "input/b.jpg", tmp_path / "reference/b.png"),
    )


def test_folders_of_any_name_are_paired(tmp_path: Path) -> None:
    put(tmp_path, "phone/1.png", "phone/2.png", "dslr/1.png")
    found = survey(tmp_path, inputs="phone", references="dslr").found
    assert [entry.reference and entry.reference.name for entry in found] == ["1.png", None]
    assert [entry.reference for entry in survey(tmp_path, inputs="phone").found] == [None, None]


def test_one_folder_has_no_references(tmp_path: Path) -> None:
    surveyed = survey(put(tmp_path, "2.png", "1.png", ".DS_Store", "Thumbs.db", "._1.png"))
    assert (surveyed.layout, names(surveyed.found)) == ("photos", ["1", "2"])
    assert {entry.reference for entry in surveyed.found} == {None}


def test_names_in_two_unicode_forms_are_one(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Zürich") for form in ("NFC", "NFD"))
    put(tmp_path, f"input/{decomposed}.png", f"reference/{composed}.png")
    (found,) = survey(tmp_path).found
    assert found.name == composed
    assert found.reference is not None


@pytest.mark.parametrize("top", ["", "iphone/"])
def test_dpeds_own_layout(tmp_path: Path, top: str) -> None:
    put(tmp_path, f"{top}test_data/patches/iphone/0.png", f"{top}test_data/patches/canon/0.png")
    put(tmp_path, f"{top}test_data/full_size_test_images/7.png", f"{top}training_data/iphone/5.png")
    put(tmp_path, f"{top}training_data/canon/5.png")
    (patch,) = survey(tmp_path).found
    assert (patch.name, patch.camera, patch.reference and patch.reference.parent.name) == ("0", "iphone", "canon")
    (photo,) = survey(tmp_path, part="photos").found
    assert (photo.name, photo.reference, photo.camera) == ("7", None, "iphone" if top else tmp_path.name)
    assert survey(tmp_path, part="photos", camera="iPhone 3GS").found[0].camera == "iPhone 3GS"
    (training,) = survey(tmp_path, part="training").found
    assert training.input.parent.name == "iphone"


def test_dpeds_layout_of_several_phones_keeps_their_names_apart(tmp_path: Path) -> None:
    for phone in ("iphone", "sony"):
        put(tmp_path, f"{phone}/test_data/patches/{phone}/0.png", f"{phone}/test_data/patches/canon/0.png")
    found = survey(tmp_path).found
    assert [(entry.name, entry.scene, entry.camera) for entry in found] == [
        ("iphone-0", "iphone-0", "iphone"),
        ("sony-0", "sony-0", "sony"),
    ]
    assert found[1].reference == tmp_path / "sony/test_data/patches/canon/0.png"


def test_a_part_of_dped_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = problems(put(tmp_path, "patches/iphone/0.png", "patches/canon/0.png"), part="photos")
    assert "no photos in DPED's layout" in problem.what


def test_a_manifest_says_everything(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png", "b/1.png", "2.png")
    (tmp_path / "manifest.csv").write_text(
        "input,reference,scene,camera,name\na/1.png,b/1.png,harbour,Sony,first\n\n2.png,,,,\n", encoding="utf-8-sig"
    )
    surveyed = survey(tmp_path, camera="BlackBerry")
    assert surveyed.layout == "manifest"
    assert surveyed.found == (
        Found("first", "harbour", "Sony", tmp_path / "a/1.png", tmp_path / "b/1.png"),
        Found("2", "2", "BlackBerry", tmp_path / "2.png"),
    )
    assert survey(tmp_path / "manifest.csv", camera="BlackBerry") == surveyed


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        ("photo\n1.png\n", "first line is photo"),
        ("input,refernce\n1.png,\n", "refernce"),
        ("input,input\n1.png,1.png\n", "first line is input, input"),
        ("input,scene\n1.png\n", "line 2 has 1 cells"),
        ("input,scene\n,harbour\n", "line 2 has no input"),
        ("input\n3.png\n", "there is no file 3.png"),
        ("input\n../out.png\n", "outside"),
        ("input\nlink.png\n", "outside"),
        ("input,reference\n1.png,sub/../../out.png\n", "outside"),
        ("input\n1.png\n1.png\n", "its name, 1, is also that of"),
        ("input,name\n1.png,Ä\n2.png,ä\n", "its name, ä, is also that of"),
        ('input\n"1.png\n', "can't be read"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_named(tmp_path: Path, text: str, what: str) -> None:
    put(tmp_path, "out.png", "photos/1.png", "photos/2.png", "photos/sub/3.png")
    (tmp_path / "photos/link.png").symlink_to(tmp_path / "out.png")
    (tmp_path / "photos/manifest.csv").write_text(text, encoding="utf-8")
    (problem,) = problems(tmp_path / "photos")
    assert what in str(problem)


def test_a_manifest_that_is_far_too_long_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    with (tmp_path / "manifest.csv").open("wb") as file:
        file.truncate(17 << 20)
    (problem,) = problems(tmp_path)
    assert "a manifest of 17,825,792 bytes" in str(problem)


def test_an_absolute_path_in_a_manifest_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "out.png", "photos/1.png")
    (tmp_path / "photos/manifest.csv").write_text(f"input\n{tmp_path / 'out.png'}\n")
    assert "outside" in problems(tmp_path / "photos")[0].what


def test_everything_that_is_wrong_stands_in_one_report(tmp_path: Path) -> None:
    put(tmp_path, "input/a.png", "input/A.jpg", "input/b.png", "reference/lonely.png", "input/sub/x.png")
    (tmp_path / "input/notes.txt").write_text("sunny")
    (tmp_path / "input/short.png").write_bytes(PICTURE[:-30])
    found = {problem.path.name: problem.what for problem in problems(tmp_path)}
    assert set(found) == {"a.png", "lonely.png", "sub", "notes.txt", "short.png"}
    assert "same name as A.jpg" in found["a.png"]
    assert "no input" in found["lonely.png"]
    assert "folder among photos" in found["sub"]
    assert "not a JPEG" in found["notes.txt"]
    assert "damaged" in found["short.png"]


def test_an_unreadable_reference_is_reported_too(tmp_path: Path) -> None:
    put(tmp_path, "input/a.png", "reference/a.png")
    (tmp_path / "reference/a.png").write_bytes(b"broken")
    assert problems(tmp_path)[0].path == tmp_path / "reference/a.png"


@pytest.mark.parametrize("options", [{"inputs": "phone"}, {"inputs": "input", "references": "phone"}])
def test_a_folder_that_was_asked_for_must_be_there(tmp_path: Path, options: dict[str, str]) -> None:
    put(tmp_path, "input/a.png")
    assert problems(tmp_path, **options)[0].path == tmp_path / "phone"


def test_nothing_there_says_what_could_be(tmp_path: Path) -> None:
    assert "input/ and reference/" in problems(tmp_path)[0].remedy
    assert "no such" in problems(tmp_path / "gone")[0].what


def test_progress_is_told_file_by_file(tmp_path: Path) -> None:
    put(tmp_path, "input/a.png", "input/b.png", "reference/a.png")
    told: list[tuple[int, int]] = []
    survey(tmp_path, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_city100_is_24_pairs(shared: Callable[[str], Path]) -> None:
    found = survey(shared("city100"), inputs="iphone", references="dslr", camera="iPhone X").found
    assert len(found) == 24
    assert all(entry.reference is not None for entry in found)


def test_what_there_is_of_dped_is_found(shared: Callable[[str], Path]) -> None:
    assert len(survey(shared("dped")).found) == 300
    assert names(survey(shared("dped"), part="photos").found) == ["0", "1"]
