"""From photos to a report through the browser alone, as a newcomer walks: every click counted, every wait timed.

python -m tests.first_study http://localhost:8000 researcher PASSWORD FOLDER [--pictures FOLDER]
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.services import chromium

LONG_MS = 300_000
"""How long workers may take over a step on a busy machine."""


@dataclass
class Walk:
    """A walk through the pages, and what it took.

    Attributes:
        steps: What was done, how many clicks it took, and the seconds until it was done.
    """

    page: Page
    site: str
    pictures: Path | None = None
    steps: list[tuple[str, int, float]] = field(default_factory=list)
    clicks: int = 0

    def click(self, selector: str) -> None:
        self.clicks += 1
        self.page.click(selector)

    def fill(self, selector: str, text: str) -> None:
        """A click into the field, and typing."""
        self.clicks += 1
        self.page.fill(selector, text)

    def step(self, name: str, work: Callable[[], None]) -> None:
        """Do something and write down what it took; a picture of where it led, where one is wanted."""
        before, start = self.clicks, time.monotonic()
        work()
        self.steps.append((name, self.clicks - before, time.monotonic() - start))
        if self.pictures is not None:
            self.page.screenshot(path=self.pictures / f"{len(self.steps):02}.png", full_page=True)

    def table(self) -> str:
        """Clicks and seconds, step by step."""
        rows = [f"{name:44} {clicks:6} {seconds:8.0f} s" for name, clicks, seconds in self.steps]
        total = f"{'in all':44} {self.clicks:6} {sum(row[2] for row in self.steps):8.0f} s"
        return "\n".join([f"{'step':44} {'clicks':>6} {'time':>10}", *rows, total])


def walk_to_a_report(walk: Walk, login: str, password: str, photos: Sequence[Path], trials: int) -> None:
    """Log in, send the photos, run the proposed methods, make a study, open it, look at its pairs, read the report."""
    page = walk.page
    walk.step("log in", lambda: _log_in(walk, login, password))
    walk.step("find where photos are added", lambda: _find(walk))
    walk.step(f"choose {len(photos)} photos, wait until sent", lambda: _send(walk, photos))
    walk.step("make the test set", lambda: _make(walk))
    walk.step("run the proposed methods", lambda: _run(walk))
    walk.step("make a study of them", lambda: _study(walk, trials))
    walk.step("prepare the pictures", lambda: _prepare(walk))
    walk.step("open the study", lambda: _open(walk))
    link = page.input_value("#observers-link")
    walk.step(f"look at {trials} pairs as an observer", lambda: _look(walk, link))
    walk.step("read the report", lambda: _report(walk))


def _log_in(walk: Walk, login: str, password: str) -> None:
    walk.page.goto(f"{walk.site}/login/")
    walk.fill("[name=username]", login)
    walk.fill("[name=password]", password)
    walk.click("main button[type=submit]")
    walk.page.wait_for_url("**/studies/")


def _find(walk: Walk) -> None:
    walk.click("#add-photos")
    walk.page.wait_for_selector("#drop")


def _send(walk: Walk, photos: Sequence[Path]) -> None:
    walk.clicks += 3  # the button, all files of the folder, “Open” in the system's own window
    walk.page.set_input_files("#choose-files", photos)
    said = f"{len(photos)} of {len(photos)} sent"
    walk.page.wait_for_function(
        "said => document.querySelector('#counts').textContent.startsWith(said)", arg=said, timeout=LONG_MS
    )


def _make(walk: Walk) -> None:
    walk.fill("[name=name]", "first")
    walk.click("#make-button")
    walk.page.wait_for_url("**/testset/*/change/", timeout=LONG_MS)


def _run(walk: Walk) -> None:
    walk.click("#next-step button[type=submit]")
    walk.page.wait_for_selector("#next-step a:has-text('Make a study')", timeout=LONG_MS)


def _study(walk: Walk, trials: int) -> None:
    walk.click("#next-step a:has-text('Make a study')")
    walk.fill("[name=trials_per_session]", str(trials))
    walk.click("[name=_save]")
    walk.page.wait_for_selector("#next-step button:has-text('Prepare')")


def _prepare(walk: Walk) -> None:
    walk.click("#next-step button:has-text('Prepare')")
    walk.page.wait_for_selector("#next-step button:has-text('Open the study')", timeout=LONG_MS)


def _open(walk: Walk) -> None:
    walk.click("#next-step button:has-text('Open the study')")
    walk.page.wait_for_selector("#observers-link")


def _look(walk: Walk, link: str) -> None:
    back = walk.page.url
    walk.page.goto(link)
    walk.click("[name=begin]")
    while True:
        walk.page.wait_for_selector("#look[data-voting=open], #thanks", timeout=LONG_MS)
        if walk.page.locator("#thanks").count():
            break
        _answer(walk)
    walk.page.goto(back)


def _answer(walk: Walk) -> None:
    """One pair: looked at for as long as an answer needs to count, then answered."""
    page, position = walk.page, walk.page.get_attribute("#look", "data-position")
    page.wait_for_function(
        "() => performance.now() > performance.getEntriesByName('phoropter:shown').at(-1).startTime + 201",
        timeout=LONG_MS,
    )
    walk.click("#answer-left")
    page.wait_for_function(
        "at => !document.querySelector('#look') || document.querySelector('#look').dataset.position !== at",
        arg=position,
        timeout=LONG_MS,
    )


def _report(walk: Walk) -> None:
    walk.click("#next-step a:has-text('the report')")
    walk.click("main a:has-text('Report')")
    walk.page.wait_for_selector("h1:has-text('Report')")


def main() -> int:
    """Walk on a running installation, and print what it took."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name in ("site", "login", "password"):
        asked.add_argument(name)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--pictures", type=Path)
    asked.add_argument("--trials", type=int, default=12)
    told = asked.parse_args()
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=chromium(), args=options)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(120_000)
        walk = Walk(page, told.site, told.pictures)
        try:
            walk_to_a_report(walk, told.login, told.password, sorted(told.folder.iterdir()), told.trials)
        finally:
            print(walk.table())
            if told.pictures is not None:
                page.screenshot(path=told.pictures / "end.png", full_page=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
