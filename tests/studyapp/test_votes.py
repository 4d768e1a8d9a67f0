"""The first answer to a trial is kept, whatever the network does."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from studyapp.models import RejectedVote, Study, StudySession, Trial, Vote
from studyapp.services.corrections import go_on, last_answer
from studyapp.services.sessions import progress_of
from studyapp.services.studies import close_study
from studyapp.services.votes import CORRECTED, SECOND_ANSWER, NotCountableError, Receipt, record_vote, to_answer
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import DEVICE, LOOKED, answer, answer_all, leave, sit
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
    assert trial.vote.drawer == "canvas"


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


class TestCorrection:
    """Where the study allows it, the last answer may be taken back once, before the next one is given."""

    @pytest.fixture
    def allowed(self, study: Study) -> Study:
        Study.objects.filter(pk=study.pk).update(allow_correction=True)
        return Study.objects.get(pk=study.pk)

    @pytest.fixture
    def session(self, allowed: Study) -> StudySession:
        return sit(allowed)

    def at(self, session: StudySession, position: int) -> Trial:
        return to_answer().get(session=session, position=position)

    def correct(self, session: StudySession, position: int, said: str, corrects: str) -> Receipt:
        looked = {**LOOKED, "response_ms": 4000}
        return record_vote(self.at(session, position), said, looked, DEVICE, corrects=corrects)

    def test_it_works(self, session: StudySession) -> None:
        first = answer(self.at(session, 1), "left").vote
        receipt = self.correct(session, 1, "right", "left")
        vote = Vote.objects.get()
        assert (receipt.kept, receipt.vote.pk, receipt.progress.answered) == (True, first.pk, 1)
        assert (vote.answer, vote.corrected_from, vote.response_ms) == ("right", "left", 4000)
        event = RejectedVote.objects.get()
        assert (event.answer, event.reason, event.received_at) == ("left", CORRECTED, first.answered_at)
        assert vote.answered_at > first.answered_at

    def test_it_arrives_twice(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        receipts = [self.correct(session, 1, "right", "left") for _ in range(2)]
        assert [receipt.kept for receipt in receipts] == [True, True]
        assert (Vote.objects.count(), RejectedVote.objects.count()) == (1, 1)

    def test_the_first_letter_arrives_again_after_it(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        self.correct(session, 1, "right", "left")
        assert answer(self.at(session, 1), "left").kept
        assert Vote.objects.get().answer == "right"
        assert RejectedVote.objects.count() == 1

    def test_once_only(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        self.correct(session, 1, "right", "left")
        assert not self.correct(session, 1, "left", "right").kept
        assert Vote.objects.get().answer == "right"
        assert list(RejectedVote.objects.order_by("pk").values_list("reason", flat=True)) == [CORRECTED, SECOND_ANSWER]

    def test_not_after_the_next_answer(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        answer(self.at(session, 2), "left")
        assert not self.correct(session, 1, "right", "left").kept
        assert list(Vote.objects.values_list("answer", "corrected_from").order_by("pk")) == [("left", "")] * 2
        assert RejectedVote.objects.get().reason == SECOND_ANSWER

    def test_not_of_an_answer_that_was_never_given(self, session: StudySession) -> None:
        answer(self.at(session, 1), "right")
        assert not self.correct(session, 1, "left", "tie").kept
        assert Vote.objects.get().answer == "right"

    def test_not_where_the_study_has_none(self, study: Study) -> None:
        session = sit(study)
        answer(self.at(session, 1), "left")
        assert not self.correct(session, 1, "right", "left").kept
        assert Vote.objects.get().answer == "left"
        assert RejectedVote.objects.get().reason == SECOND_ANSWER

    def finish(self, session: StudySession) -> Trial:
        """Answer every pair "left"; the last one is given back."""
        answer_all(session, lambda trial: "left")
        return self.at(session, session.trials.count())

    def test_the_last_pair_too_and_the_sitting_stays_finished(self, session: StudySession) -> None:
        last = self.finish(session)
        before = StudySession.objects.get(pk=session.pk)
        receipts = [self.correct(session, last.position, "right", "left") for _ in range(2)]
        assert [(receipt.kept, receipt.progress.answered) for receipt in receipts] == [(True, 3)] * 2
        after = StudySession.objects.get(pk=session.pk)
        assert (before.state, before.finished_at) == (after.state, after.finished_at) == ("finished", after.finished_at)
        assert Vote.objects.get(trial=last).corrected_from == "left"
        assert last_answer(after) is None

    def test_not_once_its_observer_has_gone_on(self, session: StudySession) -> None:
        last = self.finish(session)
        go_on(session)
        assert not self.correct(session, last.position, "right", "left").kept
        assert Vote.objects.get(trial=last).answer == "left"
        assert RejectedVote.objects.get().reason == SECOND_ANSWER

    def test_a_copy_that_was_read_before_and_comes_after_going_on_gets_the_receipt(self, session: StudySession) -> None:
        last = self.finish(session)
        self.correct(session, last.position, "right", "left")
        go_on(session)
        copy = record_vote(last, "right", {**LOOKED, "response_ms": 4000}, DEVICE, corrects="left")
        assert copy.kept
        assert RejectedVote.objects.get().reason == CORRECTED

    def test_not_once_its_observer_has_withdrawn(self, session: StudySession) -> None:
        last = self.finish(session)
        withdraw(StudySession.objects.get(pk=session.pk))
        assert not record_vote(last, "right", LOOKED, DEVICE, corrects="left").kept
        assert not self.correct(session, last.position, "right", "left").kept
        assert Vote.objects.get(trial=last).answer == "left"

    def test_one_who_comes_back_after_a_long_silence_may_still(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        leave(session)
        assert self.correct(session, 1, "right", "left").kept
        assert StudySession.objects.get(pk=session.pk).state == StudySession.State.ACTIVE

    def test_not_of_a_sitting_whose_places_were_given_away(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        leave(session)
        sit(session.study)
        assert not self.correct(session, 1, "right", "left").kept
        assert Vote.objects.get(trial__session=session).answer == "left"

    def test_not_once_the_study_has_closed(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        close_study(session.study)
        assert not self.correct(session, 1, "right", "left").kept
        assert Vote.objects.get().answer == "left"

    def test_the_database_knows_no_correction_to_the_same(self, session: StudySession) -> None:
        answer(self.at(session, 1), "left")
        with pytest.raises(IntegrityError), transaction.atomic():
            Vote.objects.update(corrected_from="left")

    def test_an_ordinary_vote_asks_the_database_no_more_for_it(self, session: StudySession, study: Study) -> None:
        counts = []
        for one in (session, sit(Study.objects.get(pk=study.pk))):
            with CaptureQueriesContext(connection) as queries:
                answer(self.at(one, 1), "left")
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 10
