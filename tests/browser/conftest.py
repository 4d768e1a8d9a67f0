"""A real Chromium for every test that drives the pages."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.services import chromium as chromium_or_none

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WEBGL_WITHOUT_A_CARD = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
PAINTED_BY_THE_PROCESSOR = ("--disable-gpu-compositing",)  # without a card it is the quicker way; WebGL stays
EXACT_COLOURS = ("--force-color-profile=srgb",)
OFF_ANYWAY = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay",
    "HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled",
    "PreconnectToSearch",
)  # fmt: skip
"""What Playwright switches off; a list of our own takes the place of its list."""
NO_PAGE_IN_THE_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
"""Chromium starts a process for it with every window, which no test looks at."""
OFF = f"--disable-features={','.join((*OFF_ANYWAY, *NO_PAGE_IN_THE_ADDRESS_BAR))}"
FLAGS = (*QUIET, *WEBGL_WITHOUT_A_CARD, *PAINTED_BY_THE_PROCESSOR, *EXACT_COLOURS, OFF)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module's tests; each test gets a profile of its own.

    Not for all modules: while Playwright runs, Django takes its loop for an async program and refuses the database.
    """
    path = chromium_or_none()
    if path is None:
        pytest.skip("no Chromium here: install the system's package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page of 800×600; `indirect` parameters are options of a browser context, such as `device_scale_factor`.

    The test fails where a script failed or the page broke its own content security policy.
    """
    options: dict[str, Any] = {"viewport": {"width": 800, "height": 600}, **getattr(request, "param", {})}
    context = chromium.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(60_000)  # how long a busy machine may take; a pass waits for nothing
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if is_trouble(message) else None)
    yield page
    context.close()
    assert not troubles, "the page complained: " + "; ".join(troubles)


def is_trouble(message: ConsoleMessage) -> bool:
    """Errors, but not the browser's own note of a refused request: tests refuse some on purpose."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")
