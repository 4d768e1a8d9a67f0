"""How fast the trial is for an observer: `python -m benchmarks.trial`.

Whole sittings in a real Chromium against a real server: 12-megapixel photos as lossless tiles, a simulated line, at
least two seconds of looking at each pair, every fourth pair zoomed to 1:1 and panned. Beside it, in the same run, the
same pairs the usual way: whole PNG files in two <img>, with and without preloading the next two.

painted      from the key's own time stamp until the frame with the next pair was presented: the longer of the browser's
             Event Timing (steps of 8 ms) and the first animation frame after the page's mark `phoropter:shown`
open         from the key until the page's mark `phoropter:shown`, when the buttons take an answer (the protocol still
             ignores answers in the first 200 ms, so that a double press isn't two)
first pair   from the start of the navigation (the press on Begin, seating included) until the first pair was presented
script       per frame while zooming and panning: all script on the main thread (handlers, animation frames, microtasks
             such as tiles that arrive), from Chromium's own trace, summed from one frame's start to the next; what the
             thread computed, and by the clock. Without a graphics card the drawing takes the same cores, and the clock
             runs on while the script waits for one, so the bar is set on what was computed

The line is simulated by DevTools' network conditions: throughput is shared by the page's requests and latency is added
per request, but there is no packet loss, no slow start and no TLS, and a connection costs nothing to open.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.plain_images import plain_images
from benchmarks.traces import Ledger, Script, script_per_frame
from tests.browser.conftest import EXACT_COLOURS, QUIET, WEBGL_WITHOUT_A_CARD
from tests.services import chromium, postgresql_url
from tests.stack import Stack, new_stack

VIEWPORT = {"width": 1366, "height": 768}
ZOOM_EVERY = 4
TRIALS = 40
BARS = {"painted p95 ms": 100.0, "first pair s": 2.0, "script p95 ms": 8.0}
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline.frame", "blink.user_timing"]
WATCH = """
  window.bench = { keys: [], shown: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (entry.name === 'keydown') bench.keys.push({ start: entry.startTime, duration: entry.duration });
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName('phoropter:shown'))
      requestAnimationFrame((at) => bench.shown.push({ mark: entry.startTime, frame: Math.max(at, entry.startTime) }));
  }).observe({ type: 'mark' });
"""
COLLECT = """() => ({
  ...bench,
  answered: performance.getEntriesByName('phoropter:answered').map((mark) => mark.startTime),
})"""


@dataclass
class Line:
    """The simulated connection."""

    mbit: float
    latency_ms: float


@dataclass
class Sitting:
    """What one sitting showed."""

    first_s: float = 0.0
    painted_ms: list[float] = field(default_factory=list)
    open_ms: list[float] = field(default_factory=list)
    script: list[Script] = field(default_factory=list)
    not_ready: int = 0
    bytes_by_trial: list[int] = field(default_factory=list)
    requests_by_trial: list[int] = field(default_factory=list)


def sit(
    browser: Browser, stack: Stack, code: str, *, ratio: float, line: Line, trials: int, looking_s: float
) -> Sitting:
    """One observer's whole sitting."""
    sitting = Sitting()
    with device(browser, ratio) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        cdp = slow(context, page, line)
        sent = Ledger(cdp)
        page.goto(f"{stack.site}/s/{code}/")
        page.click("[name=begin]")
        for number in range(1, trials + 1):
            page.wait_for_selector(f"#look[data-position='{number}'][data-voting='open']")
            if number % ZOOM_EVERY == 0:
                sitting.script += zoom_about(browser, page)
            page.wait_for_timeout(looking_s * 1000)
            sitting.not_ready += page.get_attribute("#look", "data-next") == "coming"
            if number == trials:
                measure(sitting, page.evaluate(COLLECT))
                break
            page.keyboard.press("ArrowLeft" if number % 2 else "ArrowRight")
        sitting.bytes_by_trial, sitting.requests_by_trial = sent.by_trial()
    return sitting


def measure(sitting: Sitting, told: dict[str, list]) -> None:  # type: ignore[type-arg]
    """From the page's marks and the browser's event timing to milliseconds."""
    sitting.first_s = told["shown"][0]["frame"] / 1000
    for answered, shown in zip(told["answered"], told["shown"][1:], strict=False):
        timed = [key["duration"] for key in told["keys"] if abs(key["start"] - answered) < 50]
        sitting.open_ms.append(shown["mark"] - answered)
        sitting.painted_ms.append(max([shown["frame"] - answered, *timed]))


def zoom_about(browser: Browser, page: Page) -> list[Script]:
    """To 1:1 and beyond by the wheel, around by dragging, back to the whole; returns script time of every frame."""
    box = page.locator("#left").bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.45
    page.mouse.move(x, y)
    browser.start_tracing(page=page, categories=TRACED)
    for _ in range(12):
        page.mouse.wheel(0, -80)
    page.keyboard.press("1")
    page.mouse.down()
    page.mouse.move(x - 120, y - 70, steps=15)
    page.mouse.move(x + 60, y + 40, steps=15)
    page.mouse.up()
    for _ in range(12):
        page.mouse.wheel(0, 80)
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    return script_per_frame(json.loads(browser.stop_tracing()))


@contextmanager
def device(browser: Browser, ratio: float) -> Iterator[BrowserContext]:
    """A laptop of a given pixel ratio, with an empty cache."""
    context = browser.new_context(viewport=VIEWPORT, device_scale_factor=ratio)
    context.set_default_timeout(120_000)
    yield context
    context.close()


def slow(context: BrowserContext, page: Page, line: Line) -> CDPSession:
    """Put a page on a simulated line."""
    cdp = context.new_cdp_session(page)
    cdp.send("Network.enable")
    bytes_per_s = line.mbit * 1e6 / 8
    told = {"offline": False, "latency": line.latency_ms}
    cdp.send(
        "Network.emulateNetworkConditions",
        {**told, "downloadThroughput": bytes_per_s, "uploadThroughput": bytes_per_s},
    )
    return cdp


def usual_way(browser: Browser, stack: Stack, *, line: Line, trials: int, looking_s: float, preload: bool) -> Sitting:
    """The same pairs as whole files in two <img>."""
    sitting = Sitting()
    pairs = stack.rows("SELECT file FROM enhancement_stimulus ORDER BY content_id, method_id")
    files = [next(stack.folder.rglob(Path(name).name)) for (name,) in pairs]
    with plain_images(files, preload=preload) as url, device(browser, 1) as context:
        page = context.new_page()
        slow(context, page, line)
        page.goto(url)
        for number in range(1, trials + 1):
            page.wait_for_function("number => window.shown.length >= number", arg=number)
            page.wait_for_timeout(looking_s * 1000)
            page.keyboard.press("ArrowLeft")
        page.wait_for_function("number => window.shown.length > number", arg=trials)
        told = page.evaluate("() => ({ shown, answered })")
    sitting.first_s = told["shown"][0] / 1000
    sitting.painted_ms = sitting.open_ms = [
        shown - answered for answered, shown in zip(told["answered"], told["shown"][1:], strict=True)
    ]
    sitting.bytes_by_trial = [sum(file.stat().st_size for file in files[n : n + 2]) for n in range(0, trials, 2)]
    sitting.requests_by_trial = [2]
    return sitting


def row(name: str, sitting: Sitting) -> str:
    """One line of the table."""
    painted, opened = (np.percentile(of, (50, 95, 99)) for of in (sitting.painted_ms, sitting.open_ms))
    cells = [
        f"{name:32}",
        f"{len(sitting.painted_ms):5}",
        " ".join(f"{ms:6.0f}" for ms in painted),
        " ".join(f"{ms:6.0f}" for ms in opened),
        f"{sitting.first_s:6.2f}",
        f"{np.median(sitting.bytes_by_trial) / 1e6:6.1f}",
        f"{np.median(sitting.requests_by_trial):5.0f}",
        *(script_cells(sitting.script) if sitting.script else []),
    ]
    return "  ".join(cells)


def script_cells(script: list[Script]) -> list[str]:
    """Percentiles of what was computed and of the clock, and the number of frames."""
    computed = np.percentile([frame.processor_ms for frame in script], (50, 95, 99))
    clock = np.percentile([frame.clock_ms for frame in script], (50, 95, 99))
    return [" ".join(f"{ms:5.1f}" for ms in of) for of in (computed, clock)] + [f"{len(script):6}"]


HEADER = (
    f"{'':32}  {'votes':>5}  {'painted ms':>20}  {'open ms':>20}  {'first':>6}  {'MB a':>6}  {'files':>5}  "
    f"{'script ms a frame':>17}  {'by the clock':>17}\n"
    f"{'':32}  {'':>5}  {'p50    p95    p99':>20}  {'p50    p95    p99':>20}  {'s':>6}  {'pair':>6}  {'':>5}  "
    f"{'p50   p95   p99':>17}  {'p50   p95   p99':>17}  frames"
)


def verdicts(name: str, sitting: Sitting) -> list[str]:
    """Each bar, met or missed."""
    measured = {
        "painted p95 ms": float(np.percentile(sitting.painted_ms, 95)),
        "first pair s": sitting.first_s,
        "script p95 ms": float(np.percentile([frame.processor_ms for frame in sitting.script], 95)),
    }
    return [
        f"{name}: {what} {value:.2f}, bar {BARS[what]:g}: {'met' if value <= BARS[what] else 'MISSED'}"
        for what, value in measured.items()
    ]


def main() -> int:
    """Print the table; the exit status says whether every bar was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"of a sitting, at most {TRIALS}")
    parser.add_argument("--looking-s", type=float, default=2.0)
    parser.add_argument("--mbit", type=float, default=50.0)
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--ratios", type=float, nargs="+", default=[1.0, 2.0], help="device-pixel ratios")
    parser.add_argument("--peer-trials", type=int, default=4)
    asked = parser.parse_args()
    line = Line(asked.mbit, asked.latency_ms)
    database = "postgresql" if postgresql_url() else "sqlite"
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder, new_stack(Path(folder), database, "filesystem") as stack:
        code = stack.python(f"from benchmarks.big_study import make; answer = make({asked.trials})")
        stack.start("web")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), args=[*QUIET, *WEBGL_WITHOUT_A_CARD, *EXACT_COLOURS]
            )
            print(described(browser, database, line), HEADER, sep="\n", flush=True)
            for ratio in asked.ratios:
                name = f"Phoropter, pixel ratio {ratio:g}"
                sitting = sit(
                    browser, stack, code, ratio=ratio, line=line, trials=asked.trials, looking_s=asked.looking_s
                )
                print(row(name, sitting), f" {sitting.not_ready} not ready", flush=True)
                lines += verdicts(name, sitting)
            for preload in (True, False):
                peer = usual_way(
                    browser, stack, line=line, trials=asked.peer_trials, looking_s=asked.looking_s, preload=preload
                )
                print(row(f"two <img>, {'next preloaded' if preload else 'no preload'}", peer), flush=True)
            browser.close()
    print(*lines, sep="\n")
    return int(any(line.endswith("MISSED") for line in lines))


def described(browser: Browser, database: str, line: Line) -> str:
    """What it ran on."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"12-megapixel photos, {line.mbit:g} Mbit/s, {line.latency_ms:g} ms; Chromium {browser.version}, "
        f"{VIEWPORT['width']}×{VIEWPORT['height']}, no graphics card (SwiftShader draws on the same cores as script); "
        f"{database}; {os.cpu_count()} cores {platform.machine()}, load {load}"
    )


if __name__ == "__main__":
    sys.exit(main())
