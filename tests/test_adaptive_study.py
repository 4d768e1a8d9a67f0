"""An adaptive study as it runs: over HTTP, by a worker that is killed over a batch, each sitting derived again."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest

from studyapp.design.adaptive import Batch, slot
from studyapp.design.schedule import ContentKey, Design, balanced_cells
from tests.stack import Stack, new_stack, wait_until

CONDITIONS = ("original", "auto", "reference", "degraded")
CONTENTS, TRIALS, SEED = 6, 8, 11
MAIN, BALANCED = 7, 4
"""Of eight trials one is a repeat; of the others half, rounded up, are balanced."""
MAKE = f"""
from studyapp.services.tokens import make_token
from tests.studyapp.factories import make_draft, make_user, run_jobs
owner = make_user()
study = make_draft(
    owner, contents={CONTENTS}, conditions={CONDITIONS}, trials_per_session={TRIALS}, repeat_share=0.125, seed={SEED},
    policy_version="adaptive-1", allow_tie=True,
)
run_jobs()
answer = [study.code, study.pk, make_token(owner, "test")[1]]
"""
DESIGN = Design(
    tuple(ContentKey(f"photo-{number}", f"scene-{number}", "iphone") for number in range(CONTENTS)),
    conditions=len(CONDITIONS), trials=TRIALS, repeat=0.125, seed=SEED, version="adaptive-1",
)  # fmt: skip
BEFORE, MEANWHILE, AFTER = 3, 2, 3
"""Sittings: until a batch is asked for, while its worker is dead, and until the next one is asked for."""


@dataclass(frozen=True)
class Walked:
    """The study after everybody has looked.

    Attributes:
        rows: Its export, a list of trials for each sitting.
        report: Its JSON.
        batches: What is stored: number, pairs, votes, their hash, policy.
        without: How many batches there were after the kill, before a worker came again.
    """

    rows: list[list[dict[str, str]]]
    report: dict[str, Any]
    batches: list[tuple[int, Batch, int, str, str]]
    without: int


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "postgresql", "filesystem") as stack:
        yield stack


@pytest.fixture(scope="module")
def walked(stack: Stack) -> Walked:
    code, study, token = stack.python(MAKE)
    stack.start("web", "cpu", "tend")
    with no_batch_stored(stack):
        look(stack, code, BEFORE, seed=1)
        wait_until(lambda: waits_to_store(stack), "a worker that has computed a batch and can't store it")
        stack.kill("cpu")
        look(stack, code, MEANWHILE, seed=2)
    wait_until(lambda: not writing(stack), "the end of what the dead worker had begun")
    without = len(stored(stack))
    stack.start("cpu")
    for sittings, seed in ((AFTER, 3), (1, 4)):
        wait_until(lambda: {state for state, _ in jobs(stack)} == {"done"}, "the end of every batch's job")
        look(stack, code, sittings, seed=seed)
    rows = csv.DictReader(io.StringIO(told(stack, token, f"studies/{study}/files/exposures.csv")))
    sittings: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        sittings.setdefault(row["session"], []).append(row)
    report = json.loads(told(stack, token, f"studies/{study}/report"))
    return Walked(list(sittings.values()), report, stored(stack), without)


def look(stack: Stack, code: str, observers: int, *, seed: int) -> None:
    """Simulated observers, one after the other; each finishes."""
    stack.manage(
        "simulate_observers", code, "--site", stack.site, "--observers", str(observers), "--seed", str(seed), "--fast",
        "--side-by-side", "1", "--dropout", "0", "--truth", "original=0,auto=0.3,reference=1,degraded=-2",
    )  # fmt: skip


@contextmanager
def no_batch_stored(stack: Stack) -> Iterator[None]:
    """Hold back whoever stores a batch; batches can be read."""
    with psycopg.connect(stack.database_url) as other:
        other.execute("LOCK TABLE studyapp_batch IN SHARE MODE")
        yield


def waits_to_store(stack: Stack) -> bool:
    return writing(stack) == [(False,)] and jobs(stack) == [("running", 1)]


def writing(stack: Stack) -> list[tuple[bool]]:
    """Who writes batches, or wants to: whether they may."""
    asked = "relation = 'studyapp_batch'::regclass AND mode = 'RowExclusiveLock'"
    return stack.rows(f"SELECT granted FROM pg_locks WHERE {asked}")


def jobs(stack: Stack) -> list[tuple[str, int]]:
    """How each batch's job stands, and how often it was taken up."""
    return stack.rows("SELECT state, attempt FROM enhancement_job WHERE kind = 'batch' ORDER BY id")


def stored(stack: Stack) -> list[tuple[int, Batch, int, str, str]]:
    rows = stack.rows("SELECT number, pairs, votes, votes_sha256, policy_version FROM studyapp_batch ORDER BY number")
    return [(number, Batch(number, tuple(map(tuple, pairs))), *rest) for number, pairs, *rest in rows]


def told(stack: Stack, token: str, path: str) -> str:
    """What a program is told, simulated sittings included."""
    asked = Request(f"{stack.site}/api/v1/{path}?simulated=true", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked) as answer:
        text: str = answer.read().decode()
    return text


def test_a_worker_killed_over_a_batch_leaves_none_and_the_next_one_makes_it(stack: Stack, walked: Walked) -> None:
    assert walked.without == 0
    (first, *others) = jobs(stack)
    assert first[0] == "done"
    assert first[1] >= 2
    assert {state for state, _ in others} == {"done"}
    assert [number for number, *_ in walked.batches] == list(range(len(walked.batches)))
    assert len(walked.batches) == len(others) + 1 >= 2


def test_meanwhile_sittings_are_balanced_and_then_draw_on_every_batch(walked: Walked) -> None:
    drawn = [{row["batch"] for row in rows} for rows in walked.rows]
    assert drawn == [{""}] * (BEFORE + MEANWHILE) + [{"0"}] * AFTER + [{"1"}]
    assert {row["policy_version"] for rows in walked.rows for row in rows} == {"adaptive-1"}


def test_each_sitting_follows_from_seed_slot_and_batch(walked: Walked) -> None:
    batches: dict[str, Batch | None] = {str(number): batch for number, batch, *_ in walked.batches}
    for number, rows in enumerate(walked.rows):
        assert [int(row["slot"]) for row in rows] == [number] * TRIALS
        assert [shown(row) for row in rows] == [
            (trial.kind, f"photo-{trial.content}", CONDITIONS[trial.left], CONDITIONS[trial.right])
            for trial in slot(DESIGN, number, batches.get(rows[0]["batch"]))
        ]


def shown(row: dict[str, str]) -> tuple[str, str, str, str]:
    return row["kind"], row["content"], row["left"], row["right"]


def test_half_is_balanced_and_the_rest_is_of_the_batch_that_it_names(walked: Walked) -> None:
    for number, rows in enumerate(walked.rows):
        main = {shown(row)[1:] for row in rows if row["kind"] == "main"}
        balanced = {
            (f"photo-{cell.content}", CONDITIONS[cell.left], CONDITIONS[cell.right])
            for cell in balanced_cells(DESIGN, number, BALANCED)
        }
        assert len(main) == MAIN
        if rows[0]["batch"]:
            assert balanced <= main
            _, batch, *_ = walked.batches[int(rows[0]["batch"])]
            pairs = {frozenset(CONDITIONS[k] for k in pair) for pair in batch.pairs}
            assert {frozenset(sides) for _, *sides in main - balanced} <= pairs


def test_a_batch_says_which_votes_it_was_made_from(walked: Walked) -> None:
    cast = [row for rows in walked.rows for row in rows if row["kind"] == "main" and row["vote"] != "not_sure"]
    lines = [",".join(row[name] for name in ("session", "position", "left", "right", "vote")) + "\n" for row in cast]
    for _, _, votes, sha256, policy in walked.batches:
        assert hashlib.sha256("".join(lines[:votes]).encode()).hexdigest() == sha256
        assert policy == "adaptive-1"
    assert walked.batches[0][2] == (BEFORE + MEANWHILE) * MAIN, "made after the kill, from all votes until then"


def test_the_report_says_so(walked: Walked) -> None:
    assert walked.report["adaptive"] is True
    assert any("adaptive" in note for note in walked.report["notes"])
    assert walked.report["study"]["design"]["policy_version"] == "adaptive-1"


def test_verify_derives_every_sitting_again(stack: Stack, walked: Walked) -> None:
    said = stack.manage("verify")
    sittings = len(walked.rows)
    assert re.search(rf"schedules derived again.*\b{sittings} sittings", said), said
