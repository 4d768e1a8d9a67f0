"""Following jobs where there is no terminal: a log is read line by line."""

import pytest
from pytest_django import Settings

from enhancement.services.progress import follow
from tests.enhancement.test_jobs import KINDS, WORK, ask, claimed, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(settings: Settings) -> None:
    settings.JOB_KINDS = {name: f"{WORK}.{name}" for name in KINDS}


def test_a_log_gets_a_line_a_job_and_the_reason_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [ask("well"), ask("badly")]
    for job in jobs:
        run(claimed(job))
    capsys.readouterr()
    assert not follow(jobs)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split() for line in lines[:2]] == [["well", "done", "done"], ["badly", "done", "failed"]]
    assert lines[2:] == [f"{jobs[1]}: failed. RuntimeError: the disk is full"]


def test_a_log_of_jobs_that_are_done_has_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    job = ask("well")
    run(claimed(job))
    assert follow([job])
    assert capsys.readouterr().err == "well done                         done\n"
