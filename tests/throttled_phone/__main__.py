"""A mid-range phone on a slow line walks a whole sitting: what it waits for and fetches, and a picture of each page.

    python -m tests.throttled_phone http://localhost:8000/s/CODE/ [--network slow-4g] [--cpu 4] [--pictures FOLDER]

The link of any open study will do; one with everything switched on shows the most. The phone is Chromium's: 390×844 at
pixel ratio 3, touch, script on the page's own thread slowed `--cpu` times. The line is DevTools': throughput is shared
by the page's requests, latency is added to each, nothing is lost; bytes are counted as they came over it. Pairs are
looked at for 2 and 5 seconds by turns; every third is pinched, moved and seen at 1:1 meanwhile. In the middle the line
is dead for 20 seconds. At the end the server is asked for the sitting's own data, and each answer must be in it.
"""

import argparse
import sys
import time
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.conftest import QUIET, WEBGL_WITHOUT_A_CARD
from tests.services import chromium
from tests.throttled_phone.phone import LINES, LOOKS_S, PHONE, Pair, Phone
from tests.throttled_phone.table import table

CLOSE_EVERY = 3
DEAD_S = 20
LONG_MS = 600_000
"""How long a pair may take on the slowest line."""


WATCH = """
  window.jumps = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.jumps += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  addEventListener('click', ({ target }) => {
    if (target.id === 'go-on') performance.mark('phoropter:answered');
  }, true);
"""
WAITED = """() => {
  const last = (name) => performance.getEntriesByName(`phoropter:${name}`).at(-1).startTime;
  return last('shown') - last('answered');
}"""


def walk(phone: Phone, link: str, dead_at: int) -> str:
    """The whole sitting; gives its address."""
    page = phone.page
    start, before = time.monotonic(), phone.received
    page.goto(link)
    phone.arrived("welcome", start, before)
    phone.picture("welcome", whole=True)
    consent = page.locator("[name=consent]")
    if consent.count():
        consent.check()
    go_on(phone, "[name=begin]")
    to_the_pairs(phone)
    address = page.url
    look_at_all(phone, dead_at)
    finish(phone)
    return address


def go_on(phone: Phone, selector: str) -> None:
    """Press what leads to the next page, and wait until that is all there."""
    start, before = time.monotonic(), phone.received
    with phone.page.expect_navigation(wait_until="load", timeout=LONG_MS):
        phone.page.tap(selector)
    step = phone.page.get_attribute("[data-step]", "data-step") if phone.page.locator("[data-step]").count() else None
    phone.arrived(step or phone.page.get_attribute("main", "id") or "page", start, before)


def to_the_pairs(phone: Phone) -> None:
    """Through the pages before the first pair, answering as somebody who hurries."""
    page = phone.page
    seen: set[str] = set()
    while page.locator("form[data-step]").count():
        name = page.get_attribute("form[data-step]", "data-step") or ""
        if name not in seen:
            phone.picture(name, whole=True)
        seen.add(name)
        for group in ("dark_steps", "bright_steps"):
            for choice in page.locator(f"[name={group}][value='6']").all():
                choice.check(force=True)
        ways = page.locator("form [name=seen]").count()
        anyway = page.locator("[name=anyway]").count()
        go_on(phone, f"form [name=seen] >> nth={ways - 1}" if ways else "[name=anyway]" if anyway else "form .begin")


def look_at_all(phone: Phone, dead_at: int) -> None:
    """All pairs, with breaks, until another page comes."""
    page = phone.page
    start, before = time.monotonic(), phone.received
    page.wait_for_timeout(min(1000, phone.line.latency_ms * 4))
    phone.picture("first-pair-on-its-way")
    page.wait_for_selector("#look[data-voting=open]", timeout=LONG_MS)
    phone.arrived("first pair painted", start, before)
    while page.locator("#look").count():
        number = len(phone.pairs)
        if number + 1 == dead_at:
            lose_the_line(phone)
        else:
            look_and_answer(phone, waited=number not in (0, phone.after_dead))
        wait_for_next(phone)


def look_and_answer(phone: Phone, *, waited: bool) -> None:
    """The next pair: looked at for a while, some of them near, and answered with the thumb."""
    page, start, number = phone.page, time.monotonic(), len(phone.pairs)
    pair = Pair(LOOKS_S[number % len(LOOKS_S)], is_close=number % CLOSE_EVERY == CLOSE_EVERY - 1)
    phone.pairs.append(pair)
    if waited:
        pair.opened_ms = float(page.evaluate(WAITED))
    phone.picture(f"pair-{number + 1}")
    if pair.is_close:
        come_close(phone)
    page.wait_for_timeout(max(pair.look_s - (time.monotonic() - start), 0.25) * 1000)
    answers = [one.get_attribute("data-answer") or "" for one in page.locator("[data-answer]").all()]
    pair.answer = answers[number % len(answers)]
    page.tap(f"[data-answer={pair.answer}]")


def come_close(phone: Phone) -> None:
    """Pinch, drag, 1:1; the page itself must neither zoom nor scroll."""
    page = phone.page
    box = page.locator("#left").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    phone.touch("touchStart", (x - 20, y), (x + 20, y))
    for apart in range(25, 100, 5):
        phone.touch("touchMove", (x - apart, y), (x + apart, y))
    phone.touch("touchEnd")
    phone.picture("pinched")
    phone.touch("touchStart", (x, y))
    for step in range(1, 12):
        phone.touch("touchMove", (x - 8 * step, y - 3 * step))
    phone.touch("touchEnd")
    page.tap("#one-to-one")
    page.wait_for_selector("#look[data-scale='1']")
    phone.picture("one-to-one")
    moved = page.evaluate("[visualViewport.scale, scrollX, scrollY]")
    phone.check(moved == [1, 0, 0], f"the page itself was zoomed or scrolled: {moved}")


def wait_for_next(phone: Phone) -> None:
    """Until the next pair takes answers, a break asks for a tap, or the pairs are over."""
    page, answered = phone.page, len(phone.pairs)
    page.wait_for_function(
        """answered => {
          const look = document.querySelector('#look');
          if (!look) return document.readyState === 'complete';
          const { phase, voting, position } = look.dataset;
          return phase === 'resting' || (voting === 'open' && Number(position) > answered);
        }""",
        arg=answered,
        timeout=LONG_MS,
    )
    if page.locator("#look[data-phase=resting]").count():
        phone.picture("break")
        page.tap("#go-on")
        page.wait_for_selector("#look[data-voting=open]", timeout=LONG_MS)


def lose_the_line(phone: Phone) -> None:
    """The line dies while a pair is looked at; whoever has pairs goes on with them; then it comes back."""
    page, start = phone.page, time.monotonic()
    phone.connect(dead=True)
    look_and_answer(phone, waited=True)
    while time.monotonic() - start < DEAD_S:
        page.wait_for_timeout(1000)
        if page.locator(f"#look[data-voting=open]:not([data-position='{len(phone.pairs)}'])").count():
            look_and_answer(phone, waited=False)
            phone.picture("line-lost")
    said = page.evaluate("[...document.querySelectorAll('#note, #status')].map(one => one.textContent).join(' | ')")
    waiting = page.get_attribute("#look", "data-unsent")
    phone.picture("line-still-lost")
    phone.connect()
    back = time.monotonic()
    page.wait_for_selector("#look[data-unsent='0'], #look[data-phase=resting]", timeout=LONG_MS)
    print(f"no line for {DEAD_S} s: {waiting} letters wait, the page says {said!r}; ", end="")
    print(f"sent {time.monotonic() - back:.1f} s after it was back", flush=True)
    phone.after_dead = len(phone.pairs)


def finish(phone: Phone) -> None:
    """Closing questions, where there are any, and the thanks."""
    page = phone.page
    if page.locator("form[data-step]").count():
        phone.picture("closing", whole=True)
        go_on(phone, "form .begin")
    page.wait_for_selector("#thanks")
    phone.picture("thanks", whole=True)


def compare_with_stored(phone: Phone, context: BrowserContext, sitting: str) -> None:
    """Each answer that was given is on the server, in its place."""
    told = context.request.get(urljoin(sitting, "my-data.json")).json()
    stored = [pair["answer"] for pair in told["sittings"][0]["pairs"]]
    given = [pair.answer for pair in phone.pairs]
    phone.check(stored == given, f"given {given}, stored {stored}")


def main() -> int:
    """Walk, print the table; the exit status says whether every answer arrived and the page stayed where it was."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("link")
    asked.add_argument("--network", choices=LINES, default="slow-4g")
    asked.add_argument("--cpu", type=float, default=4, help="how many times slower script runs")
    asked.add_argument("--dead-at", type=int, default=6, help="the pair after which the line is lost; 0 for never")
    asked.add_argument("--pictures", type=Path)
    told = asked.parse_args()
    if told.pictures is not None:
        told.pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, *WEBGL_WITHOUT_A_CARD])
        context = browser.new_context(**PHONE)
        context.set_default_timeout(LONG_MS)
        page = context.new_page()
        page.add_init_script(WATCH)
        phone = Phone(page, context.new_cdp_session(page), LINES[told.network], told.pictures)
        phone.listen()
        phone.connect()
        phone.cdp.send("Emulation.setCPUThrottlingRate", {"rate": told.cpu})
        print(f"{told.network}: {phone.line}; script {told.cpu:g} times slower; 390×844 at 3", flush=True)
        start = time.monotonic()
        try:
            sitting = walk(phone, told.link, told.dead_at)
            compare_with_stored(phone, context, sitting)
        finally:
            phone.picture("end")
            print(table(phone, (time.monotonic() - start) / 60))
    print(*phone.wrong or ["every answer is stored as it was given"], sep="\n")
    return int(bool(phone.wrong))


if __name__ == "__main__":
    sys.exit(main())
