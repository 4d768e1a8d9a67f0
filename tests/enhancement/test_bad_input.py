"""The bad-input matrix: one report names every bad file and what to do, and nothing is stored."""

import errno
import os
import resource
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import override_settings
from PIL import Image

from enhancement.folders import LAYOUTS, SurveyError, survey
from enhancement.formats.table import KINDS
from enhancement.models import Content, TestSet
from enhancement.photo_files import CAMERA_MAX, NAME_MAX, SCENE_MAX
from enhancement.services.testsets import load_testset
from fixtures.dng import encode_dng
from tests.enhancement.test_formats import boxes, heif
from tests.enhancement.test_pictures import a_photo, saved, transparent

pytestmark = pytest.mark.django_db

PNG = saved(a_photo(), "PNG")
NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
COPY = "copy it again from where it came, or leave it out"
RENAME = "rename one of them: names must differ by more than suffix, case or Unicode form"
INSIDE = "put the file itself into the folder"
KEEP_ONE = "keep one of them: the developed one as the phone shows it, or the DNG"
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Zürich") for form in ("NFC", "NFD"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A picture store of its own, empty."""
    with stored_in(tmp_path / "store") as place:
        yield place


@contextmanager
def stored_in(place: Path) -> Iterator[Path]:
    default = settings.STORAGES["default"]
    own = {**default, "OPTIONS": {**default["OPTIONS"], "location": str(place)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": own}):
        yield place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    place.mkdir()
    return place


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def nothing_stored(store: Path) -> bool:
    kept = [path for path in store.rglob("*") if path.is_file()]
    return not kept and not TestSet.objects.exists() and not Content.objects.exists()


FILES: dict[str, tuple[dict[str, bytes], list[str]]] = {
    "not an image": (
        {"notes.txt": b"sunny"},
        [f"notes.txt: this is not a {KINDS} picture; convert it to one of them, or take it out"],
    ),
    "an image by name alone": (
        {"a.jpg": b"<html>404</html>"},
        [f"a.jpg: this is not a {KINDS} picture; convert it to one of them, or take it out"],
    ),
    "nothing in it": ({"a.jpg": b""}, [f"a.jpg: the file is empty; {COPY}"]),
    "cut short": (
        {"a.jpg": saved(NOISE, "JPEG")[:20000]},
        ["a.jpg: the picture is damaged or cut short (image file is truncated"],
    ),
    "half a HEIC": ({"IMG_1.HEIC": heif(NOISE)[:9000]}, ["IMG_1.HEIC: the picture is damaged or cut short"]),
    "half a DNG": ({"IMG_1.DNG": encode_dng(NOISE)[:90000]}, ["IMG_1.DNG: the picture is damaged or cut short"]),
    "a video": (
        {"IMG_1.MOV": boxes(b"qt  ")},
        ["IMG_1.MOV: this is a video; take it out, or save the frame that is meant as a picture"],
    ),
    "animated": (
        {"a.webp": saved(a_photo(), "WEBP", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))])},
        ["a.webp: it is animated; save the one picture that is meant as PNG or JPEG"],
    ),
    "several pages": (
        {"a.tif": saved(a_photo(), "TIFF", save_all=True, append_images=[Image.fromarray(a_photo(seed=1))])},
        ["a.tif: it has several pages; save the one picture that is meant as PNG or JPEG"],
    ),
    "transparent": (
        {"a.png": saved(transparent("RGB"), "PNG")},
        ["a.png: parts of it are transparent; flatten it onto a background and save it again"],
    ),
    "raw and developed of one shot": (
        {"IMG_1.DNG": encode_dng(a_photo()), "IMG_1.JPG": saved(a_photo(), "JPEG")},
        [
            "IMG_1.JPG: it has the same name as IMG_1.DNG, as phones name the raw and the developed file of one shot; "
            f"{KEEP_ONE}"
        ],
    ),
    "names that differ by case": (
        {"Cat.png": PNG, "cat.png": PNG},
        [f"cat.png: it has the same name as Cat.png; {RENAME}"],
    ),
    "names that differ by Unicode form": (
        {f"{COMPOSED}.png": PNG, f"{DECOMPOSED}.png": PNG},
        [f"{COMPOSED}.png: it has the same name as {DECOMPOSED}.png; {RENAME}"],
    ),
    "names that differ by suffix": (
        {"a.jpg": saved(a_photo(), "JPEG"), "a.png": PNG},
        [f"a.png: it has the same name as a.jpg; {RENAME}"],
    ),
    "a name that is too long": (
        {f"{'x' * 240}.png": PNG},
        [f"{'x' * 240}.png: its name has 240 characters; give it one of at most 200"],
    ),
    "a name with a line break": (
        {"a\nb.png": PNG},
        ["a\\nb.png: its name has characters that can't be shown; rename it, with letters of any language in UTF-8"],
    ),
    "a name that is no text": (
        {os.fsdecode(b"caf\xe9.png"): PNG},
        ["caf\\udce9.png: its name has characters that can't be shown; "
         "rename it, with letters of any language in UTF-8"],
    ),
    "a folder among photos": (
        {"a.png": PNG, "more/b.png": PNG},
        ["more: a folder among photos; move its photos up, load it by itself, or write a manifest"],
    ),
    "a reference without its input": (
        {"input/a.png": PNG, "reference/a.png": PNG, "reference/b.png": PNG},
        ["reference/b.png: this reference has no input of its name; add its input to input/, or take it out"],
    ),
    "a reference that can't be read": (
        {"input/a.png": PNG, "reference/a.png": b"no"},
        [f"reference/a.png: this is not a {KINDS} picture; convert it to one of them, or take it out"],
    ),
    "no photo at all": ({}, [f".: no photos found; give {LAYOUTS}"]),
    "only what systems leave": (
        {".DS_Store": b"x", "Thumbs.db": b"x", "__MACOSX/._a.png": b"x", "IMG_1.AAE": b"x"},
        [f".: no photos found; give {LAYOUTS}"],
    ),
    "a manifest that names a file twice": (
        {"manifest.csv": b"input\na.png\na.png\n", "a.png": PNG},
        ["a.png: its name, a, is also that of {folder}/a.png; give it another name"],
    ),
    "a manifest that names what isn't there": (
        {"manifest.csv": b"input,reference\na.png,b.png\n" + b"y" * 300 + b",\n", "a.png": PNG},
        [
            "manifest.csv: line 2: there is no file b.png; check its name, relative to the manifest's folder",
            f"manifest.csv: line 3: there is no file {'y' * 300}; check its name, relative to the manifest's folder",
        ],
    ),
    "a manifest that leads out": (
        {"manifest.csv": b"input\n../../etc/passwd\n", "a.png": PNG},
        ["manifest.csv: line 2: the input ../../etc/passwd lies outside the manifest's folder; " + INSIDE],
    ),
    "a manifest with a zero byte": (
        {"manifest.csv": b"input\na\0.png\n", "a.png": PNG},
        ["manifest.csv: line 2 has a zero byte; save the table as CSV in UTF-8"],
    ),
    "a manifest with a camera that is too long": (
        {"manifest.csv": b"input,camera\na.png," + b"k" * 101 + b"\n", "a.png": PNG},
        ["a.png: its camera has 101 characters; give it one of at most 100"],
    ),
    "everything at once": (
        {"input/a.png": PNG, "input/A.jpg": PNG, "input/b.png": b"", "input/c.gif": b"GIF89a", "reference/d.png": PNG},
        [
            f"input/a.png: it has the same name as A.jpg; {RENAME}",
            f"input/b.png: the file is empty; {COPY}",
            "input/c.gif: this is a GIF, which has no more than 256 colours; give the photo that it was made from",
            "reference/d.png: this reference has no input of its name; add its input to input/, or take it out",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_files_are_named_with_what_to_do(folder: Path, store: Path, case: str) -> None:
    files, lines = FILES[case]
    put(folder, files)
    assert_refused(folder, store, lines)


def assert_refused(folder: Path, store: Path, lines: list[str], **options: Any) -> None:
    with pytest.raises(SurveyError) as refused:
        load_testset("bad", folder, **options)
    told = sorted(str(refused.value).splitlines())
    assert len(told) == len(lines), told
    for line, begins in zip(told, sorted(lines), strict=True):
        name, _, rest = begins.format(folder=folder).partition(": ")
        assert line.startswith(f"{folder if name == '.' else folder / name}: {rest}"), line
        assert "; " in line, "says what to do"
    assert nothing_stored(store)


# What can't be written down as bytes.


def linked_out(folder: Path) -> None:
    (folder.parent / "secret.png").write_bytes(PNG)
    (folder / "a.png").symlink_to(folder.parent / "secret.png")


def folder_linked_out(folder: Path) -> None:
    put(folder, {"b.png": PNG})
    (folder / "etc").symlink_to("/etc")


def links_in_a_ring(folder: Path) -> None:
    (folder / "a.png").symlink_to(folder / "b.png")
    (folder / "b.png").symlink_to(folder / "a.png")


NO_TARGET = "this is a link to a file that isn't there"
OUT = "this is a link that leads out of photos/"
OTHERS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a link out of the folder": (linked_out, [f"a.png: {OUT}; {INSIDE}"]),
    "a link to a folder elsewhere": (folder_linked_out, [f"etc: {OUT}; {INSIDE}"]),
    "a link to nowhere": (lambda folder: (folder / "a.png").symlink_to("gone.png"), [f"a.png: {NO_TARGET}; {INSIDE}"]),
    "links in a ring": (links_in_a_ring, [f"a.png: {NO_TARGET}; {INSIDE}", f"b.png: {NO_TARGET}; {INSIDE}"]),
    "a pipe": (
        lambda folder: os.mkfifo(folder / "a.png"),
        ["a.png: this is neither a file nor a folder; take it out"],
    ),
    "no such folder": (lambda folder: folder.rmdir(), [".: there is no such file or folder; check its name"]),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_file_is_named_too(folder: Path, store: Path, case: str) -> None:
    make, lines = OTHERS[case]
    make(folder)
    assert_refused(folder, store, lines)


def test_a_photo_is_no_folder(folder: Path, store: Path) -> None:
    put(folder, {"a.png": PNG})
    line = f".: this is neither a folder nor a CSV manifest; give {LAYOUTS}"
    assert_refused(folder / "a.png", store, [line])


def test_the_same_folder_twice(folder: Path, store: Path) -> None:
    put(folder, {"a.png": PNG})
    what = "the folder of references is that of the photos themselves"
    assert_refused(
        folder, store, [f".: {what}; name the folder of the better camera's photos, or none"], reference=folder
    )


@pytest.mark.parametrize("name", ["", "my photos", "x" * 81, "a/b", "ä"])
def test_a_test_set_that_cannot_be_called_so(folder: Path, store: Path, name: str) -> None:
    put(folder, {"a.png": PNG})
    with pytest.raises(SurveyError, match="a test set can't be called so; use letters, digits, - and _"):
        load_testset(name, folder)
    assert nothing_stored(store)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unreadable_file_and_an_unreadable_folder() -> None:
    place = Path(tempfile.mkdtemp())
    try:
        place.chmod(0o755)
        put(place, {"photos/a.png": PNG, "photos/b.png": PNG, "closed/c.png": PNG})
        (place / "photos/b.png").chmod(0)
        (place / "closed").chmod(0)
        with as_nobody():
            for folder, name, word in (("photos", "b.png", "the file"), ("closed", "", "the folder")):
                with pytest.raises(SurveyError) as refused:
                    survey(place / folder)
                (problem,) = refused.value.problems
                assert problem.path == place / folder / name
                assert problem.what == f"{word} can't be read (Permission denied)"
                assert problem.remedy
    finally:
        (place / "closed").chmod(0o700)
        shutil.rmtree(place)


# Disks.


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As a full disk or a quota does: writing fails in the middle of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_while_photos_are_stored(folder: Path, store: Path) -> None:
    put(folder, {"1.png": PNG, "2.png": saved(a_photo(seed=2), "PNG"), "3.png": saved(NOISE, "PNG")})
    with no_file_larger_than(100_000), pytest.raises(SurveyError) as refused:
        load_testset("full", folder)
    assert str(refused.value) == (
        f"{store}: there is no room left in the picture store: writing a photo failed ({os.strerror(errno.EFBIG)}); "
        "make room on its disk, or keep the pictures on a larger one (STORAGE_URL), and load again"
    )
    assert nothing_stored(store)
    assert load_testset("full", folder).contents.count() == 3


def test_a_disk_without_room_is_refused_before_anything_is_written(folder: Path) -> None:
    put(folder, {"1.png": PNG, "2.png": saved(NOISE, "PNG")})
    needed = sum(path.stat().st_size for path in folder.iterdir()) / 10**6
    with stored_in(Path("/sys/pictures")), pytest.raises(SurveyError) as refused:  # a file system without a free byte
        load_testset("full", folder)
    assert f"the photos need {needed:.1f} MB, and 0.0 MB are free" in str(refused.value)
    assert not TestSet.objects.exists()


def test_photos_that_another_test_set_has_stay_when_a_load_fails(folder: Path, store: Path) -> None:
    put(folder, {"1.png": PNG})
    load_testset("first", folder)
    kept = sorted(store.rglob("*.png"))
    put(folder, {"2.png": saved(NOISE, "PNG")})
    with no_file_larger_than(100_000), pytest.raises(SurveyError, match="no room"):
        load_testset("second", folder)
    assert sorted(store.rglob("*.png")) == kept
    assert list(TestSet.objects.values_list("name", flat=True)) == ["first"]


def test_a_file_that_changes_while_it_is_loaded(folder: Path, store: Path) -> None:
    put(folder, {"1.png": PNG, "2.png": saved(NOISE, "PNG")})

    def meanwhile(done: int, total: int) -> None:
        if done == total:
            put(folder, {"1.png": saved(a_photo(seed=9), "PNG")})

    what = "the file changed while it was being loaded; load the photos once nothing writes to them"
    assert_refused(folder, store, [f"1.png: {what}"], progress=meanwhile)


def test_a_file_that_goes_away_while_it_is_loaded(folder: Path, store: Path) -> None:
    put(folder, {"1.png": PNG})
    assert_refused(
        folder,
        store,
        ["1.png: the file can't be read (No such file or directory)"],
        progress=lambda done, total: (folder / "1.png").unlink(),
    )


# What looks bad and isn't.


def test_what_phones_really_export_is_loaded_and_said(folder: Path, store: Path) -> None:
    put(folder, {
        "IMG_1.HEIC": heif(a_photo()), "IMG_1.MOV": boxes(b"qt  "), "IMG_1.AAE": b"<plist/>", "IMG_1.xmp": b"<x/>",
        "IMG_2.jpg": saved(a_photo(seed=2), "PNG"), "IMG_2 (1).jpg": saved(a_photo(seed=2), "PNG"),
        ".DS_Store": b"x", "__MACOSX/._IMG_1.HEIC": b"x", "IMG_3.png": saved(a_photo(1, 1), "PNG"),
    })  # fmt: skip
    (folder / "IMG_4.png").symlink_to("IMG_3.png")
    testset = load_testset("phone", folder)
    assert [content.name for content in testset.contents.all()] == ["IMG_1", "IMG_2", "IMG_2 (1)", "IMG_3", "IMG_4"]
    assert {Path(str(content.input_file)).suffix for content in testset.contents.all()} == {".heic", ".png"}
    aside = "not a photo of its own, but part of one or written beside it; left out"
    taken = "this is a PNG, whatever its name ends in; taken as that"
    assert testset.source["notes"] == [
        f"IMG_1.AAE: {aside}",
        f"IMG_1.MOV: {aside}",
        f"IMG_1.xmp: {aside}",
        f"IMG_2 (1).jpg: {taken}",
        f"IMG_2.jpg: {taken}",
        "IMG_2.jpg: the same photo, byte by byte, as IMG_2 (1).jpg",
        "IMG_4.png: the same photo, byte by byte, as IMG_3.png",
    ]
    assert load_testset("phone", folder).source["notes"] == testset.source["notes"]


def test_a_reference_of_another_size_and_inputs_of_two_sizes(folder: Path, store: Path) -> None:
    sizes = {"input/a.png": (61, 43), "input/b.png": (30, 20), "reference/a.png": (122, 86)}
    put(folder, {name: saved(a_photo(*size), "PNG") for name, size in sizes.items()})
    contents = load_testset("sizes", folder).contents.all()
    assert [(content.input_width_px, content.reference_width_px) for content in contents] == [(61, 122), (30, None)]


def test_what_the_database_keeps_of_names_is_what_a_survey_allows() -> None:
    kept = [Content._meta.get_field(name).max_length for name in ("name", "scene", "camera")]
    assert kept == [NAME_MAX, SCENE_MAX, CAMERA_MAX]
