"""A bundle's schedule gives every sitting's trials again, without a database: after drop-outs, with practice, for
pilots, and of an adaptive study."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from enhancement.models import TestSet
from studyapp.design.__main__ import RECORDED, RECORDED_BATCHES, main
from studyapp.design.derivation import Sitting, derive
from studyapp.models import Study, StudySession, Trial
from studyapp.services import schedule_file
from studyapp.services.data_files import DATA_FILES
from studyapp.services.sessions import mark_shown
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import (
    DEVICE,
    answer,
    answer_all,
    leave,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
)

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
ORDER = ("reference", "auto", "original", "degraded")
TASTE = prefer(*ORDER)


@pytest.fixture(scope="module")
def made(made_once: None) -> dict[str, Study]:
    owner, testset = make_user(), make_testset(contents=8, cameras=("iphone", "sony"))
    return {
        "balanced-1": walked(owner, testset, "balanced-1"),
        "balanced-2": walked(owner, testset, "balanced-2", strata="camera"),
        "adaptive-1": walked(owner, testset, "adaptive-1"),
    }


def walked(owner: User, testset: TestSet, policy: str, **settings: Any) -> Study:
    """Ten sittings: some stop half-way, one withdraws; a pilot and a simulated observer between them."""
    study = make_study(
        owner, name=policy, testset=testset, conditions=ORDER, gold={"degraded": "original"}, trials_per_session=8,
        gold_share=0.12, repeat_share=0.12, same_share=0.12, policy_version=policy, practice_trials=2,
        practice_contents=["photo-0", "photo-5"], **settings,
    )  # fmt: skip
    for number in range(10):
        session = sit(study)
        if number in (1, 3, 6):
            stop_after(session, 5)
        else:
            answer_all(session, TASTE)
        if number == 4:
            withdraw(StudySession.objects.get(pk=session.pk))
            answer_all(sit(study, pilot=True), TASTE)
            answer_all(sit(study, simulated=True), TASTE)
        run_jobs()
    mark_shown(sit(study).trials.get(position=1), DEVICE)
    return study


def stop_after(session: StudySession, answers: int) -> None:
    """Answer some trials, have the next one painted, and go."""
    first = list(session.trials.order_by("position")[: answers + 1])
    for trial in first[:-1]:
        answer(trial, "left")
    mark_shown(first[-1], DEVICE)
    leave(session)


@pytest.fixture(params=["balanced-1", "balanced-2", "adaptive-1"])
def study(made: dict[str, Study], request: pytest.FixtureRequest) -> Study:
    return Study.objects.get(pk=made[request.param].pk)


@pytest.fixture
def plain(made: dict[str, Study]) -> Study:
    return Study.objects.get(pk=made["balanced-1"].pk)


def schedule_of(study: Study, **asked: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads("".join(schedule_file.schedule_pieces(study, **asked)))
    return told


def zipped(study: Study, folder: Path, **asked: Any) -> Path:
    bundle = folder / "bundle.zip"
    bundle.write_bytes(b"".join(DATA_FILES["bundle.zip"].pieces(study, **asked)))
    return bundle


def unpacked(study: Study, folder: Path) -> Path:
    with zipfile.ZipFile(zipped(study, folder)) as bundle:
        bundle.extractall(folder)
        return folder / bundle.namelist()[0].split("/")[0]


def laid_out(session: StudySession) -> list[tuple[object, ...]]:
    """What the database holds of a sitting, painted or not."""
    return list(
        session.trials.order_by("position").values_list(
            "position", "kind", "content__name", "left__condition__name", "right__condition__name",
            "repeats__position", "slot__number", "slot__batch__number", "place",
        )
    )  # fmt: skip


def derived(sitting: Sitting) -> list[tuple[object, ...]]:
    return [
        (
            one.position, one.kind, one.content, one.left, one.right, one.repeats, one.slot, one.batch, one.place,
        )
        for one in sitting.trials
    ]  # fmt: skip


def test_every_trial_of_every_sitting_follows(study: Study) -> None:
    told = schedule_of(study, include_simulated=True)
    again = {sitting.session: derived(sitting) for sitting in derive(told)}
    kept = study.sessions.exclude(state=StudySession.State.WITHDRAWN)
    assert list(again) == list(kept.order_by("pk").values_list("pk", flat=True))
    assert again == {session.pk: laid_out(session) for session in kept}


def test_that_is_told_of_what_happens_in_studies(study: Study) -> None:
    """Or the test above would show little: places of several slots, practice, every lane, batches and none."""
    told = schedule_of(study, include_simulated=True)
    assert any(len(one["given"]) > 1 for one in told["sittings"]), "nobody was given what others gave back"
    assert {one["lane"] for one in told["sittings"]} == {"main", "pilot", "simulated"}
    assert {one["state"] for one in told["sittings"]} == {"active", "finished", "abandoned"}
    kinds = {trial.kind for sitting in derive(told) for trial in sitting.trials}
    assert kinds == {"main", "practice", "gold", "repeat", "same"}
    assert told["practice"]["trials"] == 2
    assert [one["name"] for one in told["practice"]["contents"]] == ["photo-0", "photo-5"]
    assert not {one["name"] for one in told["design"]["contents"]} & {"photo-0", "photo-5"}
    drawn_on = {given["batch"] for one in told["sittings"] for given in one["given"]}
    assert (len(drawn_on) > 1) == bool(told["batches"]) == (study.policy_version == "adaptive-1")


def test_a_sitting_is_told_by_its_code_and_nothing_of_who_it_is(plain: Study) -> None:
    told = schedule_of(plain)
    names = {"session", "observer", "lane", "state", "slot", "batch", "given"}
    assert all(set(one) == names for one in told["sittings"])
    codes = dict(plain.sessions.values_list("pk", "observer__code"))
    assert all(one["observer"] == codes[one["session"]] for one in told["sittings"])
    text = json.dumps(told)
    assert not [token for token in plain.sessions.values_list("token", flat=True) if token in text]


def test_who_withdrew_is_not_in_it_and_who_is_simulated_only_where_asked_for(plain: Study) -> None:
    there = {one["session"] for one in schedule_of(plain)["sittings"]}
    people = plain.sessions.filter(simulated=False).exclude(state=StudySession.State.WITHDRAWN)
    assert there == set(people.values_list("pk", flat=True))
    assert plain.sessions.filter(state=StudySession.State.WITHDRAWN).exists()


def test_simulated_batches_are_in_it_only_where_asked_for(made: dict[str, Study]) -> None:
    study = made["adaptive-1"]
    study.batches.create(
        lane="simulated", number=0, policy_version="adaptive-1", pairs=[[0, 1]], votes=1, votes_sha256="", last_vote=1,
        pending=0,
    )  # fmt: skip
    assert {one["lane"] for one in schedule_of(study)["batches"]} == {"main"}
    assert {one["lane"] for one in schedule_of(study, include_simulated=True)["batches"]} == {"main", "simulated"}


def test_a_long_one_is_read_a_few_sittings_at_a_time(plain: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = schedule_of(plain)
    monkeypatch.setattr(schedule_file, "SITTINGS_AT_ONCE", 2)
    assert schedule_of(plain) == whole


def test_a_study_where_nobody_sat_has_one(plain: Study) -> None:
    StudySession.objects.update(state=StudySession.State.WITHDRAWN)
    told = schedule_of(plain)
    assert told["sittings"] == []
    assert list(derive(told)) == []


@pytest.mark.parametrize("simulated", [False, True])
def test_the_command_finds_every_exposure_where_it_was_planned(study: Study, tmp_path: Path, simulated: bool) -> None:
    bundle = zipped(study, tmp_path, include_simulated=simulated)
    code = (
        f"import sys; from studyapp.design.__main__ import main; status = main([{str(bundle)!r}]); "
        "assert not {'django', 'celery', 'pandas'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = Trial.objects.filter(session__study=study, shown_at__isnull=False).exclude(
        session__state=StudySession.State.WITHDRAWN
    )
    number = shown.count() if simulated else shown.filter(session__simulated=False).count()
    assert f"all {number} exposures are among them" in done.stdout
    assert RECORDED in done.stdout
    assert (RECORDED_BATCHES in done.stdout) == (study.policy_version == "adaptive-1")


def test_the_trials_are_written_where_asked_for(plain: Study, tmp_path: Path) -> None:
    output = tmp_path / "trials.csv"
    assert main([str(unpacked(plain, tmp_path)), "--output", str(output)]) == 0
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    kept = Trial.objects.filter(session__study=plain, session__simulated=False)
    assert len(rows) == kept.exclude(session__state=StudySession.State.WITHDRAWN).count()
    first = plain.sessions.earliest("pk")
    assert rows[0]["observer"] == first.observer.code
    assert (rows[0]["lane"], rows[0]["position"], rows[0]["kind"]) == ("main", "1", "practice")


class TestWhatDoesNotFollow:
    @pytest.fixture
    def folder(self, plain: Study, tmp_path: Path) -> Path:
        return unpacked(plain, tmp_path)

    @pytest.mark.parametrize("column", ["left", "kind", "content", "place", "slot", "observer", "pilot", "batch"])
    def test_an_exposure_that_was_changed_is_named(
        self, folder: Path, capsys: pytest.CaptureFixture[str], column: str
    ) -> None:
        place = folder / "exposures.csv"
        rows = list(csv.DictReader(io.StringIO(place.read_text())))
        changed = next(row for row in rows if row["kind"] == "main")
        changed[column] = "99"
        self.write(place, rows)
        assert main([str(folder)]) == 2
        said = capsys.readouterr().err
        assert f"session {changed['session']}, position {changed['position']}: derived {column} '" in said
        assert "not '99'" in said

    @pytest.mark.parametrize(
        ("change", "named"), [({"session": "1000000"}, "has no such sitting"), ({"position": "99"}, "has 10 trials")]
    )
    def test_so_is_one_that_nobody_was_to_see(
        self, folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], named: str
    ) -> None:
        place = folder / "exposures.csv"
        rows = list(csv.DictReader(io.StringIO(place.read_text())))
        rows[0].update(change)
        self.write(place, rows)
        assert main([str(folder)]) == 2
        assert named in capsys.readouterr().err

    def write(self, place: Path, rows: list[dict[str, str]]) -> None:
        with place.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    def test_another_seed_leads_to_other_trials(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.change(folder, lambda told: told["design"].update(seed=8))
        assert main([str(folder)]) == 2
        assert "exposures don't follow from the schedule" in capsys.readouterr().err

    def test_so_do_other_places(self, folder: Path) -> None:
        def change(told: dict[str, Any]) -> None:
            given = next(one["given"] for one in told["sittings"] if len(one["given"]) > 1)
            given[0]["places"] = [(place + 1) % 5 for place in given[0]["places"]]

        self.change(folder, change)
        assert main([str(folder)]) == 2

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (lambda told: told.pop("sittings"), "lacks sittings: it is of a version that didn't write them"),
            (lambda told: told["design"].update(trials=0), "the schedule can't be read"),
            (lambda told: told["design"].update(version="balanced-9"), "not balanced-9"),
            (lambda told: told["sittings"][0]["given"][0].update(places=[99]), "its trials can't be derived"),
            (lambda told: told["sittings"][0]["given"][0].update(batch=3), "its trials can't be derived"),
            (lambda told: told["sittings"][0].pop("slot"), "its trials can't be derived"),
        ],
    )
    def test_a_schedule_that_cannot_be_read_is_refused(
        self, folder: Path, capsys: pytest.CaptureFixture[str], change: Any, named: str
    ) -> None:
        self.change(folder, change)
        assert main([str(folder)]) == 2
        assert named in capsys.readouterr().err

    def change(self, folder: Path, change: Any) -> None:
        told = json.loads((folder / "schedule.json").read_text())
        change(told)
        (folder / "schedule.json").write_text(json.dumps(told))

    @pytest.mark.parametrize("text", ["no JSON", "[]"])
    def test_so_is_what_is_none(self, folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
        (folder / "schedule.json").write_text(text)
        assert main([str(folder)]) == 2
        assert capsys.readouterr().err.startswith("error: schedule.json is not ")

    def test_so_is_what_is_no_bundle(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "no.zip").write_text("nothing")
        assert main([str(tmp_path / "no.zip")]) == 2
        assert "not a zip file" in capsys.readouterr().err
        with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
            pass
        assert main([str(tmp_path / "empty.zip")]) == 2
        assert "no schedule.json in it" in capsys.readouterr().err
        assert main([str(tmp_path / "nowhere.zip")]) == 2
