"""Two rounds of `python -m tests.kills`, in which every process, PostgreSQL and Redis are killed once."""

from pathlib import Path

import pytest

from tests.kills.rounds import run, table
from tests.kills.servers import lacking


def test_after_every_kill_every_vote_and_every_result_is_there(tmp_path: Path) -> None:
    if names := lacking():
        pytest.skip(f"not installed here: {', '.join(names)}")
    plan = [("postgresql", "gpu", "web"), ("redis", "cpu", "tend")]
    done = run(tmp_path, rounds=len(plan), seed=3, plan=plan)
    assert not done.wrong, table(done)
    assert [one.missing for one in done.rounds] == [0, 0]
    assert all(one.votes for one in done.rounds)
