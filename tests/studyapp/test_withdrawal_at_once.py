"""Withdrawing beside what else locks sittings, each on a connection of its own."""

import threading

import pytest
from django.db import connection, transaction

from studyapp.models import StudySession
from studyapp.services.withdrawal import withdraw
from tests.stack import wait_until
from tests.studyapp.factories import make_study, make_user, sit


@pytest.mark.django_db(transaction=True)
def test_sittings_are_locked_as_the_clock_locks_them_when_it_erases() -> None:
    """One after the other by number, or each could hold what the other waits for."""
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=2)
    first, second = sit(study), sit(study)
    StudySession.objects.filter(pk=second.pk).update(observer=first.observer)
    withdrawn: list[int] = []

    def withdraw_second() -> None:
        try:
            withdrawn.append(withdraw(StudySession.objects.get(pk=second.pk)))
        finally:
            connection.close()

    other = threading.Thread(target=withdraw_second)
    with transaction.atomic():
        StudySession.objects.select_for_update().get(pk=first.pk)
        other.start()
        if connection.vendor == "postgresql":
            wait_until(somebody_waits, "withdrawing came to the sitting that is locked here")
        StudySession.objects.select_for_update().get(pk=second.pk)
    other.join()
    assert withdrawn == [2]


def somebody_waits() -> bool:
    """Whether another connection waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
