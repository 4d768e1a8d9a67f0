"""Time left: known answers first, then when it says nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enhancement.models import Job
from enhancement.services.pace import precisely, roughly, seconds_left, seconds_per_unit

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def running(done: int, total: int, *, at_s: float, **rest: Any) -> Job:
    """A job that wrote its progress so many seconds after its attempt began."""
    told = {"state": "running", "started_at": START, "progress_at": START + timedelta(seconds=at_s)}
    return Job(done_units=done, total_units=total, **{**told, **rest})


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("done", "total", "at_s", "now_s", "left_s"),
    [
        (2, 10, 20, 20, 80),
        (2, 10, 20, 24, 76),  # four seconds of the third unit are over
        (2, 10, 20, 35, 70),  # it takes longer than those before: the seven after it are still to come
        (9, 10, 90, 115, 0),
        (100, 400, 50, 50.25, 149.75),
    ],
)
def test_it_works(done: int, total: int, at_s: float, now_s: float, left_s: float) -> None:
    assert seconds_left(running(done, total, at_s=at_s), later(now_s)) == pytest.approx(left_s)


def test_what_a_unit_takes() -> None:
    assert seconds_per_unit(running(4, 9, at_s=10)) == 2.5


@pytest.mark.parametrize(
    "job",
    [
        running(1, 10, at_s=20),  # one unit, and the loading of a network with it
        running(10, 10, at_s=20),  # all units: what is left isn't one
        running(2, 10, at_s=20, state="queued"),
        running(2, 10, at_s=20, progress_at=None),
        running(2, 10, at_s=20, started_at=None),
    ],
    ids=["one unit", "all units", "queued", "nothing told yet", "not begun"],
)
def test_it_says_nothing_before_it_can_know(job: Job) -> None:
    assert seconds_left(job, later(21)) is None


def test_it_says_nothing_where_a_unit_is_unlike_those_before() -> None:
    job = running(2, 10, at_s=40)
    assert seconds_left(job, later(99)) is not None
    assert seconds_left(job, later(101)) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds"),
        (41, "40 s"),
        (94, "90 s"),
        (100, "2 min"),
        (230, "4 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (4790, "1 h 20 min"),
    ],
)
def test_in_words_no_more_exact_than_it_is(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.31, "0.3 s"), (21.2, "21 s"), (185, "3 min 5 s"), (180, "3 min"), (7390, "2 h 3 min")]
)
def test_a_measured_time(seconds: float, words: str) -> None:
    assert precisely(seconds) == words
