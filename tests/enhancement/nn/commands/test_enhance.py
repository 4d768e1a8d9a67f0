"""``python -m enhancement.nn enhance``: what it writes, says and refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from enhancement.nn.__main__ import main
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.commands import enhance as command
from enhancement.nn.inference import enhance, pick_device
from enhancement.nn.networks.generator import Generator
from enhancement.pictures import Photo, decode, encode_png


@pytest.fixture
def network(tmp_path: Path) -> Generator:
    made = Generator(blocks=1, channels=4, start="identity")
    save(tmp_path / "net.safetensors", made, source=Source("fresh"), code_version="1")
    return made


def photos(folder: Path, coffee: Photo, *names: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        (folder / name).write_bytes(encode_png(coffee[: 20 + number, :30]))
    return [str(folder / name) for name in names]


def test_photos_and_folders_become_pictures(
    tmp_path: Path, network: Generator, coffee: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in", coffee, "1.png", "2.png", "3.png", ".hidden.png")
    (more,) = photos(tmp_path / "more", coffee, "4.png")
    out = tmp_path / "deep" / "out"
    given = [str(tmp_path / "net.safetensors"), str(tmp_path / "in"), more, "-o", str(out), "--precision", "float32"]
    assert main(["enhance", *given, "--mode", "lean", "--device", "cpu"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["1.png", "2.png", "3.png", "4.png"]
    expected = enhance(network, coffee[:22, :30], pick_device("cpu"), precision="float32").photo
    np.testing.assert_array_equal(decode(out / "3.png", name="3"), expected)
    said = capsys.readouterr().err
    assert "4 photos, 0.0 MP in " in said
    assert "MP/s" in said
    assert "of the time in the network, on cpu (float32, lean: 4), peak memory " in said


def test_a_bad_file_is_named_and_the_rest_goes_on(
    tmp_path: Path, network: Generator, coffee: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in", coffee, "1.png", "3.png")
    (tmp_path / "in" / "2.png").write_bytes(b"no picture")
    missing = str(tmp_path / "none.jpg")
    given = [str(tmp_path / "net.safetensors"), str(tmp_path / "in"), missing, "-o", str(tmp_path / "out")]
    assert main(["enhance", *given]) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1.png", "3.png"]
    said = capsys.readouterr().err
    assert f"{tmp_path / 'in' / '2.png'}: " in said
    assert f"{missing}: the file can't be read (No such file or directory)" in said
    assert said.rstrip().endswith("2 failed.")


def test_a_picture_that_can_not_be_written_is_named(
    tmp_path: Path, network: Generator, coffee: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(tmp_path / "in", coffee, "1.png", "2.png")
    (tmp_path / "out" / "1.png").mkdir(parents=True)
    assert main(["enhance", str(tmp_path / "net.safetensors"), str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 1
    assert f"{tmp_path / 'in' / '1.png'}: " in capsys.readouterr().err
    assert (tmp_path / "out" / "2.png").is_file()


@pytest.mark.parametrize(
    "case",
    [
        (["a.png", "A.jpg"], [], "They would be one picture: "),
        (["a.png"], ["-o", "{in}"], "its picture would overwrite it"),
        ([], [], "No photos in "),
        (["a.png"], ["--mode", "quick"], "The mode must be one of"),
        (["a.png"], ["--precision", "half"], "The precision must be one of"),
        (["a.png"], ["--device", "tpu"], "The device must be"),
    ],
)
def test_what_is_refused_before_anything_is_done(
    tmp_path: Path,
    network: Generator,
    coffee: Photo,
    capsys: pytest.CaptureFixture[str],
    case: tuple[list[str], list[str], str],
) -> None:
    names, changes, words = case
    photos(tmp_path / "in", coffee, *names)
    changes = [change.replace("{in}", str(tmp_path / "in")) for change in changes]
    given = [str(tmp_path / "net.safetensors"), str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    assert main(["enhance", *given, *changes]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("way", ["..", "a link to the folder", "a link to the photo"])
def test_no_picture_overwrites_its_photo_by_another_path(
    tmp_path: Path, network: Generator, coffee: Photo, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    (photo,) = given = photos(tmp_path / "in", coffee, "a.png")
    before, out = Path(photo).read_bytes(), tmp_path / "in"
    if way == "..":
        out = tmp_path / "in" / ".." / "in"
    elif way == "a link to the folder":
        out = tmp_path / "out"
        out.symlink_to(tmp_path / "in")
    else:
        (tmp_path / "a.png").symlink_to(photo)
        given = [str(tmp_path / "a.png")]
    assert main(["enhance", str(tmp_path / "net.safetensors"), *given, "-o", str(out)]) == 2
    assert "its picture would overwrite it" in capsys.readouterr().err
    assert Path(photo).read_bytes() == before
    missing = str(tmp_path / "a.jpg")
    assert main(["enhance", str(tmp_path / "net.safetensors"), missing, "-o", str(out)]) == 1, "it can't be read"


def test_memory_may_run_out_in_reading_and_writing_too() -> None:
    """Nothing is said of a mode that had no part in it."""
    said = command.reason(Path("a.jpg"), MemoryError("9 bytes"))
    assert said == "a.jpg: memory ran out (9 bytes); scale it down, or take a larger machine"


def test_three_photos_are_in_hand_where_a_processor_is_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "IN_HAND", 8)
    assert command.in_hand_for("cpu") == 3
    assert command.in_hand_for("auto") == (8 if torch.cuda.is_available() else 3)


def test_weights_that_are_not_there(tmp_path: Path, coffee: Photo, capsys: pytest.CaptureFixture[str]) -> None:
    given = photos(tmp_path / "in", coffee, "1.png")
    assert main(["enhance", str(tmp_path / "net.safetensors"), *given, "-o", str(tmp_path / "out")]) == 2
    assert "net.safetensors: can't be read (No such file or directory)" in capsys.readouterr().err
