"""The first answer to a trial is kept, whatever the network does."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from studyapp.models import RejectedVote, Study, StudySession, Trial, Vote
from studyapp.services.sessions import progress_of
from studyapp.services.studies import close_study
from studyapp.services.votes import NotCountableError
from tests.studyapp.factories import answer, leave, sit
from tests.studyapp.test_sessions import silence

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial(study: Study) -> Trial:
    return progress_of(sit(study)).coming[0]


def test_it_works(trial: Trial) -> None:
    receipt = answer(trial, "left")
    assert (receipt.vote.answer, receipt.kept, receipt.progress.answered, receipt.progress.total) == (
        "left",
        True,
        1,
        3,
    )
    trial.refresh_from_db()
    assert trial.shown_at is not None
    assert trial.drawer == "canvas"


def test_the_same_answer_again_gets_the_same_receipt(trial: Trial) -> None:
    assert answer(trial, "left").vote.pk == answer(trial, "left").vote.pk
    assert Vote.objects.count() == 1
    assert RejectedVote.objects.count() == 0


def test_the_last_answer_of_a_sitting_sent_twice_at_once_gets_its_receipt(study: Study) -> None:
    """The second request read the trial before the first one stored the vote that ended the sitting."""
    session = sit(study)
    *before, last = session.trials.select_related("session__study", "vote").order_by("position")
    for trial in before:
        answer(trial, "left")
    read_too_early = Trial.objects.select_related("session__study", "vote").get(pk=last.pk)
    first = answer(last, "left")
    second = answer(read_too_early, "left")
    assert (second.kept, second.vote.pk, second.progress.answered) == (True, first.vote.pk, 3)
    assert not RejectedVote.objects.exists()


def test_another_second_answer_is_kept_but_never_counts(trial: Trial) -> None:
    first = answer(trial, "left")
    second = answer(trial, "right")
    assert (second.vote.pk, second.vote.answer, second.kept) == (first.vote.pk, "left", False)
    assert list(RejectedVote.objects.values_list("answer", "reason")) == [("right", "a different second answer")]


def test_the_database_holds_one_vote_per_trial(trial: Trial) -> None:
    answer(trial, "left")
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(trial=trial, answer="right", response_ms=1)


def test_the_database_knows_the_answers(trial: Trial) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(trial=trial, answer="both", response_ms=1)


def test_an_answer_to_a_closed_study_is_kept_but_never_counts(trial: Trial) -> None:
    close_study(trial.session.study)
    with pytest.raises(NotCountableError, match="the study has closed"):
        answer(trial, "left")
    assert Vote.objects.count() == 0
    assert RejectedVote.objects.get().reason == "the study has closed"


def test_an_answer_after_the_slot_was_given_away_is_kept_but_never_counts(study: Study, trial: Trial) -> None:
    silence(trial.session)
    sit(study)
    with pytest.raises(NotCountableError, match="given to another observer"):
        answer(trial, "left")
    assert RejectedVote.objects.count() == 1


def test_an_answer_after_a_long_silence_takes_the_sitting_up_again(trial: Trial) -> None:
    leave(trial.session)
    assert answer(trial, "left").kept
    assert StudySession.objects.get(pk=trial.session_id).state == StudySession.State.ACTIVE


def test_queries_per_vote_do_not_grow(study: Study) -> None:
    counts = []
    for _ in range(2):
        session = sit(study)
        for trial in session.trials.order_by("position"):
            with CaptureQueriesContext(connection) as queries:
                answer(trial, "left")
            counts.append(len(queries))
    assert counts[: len(counts) // 2] == counts[len(counts) // 2 :], counts
    assert max(counts) <= 10, counts
