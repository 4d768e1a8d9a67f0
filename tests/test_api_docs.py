"""The lines of docs/api.md, run against a server by a program; and a bundle that is written while votes come."""

import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from studyapp.models import Study, Trial, Vote
from studyapp.services.bundles import bundle_pieces
from studyapp.services.tokens import make_token
from tests.stack import ROOT, STACKS, new_stack
from tests.studyapp.factories import answer, answer_all, make_study, make_user, prefer, sit

PAGE = ROOT / "docs/api.md"


def made() -> dict[str, Any]:
    """A study with three sittings, and a token of its owner; runs in the installation."""
    study = make_study(make_user(), conditions=("original", "auto"), trials_per_session=4)
    for _ in range(3):
        answer_all(sit(study), prefer("auto", "original"))
    return {"study": study.pk, "token": make_token(study.owner, "docs")[1]}


def test_the_lines_of_the_page_give_the_votes(tmp_path: Path) -> None:
    with new_stack(tmp_path, "sqlite", "filesystem") as stack:
        told = stack.python("from tests.test_api_docs import made\nanswer = made()")
        stack.start("web")
        (lines,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert len([line for line in lines.splitlines() if line]) == 5
        lines = lines.replace("https://study.example.org", stack.site).replace("phoropter_…", told["token"])
        lines = lines.replace("/studies/1", f"/studies/{told['study']}")
        more = """
typed = pd.read_parquet(f"{study}/files/exposures.parquet", storage_options=token)
assert typed["shown_at"].dt.tz is not None and typed["pilot"].dtype == bool
assert typed["left_sha256"].tolist() == votes["left_sha256"].tolist()
"""
        done = subprocess.run([sys.executable, "-c", lines + more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        votes = stack.rows("SELECT count(*) FROM studyapp_vote")[0][0]
        assert sum(map(int, re.findall(r" (\d+)$", done.stdout, flags=re.MULTILINE))) == votes == 12
        assert told["token"] not in stack.log("web")


def vote_while_written() -> dict[str, Any]:
    """A bundle half of which is sent when another sitting answers; runs in the installation."""
    study = Study.objects.get(pk=made()["study"])
    late = sit(study)
    pieces = bundle_pieces(study)
    sent = [next(pieces)]
    stored: list[int] = []
    voter = threading.Thread(target=_answer_all, args=(late.pk, stored))
    voter.start()
    voter.join(timeout=60)
    with zipfile.ZipFile(io.BytesIO(b"".join([*sent, *pieces]))) as bundle:
        files = {name.split("/", 1)[1]: bundle.read(name) for name in bundle.namelist()}
    report = json.loads(files["report.json"])["counts"]
    return {
        "stored_meanwhile": sum(stored),
        "votes": Vote.objects.count(),
        "in_report": report["votes"],
        "in_csv": files["exposures.csv"].count(b"\n") - 1,
        "in_sessions": [int(line.split(b",")[18]) for line in files["sessions.csv"].splitlines()[1:]],
        "mode": getattr(connection, "transaction_mode", None),
    }


def _answer_all(session: int, stored: list[int]) -> None:
    try:
        for trial in Trial.objects.filter(session=session).order_by("position"):
            answer(trial, "left")
            stored.append(1)
    finally:
        connection.close()


@pytest.mark.parametrize(("database", "broker"), STACKS)
def test_a_bundle_is_of_one_moment_and_holds_no_vote_back(tmp_path: Path, database: str, broker: str) -> None:
    with new_stack(tmp_path, database, broker) as stack:
        told = stack.python("from tests.test_api_docs import vote_while_written\nanswer = vote_while_written()")
    assert told["stored_meanwhile"] == 4
    assert told["votes"] == 16
    assert (told["in_report"], told["in_csv"], told["in_sessions"]) == (12, 12, [4, 4, 4, 0])
    assert told["mode"] == ("IMMEDIATE" if database == "sqlite" else None)
