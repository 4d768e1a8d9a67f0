"""The original, the reference, gold's degraded, and results made elsewhere."""

import unicodedata
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from skimage import data
from skimage.metrics import structural_similarity

from enhancement.classical.degraded import load_degraded
from enhancement.classical.external import ExternalResultError, load_external
from enhancement.classical.passthrough import NoReferenceError, load_original, load_reference
from enhancement.models import Method
from enhancement.pictures import PictureError, encode_png
from enhancement.subject import Subject

CAT = np.asarray(data.chelsea())
SMALL = np.full((30, 40, 3), 7, np.uint8)


def test_the_original_is_the_input() -> None:
    assert load_original({})(Subject("cat", CAT)).photo is CAT


def test_the_reference_is_the_reference() -> None:
    assert load_reference({})(Subject("cat", SMALL, CAT)).photo is CAT


def test_without_a_reference_there_is_none_to_show() -> None:
    with pytest.raises(NoReferenceError, match="cat has no reference photo; load the test set"):
        load_reference({})(Subject("cat", CAT))


@pytest.mark.parametrize("load", [load_original, load_reference])
def test_what_hands_pixels_on_has_nothing_to_set(load: Any) -> None:
    with pytest.raises(ValueError, match="nothing to set"):
        load({"strength": 1})
    with pytest.raises(ValueError, match="no weights"):
        load({}, Path("net.safetensors"))


def test_degraded_is_plainly_worse_and_more_so_with_strength() -> None:
    def likeness(strength: float) -> float:
        worse = load_degraded({"strength": strength})(Subject("cat", CAT)).photo
        return float(structural_similarity(CAT, worse, channel_axis=2))

    assert likeness(0.5) > likeness(1.0) > likeness(2.0)
    assert likeness(1.0) < 0.7


def test_degraded_depends_on_the_content_and_on_nothing_else() -> None:
    degraded = load_degraded({})
    first = degraded(Subject("cat", CAT)).photo
    assert np.array_equal(first, degraded(Subject("cat", CAT)).photo)
    assert not np.array_equal(first, degraded(Subject("another cat", CAT)).photo)


@pytest.mark.parametrize("wrong", [{"strength": 0.1}, {"strength": None}, {"blur": 1}])
def test_degraded_refuses_what_it_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="settings of degraded"):
        load_degraded(wrong)


def test_degraded_refuses_weights() -> None:
    with pytest.raises(ValueError, match="no weights"):
        load_degraded({}, Path("net.safetensors"))


def test_a_result_is_found_by_name_whatever_its_case_and_unicode_form(tmp_path: Path) -> None:
    (tmp_path / (unicodedata.normalize("NFD", "Zürich") + ".PNG")).write_bytes(encode_png(SMALL))
    (tmp_path / ".DS_Store").write_bytes(b"")
    external = load_external({"folder": str(tmp_path)})
    subject = Subject(unicodedata.normalize("NFC", "zÜRICH"), np.zeros_like(SMALL))
    made = external(subject)
    assert np.array_equal(made.photo, SMALL)
    assert made.source_sha256 == sha256(next(tmp_path.glob("Z*")).read_bytes()).hexdigest()


def test_a_missing_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExternalResultError, match="no picture named cat; add it"):
        load_external({"folder": str(tmp_path)})(Subject("cat", SMALL))


def test_two_results_of_one_content_are_named(tmp_path: Path) -> None:
    for name in ("cat.png", "Cat.jpg"):
        (tmp_path / name).write_bytes(encode_png(SMALL))
    with pytest.raises(ExternalResultError, match=r"Cat.jpg, cat.png all mean cat; keep the one"):
        load_external({"folder": str(tmp_path)})(Subject("cat", SMALL))


def test_a_result_of_another_size_is_refused_or_resampled(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(encode_png(CAT))
    subject = Subject("cat", SMALL)
    with pytest.raises(ExternalResultError, match=r'cat.png has 451×300 px, but its input has 40×30; .*"resample"'):
        load_external({"folder": str(tmp_path)})(subject)
    resampled = load_external({"folder": str(tmp_path), "size": "resample"})(subject).photo
    judge = Image.fromarray(CAT).resize((40, 30), Image.Resampling.LANCZOS)
    assert np.array_equal(resampled, np.asarray(judge))


def test_a_broken_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"broken")
    with pytest.raises(PictureError, match=r"cat\.png: this is not"):
        load_external({"folder": str(tmp_path)})(Subject("cat", SMALL))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, "takes the settings"),
        ({"folder": ".", "sise": 1}, "takes the settings"),
        ({"folder": ".", "size": "crop"}, "'crop'"),
        ({"folder": "results"}, "'results' is not an absolute path.*write it from / on"),
        ({"folder": 7}, "7 is not an absolute path"),
    ],
)
def test_external_settings_that_make_no_sense_are_refused(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        load_external(settings)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExternalResultError, match="no such folder"):
        load_external({"folder": str(tmp_path / "gone")})


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["results", "./results", "~/results"])
def test_a_folder_typed_on_the_command_line_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    call_command("add_method", "mine", "external", "--set", f"folder={typed}")
    assert Method.objects.get().settings == {"folder": str(tmp_path / "results")}
