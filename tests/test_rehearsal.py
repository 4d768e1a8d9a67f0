"""Simulated observers walk a draft over real HTTP: what they were told is stored, and their truth comes back."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.stack import Stack, new_stack

OBSERVERS = 14
AGAIN = 4
ASKED = (
    "--truth", "original=-2,auto=0,reference=2", "--tie", "0.3", "--seed", "3", "--dropout", "0.3", "--careless", "0",
    "--habits", "too_fast=0.1,double=0.2,contradict=0.1,reload=0.1,not_sure=0.05,comes_back=0.3,comes_too_late=0.5",
    "--fast", "--side-by-side", "4",
)  # fmt: skip
MAKE = """
from tests.studyapp.factories import make_draft, make_user, run_jobs
study = make_draft(
    make_user(), conditions=("original", "auto", "reference"), trials_per_session=6, allow_tie=True,
    allow_not_sure=True, allow_correction=True, consent="I agree.",
)
run_jobs()
answer = study.code
"""
ROW = re.compile(r"^  (\w+)\s+([+-][\d.]+)\s+([+-][\d.]+)\s+([+-][\d.]+)\s+([+-][\d.]+)\s+([+-][\d.]+)  ", re.MULTILINE)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "postgresql", "filesystem") as stack:
        yield stack


@pytest.fixture(scope="module")
def rehearsed(stack: Stack) -> tuple[str, str]:
    """The code of a study that is still a draft, and what the command printed."""
    code = stack.python(MAKE)
    stack.start("web")
    told = stack.manage("simulate_observers", code, "--observers", str(OBSERVERS), "--site", stack.site, *ASKED)
    return code, told


def test_the_truth_comes_back(rehearsed: tuple[str, str]) -> None:
    rows = {name: tuple(map(float, numbers)) for name, *numbers in ROW.findall(rehearsed[1])}
    assert sorted(rows, key=lambda name: -rows[name][2]) == ["reference", "auto", "original"]
    for truth, expected, score, low, high in rows.values():
        assert abs(score - expected) < 1.2, rows
        assert low <= score <= high
        assert abs(expected - truth) < 0.3
    assert "SIMULATED VOTES" in rehearsed[1]


def test_every_place_is_answered_once_and_none_of_the_study_s_own_is_taken(
    stack: Stack, rehearsed: tuple[str, str]
) -> None:
    answered = stack.rows(
        "SELECT slot.lane, slot.number, trial.place FROM studyapp_trial trial "
        "JOIN studyapp_slot slot ON slot.id = trial.slot_id JOIN studyapp_vote vote ON vote.trial_id = trial.id"
    )
    assert len(set(answered)) == len(answered)
    assert {lane for lane, _, _ in answered} == {"simulated"}
    states = dict(stack.rows("SELECT state, count(*) FROM studyapp_studysession GROUP BY state"))
    assert states["abandoned"] > 0
    assert set(states) == {"finished", "abandoned"}
    assert states["finished"] == OBSERVERS
    assert f"places given on          {states['abandoned']}" in rehearsed[1]
    (balance,) = re.findall(r"places of each pair +(\d+) to (\d+) given out, (\d+) to (\d+) answered", rehearsed[1])
    least, most, fewest, highest = map(int, balance)
    assert most - least <= 1
    assert highest - fewest <= 2


def test_bad_habits_count_nowhere(stack: Stack, rehearsed: tuple[str, str]) -> None:
    told = dict(re.findall(r"^  (\w[\w ]+?) {2,}(\S.*)$", rehearsed[1], re.MULTILINE))
    rejected = stack.rows("SELECT reason, count(*) FROM studyapp_rejectedvote GROUP BY reason")
    events = Counter(dict(rejected))
    assert events["a different second answer"] == int(told["second answers rejected"]) > 0
    assert events["the sitting was given to another observer"] == int(told["late answers rejected"]) > 0
    hasty, refused = re.findall(r"\d+", told["too fast"])
    assert int(hasty) == int(refused) > 0
    twice, alike = re.findall(r"\d+", told["sent twice"])
    assert int(twice) == int(alike) > 0
    ((votes, trials, soonest),) = stack.rows(
        "SELECT count(*), count(DISTINCT trial_id), min(response_ms) FROM studyapp_vote"
    )
    assert votes == trials == int(re.findall(r"\d+", told["votes acknowledged"])[0])
    assert soonest >= 200
    assert "every vote that was acknowledged is stored" in rehearsed[1]


def test_the_same_seed_gives_the_same_answers_once_the_first_are_forgotten(
    stack: Stack, rehearsed: tuple[str, str]
) -> None:
    first = answers_of_the_first(stack)
    assert len(first) > AGAIN
    assert "forgotten" in stack.manage("simulate_observers", rehearsed[0], "--forget")
    assert stack.rows("SELECT count(*) FROM studyapp_vote") == [(0,)]
    again = ("--observers", str(AGAIN), "--site", stack.site, "--pictures")
    told = stack.manage("simulate_observers", rehearsed[0], *again, *ASKED)
    assert re.search(r"tiles fetched +[1-9]", told), told
    assert answers_of_the_first(stack) == first


def answers_of_the_first(stack: Stack) -> list[tuple[int, int, str]]:
    """Slot, position and answer of the people who came first."""
    return stack.rows(
        "SELECT slot.number, trial.position, vote.answer FROM studyapp_vote vote "
        "JOIN studyapp_trial trial ON trial.id = vote.trial_id "
        "JOIN (SELECT id, slot_id FROM studyapp_studysession ORDER BY id "
        f"LIMIT {AGAIN}) sitting ON sitting.id = trial.session_id "
        "JOIN studyapp_slot slot ON slot.id = sitting.slot_id ORDER BY 1, 2"
    )


def test_a_server_that_does_not_know_the_mark_gets_no_votes(stack: Stack, rehearsed: tuple[str, str]) -> None:
    """Signed with another installation's key, the mark seats nobody; certainly not as a person."""
    before = stack.rows("SELECT count(*), count(*) FILTER (WHERE simulated) FROM studyapp_studysession")
    ours = stack.environment
    stack.environment = {**ours, "SECRET_KEY": "another installation's key"}
    try:
        with pytest.raises(AssertionError, match="answered 403"):
            stack.manage("simulate_observers", rehearsed[0], "--observers", "2", "--site", stack.site)
    finally:
        stack.environment = ours
    assert stack.rows("SELECT count(*), count(*) FILTER (WHERE simulated) FROM studyapp_studysession") == before
