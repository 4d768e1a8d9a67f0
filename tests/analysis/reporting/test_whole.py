"""What stands beside the scale: photo by photo, tests between models, quality, camps, metrics against people."""

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.counts import count_showings
from analysis.models.fitting import fit_model
from analysis.models.interaction import interaction_test
from analysis.reporting.document import document
from analysis.reporting.sections.order import SECTIONS
from analysis.reporting.whole import whole_report
from analysis.votes import VotesError
from tests.analysis.reporting.made import metrics, votes

NAMES = ("auto", "dped", "original")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = votes(NAMES)
    return rows.assign(observer="somebody-" + rows["observer"])


@pytest.fixture(scope="module")
def told(table: pd.DataFrame) -> dict[str, Any]:
    return whole_report(table, metrics=metrics(NAMES), conditions=NAMES, replicates=100)


def row_of(told: dict[str, Any], asked: str) -> dict[str, Any]:
    """The test, or why there is none, of the question that says so."""
    parts = (told["scale"], told["between_cameras"])
    (row,) = (row for part in parts for row in [*part["tests"], *part["untested"]] if asked in row["question"])
    return row


def test_each_photo_has_the_scale_of_its_own_votes(told: dict[str, Any], table: pd.DataFrame) -> None:
    assert [part["content"] for part in told["by_content"]] == sorted(set(table["content"]))
    for part in told["by_content"]:
        fitted = fit_model(count_showings(table[table["content"] == part["content"]]), "davidson")
        own = dict(zip(fitted.names, fitted.scores, strict=True))
        assert {row["condition"]: row["score"] for row in part["scores"]} == pytest.approx(own, abs=1e-9)
        assert sum(row["score"] for row in part["scores"]) == pytest.approx(0.0, abs=1e-9)


def test_a_photo_without_a_scale_says_why_and_the_others_stand(table: pd.DataFrame) -> None:
    one_sided = (table["content"] == "0") & ((table["left"] == "auto") | (table["right"] == "auto"))
    rows = table.assign(vote=table["vote"].mask(one_sided, np.where(table["left"] == "auto", "left", "right")))
    found = whole_report(rows, conditions=NAMES, replicates=100)
    first, *others = found["by_content"]
    assert (first["scores"], first["model"]) == ([], None)
    assert "never lost: auto" in first["withheld"]
    assert all(part["scores"] for part in others)
    assert row_of(found, "content")["method"].startswith(
        "Rao's score statistic, for 1 of 5 have no scores of their own."
    )
    assert row_of(found, "content")["robust"]["p"] is not None
    said = str(document(found, SECTIONS, title="x").as_json())
    assert "0: No finite scores exist: never lost: auto" in said


def test_the_section_shows_what_is_found_of_the_model_and_of_cameras(told: dict[str, Any], table: pd.DataFrame) -> None:
    found = interaction_test(table, "camera", seed=1)
    row = row_of(told, "camera")
    assert found.ratio is not None
    assert (row["statistic"], row["df"], row["p"]) == (found.ratio.statistic, found.ratio.df, found.ratio.p_value)
    assert (row["robust"]["p"], row["robust"]["draws"]) == (found.robust_p, found.draws)
    shown = next(one for one in document(told, SECTIONS, title="x").tables if one.name == "tests")
    rows = [*told["scale"]["tests"], row]
    assert [line[0] for line in shown.rows] == [one["question"] for one in rows]
    assert [line[3] for line in shown.rows] == [one["p"] for one in rows]
    assert [line[4] for line in shown.rows] == [one["robust"] and one["robust"]["p"] for one in rows]


def test_no_test_is_told_twice(told: dict[str, Any]) -> None:
    body = json.dumps({**told, "cameras": []})
    for row in [*told["scale"]["tests"], *told["between_cameras"]["tests"]]:
        as_large = row["robust"] is not None and row["robust"]["p"] == row["p"]  # as where observers are alike
        assert body.count(f'"p": {row["p"]!r}') == 1 + as_large, row["question"]
        assert body.count(f'"p_value": {row["p"]!r}') == 0, row["question"]
    assert not {"tests", "position"} & set(told)
    assert not {"g2", "df", "p_value"} & set(told["quality"]["goodness"])


def test_without_ties_or_sides_nothing_is_said_of_them(table: pd.DataFrame) -> None:
    rows = table[table["vote"] != "tie"].assign(side_known=False)
    found = whole_report(rows, conditions=NAMES, replicates=100)
    assert not [row for row in found["scale"]["tests"] if "tie" in row["question"]]
    assert found["sides"] == []
    assert "don't say on which side" in row_of(found, "side")["why"]
    body = json.dumps(document(found, SECTIONS, title="x").as_json(), ensure_ascii=False)
    assert not re.search(r"\d for the (left|right) side", body)


def test_no_observer_is_named(told: dict[str, Any]) -> None:
    body = json.dumps(told, allow_nan=False)
    assert "somebody" not in body
    assert len(told["quality"]["panel"]) == len(told["camps"]["memberships"]) == 12
    assert told["quality"]["flagged"].keys() == told["screening"]["by_rule"].keys()


def test_metrics_are_held_against_people_or_the_reason_stands(told: dict[str, Any], table: pd.DataFrame) -> None:
    pooled = [one for one in told["against_people"]["agreed"] if one["scope"] == "pooled"]
    assert [one["metric"] for one in pooled] == [
        "psnr_db", "ssim", "ms_ssim", "colour_deviation", "noise_amplification",
    ]  # fmt: skip
    assert told["no_against_people"] is None
    empty = metrics(NAMES).assign(
        psnr_db=np.nan, ssim=np.nan, ms_ssim=np.nan, colour_deviation=np.nan, noise_amplification=np.nan
    )
    found = whole_report(table, metrics=empty, conditions=NAMES, replicates=100)
    assert (found["against_people"], found["no_against_people"]) == (None, "no picture has a finite metric")
    elsewhere = metrics(NAMES).assign(content=lambda rows: "z" + rows["content"])
    others = whole_report(table, metrics=elsewhere, conditions=NAMES, replicates=100)
    assert others["against_people"] is None
    assert "no row of the metrics is of a stimulus that was voted on" in others["no_against_people"]


@pytest.mark.parametrize("kept", [0, 1, 2, 24])
def test_few_votes_or_one_observer_make_a_report_with_reasons(table: pd.DataFrame, kept: int) -> None:
    found = whole_report(table.head(kept), metrics=metrics(NAMES), conditions=NAMES, replicates=100)
    json.dumps(found, allow_nan=False)
    whole = document(found, SECTIONS, title="x")
    assert whole.sections
    assert not found["camps"]["said"]
    assert all(row["robust"] or row["no_robust"] for row in found["scale"]["tests"])


def test_what_is_no_table_of_votes_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(VotesError, match="lack the column"):
        whole_report(table.drop(columns="left"), conditions=NAMES, replicates=100)


def test_two_camps_are_drawn_and_told_where_they_fit_better(table: pd.DataFrame) -> None:
    contrary = table["observer"].str[-1].astype(int) % 2 == 1
    best = table["left"].map(NAMES.index) > table["right"].map(NAMES.index)
    rows = table.assign(vote=np.where(best ^ contrary, "left", "right"))
    rows["vote"] = rows["vote"].mask(np.random.default_rng(1).random(len(rows)) < 0.15, "tie")
    found = whole_report(rows, conditions=NAMES, replicates=100)
    assert found["camps"]["found"]
    whole = document(found, SECTIONS, title="x")
    assert "camps" in [plot.name for plot in whole.plots]
    (camps,) = [one for one in whole.tables if one.name == "camps"]
    assert {row[0]: row[1] for row in camps.rows} == found["camps"]["scores"][0]
