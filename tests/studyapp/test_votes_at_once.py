"""Many answers to one trial at the same moment, each from a connection of its own."""

import threading

import pytest
from django.db import connection

from studyapp.models import RejectedVote, Vote
from studyapp.services.sessions import progress_of
from tests.studyapp.factories import answer, make_study, make_user, sit


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_counts() -> None:
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    trial = progress_of(sit(study)).coming[0]
    together = threading.Barrier(6)

    def press(said: str) -> None:
        together.wait()
        try:
            answer(trial, said)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(said,)) for said in ("left", "right") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    vote = Vote.objects.get(trial=trial)
    assert RejectedVote.objects.filter(trial=trial).exclude(answer=vote.answer).count() == 3
