"""The export: one row for every exposure, and from it the very numbers of the report."""

import csv
import io
from pathlib import Path
from typing import Any

import choix
import numpy as np
import pytest

from analysis.reporting.report import SEED, report
from analysis.votes import read_votes
from studyapp.models import Study, StudySession
from studyapp.services.exports import COLUMNS, csv_lines
from studyapp.services.reports import REPLICATES, report_of
from studyapp.services.sessions import mark_shown
from studyapp.services.studies import close_study
from tests.studyapp.factories import DEVICE, answer, answer_all, make_study, make_user, prefer, sit, waver

pytestmark = pytest.mark.django_db

CONDITIONS = ("original", "auto", "reference", "degraded")
STRENGTH = {"original": 0.0, "auto": 0.3, "reference": 0.6, "degraded": -4.0}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(
        make_user(),
        contents=3,
        conditions=CONDITIONS,
        gold={"degraded": "original"},
        gold_share=0.2,
        repeat_share=0.1,
        same_share=0.1,
        trials_per_session=10,
        allow_tie=True,
        allow_not_sure=True,
        consent="I agree.",
    )


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def rows_of(study: Study) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(csv_lines(study)))))


def looked_at_by_many(study: Study) -> None:
    """Twelve who waver, with ties and doubts; beside them a pilot and a simulated observer of the opposite taste."""
    doubts = np.random.default_rng(3)
    for number in range(12):
        choose = waver(number, STRENGTH)
        answer_all(sit(study), lambda trial, choose=choose: _doubting(doubts, choose(trial)))
    against = prefer("degraded", "original", "auto", "reference")
    answer_all(sit(study, pilot=True), against)
    answer_all(sit(study, simulated=True), against)


def _doubting(doubts: np.random.Generator, said: str) -> str:
    return str(doubts.choice([said, "tie", "not_sure"], p=[0.8, 0.12, 0.08]))


def test_a_row_says_what_was_on_the_screen(study: Study) -> None:
    session = sit(study)
    trial = session.trials.get(position=1)
    answer(trial, "left", response_ms=2310, max_zoom=1.5)
    (row,) = rows_of(study)
    assert tuple(row) == COLUMNS
    told = {
        "study": study.name,
        "observer": session.observer.code,
        "session": str(session.pk),
        "pilot": "false",
        "simulated": "false",
        "slot": "0",
        "policy_version": "balanced-1",
        "position": "1",
        "kind": trial.kind,
        "content": trial.content.name,
        "camera": "iphone",
        "left": trial.left.condition.name,
        "right": trial.right.condition.name,
        "vote": "left",
        "abandoned": "false",
        "response_ms": "2310",
        "left_sha256": trial.left.sha256,
        "right_sha256": trial.right.sha256,
        "instructions_version": "1",
        "consent_version": "1",
        "device_pixel_ratio": "2.0",
        "max_zoom": "1.5",
        "first_painted": "left",
    }
    assert {name: row[name] for name in told} == told
    assert row["shown_at"] < row["answered_at"]
    assert row["answered_at"].endswith("Z")


def test_what_was_not_shown_has_no_row(study: Study) -> None:
    sit(study)
    assert rows_of(study) == []


def test_swapped_is_against_the_order_of_the_conditions(study: Study) -> None:
    answer_all(sit(study), lambda trial: "left")
    for row in rows_of(study):
        assert row["swapped"] == str(CONDITIONS.index(row["left"]) > CONDITIONS.index(row["right"])).lower()
    assert {row["swapped"] for row in rows_of(study)} == {"true", "false"}


def test_gold_is_passed_by_naming_the_better_side(study: Study) -> None:
    answer_all(sit(study), prefer("reference", "auto", "original", "degraded"))
    answer_all(sit(study), prefer("degraded", "reference", "auto", "original"))
    answer_all(sit(study), lambda trial: "tie")
    passed = {
        session: {row["gold_passed"] for row in rows_of(study) if row["kind"] == "gold" and row["session"] == session}
        for session in sorted({row["session"] for row in rows_of(study)}, key=int)
    }
    assert list(passed.values()) == [{"true"}, {"false"}, {"false"}]
    assert {row["gold_passed"] for row in rows_of(study) if row["kind"] != "gold"} == {""}


def test_a_pair_somebody_looks_at_is_not_abandoned_yet(study: Study) -> None:
    mark_shown(sit(study).trials.get(position=1), DEVICE)
    (row,) = rows_of(study)
    assert (row["vote"], row["abandoned"], row["answered_at"], row["response_ms"]) == ("", "false", "", "")


def test_a_sitting_given_up_leaves_an_abandoned_row(study: Study) -> None:
    session = sit(study)
    mark_shown(session.trials.get(position=1), DEVICE)
    StudySession.objects.filter(pk=session.pk).update(state=StudySession.State.ABANDONED)
    (row,) = rows_of(study)
    assert (row["vote"], row["abandoned"]) == ("", "true")


def test_a_study_that_closes_leaves_abandoned_rows(study: Study) -> None:
    mark_shown(sit(study).trials.get(position=1), DEVICE)
    close_study(study)
    assert [row["abandoned"] for row in rows_of(study)] == ["true"]


def test_who_withdraws_takes_the_rows_along(study: Study) -> None:
    session = sit(study)
    answer_all(session, lambda trial: "left")
    StudySession.objects.filter(pk=session.pk).update(state=StudySession.State.WITHDRAWN)
    assert rows_of(study) == []


def test_names_that_need_quotes_come_back_whole(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(name='One, "two"\nor three; Größe')
    answer(sit(study).trials.get(position=1), "left")
    assert rows_of(study)[0]["study"] == 'One, "two"\nor three; Größe'


def test_the_file_gives_the_numbers_of_the_page(study: Study, tmp_path: Path) -> None:
    looked_at_by_many(study)
    told = report_of(study).as_json()
    from_file = report(read_votes(_file(study, tmp_path)), replicates=REPLICATES, seed=SEED).as_json()
    assert from_file["counts"] == told["counts"]
    assert told["counts"]["answers"]["tie"] > 0
    assert told["counts"]["answers"]["not_sure"] > 0
    assert _close(from_file["scale"], told["scale"])
    assert _close(from_file["pairs"], told["pairs"])


def test_choix_on_the_raw_file_gives_the_scores_of_the_page(study: Study, tmp_path: Path) -> None:
    for number in range(8):
        answer_all(sit(study), waver(number, STRENGTH))
    answer_all(sit(study, pilot=True), prefer("degraded", "original", "auto", "reference"))
    with _file(study, tmp_path).open(newline="") as file:
        main = [row for row in csv.DictReader(file) if row["kind"] == "main" and row["pilot"] == "false"]
    names = sorted({row["left"] for row in main} | {row["right"] for row in main})
    other = {"left": "right", "right": "left"}
    wins = [(names.index(row[row["vote"]]), names.index(row[other[row["vote"]]])) for row in main]
    scores = choix.ilsr_pairwise(len(names), wins, max_iter=1000, tol=1e-12)
    page = {row["condition"]: row["score"] for row in report_of(study).as_json()["scale"]["scores"]}
    assert [page[name] for name in names] == pytest.approx(list(scores - scores.mean()), abs=1e-6)


def test_pilot_simulated_and_other_kinds_count_nowhere(study: Study) -> None:
    looked_at_by_many(study)
    rows = rows_of(study)
    counted = [
        row
        for row in rows
        if (row["pilot"], row["simulated"], row["kind"]) == ("false", "false", "main") and row["vote"] != "not_sure"
    ]
    told = report_of(study).as_json()["counts"]
    assert (told["rows"], told["votes"], told["observers"]) == (len(rows), len(counted), 12)
    assert {reason["reason"] for reason in told["left_out"]} == {
        "gold",
        "repeat",
        "same",
        "pilot",
        "not_sure",
    }


def test_simulated_sittings_come_only_when_asked_for_and_say_so(study: Study) -> None:
    answer_all(sit(study), lambda trial: "left")
    before = "".join(csv_lines(study))
    answer_all(sit(study, simulated=True), lambda trial: "right")
    assert "".join(csv_lines(study)) == before
    both = list(csv.DictReader(io.StringIO("".join(csv_lines(study, include_simulated=True)))))
    assert {(row["simulated"], row["vote"]) for row in both} == {("false", "left"), ("true", "right")}


def _file(study: Study, folder: Path) -> Path:
    place = folder / "votes.csv"
    with place.open("w", encoding="utf-8", newline="") as out:
        out.writelines(csv_lines(study))
    return place


def _close(one: Any, other: Any) -> bool:
    """Whether two trees of plain data are the same, numbers to 1e-6."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(_close(*pair) for pair in zip(one, other, strict=True))
    return one == (pytest.approx(other, abs=1e-6) if isinstance(one, float) else other)
