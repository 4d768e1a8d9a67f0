"""The files of a study in every format: the same rows, with their types; and what a bundle gives a reviewer."""

import argparse
import csv
import io
import json
import math
import subprocess
import sys
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from analysis.commands import reproduce
from analysis.reporting.report import SEED, report
from analysis.votes import read_votes
from studyapp.definition import COMPLETION_KEYS, DESIGN_KEYS, DESIGN_WORDS, TYPES, define
from studyapp.design.derivation import derive
from studyapp.design.schedule import slot
from studyapp.models import Rendering, Study, StudySession
from studyapp.services import parquet_files, tables
from studyapp.services.data_files import DATA_FILES
from studyapp.services.definitions import as_toml, definition_of
from studyapp.services.lab import lab_columns
from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.reports import REPLICATES, report_of
from studyapp.services.sessions import mark_shown
from studyapp.services.sitting_tables import SESSIONS
from studyapp.services.studies import create_study
from studyapp.services.tables import Column, batches
from tests.studyapp.factories import DEVICE, answer, answer_all, make_study, make_user, prefer, sit, waver

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
CONDITIONS = ("original", "auto", "reference", "degraded")
STRENGTH = {"original": 0.0, "auto": 0.3, "reference": 0.6, "degraded": -4.0}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """Twelve who waver, a pilot and a simulated observer of the opposite taste, one who left, one who withdrew."""
    study = make_study(
        make_user(), name="Größe, “quoted”", contents=3, conditions=CONDITIONS, gold={"degraded": "original"},
        gold_share=0.2, repeat_share=0.1, same_share=0.1, trials_per_session=10, allow_tie=True, allow_not_sure=True,
        consent="I agree.", completion_code="SECRET-CODE",
    )  # fmt: skip
    doubts = np.random.default_rng(3)
    for number in range(12):
        choose = waver(number, STRENGTH)
        answer_all(
            sit(study),
            lambda trial, choose=choose: str(doubts.choice([choose(trial), "tie", "not_sure"], p=[0.8, 0.12, 0.08])),
        )
    against = prefer("degraded", "original", "auto", "reference")
    answer_all(sit(study, pilot=True), against)
    answer_all(sit(study, simulated=True), against)
    mark_shown(sit(study).trials.get(position=1), DEVICE)
    gone = sit(study)
    answer_all(gone, against)
    StudySession.objects.filter(pk=gone.pk).update(state=StudySession.State.WITHDRAWN)
    return study


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def whole(study: Study, name: str, **asked: Any) -> bytes:
    pieces = DATA_FILES[name].pieces(study, **asked)
    return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)


def rows_of(study: Study, name: str, **asked: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(whole(study, name, **asked).decode())))


class TestFormats:
    @pytest.fixture(autouse=True)
    def lab(self, study: Study) -> None:
        session = study.sessions.earliest("pk")
        told = {"observer": "P07", "station": "booth 2", "luminance_cd_m2": 120.5, "ambient_lux": 0}
        StudySession.objects.filter(pk=session.pk).update(**lab_columns(told))

    @pytest.mark.parametrize("table", ["exposures", "sessions"])
    def test_json_lines_say_what_csv_says(self, study: Study, table: str) -> None:
        assert [{name: as_csv(value) for name, value in line.items()} for line in self.lines(study, table)] == rows_of(
            study, f"{table}.csv"
        )

    def lines(self, study: Study, table: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in whole(study, f"{table}.jsonl").decode().splitlines()]

    def test_what_a_lab_measured_is_a_number(self, study: Study) -> None:
        told = {"lab_luminance_cd_m2": 120.5, "lab_viewing_distance_cm": None, "lab_ambient_lux": 0.0}
        table = pq.read_table(io.BytesIO(whole(study, "sessions.parquet")))
        for rows in (self.lines(study, "sessions"), table.to_pylist()):
            assert {name: rows[0][name] for name in told} == told
            assert (rows[0]["lab_station"], rows[1]["lab_luminance_cd_m2"]) == ("booth 2", None)
        assert {table.schema.field(name).type for name in told} == {pa.float64()}
        row = rows_of(study, "sessions.csv")[0]
        assert [row[name] for name in told] == ["120.5", "", "0.0"]

    def test_json_lines_have_types(self, study: Study) -> None:
        lines = self.lines(study, "exposures")
        assert {type(line["pilot"]) for line in lines} == {bool}
        assert {type(line["gold_passed"]) for line in lines} == {bool, type(None)}
        assert {line["vote"] for line in lines} == {"left", "right", "tie", "not_sure", None}

    @pytest.mark.parametrize(("name", "columns"), [("exposures", EXPOSURES.columns), ("sessions", SESSIONS.columns)])
    def test_parquet_says_what_csv_says(self, study: Study, name: str, columns: dict[str, Column]) -> None:
        table = pq.read_table(io.BytesIO(whole(study, f"{name}.parquet")))
        told = [{name: as_csv(value) for name, value in row.items()} for row in table.to_pylist()]
        assert told == rows_of(study, f"{name}.csv")
        kinds = {
            "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
            "time": pa.timestamp("ms", tz="UTC"),
        }  # fmt: skip
        assert {field.name: field.type for field in table.schema} == {
            name: kinds[column.kind] for name, column in columns.items()
        }

    def test_parquet_of_many_groups_is_whole(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parquet_files, "ROWS_IN_A_GROUP", 25)
        monkeypatch.setattr(tables, "ROWS_AT_ONCE", 10)
        pieces = list(DATA_FILES["exposures.parquet"].pieces(study))
        file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
        assert file.num_row_groups > 3
        assert len(pieces) == file.num_row_groups + 1  # each on its way before the next is made; the footer last
        assert file.read().column("position").to_pylist() == [
            int(row["position"]) for row in rows_of(study, "exposures.csv")
        ]

    @pytest.mark.parametrize("name", ["exposures.csv", "exposures.jsonl", "exposures.parquet", "pwcmp.csv"])
    def test_a_study_without_sittings_is_an_empty_file_of_its_kind(self, study: Study, name: str) -> None:
        StudySession.objects.update(state=StudySession.State.WITHDRAWN)
        file = whole(study, name)
        if name.endswith("parquet"):
            assert pq.read_table(io.BytesIO(file)).num_rows == 0
        else:
            assert len(file.splitlines()) == (0 if name.endswith("jsonl") else 1)

    def test_rows_come_a_few_sittings_at_a_time(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next ones are asked for when those before are sent, and no query grows with the study."""
        at_once = list(batches(EXPOSURES, study))
        monkeypatch.setattr(tables, "ROWS_AT_ONCE", 20)
        with CaptureQueriesContext(connection) as seen:
            first = next(batches(EXPOSURES, study))
        assert len(seen) == 2
        assert len({row[2] for row in first}) == 2
        assert [row for batch in batches(EXPOSURES, study) for row in batch] == [
            row for batch in at_once for row in batch
        ]


class TestSessions:
    def test_a_row_counts_what_the_exposures_hold(self, study: Study) -> None:
        exposures = pd.DataFrame(rows_of(study, "exposures.csv"))
        for row in rows_of(study, "sessions.csv"):
            of = exposures[exposures["session"] == row["session"]]
            main = of[of["kind"] == "main"]
            gold = of[(of["kind"] == "gold") & (of["vote"] != "")]
            counted = {
                "exposures": len(of),
                "votes": (of["vote"] != "").sum(),
                **{f"main_{said}": (main["vote"] == said).sum() for said in ("left", "right", "tie", "not_sure")},
                "gold_answered": len(gold),
                "gold_passed": (gold["gold_passed"] == "true").sum(),
            }
            assert {name: int(row[name]) for name in counted} == counted
            assert row["observer"] == of["observer"].iloc[0]
            assert (row["gamut"], row["viewport_width_px"]) == ("srgb", "1440")

    def test_who_withdrew_and_who_is_simulated_have_no_row(self, study: Study) -> None:
        told = rows_of(study, "sessions.csv")
        assert len(told) == 14
        assert {row["state"] for row in told} == {"finished", "active"}
        assert [row["pilot"] for row in told].count("true") == 1
        both = rows_of(study, "sessions.csv", include_simulated=True)
        assert [row["simulated"] for row in both].count("true") == 1
        assert "withdrawn" not in whole(study, "sessions.csv", include_simulated=True).decode()

    def test_rejected_answers_are_counted_once_each(self, study: Study) -> None:
        session = sit(study)
        answer_all(session, lambda trial: "left")
        for trial in session.trials.order_by("position")[:3]:
            answer(trial, "right")
        row = rows_of(study, "sessions.csv")[-1]
        assert (row["votes"], row["rejected"]) == ("10", "3")

    def test_a_panel_is_named_and_no_more(self, study: Study) -> None:
        StudySession.objects.filter(pk=sit(study).pk).update(panel={"PROLIFIC_PID": "5f1e"})
        assert [row["from_panel"] for row in rows_of(study, "sessions.csv")].count("true") == 1
        assert b"5f1e" not in whole(study, "sessions.csv")


def test_a_second_answer_is_in_the_rejected_ones(study: Study) -> None:
    trial = sit(study).trials.get(position=1)
    answer(trial, "left")
    answer(trial, "tie")
    (row,) = rows_of(study, "rejected.csv")
    assert (row["vote"], row["rejected"], row["position"]) == ("left", "tie", "1")
    assert row["left"] == trial.left.condition.name
    assert row["reason"]


class TestPwcmp:
    def test_it_holds_what_counts_and_was_decided(self, study: Study) -> None:
        counted = [
            (
                row["observer"],
                row["session"],
                row["content"],
                row["left"],
                row["right"],
                str(int(row["vote"] == "left")),
            )
            for row in rows_of(study, "exposures.csv")
            if row["kind"] == "main" and row["pilot"] == "false" and row["vote"] in ("left", "right")
        ]
        assert [tuple(row.values()) for row in rows_of(study, "pwcmp.csv")] == counted

    def test_the_analysis_reads_it(self, study: Study, tmp_path: Path) -> None:
        place = tmp_path / "pwcmp.csv"
        place.write_bytes(whole(study, "pwcmp.csv"))
        told = report_of(study).as_json()["counts"]
        assert len(read_votes(place)) == told["votes"] - told["answers"]["tie"]


class TestToml:
    def test_the_study_made_from_it_is_the_same(self, study: Study) -> None:
        told = tomllib.loads(as_toml(definition_of(study)))
        again = create_study(define(told, "study.toml"), make_user("reviewer"))
        assert definition_of(again) == definition_of(study)
        assert [trials_of(again, number) for number in range(3)] == [trials_of(study, number) for number in range(3)]

    def test_every_key_of_a_study_file_is_written(self, study: Study) -> None:
        """A new key of a definition is a new line here, or a reviewer's study isn't the same."""
        told = definition_of(study)
        assert set(told) == set(TYPES) - {"completion"}
        assert set(told["design"]) == {*DESIGN_KEYS, "policy"}
        study.strata = "camera"
        assert set(definition_of(study)["design"]) == {*DESIGN_KEYS, *DESIGN_WORDS}
        assert set(COMPLETION_KEYS) == {"code", "url"}  # pays people, and goes to no reviewer
        assert "SECRET-CODE" not in as_toml(told)

    @given(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
            st.recursive(
                st.one_of(
                    st.booleans(),
                    st.integers(-(2**63), 2**63 - 1),
                    st.floats(allow_nan=False, allow_infinity=False),
                    st.text(st.characters(exclude_categories=["Cs"])),
                ),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), inner, max_size=3)
                ),
                max_leaves=6,
            ),
            max_size=4,
        )
    )
    def test_what_is_written_is_read(self, told: dict[str, Any]) -> None:
        assert tomllib.loads(as_toml(told)) == told


def trials_of(study: Study, number: int) -> list[Any]:
    from studyapp.services.schedules import design_of

    return list(slot(design_of(study), number))


class TestBundle:
    @staticmethod
    def unpacked(study: Study, folder: Path, **asked: Any) -> Path:
        with zipfile.ZipFile(io.BytesIO(whole(study, "bundle.zip", **asked))) as bundle:
            assert bundle.testzip() is None
            bundle.extractall(folder)
        return folder / "groe-quoted"

    def test_the_command_in_it_gives_the_numbers_of_the_report(self, study: Study, tmp_path: Path) -> None:
        place = self.unpacked(study, tmp_path)
        line = next(
            line for line in (place / "README.md").read_text().splitlines() if line.startswith("    python -m analysis")
        )
        command = [sys.executable, *line.split()[1:]]
        done = subprocess.run(
            command, cwd=place, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
        )
        redone, page = json.loads(done.stdout), report_of(study).as_json()
        assert redone["scale"]["scores"]
        for part in ("counts", "conditions", "scale", "cameras", "pairs", "seed", "replicates"):
            assert close(redone[part], page[part]), part
        stored = json.loads((place / "report.json").read_text())
        assert close({name: stored[name] for name in page}, page)

    @pytest.mark.parametrize("simulated", [False, True])
    def test_the_whole_report_is_made_again_from_it_bit_for_bit(
        self, study: Study, tmp_path: Path, simulated: bool
    ) -> None:
        bundle = tmp_path / "bundle.zip"
        bundle.write_bytes(whole(study, "bundle.zip", include_simulated=simulated))
        said = reproduce.run(argparse.Namespace(bundle=bundle, output=None, json=False))
        assert said.startswith("The same report, bit for bit: phoropter ")

    def test_parquet_and_csv_in_it_are_the_same_exposures(self, study: Study, tmp_path: Path) -> None:
        place = self.unpacked(study, tmp_path)
        table = pq.read_table(place / "exposures.parquet").to_pylist()
        told = [{name: as_csv(value) for name, value in row.items()} for row in table]
        with (place / "exposures.csv").open(newline="") as file:
            assert told == list(csv.DictReader(file))

    def test_every_sitting_follows_from_the_schedule_in_it(self, study: Study, tmp_path: Path) -> None:
        told = json.loads((self.unpacked(study, tmp_path) / "schedule.json").read_text())
        planned = {
            sitting.session: [(one.content, one.left, one.right, one.kind) for one in sitting.trials]
            for sitting in derive(told)
        }
        kept = study.sessions.filter(simulated=False).exclude(state=StudySession.State.WITHDRAWN)
        assert planned == {
            session.pk: list(
                session.trials.order_by("position").values_list(
                    "content__name", "left__condition__name", "right__condition__name", "kind"
                )
            )
            for session in kept
        }

    def test_every_picture_in_the_exposures_is_followed_to_its_photo(self, study: Study, tmp_path: Path) -> None:
        place = self.unpacked(study, tmp_path)
        shown, contents = lines_of(place / "stimuli.jsonl"), lines_of(place / "contents.jsonl")
        photos = {content["name"]: content for content in contents}
        by_hash = {(one["rendering_sha256"], one["content"], one["condition"]): one for one in shown}
        assert len(by_hash) == Rendering.objects.filter(raster__study=study).count() == 12
        for row in rows_of(study, "exposures.csv"):
            for side in ("left", "right"):
                told = by_hash[row[f"{side}_sha256"], row["content"], row[side]]["stimulus"]
                sources = {photos[row["content"]][f"{kind}_sha256"] for kind in ("input", "reference")}
                assert told["source_sha256"] in sources
        assert {method["method"] for method in lines_of(place / "methods.jsonl")} == set(CONDITIONS)

    def test_texts_are_in_it_by_version(self, study: Study, tmp_path: Path) -> None:
        study.texts.create(kind="consent", version=2, text="I agree to more.")
        texts = self.unpacked(study, tmp_path) / "texts"
        names = sorted(file.name for file in texts.iterdir() if "-en-" in file.name)
        assert names == ["consent-en-v1.txt", "consent-en-v2.txt", "instructions-en-v1.txt", "question-en-v1.txt"]
        assert (texts / "consent-en-v2.txt").read_text() == "I agree to more.\n"

    def test_it_says_how_the_study_was_done(self, study: Study, tmp_path: Path) -> None:
        said = " ".join((self.unpacked(study, tmp_path) / "README.md").read_text().split())
        counts = report_of(study).as_json()["counts"]
        for words in (
            "“Which photo looks better?” They could answer the left one, the right one, a tie or not sure.",
            "3 photos of 3 scenes (test set tiny; iphone)",
            "degraded (by degraded, in gold pairs only, where it must lose to original)",
            "the seed 7 by the policy balanced-1",
            "6 main pairs, 2 gold, 1 repeated with sides swapped and 1 same-against-same; only main pairs are fitted",
            "Everybody agreed to the study’s consent text before their sitting began.",
            "12 sittings were finished, 0 abandoned and 1 is still open; 1 more was withdrawn",
            f"{counts['votes']} votes by 12 observers were fitted",
            "Davidson’s term for ties (Davidson 1970)",
            "Observers, not votes, were resampled with replacement 1,000 times (seed 1;",
            "Hesterberg, T. C. (2015)",
            "python -m analysis reproduce BUNDLE.zip",
        ):
            assert words in said, words

    def test_simulated_votes_are_in_it_where_asked_for_and_stamped(self, study: Study, tmp_path: Path) -> None:
        place = self.unpacked(study, tmp_path, include_simulated=True)
        assert "SIMULATED VOTES" in (place / "README.md").read_text()
        assert "--include-simulated" in (place / "README.md").read_text()
        assert json.loads((place / "report.json").read_text())["simulated"] is True

    def test_a_study_without_votes_has_one_too(self, study: Study, tmp_path: Path) -> None:
        StudySession.objects.update(state=StudySession.State.WITHDRAWN)
        assert "There are no scores." in (self.unpacked(study, tmp_path) / "README.md").read_text()


def test_the_report_reads_no_more_than_it_needs(study: Study, tmp_path: Path) -> None:
    """And gives what the whole file gives."""
    place = tmp_path / "exposures.csv"
    place.write_bytes(whole(study, "exposures.csv"))
    from_file = report(read_votes(place), conditions=list(CONDITIONS[:3]), replicates=REPLICATES, seed=SEED).as_json()
    page = report_of(study).as_json()
    assert close({**from_file, "metrics": []}, {**page, "metrics": []})


def as_csv(value: Any) -> str:
    """A value of JSON or Parquet as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)


def lines_of(place: Path) -> list[Any]:
    return [json.loads(line) for line in place.read_text().splitlines()]


def close(one: Any, other: Any) -> bool:
    """Whether two trees of plain data are the same, numbers to 1e-9."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(close(*pair) for pair in zip(one, other, strict=True))
    return math.isclose(one, other, abs_tol=1e-9) if isinstance(one, float) else bool(one == other)
