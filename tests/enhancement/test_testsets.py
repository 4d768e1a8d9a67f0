"""A test set is loaded whole, or not at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from enhancement.folders import SurveyError
from enhancement.models import Content, Stimulus, TestSet
from enhancement.services.files import read
from enhancement.services.stimuli import request_stimuli
from enhancement.services.testsets import FrozenError, is_frozen, load_testset
from tests.studyapp.factories import make_method, run_jobs

pytestmark = pytest.mark.django_db


def photo(path: Path, seed: int = 0, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for number, name in enumerate(("cat", "dog")):
        photo(tmp_path / "input" / f"{name}.png", number)
        photo(tmp_path / "reference" / f"{name}.jpg", number, (80, 60))
    return tmp_path


def test_it_works(pairs: Path) -> None:
    testset = load_testset("pets", pairs, camera="phone", note="ours")
    cat = testset.contents.get(name="cat")
    assert [content.name for content in testset.contents.all()] == ["cat", "dog"]
    assert (cat.scene, cat.camera, cat.input_width_px, cat.input_height_px) == ("cat", "phone", 40, 30)
    assert (cat.reference_width_px, cat.reference_height_px) == (80, 60)
    assert read(cat.input_file, cat.input_sha256) == (pairs / "input/cat.png").read_bytes()


def test_two_folders_anywhere(tmp_path: Path) -> None:
    photo(tmp_path / "phone" / "a.png")
    photo(tmp_path / "else" / "where" / "a.png", 1)
    testset = load_testset("apart", tmp_path / "phone", reference=tmp_path / "else" / "where")
    assert testset.contents.get().reference_sha256


def test_one_bad_file_and_nothing_is_stored(pairs: Path) -> None:
    (pairs / "input" / "dog.png").write_bytes((pairs / "input" / "dog.png").read_bytes()[:300])
    (pairs / "input" / "note.txt").write_text("hello")
    with pytest.raises(SurveyError) as wrong:
        load_testset("pets", pairs)
    assert {problem.path.name for problem in wrong.value.problems} == {"dog.png", "note.txt"}
    assert not TestSet.objects.exists()
    assert not Content.objects.exists()


def test_the_command_names_every_bad_file(pairs: Path) -> None:
    photo(pairs / "reference" / "bird.png")
    with pytest.raises(CommandError, match=r"Nothing was stored; 1 .* mend:\n.*bird.png.*no input of its name"):
        call_command("load_testset", "pets", str(pairs))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match="there is no such"):
        load_testset("none", tmp_path / "nowhere", reference=tmp_path)


def test_loading_again_changes_nothing(pairs: Path) -> None:
    load_testset("pets", pairs)
    load_testset("pets", pairs)
    assert Content.objects.count() == 2


def test_a_name_that_is_taken_by_another_photo(pairs: Path) -> None:
    load_testset("pets", pairs)
    photo(pairs / "input" / "cat.png", 9)
    with pytest.raises(SurveyError, match=r"another cat \(other photos\)"):
        load_testset("pets", pairs)


def test_loading_again_with_another_camera(pairs: Path) -> None:
    load_testset("pets", pairs, camera="one")
    with pytest.raises(SurveyError, match="camera one"):
        load_testset("pets", pairs, camera="two")


def test_with_stimuli_it_is_frozen(pairs: Path) -> None:
    testset = load_testset("pets", pairs)
    assert not is_frozen(testset)
    request_stimuli(testset, make_method("original"))
    run_jobs()
    photo(pairs / "input" / "bird.png", 3)
    with pytest.raises(FrozenError, match="pets has stimuli"):
        load_testset("pets", pairs)
    assert Stimulus.objects.count() == Content.objects.count() == 2


def test_real_pairs(shared: Callable[[str], Path]) -> None:
    city = shared("city100")
    testset = load_testset("city100", city / "iphone", reference=city / "dslr", camera="iPhone X")
    assert testset.contents.count() == 24
    assert set(testset.contents.values_list("input_width_px", "reference_width_px")) == {(840, 1218)}


def test_dped_s_own_layout(shared: Callable[[str], Path]) -> None:
    testset = load_testset("dped", shared("dped/patches").parent)
    assert testset.contents.count() == 300
    assert set(testset.contents.values_list("camera", flat=True)) == {"iphone"}
