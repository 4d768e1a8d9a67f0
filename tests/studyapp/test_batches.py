"""Adaptive studies: what a slot draws on, when the next batch is asked for, and from which votes it is made."""

import hashlib
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enhancement.models import Job
from enhancement.services.jobs import SupersededError, claim_job
from enhancement.services.verification import run_checks
from studyapp.design import schedule
from studyapp.models import Batch, Slot, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.services.batch_making import make_batch, pairs_out, read_votes
from studyapp.services.batches import batch_size
from studyapp.services.exports import exposures
from studyapp.services.made_reports import ask_for_report
from studyapp.services.rehearsals import forget_rehearsals
from studyapp.services.reports import report_as_json
from studyapp.services.schedules import design_of, numbered
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from tests.studyapp.factories import answer, answer_all, leave, make_study, make_user, run_jobs, sit, waver

pytestmark = pytest.mark.django_db

TRIALS = 6
TASTE = {"original": 0.5, "auto": 0.4, "reference": 0.0, "degraded": -2.0}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(
        make_user(), contents=6, conditions=tuple(TASTE), trials_per_session=TRIALS, policy_version="adaptive-1",
        allow_tie=True, allow_not_sure=True,
    )  # fmt: skip


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def asked() -> list[Job]:
    """The batches that were asked for."""
    return list(Job.objects.filter(kind="batch").order_by("pk"))


def voted(study: Study, sittings: int, *, pilot: bool = False, simulated: bool = False) -> list[StudySession]:
    """Sittings with all their votes."""
    sat = []
    for number in range(sittings):
        sat.append(sit(study, pilot=pilot, simulated=simulated))
        answer_all(sat[-1], waver(number, TASTE))
    return sat


def with_a_batch(study: Study) -> Batch:
    voted(study, 2)
    sit(study)
    run_jobs()
    return study.batches.get()


def shown(session: StudySession) -> list[tuple[str, str, str, str]]:
    rows = session.trials.order_by("position")
    return list(rows.values_list("kind", "content__name", "left__condition__name", "right__condition__name"))


def whole() -> list[str]:
    """What `verify` says against the schedules."""
    return [str(violation) for outcome in run_checks(SCHEDULE_CHECKS[:2]) for violation in outcome.violations]


def test_it_works(study: Study) -> None:
    assert batch_size(design_of(study)) == 2 * TRIALS
    first = voted(study, 2)
    assert asked() == [], "asked for at seating, once enough votes have come"
    third = sit(study)
    (job,) = asked()
    assert (job.queue, job.params) == ("cpu", {"study": study.pk, "lane": "main"})
    assert [ended.state for ended in run_jobs()] == ["done"]
    batch = study.batches.get()
    assert (batch.number, batch.lane, batch.votes, batch.policy_version) == (0, "main", 2 * TRIALS, "adaptive-1")
    assert batch.pending == TRIALS, "the third sitting has yet to answer"
    assert len(batch.pairs) == 12
    fourth = sit(study)
    assert [session.slot.batch for session in (*first, third, fourth)] == [None, None, None, batch]
    of_balanced = schedule.slot(design_of(study), fourth.slot.number)
    assert len(shown(fourth)) == len(of_balanced) == TRIALS
    assert whole() == []


def test_before_the_first_batch_a_sitting_is_the_balanced_one(study: Study) -> None:
    session, rows = sit(study), numbered(study)
    planned = schedule.slot(design_of(study, rows), 0)
    assert shown(session) == [
        (trial.kind, rows.contents[trial.content].name, *(str(rows.conditions[k]) for k in (trial.left, trial.right)))
        for trial in planned
    ]


def test_half_of_a_sitting_comes_from_the_batch(study: Study) -> None:
    batch = with_a_batch(study)
    Batch.objects.filter(pk=batch.pk).update(pairs=[[0, 1]])
    pairs = [{left, right} for _, _, left, right in shown(sit(study))]
    assert sum(pair == {"original", "auto"} for pair in pairs) >= TRIALS // 2


def test_asked_for_twice_it_is_one_job_and_not_again_before_new_votes(study: Study) -> None:
    voted(study, 2)
    sit(study)
    sit(study)
    assert len(asked()) == 1
    run_jobs()
    sit(study)
    assert len(asked()) == 1
    voted(study, 2)
    sit(study)
    run_jobs()
    assert [batch.number for batch in study.batches.all()] == [0, 1]
    assert sit(study).slot.batch.number == 1


def test_a_balanced_study_asks_for_none(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(policy_version="balanced-1")
    voted(study, 4)
    assert asked() == []
    assert not Slot.objects.exclude(batch=None).exists()


@pytest.mark.parametrize("of", [{"pilot": True}, {"simulated": True}])
def test_each_lane_has_batches_of_its_own(study: Study, of: dict[str, bool]) -> None:
    lane = Lane.PILOT if "pilot" in of else Lane.SIMULATED
    voted(study, 3, **of)
    assert [job.params["lane"] for job in asked()] == [lane]
    run_jobs()
    assert [batch.lane for batch in study.batches.all()] == [lane]
    assert sit(study).slot.batch is None, "what people see doesn't rest on a pilot or a rehearsal"
    assert sit(study, **of).slot.batch is not None
    rows = numbered(study)
    assert read_votes(study, Lane.MAIN, rows, len(TASTE)).number == 0
    assert read_votes(study, lane, rows, len(TASTE)).number == 3 * TRIALS


def test_forgotten_rehearsals_take_their_batches_along(study: Study) -> None:
    with_a_batch(study)
    voted(study, 3, simulated=True)
    run_jobs()
    sit(study, simulated=True)
    assert {batch.lane for batch in study.batches.all()} == {"main", "simulated"}
    forget_rehearsals(study)
    assert {batch.lane for batch in study.batches.all()} == {"main"}


def test_what_a_fit_counts_is_what_a_batch_is_made_from(study: Study) -> None:
    one, gone, other = sit(study), sit(study), sit(study)
    answers = iter(["left", "right", "tie", "not_sure", "left", "right"])
    answer_all(one, lambda trial: next(answers))
    answer_all(gone, lambda trial: "left")
    StudySession.objects.filter(pk=gone.pk).update(state="withdrawn")
    Trial.objects.filter(pk=one.trials.get(position=6).pk).update(kind="gold", slot=None, place=None, held=False)
    votes = read_votes(study, Lane.MAIN, numbered(study), len(TASTE))
    assert (votes.number, votes.wins.sum(), votes.ties.sum()) == (4, 3.0, 2.0)
    names, wins = list(TASTE), np.zeros((4, 4))
    lines = ""
    for row in exposures(study):
        if row["session"] == one.pk and row["kind"] == "main" and row["vote"] != "not_sure":
            lines += f"{row['session']},{row['position']},{row['left']},{row['right']},{row['vote']}\n"
            if row["vote"] != "tie":
                sides = (row["left"], row["right"]) if row["vote"] == "left" else (row["right"], row["left"])
                wins[names.index(sides[0]), names.index(sides[1])] += 1
    assert np.array_equal(votes.wins, wins)
    assert votes.sha256 == hashlib.sha256(lines.encode()).hexdigest(), "anybody can hash the export's rows"
    assert not Vote.objects.filter(trial__session=other).exists()


def test_pairs_that_are_out_are_those_of_living_sittings_not_answered_yet(study: Study) -> None:
    rows = numbered(study)
    session = sit(study)
    assert pairs_out(study, Lane.MAIN, rows, 4).sum() == 2 * TRIALS
    trial = session.trials.select_related("session__study").get(position=1)
    answer(trial, "left")
    out = pairs_out(study, Lane.MAIN, rows, 4)
    assert out.sum() == 2 * (TRIALS - 1)
    assert np.array_equal(out, out.T)
    assert pairs_out(study, Lane.SIMULATED, rows, 4).sum() == 0
    silent = session.last_seen_at - timedelta(minutes=study.lease_minutes, seconds=1)
    StudySession.objects.filter(pk=session.pk).update(last_seen_at=silent)
    assert pairs_out(study, Lane.MAIN, rows, 4).sum() == 0


def test_a_slot_given_back_keeps_its_batch(study: Study) -> None:
    with_a_batch(study)
    left = sit(study)
    leave(left)
    Batch.objects.create(
        study=study, lane="main", number=1, policy_version="adaptive-1", pairs=[[0, 1]], votes=1, votes_sha256="",
        last_vote=10**9, pending=0,
    )  # fmt: skip
    again = sit(study)
    assert again.slot == left.slot
    assert again.slot.batch.number == 0
    assert shown(again) == shown(left)
    assert sit(study).slot.batch.number == 1
    assert whole() == []


class TestTheJob:
    @pytest.fixture
    def job(self, study: Study) -> Job:
        voted(study, 2)
        sit(study)
        (job,) = asked()
        return job

    def test_done_twice_it_stores_one_batch(self, study: Study, job: Job) -> None:
        claim = claim_job(job.pk, "tests")
        assert claim is not None
        make_batch(claim)
        make_batch(claim)
        assert study.batches.count() == 1

    def test_a_worker_back_from_the_dead_stores_nothing(self, study: Study, job: Job) -> None:
        claim = claim_job(job.pk, "tests")
        assert claim is not None
        Job.objects.filter(pk=job.pk).update(attempt=2)
        with pytest.raises(SupersededError):
            make_batch(claim)
        assert not study.batches.exists()

    def test_without_votes_there_is_none(self, study: Study, job: Job) -> None:
        StudySession.objects.update(state="withdrawn")
        run_jobs()
        assert not study.batches.exists()
        job.refresh_from_db()
        assert job.state == Job.State.DONE


def test_batches_ask_what_is_open_most(study: Study) -> None:
    """Two conditions that are alike are asked more often than one that everybody rejects."""
    for number in range(8):
        answer_all(sit(study), waver(number, {**TASTE, "degraded": -9.0}))
    run_jobs()
    pairs = [frozenset(pair) for pair in study.batches.latest("number").pairs]
    with_worst = sum(3 in pair for pair in pairs)
    assert with_worst < len(pairs) / 2


@pytest.mark.parametrize("sittings", [3, 9])
def test_queries_do_not_grow_with_votes(study: Study, sittings: int) -> None:
    voted(study, sittings)
    run_jobs()
    voted(study, 1)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        sit(study)
    assert len(seen) <= 24


def test_a_changed_batch_is_told(study: Study) -> None:
    batch = with_a_batch(study)
    sit(study)
    assert whole() == []
    for pairs in ([[2, 3]], [[0, 9]], [], "?"):
        Batch.objects.filter(pk=batch.pk).update(pairs=pairs)
        assert [violation for violation in whole() if "its trials aren't those that its places" in violation]
    Batch.objects.filter(pk=batch.pk).update(lane="pilot", pairs=batch.pairs)
    assert any("its batch is another study's" in violation for violation in whole())


def test_the_export_says_which_batch(study: Study) -> None:
    with_a_batch(study)
    voted(study, 1)
    told = {row["slot"]: row["batch"] for row in exposures(study)}
    assert told == {0: None, 1: None, 3: 0}


def test_the_report_says_so_and_tells_the_batches(study: Study, client: Client) -> None:
    with_a_batch(study)
    voted(study, 2)
    told = report_as_json(study)
    assert told["adaptive"] is True
    (batch,) = told["study"]["design"]["batches"]
    assert batch["number"] == 0
    assert all(set(pair) <= set(TASTE) for pair in batch["pairs"])
    client.force_login(study.owner)
    ask_for_report(study)
    run_jobs()
    page = client.get(reverse("report", args=[study.pk])).content.decode()
    assert "<strong>Adaptive.</strong>" in page
    assert "This study was adaptive" in page


def test_a_balanced_report_says_nothing_of_it(study: Study, client: Client) -> None:
    Study.objects.filter(pk=study.pk).update(policy_version="balanced-1")
    voted(study, 3)
    client.force_login(study.owner)
    ask_for_report(study)
    run_jobs()
    assert b"daptive" not in client.get(reverse("report", args=[study.pk])).content


def test_the_pages_of_study_and_job_name_it(study: Study, client: Client) -> None:
    voted(study, 2)
    sit(study)
    client.force_login(study.owner)
    assert f"Next pairs of {study}" in client.get(reverse("job", args=[asked()[0].pk])).content.decode()
    assert "where the votes so far decide least" in client.get(reverse("study", args=[study.pk])).content.decode()


def test_the_policy_is_chosen_in_the_form_until_somebody_sits(study: Study, client: Client) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    address = reverse("admin:studyapp_study_change", args=[study.pk])
    assert 'name="policy_version"' in client.get(address).content.decode()
    sit(study)
    assert 'name="policy_version"' not in client.get(address).content.decode()
