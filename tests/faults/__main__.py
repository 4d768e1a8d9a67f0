"""Sittings over a network that loses, delays, doubles, reorders and cuts, against a server that is killed at its work.

    python -m tests.faults --sessions 200 --seed 1

Most observers run the page's own state and letters in Node, some the whole page in Chromium. At the end every answer
given must be stored exactly once, and nothing rejected but true contradictions; the exit status says so.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import QUIET, WEBGL_WITHOUT_A_CARD
from tests.faults.proxy import LETTERS, Proxy
from tests.faults.storm import (
    MAKE,
    Outcome,
    in_a_browser,
    judge,
    log_of,
    restart,
    start_mortal,
    table,
    without_a_screen,
)
from tests.services import chromium, postgresql_url
from tests.stack import Stack, new_stack


def main() -> int:
    """Run the storm and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200, help="in all, those in Chromium included")
    parser.add_argument("--browsers", type=int, default=4, help="how many of them in Chromium")
    parser.add_argument("--trials", type=int, default=8, help="of a session")
    parser.add_argument("--parallel", type=int, default=16, help="sessions at a time")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    database = "postgresql" if postgresql_url() else "sqlite"
    browsers = min(asked.browsers, asked.sessions) if chromium() else 0
    print(f"{asked.sessions} sessions ({browsers} in Chromium) of {asked.trials} trials, seed {asked.seed}, {database}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, new_stack(Path(folder), database, "filesystem") as stack:
        outcome = storm(stack, asked, browsers)
        if outcome.wrong:
            log_of(stack.folder)
    print(f"{time.monotonic() - begun:.0f} s")
    return int(bool(outcome.wrong))


def storm(stack: Stack, asked: argparse.Namespace, browsers: int) -> Outcome:
    """All sittings, those in Node first."""
    outcome = Outcome()
    code, tokens = stack.python(MAKE.format(trials=asked.trials, seed=asked.seed, sessions=asked.sessions - browsers))
    start_mortal(stack)
    faults = {**LETTERS, "server killed after the write": 0.15, "hung": 0.1}
    proxy = Proxy(stack.port, asked.seed, faults, lambda: restart(stack))
    try:
        without_a_screen(
            proxy, tokens, outcome, seed=asked.seed, parallel=asked.parallel, reloads=0.06, contradictions=0.05
        )
        with sync_playwright() as playwright:
            browser = browsers and playwright.chromium.launch(
                executable_path=chromium(), args=[*QUIET, *WEBGL_WITHOUT_A_CARD]
            )
            for _ in range(browsers):
                in_a_browser(browser, proxy, code, asked.trials, outcome)
    finally:
        proxy.close()
    judge(stack, outcome, asked.trials)
    if len(outcome.said) != asked.sessions:
        outcome.wrong.append(f"{len(outcome.said)} of {asked.sessions} sessions came to an end")
    print(table(proxy, outcome))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
