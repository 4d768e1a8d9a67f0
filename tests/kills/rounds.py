"""Rounds of kills: load, SIGKILL at a random moment, restart, and everything that was promised is looked for."""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.installation import Installation, installation
from tests.kills.voters import Ledger, Voter
from tests.stack import wait_until

VOTERS = 2
PAUSE_S = 1.0
"""The longest that a voter looks at a pair."""
LONGEST_WAIT_S = 3.0
LONGEST_ABSENCE_S = 2.0


@dataclass(frozen=True)
class Round:
    """One round, as it went.

    Attributes:
        victims: What was killed.
        votes: Acknowledged since the round before.
        missing: Acknowledged votes, of all rounds so far, that aren't there exactly once with the same answer.
        jobs: Jobs done since the round before.
        redone: Attempts beyond the first; each cost the unit it was on at most.
        serving_s: From the restart until a vote begun after it was acknowledged.
        working_s: From the restart until every job was done.
        wrong: Whatever else didn't hold.
    """

    victims: tuple[str, ...]
    votes: int
    missing: int
    jobs: int
    redone: int
    serving_s: float
    working_s: float
    wrong: tuple[str, ...] = ()


@dataclass
class Run:
    """All rounds, and what was noticed over all of them."""

    rounds: list[Round] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    died: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Everything that should not have been."""
        missing = [f"{one.missing} acknowledged votes are missing" for one in self.rounds if one.missing]
        return [*missing, *(words for one in self.rounds for words in one.wrong), *self.ledger.wrong]


def run(
    folder: Path,
    *,
    rounds: int,
    seed: int,
    embedded: bool = False,
    plan: list[tuple[str, ...]] | None = None,
    told: Callable[[Round], None] = lambda one: None,
) -> Run:
    """Kill ``rounds`` times; ``plan`` names the victims, where chance shouldn't."""
    dice, all_of_it = random.Random(seed), Run()
    with installation(folder, embedded=embedded) as house:
        study = house.open_first()
        voters = [Voter(house.stack.port, study, all_of_it.ledger, seed * 100 + n, PAUSE_S) for n in range(VOTERS)]
        for voter in voters:
            voter.start()
        try:
            chosen = iter(plan or _chosen(dice, house.victims))
            for _ in range(rounds):
                one = _round(house, all_of_it.ledger, next(chosen), dice)
                all_of_it.rounds.append(one)
                told(one)
        finally:
            for voter in voters:
                voter.over.set()
            for voter in voters:
                voter.join()
            all_of_it.died = house.died
        acknowledged = all_of_it.ledger.snapshot()
        assert len(acknowledged) == len(all_of_it.ledger.acknowledged)
        if lost := _missing(house, acknowledged):
            all_of_it.ledger.wrong.append(f"{lost} acknowledged votes are missing at the end")
    return all_of_it


def _chosen(dice: random.Random, victims: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each victim in turn, in an order of chance; every fourth time several at once."""
    while True:
        for number, victim in enumerate(dice.sample(victims, len(victims))):
            yield (victim,)
            if number % 3 == 2:
                yield tuple(dice.sample(victims, dice.randint(2, len(victims))))


def _round(house: Installation, ledger: Ledger, victims: tuple[str, ...], dice: random.Random) -> Round:
    jobs_before, redone_before = house.jobs()
    votes_before = len(ledger.acknowledged)
    wait_until(lambda: ledger.wrong or len(ledger.acknowledged) > votes_before, "a vote before the kill", 240)
    assert not ledger.wrong, ledger.wrong
    house.ask()
    wait_until(lambda: house.open_jobs() > 0, "work before the kill", 240)
    threading.Event().wait(dice.random() * LONGEST_WAIT_S)
    for victim in victims:
        house.kill(victim, dice)
    threading.Event().wait(dice.random() * LONGEST_ABSENCE_S)
    back = time.monotonic()
    house.bring_back(victims)
    serving_s = _seconds_to_serve(ledger, back)
    house.asked()
    house.all_done()
    working_s = time.monotonic() - back
    missing = _missing(house, ledger.snapshot())
    jobs, redone = house.jobs()
    wrong = [*house.wrong_jobs(), *house.verify(), *(f"half-written: {place}" for place in house.half_written())]
    votes = len(ledger.acknowledged) - votes_before
    return Round(
        victims, votes, missing, jobs - jobs_before, redone - redone_before, serving_s, working_s, tuple(wrong)
    )


def _seconds_to_serve(ledger: Ledger, back: float) -> float:
    """Until as many votes were acknowledged after the restart as there are voters: each has come through."""
    before = len(ledger.acknowledged)
    wait_until(lambda: ledger.wrong or len(ledger.acknowledged) >= before + VOTERS, "votes after the restart", 240)
    assert not ledger.wrong, ledger.wrong
    return time.monotonic() - back


def _missing(house: Installation, acknowledged: dict[str, str]) -> int:
    """Acknowledged votes that aren't there exactly once with the answer that was given."""
    stored: dict[str, list[str]] = {}
    for token, answer in house.stack.rows(
        "SELECT t.token, v.answer FROM studyapp_vote v JOIN studyapp_trial t ON t.id = v.trial_id"
    ):
        stored.setdefault(token, []).append(answer)
    return sum(stored.get(trial) != [answer] for trial, answer in acknowledged.items())


def table(all_of_it: Run) -> str:
    """A line for each victim, one for several at once, one for all."""
    names = sorted({one.victims[0] for one in all_of_it.rounds if len(one.victims) == 1})
    groups = [(name, [one for one in all_of_it.rounds if one.victims == (name,)]) for name in names]
    groups.append(("several at once", [one for one in all_of_it.rounds if len(one.victims) > 1]))
    groups.append(("all rounds", all_of_it.rounds))
    head = (
        f"{'killed':16} {'rounds':>6} {'kills':>6} {'votes':>7} {'missing':>8} {'jobs':>6} {'redone':>7} "
        f"{'serving again, s':>19} {'all work done, s':>19} {'wrong':>6}"
    )
    lines = [
        head,
        f"{'':16} {'':6} {'':6} {'':7} {'':8} {'':6} {'≤ units':>7} {'median / most':>19} {'median / most':>19}",
    ]
    lines += [_line(name, rounds) for name, rounds in groups if rounds]
    ledger = all_of_it.ledger
    lines.append(
        f"requests tried again {ledger.retried}, of them answered 503 {ledger.kind_pages}; "
        f"processes that ended by themselves {len(all_of_it.died)}"
    )
    return "\n".join(lines)


def _line(name: str, rounds: list[Round]) -> str:
    return (
        f"{name:16} {len(rounds):6} {sum(len(one.victims) for one in rounds):6} {sum(one.votes for one in rounds):7} "
        f"{max(one.missing for one in rounds):8} {sum(one.jobs for one in rounds):6} "
        f"{sum(one.redone for one in rounds):7} "
        f"{_spread([one.serving_s for one in rounds]):>19} {_spread([one.working_s for one in rounds]):>19} "
        f"{sum(len(one.wrong) for one in rounds):6}"
    )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} / {max(seconds):.1f}"
