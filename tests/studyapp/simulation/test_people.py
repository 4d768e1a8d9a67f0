"""Simulated people: the same again for the same seed, and as often careless, hasty or gone as was asked for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.simulation.choice import Truth
from studyapp.simulation.people import TOO_SOON_MS, Habits, Person, Population, Shown

TRUTH = Truth({"original": 0.0, "auto": 1.0}, observer_sd=0.3)
ANSWERS = ("left", "right", "tie", "not_sure")


def trial(position: int = 1, left: str = "original", right: str = "auto") -> Shown:
    return Shown(position, "main", "photo", left, right)


@given(seed=st.integers(0, 2**40), number=st.integers(0, 5000), position=st.integers(1, 500))
def test_the_same_person_does_the_same_again(seed: int, number: int, position: int) -> None:
    population = Population(TRUTH, seed=seed)
    first, again = (Person(population, number).does(trial(position), ANSWERS) for _ in range(2))
    assert first == again
    assert first.looked["response_ms"] >= TOO_SOON_MS
    assert first.too_fast_ms is None or 0 <= first.too_fast_ms < TOO_SOON_MS


@given(total=st.integers(1, 500), number=st.integers(0, 5000))
def test_who_leaves_leaves_something_open(total: int, number: int) -> None:
    assert 0 <= Person(Population(TRUTH), number).answers_before_leaving(total) < total


def test_another_seed_gives_other_answers() -> None:
    said = [
        [Person(Population(TRUTH, seed=seed), 0).does(trial(position), ANSWERS).answer for position in range(1, 60)]
        for seed in (1, 2)
    ]
    assert said[0] != said[1]


def test_shares_are_those_that_were_asked_for() -> None:
    population = Population(TRUTH, dropout=0.3, careless=0.2, habits=Habits(comes_back=0.5, comes_too_late=0.2))
    people = [Person(population, number) for number in range(4000)]
    manners, leavings = Counter(one.manner for one in people), Counter(one.leaving for one in people)
    assert manners["always_left"] / 4000 == pytest.approx(0.1, abs=0.03)
    assert manners["at_random"] / 4000 == pytest.approx(0.1, abs=0.03)
    assert 1 - leavings["finishes"] / 4000 == pytest.approx(0.3, abs=0.04)
    assert leavings["comes_back"] / 4000 == pytest.approx(0.15, abs=0.04)
    assert leavings["comes_too_late"] / 4000 == pytest.approx(0.06, abs=0.03)


def test_habits_come_as_often_as_they_should() -> None:
    habits = Habits(too_fast=0.1, double=0.2, contradict=0.3, reload=0.4, not_sure=0.25)
    person = Person(Population(TRUTH, careless=0, habits=habits), 7)
    done = [person.does(trial(position), ANSWERS) for position in range(1, 4001)]
    seen = {
        "too_fast": sum(one.too_fast_ms is not None for one in done),
        "double": sum(one.double for one in done),
        "contradict": sum(one.contradict for one in done),
        "reload": sum(one.reload for one in done),
        "not_sure": sum(one.answer == "not_sure" for one in done),
    }
    assert {name: number / 4000 for name, number in seen.items()} == pytest.approx(
        {name: getattr(habits, name) for name in seen}, abs=0.04
    )


def test_only_what_the_study_takes_is_answered() -> None:
    population = Population(Truth(TRUTH.scores, nu=2.0), careless=0.5, habits=Habits(not_sure=0.5))
    said = {Person(population, number).does(trial(), ("left", "right")).answer for number in range(300)}
    assert said == {"left", "right"}


def test_one_who_always_goes_left_does() -> None:
    population = Population(TRUTH, careless=1.0)
    person = next(one for number in range(50) if (one := Person(population, number)).manner == "always_left")
    assert {person.does(trial(position), ANSWERS).answer for position in range(1, 100)} == {"left"}


@pytest.mark.parametrize("wrong", [{"double": 1.2}, {"reload": -0.1}, {"comes_back": 0.6, "comes_too_late": 0.6}])
def test_habits_that_are_no_shares_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="share"):
        Habits(**wrong)


def test_everybody_leaving_is_refused() -> None:
    with pytest.raises(ValueError, match="dropout"):
        Population(TRUTH, dropout=1.0)
