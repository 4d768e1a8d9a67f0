"""Many answers to one trial at the same moment, each from a connection of its own."""

import threading
from collections.abc import Callable, Iterable

import pytest
from django.db import connection

from studyapp.models import RejectedVote, Study, StudySession, Vote
from studyapp.services.corrections import go_on
from studyapp.services.sessions import progress_of
from studyapp.services.votes import record_vote, to_answer
from tests.studyapp.factories import DEVICE, LOOKED, answer, answer_all, make_study, make_user, sit


def at_once(acts: Iterable[Callable[[], object]]) -> None:
    """Do each in a thread of its own, all at the same moment."""
    acts = list(acts)
    together = threading.Barrier(len(acts))

    def do(act: Callable[[], object]) -> None:
        together.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    trial = progress_of(sit(study)).coming[0]
    at_once([lambda said=said: answer(trial, said) for said in ("left", "right") * 3])
    vote = Vote.objects.get(trial=trial)
    assert RejectedVote.objects.filter(trial=trial).exclude(answer=vote.answer).count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_correction_and_going_on_at_once_leave_one_answer_that_all_letters_were_told_of() -> None:
    """Which comes first is chance; after either, every copy of the correction hears the same."""
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    Study.objects.update(allow_correction=True)
    session = sit(Study.objects.get(pk=study.pk))
    answer_all(session, lambda trial: "left")
    last = session.trials.latest("position")
    read = [to_answer().get(pk=last.pk) for _ in range(3)]
    kept: list[bool] = []

    def correct(number: int) -> None:
        kept.append(record_vote(read[number], "right", LOOKED, DEVICE, corrects="left").kept)

    at_once([lambda n=n: correct(n) for n in range(3)] + [lambda: go_on(session)] * 3)
    vote = Vote.objects.get(trial=last)
    assert kept == [vote.corrected_from == "left"] * 3
    assert (vote.answer, vote.corrected_from) in {("right", "left"), ("left", "")}
    assert RejectedVote.objects.count() == (1 if vote.corrected_from else 3)
    assert StudySession.objects.get(pk=session.pk).went_on_at is not None
