"""`manage.py verify`: whole on what is whole, and each damage is told by the check whose promise it breaks."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pytest_django import Settings

from enhancement.folders import survey
from enhancement.models import Content, Job, Measurement, Method, Stimulus, TrainingRun, TrainingSample
from enhancement.pictures import encode_png
from enhancement.services.files import keep
from enhancement.services.photos import all_stored
from enhancement.services.verification import Outcome, run_checks
from enhancement.services.verify_files import strays
from studyapp.models import RejectedVote, Rendering, Slot, Study, StudySession, StudyText, Trial, Vote
from studyapp.services.verify import CHECKS, count_strays
from studyapp.services.verify_renderings import ALL_FOLDERS
from tests.studyapp.factories import answer_all, leave, make_study, make_user, prefer, sit
from tests.training import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """A study with every kind of trial; one sitting finished, one under way, one abandoned, one pilot."""
    study = make_study(
        make_user(), contents=2, gold={"degraded": "original"}, trials_per_session=8, gold_share=0.15,
        repeat_share=0.15, same_share=0.15, consent="Do you agree?", allow_correction=True,
    )  # fmt: skip
    answer_all(sit(study), prefer("original", "auto", "degraded"))
    sit(study)
    leave(sit(study))
    for _ in range(3):
        sit(study, pilot=True)
    return study


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def broken(*, quick: bool = False) -> dict[str, Outcome]:
    """The checks that complain."""
    return {outcome.check.name: outcome for outcome in run_checks(CHECKS, quick=quick) if outcome.broken}


def test_it_works(study: Study) -> None:
    outcomes = {outcome.check.name: outcome for outcome in run_checks(CHECKS)}
    assert [str(violation) for outcome in outcomes.values() for violation in outcome.violations] == []
    idle = {"weights whole", "training whole", "jobs alive", "rejected votes apart"}
    assert {name for name, outcome in outcomes.items() if not outcome.looked} == idle
    assert outcomes["stimuli whole"].looked == Stimulus.objects.count() == 6


def test_a_correction_in_time_is_whole(study: Study, mended: None) -> None:
    corrected(timedelta(0), -1, went_on_at=timezone.now() + timedelta(hours=1))
    assert set(broken()) <= {"headers uniform"}


def test_each_check_has_a_name_and_a_promise_of_its_own() -> None:
    assert len({check.name for check in CHECKS}) == len({check.promise for check in CHECKS}) == len(CHECKS)


def first(model: Any, **having: Any) -> Any:
    return model.objects.filter(**having).order_by("pk")


def change(model: Any, *, having: dict[str, Any] | None = None, **values: Any) -> None:
    """One row, behind the program's back."""
    rows = first(model, **(having or {}))
    assert model.objects.filter(pk=rows[0].pk).update(**values) == 1


def lost_photo() -> None:
    hide(first(Content)[0].input_file.name)


def altered_reference() -> None:
    spoil(first(Content)[1].reference_file.name)


def lost_stimulus() -> None:
    hide(first(Stimulus)[0].file.name)


def stimulus_with_metadata() -> None:
    """The same pixels, hashed and stored as should be, but with a word in them."""
    out, told = BytesIO(), PngInfo()
    told.add_text("Method", "auto")
    stimulus = first(Stimulus)[0]
    size = (stimulus.height_px, stimulus.width_px, 3)
    Image.fromarray(np.zeros(size, np.uint8)).save(out, "PNG", pnginfo=told)
    name, sha256 = keep("stimuli", out.getvalue(), ".png")
    change(Stimulus, file=name, sha256=sha256)


def lost_checkpoint() -> None:
    change(TrainingRun, having={"pk": make_run().pk}, checkpoint_file="training/0/nowhere.safetensors")


def lost_sample() -> None:
    change(TrainingSample, having={"pk": make_run().samples.earliest("step").pk}, sha256="f" * 64)


def lost_weights() -> None:
    sha256 = hashlib.sha256(b"gone").hexdigest()
    Method.objects.create(name="gone", kind="dped", weights_file=f"weights/{sha256}.pt", weights_sha256=sha256)


def stimulus_twice() -> None:
    unguarded("enhancement_stimulus")
    stimulus = first(Stimulus)[0]
    stimulus.pk, stimulus.created_at = 10**6, timezone.now()
    stimulus._state.adding = True
    stimulus.save(force_insert=True)
    Stimulus.objects.filter(pk=10**6).update(created_at=timezone.now())


def job_for_something_else() -> None:
    job = Job.objects.create(kind="load_testset", queue="cpu", label="x", state="cancelled", finished_at=timezone.now())
    change(Stimulus, job=job)


def job_without_a_beat() -> None:
    long_ago = timezone.now() - timedelta(days=2)
    change(Job, having={"kind": "measure"}, state="running", heartbeat_at=long_ago)


def job_that_nobody_rings_for() -> None:
    long_ago = timezone.now() - timedelta(days=2)
    Job.objects.update(finished_at=long_ago, heartbeat_at=long_ago)
    waiting = Job.objects.create(kind="measure", queue="cpu", label="x", params={"testset": 1})
    Job.objects.filter(pk=waiting.pk).update(sent_at=long_ago)


def job_done_with_nothing_made() -> None:
    method = Method.objects.create(name="idle", kind="auto", settings={"idle": True})
    made = first(Job, kind="stimuli")[0]
    params = {**made.params, "method": method.pk}
    now = timezone.now()
    Job.objects.create(kind="stimuli", state="done", params=params, attempt=1, finished_at=now, label="x", queue="cpu")


def measured_in_vain() -> None:
    first(Measurement)[0].delete()


def another_stimulus_shown() -> None:
    one, other = first(Rendering)[:2]
    change(Rendering, having={"pk": one.pk}, stimulus=other.stimulus)


def altered_tiles() -> None:
    spoil(first(Rendering)[0].file.name)


def shared_address() -> None:
    one, other = first(Trial)[:2]
    change(Trial, having={"pk": one.pk}, left_token=other.right_token)


def slot_left_out(of: str = "main") -> None:
    study = first(Study)[0]
    Slot.objects.create(study=study, lane=of, number=9, policy_version=study.policy_version)


def place_held_twice() -> None:
    unguarded("studyapp_trial")
    one, other = (first(Trial, kind="main", held=True, session__state=state)[0] for state in ("finished", "active"))
    change(Trial, having={"pk": other.pk}, slot=one.slot, place=one.place)


def sides_swapped() -> None:
    trial = first(Trial, kind="main")[0]
    change(Trial, having={"pk": trial.pk}, left=trial.right, right=trial.left)


def trial_deleted() -> None:
    first(Trial, session__state="active", repeated_by=None)[0].delete()


def study_that_cannot_be_shown() -> None:
    study = first(Study)[0]
    Study.objects.create(name="Bare", owner=study.owner, testset=study.testset, state="open")


def vote_twice() -> None:
    unguarded("studyapp_vote")
    vote = first(Vote)[0]
    vote.pk = 10**6
    vote._state.adding = True
    vote.save(force_insert=True)


def another_content() -> None:
    trial = first(Trial, kind="main")[0]
    change(Trial, having={"pk": trial.pk}, content=Content.objects.exclude(pk=trial.content_id)[0])


def rejected_for_nothing() -> None:
    RejectedVote.objects.create(trial=first(Trial, vote=None)[0], answer="left", reason="a different second answer")


def rejected_without_reason() -> None:
    RejectedVote.objects.create(trial=first(Trial)[0], answer="left", reason="")


def corrected_from_nothing() -> None:
    change(Vote, having={"answer": "left"}, corrected_from="right")


def corrected(at: timedelta, which: int, **session: Any) -> None:
    """A vote of the finished sitting is corrected so long after its time."""
    vote = list(Vote.objects.filter(trial__session__state="finished").order_by("trial__position"))[which]
    StudySession.objects.filter(pk=vote.trial.session_id).update(**session)
    RejectedVote.objects.create(trial=vote.trial, answer=vote.answer, reason="corrected by the observer")
    other = "right" if vote.answer == "left" else "left"
    change(Vote, having={"pk": vote.pk}, answer=other, corrected_from=vote.answer, answered_at=vote.answered_at + at)


def vote_deleted() -> None:
    first(Vote)[0].delete()


def gold_counted() -> None:
    slot = first(Trial, kind="gold")[0].session.slot
    change(Trial, having={"kind": "gold"}, kind="main", slot=slot, place=99, held=True)


Damage = Callable[[], None]
DAMAGES: list[tuple[str, set[str], Damage]] = [
    ("a photo is lost", {"photos whole"}, lost_photo),
    ("a reference was altered", {"photos whole"}, altered_reference),
    ("a reference lost its hash", {"contents complete", "photos whole"}, lambda: change(Content, reference_sha256="")),
    ("a stimulus is lost", {"stimuli whole"}, lost_stimulus),
    ("a stimulus carries metadata", {"stimuli whole"}, stimulus_with_metadata),
    ("a stimulus has another size", {"stimuli whole"}, lambda: change(Stimulus, width_px=7)),
    ("weights are lost", {"weights whole"}, lost_weights),
    ("a checkpoint is lost", {"training whole"}, lost_checkpoint),
    ("another sheet of samples is named", {"training whole"}, lost_sample),
    ("no device is named", {"provenance complete"}, lambda: change(Stimulus, device="")),
    ("another source is named", {"provenance complete"}, lambda: change(Stimulus, source_sha256="f" * 64)),
    ("an attempt that never was", {"provenance complete"}, lambda: change(Stimulus, attempt=9)),
    ("another job is named", {"provenance complete"}, job_for_something_else),
    ("a method was changed", {"methods frozen"}, lambda: change(Method, settings={"strength": 2})),
    ("a stimulus is there twice", {"results once"}, stimulus_twice),
    ("a job is done with an error", {"job rows"}, lambda: change(Job, error="no")),
    ("a job ended nobody knows when", {"job rows"}, lambda: change(Job, finished_at=None)),
    ("a job failed without reason", {"job rows"}, lambda: change(Job, having={"kind": "measure"}, state="failed")),
    ("a job in no state", {"job rows"}, lambda: change(Job, having={"kind": "measure"}, state="asleep")),
    ("a job was done too early", {"job rows"}, lambda: change(Job, having={"kind": "stimuli"}, state="cancelled")),
    ("a job stands still", {"jobs alive"}, job_without_a_beat),
    ("nobody rings for a job", {"jobs alive"}, job_that_nobody_rings_for),
    ("a job made nothing", {"jobs complete"}, job_done_with_nothing_made),
    ("metrics are missing", {"jobs complete"}, measured_in_vain),
    ("a raster names no kernel", {"rasters equal"}, lambda: change(Rendering.raster.field.related_model, kernel="")),
    ("a raster of other levels", {"rasters equal"}, lambda: change(Rendering.raster.field.related_model, levels=4)),
    ("another stimulus is shown", {"renderings right"}, another_stimulus_shown),
    ("tiles were altered", {"tiles whole"}, altered_tiles),
    ("an address is short", {"addresses opaque"}, lambda: change(Trial, token="short")),
    ("two sides share an address", {"addresses opaque"}, shared_address),
    ("a slot is left out", {"slots in order"}, slot_left_out),
    ("a slot has another policy", {"slots in order"}, lambda: change(Slot, policy_version="other-2")),
    ("a place is held twice", {"slots in order", "schedules derived again"}, place_held_twice),
    ("a place was let go", {"slots in order"}, lambda: change(Trial, having={"kind": "main"}, held=False)),
    ("free places are miscounted", {"slots in order"}, lambda: change(Slot, free=40)),
    ("sides were swapped", {"schedules derived again"}, sides_swapped),
    ("a trial was deleted", {"schedules derived again"}, trial_deleted),
    ("the seed was changed", {"schedules derived again", "studies frozen"}, lambda: change(Study, seed=8)),
    ("the question was changed", {"studies frozen"}, lambda: change(Study, question="Which is worse?")),
    ("the consent was changed", {"studies frozen"}, lambda: change(StudyText, having={"kind": "consent"}, text="-")),
    ("an open study can't be shown", {"studies renderable"}, study_that_cannot_be_shown),
    ("an answer that isn't taken", {"votes once"}, lambda: change(Vote, answer="tie")),
    ("a trial has two votes", {"votes once"}, vote_twice),
    ("a vote on nothing shown", {"votes on showings"}, lambda: change(Trial, having={"vote__gt": 0}, shown_at=None)),
    ("a vote before its trial", {"votes on showings"}, lambda: change(Vote, answered_at=timezone.now() - timedelta(1))),
    ("a trial of another content", {"trials their study's", "schedules derived again"}, another_content),
    ("rejected for nothing", {"rejected votes apart"}, rejected_for_nothing),
    ("a correction of nothing", {"rejected votes apart"}, corrected_from_nothing),
    ("a correction after the next answer", {"rejected votes apart"}, lambda: corrected(timedelta(hours=1), 0)),
    ("a correction after going on", {"rejected votes apart"},
     lambda: corrected(timedelta(hours=1), -1, went_on_at=timezone.now())),
    ("rejected without a reason", {"rejected votes apart"}, rejected_without_reason),
    ("a vote was deleted", {"sittings complete"}, vote_deleted),
    ("nobody knows when it was finished", {"sittings complete"}, lambda: change(StudySession, finished_at=None)),
    ("gone on before its end", {"sittings complete"},
     lambda: change(StudySession, having={"state": "finished"}, went_on_at=timezone.now() - timedelta(1))),
    ("a withdrawal without tombstone", {"sittings complete"},
     lambda: change(StudySession, having={"state": "abandoned"}, state="withdrawn")),
    ("a sitting became a pilot", {"what counts"}, lambda: change(StudySession, pilot=True)),
    ("gold is counted", {"what counts", "schedules derived again", "slots in order"}, gold_counted),
]  # fmt: skip


@pytest.mark.parametrize(("told_by", "damage"), [row[1:] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
def test_each_damage_is_told_by_its_check_alone(study: Study, mended: None, told_by: set[str], damage: Damage) -> None:
    damage()
    # Nothing that is stored changes headers; fetching tiles for each of these takes longest.
    checks = [check for check in CHECKS if check.name != "headers uniform"]
    assert {outcome.check.name for outcome in run_checks(checks) if outcome.broken} == told_by


def test_every_check_was_seen_to_complain() -> None:
    complained = {name for _, names, _ in DAMAGES for name in names} | {"headers uniform"}
    assert complained == {check.name for check in CHECKS}


def telling(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that gives a side away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["X-Seen"] = request.path
        return response

    return middleware


def test_a_telling_header_is_told(study: Study, settings: Settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.telling"]
    assert set(broken()) == {"headers uniform"}
    assert "X-Seen" in str(broken()["headers uniform"].violations[0])


def test_quickly_files_are_only_looked_for(study: Study, mended: None) -> None:
    altered_tiles()
    altered_reference()
    assert set(broken(quick=True)) == set()
    lost_stimulus()
    assert set(broken(quick=True)) == {"stimuli whole"}


def test_of_many_violations_all_are_counted_and_some_kept(study: Study) -> None:
    Stimulus.objects.update(device="", dtype="")
    RejectedVote.objects.bulk_create(RejectedVote(trial=first(Trial)[0], answer="left") for _ in range(30))
    outcome = broken()["rejected votes apart"]
    assert (outcome.broken, len(outcome.violations)) == (30, 20)


def test_the_command_says_what_where_and_what_to_do(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify", "--quick")
    assert f"{len(CHECKS)} of {len(CHECKS)} promises hold." in capsys.readouterr().out
    change(Vote, answer="tie")
    with pytest.raises(SystemExit) as ended:
        call_command("verify", "--quick")
    out = capsys.readouterr().out
    assert ended.value.code == 1
    assert f"vote {first(Vote)[0].pk}: its study doesn't take that answer; leave this sitting out" in out
    assert f"{len(CHECKS) - 1} of {len(CHECKS)} promises hold; 1 violations." in out


def test_json_for_programs(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify", "--quick", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is True
    assert [check["name"] for check in told["checks"]] == [check.name for check in CHECKS]


def test_orphans_are_a_note_and_removed_when_old(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    old, young = (keep("stimuli", encode_png(np.full((2, 2, 3), n, np.uint8)), ".png")[0] for n in (1, 2))
    half = Path(default_storage.path(old)).with_suffix(".png.abc.partial")
    half.write_bytes(b"half")
    for place in (Path(default_storage.path(old)), half):
        place.chmod(0o644)
        os.utime(place, (0, 0))
    call_command("verify", "--quick")
    assert "of them half-written by killed processes" in capsys.readouterr().out
    assert {old, young} <= set(count_strays(timezone.now()).names) | {old, young}
    call_command("verify", "--quick", "--remove-orphans")
    assert not default_storage.exists(old)
    assert not half.exists()
    assert default_storage.exists(young)
    assert broken() == {}


def test_an_orphan_that_is_stored_again_is_young_again() -> None:
    data = encode_png(np.full((2, 2, 3), 3, np.uint8))
    name, _ = keep("stimuli", data, ".png")
    place = Path(default_storage.path(name))
    place.chmod(0o644)
    os.utime(place, (0, 0))
    stray = next(one for one in strays(ALL_FOLDERS) if one.name == name)
    assert stray.is_old(timezone.now())
    assert keep("stimuli", data, ".png")[0] == name
    count_strays(timezone.now(), remove=True)
    assert default_storage.exists(name)


def test_an_orphan_that_a_load_uses_again_is_young_again(tmp_path: Path) -> None:
    """Between storing the photos and writing their rows somebody removes what no row knows."""
    data = encode_png(np.full((24, 32, 3), 5, np.uint8))
    (tmp_path / "a.png").write_bytes(data)
    name, _ = keep("photos", data, ".png")
    place = Path(default_storage.path(name))
    place.chmod(0o644)
    os.utime(place, (0, 0))
    with all_stored(survey(tmp_path)):
        count_strays(timezone.now(), remove=True)
        assert default_storage.exists(name)


def test_one_that_is_stored_again_while_orphans_are_removed_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_png(np.full((2, 2, 3), 4, np.uint8))
    name, _ = keep("stimuli", data, ".png")
    place = Path(default_storage.path(name))
    place.chmod(0o644)
    os.utime(place, (0, 0))
    count_strays(timezone.now(), remove=True, each=lambda stray: stray.name == name and keep("stimuli", data, ".png"))
    assert default_storage.exists(name)


def test_no_orphans_are_removed_while_jobs_are_open(study: Study) -> None:
    Job.objects.create(kind="measure", queue="cpu", label="x")
    with pytest.raises(CommandError, match="remove orphans when they are done"):
        call_command("verify", "--quick", "--remove-orphans")


# Files are shared by all tests and named by their hash, so that what is spoilt here is put back.

_spoilt: dict[Path, bytes] = {}


@pytest.fixture
def mended() -> Iterator[None]:
    yield
    for place, data in _spoilt.items():
        place.unlink(missing_ok=True)
        place.write_bytes(data)
    _spoilt.clear()


def hide(name: str) -> None:
    place = Path(default_storage.path(name))
    _spoilt[place] = place.read_bytes()
    place.unlink()


def spoil(name: str) -> None:
    """One bit, in the middle."""
    hide(name)
    place, data = next((place, data) for place, data in _spoilt.items() if place.name in name)
    middle = len(data) // 2
    place.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


def unguarded(table: str) -> None:
    """Take the unique constraints from a table, as in a database that was restored without them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
            made: str = re.sub(r',\s*CONSTRAINT "\w+" UNIQUE \([^)]*\)| UNIQUE\b', "", cursor.fetchone()[0])
            cursor.execute(made.replace(f'"{table}"', '"unguarded"', 1))
            cursor.execute(f"INSERT INTO unguarded SELECT * FROM {table}")
            cursor.execute(f"DROP TABLE {table}")
            cursor.execute(f"ALTER TABLE unguarded RENAME TO {table}")
            return
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'", [table])
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = %s::regclass AND indisunique "
            "AND NOT indisprimary",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
