"""Sittings over a bad network, short; `python -m tests.faults` is the long one."""

from collections.abc import Iterator

import pytest

from tests.faults.proxy import LETTERS, Proxy
from tests.faults.storm import MAKE, Outcome, judge, restart, start_mortal, table, without_a_screen
from tests.stack import Stack, new_stack

SESSIONS, TRIALS = 12, 4


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        yield stack


def test_each_answer_given_is_stored_exactly_once(stack: Stack) -> None:
    """Every kind of fault befalls some of the first letters, whatever comes after."""
    _, tokens = stack.python(MAKE.format(trials=TRIALS, seed=1, sessions=SESSIONS))
    start_mortal(stack)
    faults = {**LETTERS, "server killed after the write": 0.5}
    proxy = Proxy(stack.port, 16, faults, lambda: restart(stack))
    outcome = Outcome()
    without_a_screen(proxy, tokens, outcome, seed=1, parallel=6, reloads=0.1, contradictions=0.1)
    proxy.close()
    judge(stack, outcome, TRIALS)
    assert not outcome.wrong, table(proxy, outcome)
    assert outcome.counts["votes stored"] == SESSIONS * TRIALS
    assert {name for name, weight in faults.items() if weight} <= set(proxy.done), table(proxy, outcome)
