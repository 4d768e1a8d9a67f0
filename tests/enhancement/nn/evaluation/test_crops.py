"""Held-out patches side by side: what stands where, and which are chosen."""

from pathlib import Path

import numpy as np
import pytest

from enhancement.nn.__main__ import main
from enhancement.nn.evaluation.crops import GAP_PX, HEAD_PX, TIMES, crops_sheet, lines_of, spread_over_scenes
from enhancement.nn.pairs.store import PatchSet
from enhancement.pictures import Photo, decode


def as_floats(photos: Photo) -> np.ndarray:
    return np.asarray(photos / 255.0, np.float32)


def test_a_row_a_patch_and_a_column_a_method_with_the_reference_last(patches: PatchSet) -> None:
    which = [13, 20]
    sheet = crops_sheet(patches, {"as it is": as_floats, "negative": lambda photos: 1 - as_floats(photos)}, which)
    side = TIMES * 100
    assert sheet.shape == (HEAD_PX + 2 * side + GAP_PX, 3 * side + 2 * GAP_PX, 3)
    inputs, references = patches.inputs[np.array(which)], patches.references[np.array(which)]
    for row in range(2):
        y = HEAD_PX + row * (side + GAP_PX)
        for place, shown in enumerate((inputs, 255 - inputs, references)):
            x = place * (side + GAP_PX)
            np.testing.assert_array_equal(sheet[y : y + side : TIMES, x : x + side : TIMES], shown[row])


def test_every_method_has_its_name_above(patches: PatchSet) -> None:
    sheet = crops_sheet(patches, {"as it is": as_floats}, [13])
    left, right = sheet[:HEAD_PX, : TIMES * 100], sheet[:HEAD_PX, TIMES * 100 + GAP_PX :]
    assert left.min() < 128
    assert right.min() < 128


def test_where_scenes_are_not_known_patches_are_spread_evenly(patches: PatchSet) -> None:
    assert spread_over_scenes(patches, 3) == [12, 36, 61]
    assert len(spread_over_scenes(patches, 1000)) == len(patches.test)


def test_a_long_name_takes_two_lines() -> None:
    assert lines_of("short", 200) == ["short"]
    assert [len(lines_of("a name that is much longer than its picture is wide", 200))] == [2]


def test_nothing_to_show_is_refused(patches: PatchSet) -> None:
    with pytest.raises(ValueError, match="needs a patch and a method"):
        crops_sheet(patches, {"as it is": as_floats}, [])


def test_the_command_writes_a_sheet_for_each_camera(patches_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "table.toml"
    file.write_text(f'[cameras."A Phone (2)"]\npatches = "{patches_folder}"\ntrain_first = 12\n')
    crops = tmp_path / "crops"
    assert main(["evaluate", str(file), "--device", "cpu", "--crops", str(crops), "--crops-each", "4"]) == 0
    sheet = decode(crops / "1-a-phone-2.png", name="sheet")
    assert sheet.shape[0] == HEAD_PX + 4 * (TIMES * 100 + GAP_PX) - GAP_PX
    assert main(["evaluate", str(file), "--device", "cpu", "--crops", str(crops), "--crops-each", "0"]) != 0
