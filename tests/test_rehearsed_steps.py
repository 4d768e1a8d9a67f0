"""Simulated observers go through everything that surrounds the trials, over real HTTP."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, new_stack

MAKE = """
from tests.studyapp.factories import make_draft, make_user, run_jobs
study = make_draft(
    make_user(), contents=5, conditions=("original", "auto"), trials_per_session=3, consent="I agree.",
    screen_check=True, screen_required=True, screen_min_width_px=300, colour_test=True, acuity_test=True,
    vision_required=True, ask_background=True, practice_contents=["photo-3", "photo-4"], examples=["photo-3"],
    practice_trials=2, break_every=1, closing_questions=["Why?", "Own a camera? | yes | no"], lab_mode=True,
)
run_jobs()
answer = study.code
"""
OBSERVERS = 3


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        yield stack


def test_they_come_to_the_end(stack: Stack) -> None:
    code = stack.python(MAKE)
    stack.start("web")
    asked = ("--observers", str(OBSERVERS), "--site", stack.site, "--fast", "--dropout", "0", "--seed", "2")
    stack.manage("simulate_observers", code, *asked)
    assert stack.rows("SELECT state, count(*) FROM studyapp_studysession GROUP BY state") == [("finished", OBSERVERS)]
    done = dict(stack.rows("SELECT name, count(*) FROM studyapp_sessionstep GROUP BY name"))
    assert done == {
        "screen": OBSERVERS, "colour": 5 * OBSERVERS, "calibration": OBSERVERS, "acuity": 8 * OBSERVERS,
        "background": OBSERVERS, "instructions": OBSERVERS, "questions": OBSERVERS,
    }  # fmt: skip
    kinds = dict(
        stack.rows(
            "SELECT kind, count(*) FROM studyapp_trial t JOIN studyapp_vote v ON v.trial_id = t.id GROUP BY kind"
        )
    )
    assert kinds == {"practice": 2 * OBSERVERS, "main": 3 * OBSERVERS}
    stack.manage("simulate_observers", code, "--forget")
    assert stack.rows("SELECT count(*) FROM studyapp_sessionstep") == [(0,)]
    assert stack.rows("SELECT count(*) FROM studyapp_studysession") == [(0,)]
