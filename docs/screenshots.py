"""Pictures of the pages.

    python -m docs.screenshots                       README's pictures, from the demo, into docs/pictures/
    python -m docs.screenshots --all FOLDER          every page, to look at: researchers' in both themes, on a laptop
                                                     and a phone; observers' on phones, a laptop and 4K screens
    python -m docs.screenshots --observers FOLDER    observers' pages alone

Both make an installation of their own in a temporary folder, on a port of their own, and remove it. The photos are
those of the demo: they come with scikit-image.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
django.setup()

from tests.browser.gallery import PASSWORD  # noqa: E402
from tests.browser.walk import Visited, every_name, walk  # noqa: E402
from tests.services import chromium  # noqa: E402
from tests.stack import ROOT, Stack, new_stack, wait_until  # noqa: E402

PICTURES = Path(__file__).parent / "pictures"
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
TOUCH = {"has_touch": True, "is_mobile": True}
OBSERVERS_SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE, "device_scale_factor": 2, **TOUCH},
    "laptop": {"viewport": LAPTOP},
    "4K": {"viewport": {"width": 3840, "height": 2160}},
    "4K at 2": {"viewport": {"width": 1920, "height": 1080}, "device_scale_factor": 2},
}
WITH_PICTURES: dict[str, dict[str, Any]] = {
    "lying phone": {"viewport": {"width": 844, "height": 390}, "device_scale_factor": 2, **TOUCH},
    **OBSERVERS_SCREENS,
}
"""Observers' pages have no themes; those of pictures are looked at on a phone that lies on its side, too."""

MOST_WIDE_PX = 1400
ARGUMENTS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MOST_BYTES = 200_000
MOST_HIGH_PX = 4000
DEMO_WITHIN_S = 900
TITLE_AND_VALUE = re.compile(r"^  (\S.*?) {2,}(\S.*)$", re.MULTILINE)
READY = "() => document.fonts.status === 'loaded' && [...document.images].every(image => image.complete)"


# ---- every page, for looking at


def picture_every_page(folder: Path, *, observers_only: bool = False) -> None:
    """Walk the pages of an installation that has studies in every state, and say which addresses nobody leads to."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, new_stack(Path(data), "sqlite", "filesystem") as stack:
        observers = stack.python("from tests.browser.gallery import build; answer = build()")
        stack.start("web")
        with browser() as chrome:
            picture_observers_pages(chrome, stack.site, folder, observers)
            if observers_only:
                return
            visited = _walk_and_picture(chrome, stack, folder)
    unseen = every_name() - {page.name for page in visited}
    print(f"{len(visited)} pages in {folder}. Addresses without a page of their own, or that no link leads to:")
    print("  " + ", ".join(sorted(unseen)))


def picture_observers_pages(chrome: Browser, site: str, folder: Path, paths: dict[str, str]) -> None:
    """Observers' pages as they are on each of their screens, side by side."""
    for title, path in {**paths, "login": "/login/", "nowhere": "/nowhere/"}.items():
        screens = WITH_PICTURES if title.endswith(("look", "break", "ended")) else OBSERVERS_SCREENS
        shots = [picture_on(chrome, screen, site + path) for screen in screens.values()]
        beside(shots).save(folder / f"observer-{title.replace(', ', '-')}.png", optimize=True)


def picture_on(chrome: Browser, screen: dict[str, Any], address: str) -> Image.Image:
    """A page on one screen. Not the whole of it where Playwright would turn a phone into a screen with a mouse."""
    with closing(chrome.new_context(**screen)) as context:
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.goto(address)
        settle(page)
        if "is_mobile" in screen:
            height = page.evaluate("document.scrollingElement.scrollHeight")
            page.set_viewport_size({**screen["viewport"], "height": max(height, screen["viewport"]["height"])})
        shot = Image.open(BytesIO(page.screenshot(full_page="is_mobile" not in screen))).convert("RGB")
    width = min(shot.width, MOST_WIDE_PX)
    return shot.resize((width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS)


def _walk_and_picture(chrome: Browser, stack: Stack, folder: Path) -> list[Visited]:
    page = chrome.new_page(viewport=LAPTOP)
    page.set_default_timeout(120_000)
    log_in(page, stack.site, "newcomer", PASSWORD)
    picture_in_all_ways(page, folder / "newcomer-studies.png")
    page.context.clear_cookies()
    log_in(page, stack.site, "ada", PASSWORD)

    def keep(at: Visited) -> None:
        slug = re.sub(r"\W+", "-", f"{at.name} {at.path}").strip("-")
        picture_in_all_ways(page, folder / f"{slug[:90]}.png")

    return walk(page, stack.site, ["/studies/", "/library/", "/jobs/", "/admin/"], keep)


def picture_in_all_ways(page: Page, place: Path) -> None:
    """A page as it is now: light and dark on a laptop, light and dark on a phone, side by side."""
    shots = []
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            if "/admin/" in page.url:
                page.reload()  # the admin asks for the system's theme once, as it comes up
            settle(page)
            shots.append(Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    page.set_viewport_size(LAPTOP)
    beside(shots).save(place, optimize=True)


def beside(shots: list[Image.Image]) -> Image.Image:
    """Pictures in a row, cut off far down."""
    height = min(max(shot.height for shot in shots), MOST_HIGH_PX)
    sheet = Image.new("RGB", (sum(shot.width + 24 for shot in shots), height), "#b04a9c")
    left = 0
    for shot in shots:
        sheet.paste(shot, (left, 0))
        left += shot.width + 24
    return sheet


# ---- README's


def picture_the_demo() -> None:
    """The demo with simulated votes in it, which every page that counts them says."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, demo(Path(data)) as (stack, links), browser() as chrome:
        study = stack.python(VOTES)
        user, password = links["login"].split()
        page = chrome.new_page(viewport=LAPTOP, color_scheme="light")
        page.set_default_timeout(120_000)
        _picture_observers_page(page, links["observer's link"])
        log_in(page, _site(stack), user, password)
        for name, path in readme_pages(study).items():
            page.goto(_site(stack) + path)
            if name == "report":  # opening it has it made
                page.wait_for_selector("#scores-title", timeout=300_000)
                page.evaluate("document.querySelector('#scores-title').scrollIntoView()")
            settle(page)
            save(page, PICTURES / f"{name}.png")


# Forty observers who choose as Bradley and Terry say; marked as simulated, as none of them is a person.
VOTES = """
from tests.studyapp.factories import answer_all, sit, waver
from studyapp.models import Study
study = Study.objects.get(name="Demo")
liked = dict.fromkeys(study.conditions.values_list("name", flat=True), 0.0)
liked |= {"auto": 0.5, "reference": 0.9, "degraded": -2.0}
for number in range(40):
    answer_all(sit(study, simulated=True), waver(number, liked))
answer = {"study": study.pk, "testset": study.testset_id, "content": study.testset.contents.get(name="cat").pk}
"""


def readme_pages(made: dict[str, int]) -> dict[str, str]:
    """Name of the picture, and path of the page."""
    return {
        "report": f"/studies/{made['study']}/report/?simulated=yes#scores-title",
        "testset": f"/testsets/{made['testset']}/",
        "content": f"/contents/{made['content']}/#desk",
    }


def _site(stack: Stack) -> str:
    return f"http://localhost:{stack.port}"  # as the demo prints it: a cookie of 127.0.0.1 would be another's


def _picture_observers_page(page: Page, link: str) -> None:
    page.goto(link)
    page.click("[name=begin]")
    page.wait_for_selector("#look[data-voting=open]")
    save(page, PICTURES / "observer.png")


@contextmanager
def demo(data: Path) -> Iterator[tuple[Stack, dict[str, str]]]:
    """`make demo` in a folder of its own, and what it prints once it is ready."""
    stack = Stack(data, f"sqlite:///{data / 'phoropter.sqlite3'}", "filesystem://")
    command = [sys.executable, "manage.py", "demo", "--port", str(stack.port)]
    environment = {**stack.environment, "PYTHONUNBUFFERED": "1"}  # the links are wanted while it runs
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    said: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        wait_until(
            lambda: any("login" in line for line in said) or process.poll() is not None, "the demo", DEMO_WITHIN_S
        )
        yield (
            stack,
            dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in said if re.search(r"\S\s{2,}\S", line)),
        )
    finally:
        process.terminate()
        process.wait()


def save(page: Page, place: Path) -> None:
    """One screen as a small PNG: 256 colours where photos allow it, never more than GitHub shows at once."""
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    small = shot.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)
    small.save(place, optimize=True)
    print(f"{place}  {place.stat().st_size // 1000} kB")
    if place.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{place} is larger than {MOST_BYTES // 1000} kB.")


# ---- both


@contextmanager
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = chromium()
    if path is None:
        raise SystemExit("No Chromium here: install the system's package `chromium`, or name one in CHROMIUM.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


def log_in(page: Page, site: str, user: str, password: str) -> None:
    """Through the login page, as a person would."""
    page.goto(f"{site}/login/")
    page.fill("[name=username]", user)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{site}/studies/")


def settle(page: Page) -> None:
    """Wait for pictures and typefaces, and in a zoom viewer for the pair itself."""
    page.evaluate("() => document.querySelectorAll('img[loading=lazy]').forEach(image => image.loading = 'eager')")
    page.wait_for_function(READY)
    if page.query_selector("#look"):
        page.wait_for_selector("#look[data-voting=open], #look[data-phase=resting], #look[data-phase=ended]")
    if page.query_selector("#screening"):
        page.wait_for_selector("#screening [data-ready]")
    if page.query_selector("#desk"):
        page.wait_for_selector("#desk[data-ready=true]")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, for looking at")
    parser.add_argument("--observers", type=Path, metavar="FOLDER", help="observers' pages alone, for looking at")
    asked = parser.parse_args()
    if asked.all or asked.observers:
        picture_every_page(asked.all or asked.observers, observers_only=not asked.all)
    else:
        picture_the_demo()
