"""Verifying beside voters: the snapshot stays as it was, and nobody waits for it."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from enhancement.services.verification import snapshot
from tests.studyapp.factories import make_user


@pytest.mark.django_db(transaction=True)
def test_nobody_is_locked_out_meanwhile_and_nothing_new_is_seen() -> None:
    make_user("first")

    def write() -> None:
        try:
            make_user("second")
        finally:
            connection.close()

    with snapshot():
        assert names() == ["first"]
        other = threading.Thread(target=write)
        other.start()
        other.join()
        assert User.objects.count() == 1
        assert names() == ["first"]
    assert names() == ["first", "second"]


def names() -> list[str]:
    return list(User.objects.order_by("username").values_list("username", flat=True))
