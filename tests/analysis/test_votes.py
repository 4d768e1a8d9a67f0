"""Layouts in, what counts out, and a clear word where a file is wrong."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.counts import count_votes
from analysis.votes import LEFT_OUT, VotesError, read_votes, sift

EXPORT = (
    "study,observer,session,pilot,simulated,slot,policy_version,position,kind,content,scene,camera,left,right,swapped,"
    "vote,abandoned,shown_at,answered_at,response_ms,use"
)


def _export(tmp_path: Path, *rows: dict[str, str], header: str = EXPORT) -> Path:
    usual = {"study": "s", "observer": "o1", "session": "1", "pilot": "false", "simulated": "false", "kind": "main"}
    usual |= {
        "content": "c1",
        "left": "dped",
        "right": "auto",
        "vote": "left",
        "abandoned": "false",
        "swapped": "false",
    }
    columns = header.split(",")
    lines = [",".join((usual | row).get(name, "") for name in columns) for row in rows]
    file = tmp_path / "votes.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def test_an_export_is_read(tmp_path: Path) -> None:
    votes = read_votes(_export(tmp_path, {"camera": "iphone", "simulated": "true"}, {"vote": ""}))
    assert votes["left"].tolist() == ["dped", "dped"]
    assert votes["vote"].tolist() == ["left", ""]
    assert votes["camera"].tolist() == ["iphone", ""]
    assert votes["simulated"].tolist() == [True, False]


def test_every_row_left_out_has_a_reason(tmp_path: Path) -> None:
    rows = [
        {},
        {"vote": "tie"},
        {"kind": "practice"},
        {"kind": "gold"},
        {"kind": "repeat", "pilot": "true"},
        {"kind": "same", "right": "dped"},
        {"pilot": "true"},
        {"simulated": "true"},
        {"use": "no"},
        {"abandoned": "true", "vote": ""},
        {"vote": ""},
        {"vote": "not_sure"},
    ]
    votes = read_votes(_export(tmp_path, *rows))
    sifted = sift(votes)
    assert dict(sifted.left_out) == dict.fromkeys(LEFT_OUT, 1)
    assert len(sifted.fitted) == 2
    assert len(sifted.not_sure) == 1
    assert sifted.rows == len(sifted.fitted) + sum(sifted.left_out.values())
    assert dict(sift(votes, include_simulated=True).left_out) == {k: 1 for k in LEFT_OUT if k != "simulated"}


def test_tone_mapping_votes(shared: Callable[[str], Path]) -> None:
    votes = read_votes(shared("votes/pwcmp-tmo/ex3_tmo_cmp_data.csv"))
    assert votes.shape[0] == 1213
    assert votes["observer"].nunique() == 18
    assert votes["content"].nunique() == 5
    assert len({*votes["left"], *votes["right"]}) == 7
    first = votes.iloc[0]
    assert (first["left"], first["right"], first["vote"]) == ("tmo_camera", "ferwerda96", "left")


def test_light_field_votes(shared: Callable[[str], Path]) -> None:
    votes = read_votes(shared("votes/pwcmp-lightfield/lf_quality_pwcmps.csv"))
    assert votes.shape[0] == 26580
    assert votes["observer"].nunique() == 29
    assert votes["content"].nunique() == 14
    per_scene = votes.groupby("content")[["left", "right"]].apply(lambda rows: len({*rows["left"], *rows["right"]}))
    assert set(per_scene) == {25}
    # The undistorted reference is one condition, and people prefer little distortion to much.
    assert "Reference" in set(votes["left"])
    assert "Reference 0" not in set(votes["left"])
    counts = count_votes(votes)
    wins, _ = counts.matrices()
    mild, strong = counts.names.index("HEVC 1"), counts.names.index("HEVC 4")
    assert wins[mild, strong] > wins[strong, mild]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"vote": "lef"}, "line 3, column vote: 'lef' must be one of left, right"),
        ({"kind": "trial"}, "line 3, column kind"),
        ({"pilot": "yes"}, "line 3, column pilot: 'yes' must be one of true, false"),
        ({"observer": ""}, "line 3, column observer: '' is empty"),
        ({"right": "dped"}, "line 3, column right: 'dped' compares a condition with itself"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, row: dict[str, str], said: str) -> None:
    with pytest.raises(VotesError, match=said):
        read_votes(_export(tmp_path, {}, row))


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VotesError, match="no such file"):
        read_votes(tmp_path / "absent.csv")
    with pytest.raises(VotesError, match="fits no known layout"):
        read_votes(_export(tmp_path, {}, header="observer,left,right"))
    with pytest.raises(VotesError, match="lacks session_id"):
        read_votes(_export(tmp_path, {}), layout="pwcmp-tmo")
    with pytest.raises(VotesError, match="no layout is called"):
        read_votes(_export(tmp_path, {}), layout="excel")
    with pytest.raises(VotesError, match="no votes below"):
        read_votes(_export(tmp_path))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(VotesError, match="is empty"):
        read_votes(tmp_path / "empty.csv")
    (tmp_path / "latin.csv").write_bytes(b"observer,left\nJos\xe9,a\n")
    with pytest.raises(VotesError, match="not UTF-8"):
        read_votes(tmp_path / "latin.csv")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(VotesError, match="not a table"):
        read_votes(tmp_path / "ragged.csv")


def test_a_name_may_look_like_a_missing_value(tmp_path: Path) -> None:
    votes = read_votes(_export(tmp_path, {"left": "NA", "right": "null", "observer": "007"}))
    assert votes.iloc[0][["left", "right", "observer"]].tolist() == ["NA", "null", "007"]


def test_a_table_that_is_not_canonical_is_refused() -> None:
    row = {"observer": "o", "content": "c", "left": "a", "right": "b", "vote": "left"}
    with pytest.raises(VotesError, match="lack the column"):
        sift(pd.DataFrame([row]).drop(columns="content"))
    with pytest.raises(VotesError, match="row 1 of the votes: vote"):
        sift(pd.DataFrame([row | {"vote": "both"}]))
    with pytest.raises(VotesError, match="same condition"):
        sift(pd.DataFrame([row | {"right": "a"}]))
