"""Every page that links lead to: nothing cut off on a phone, everything legible by day and by night, hit by a thumb."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.test_pages import log_in, phone, places, stack, too_wide
from tests.browser.walk import Visited, walk

__all__ = ["places", "stack"]  # fixtures of test_pages.py
pytestmark = pytest.mark.browser

THUMB_PX = 44
GREY_119 = "rgb(119, 119, 119)"
LAPTOP = pytest.mark.parametrize("page", [{"viewport": {"width": 1366, "height": 768}}], indirect=True, ids=["laptop"])
PHONE = pytest.mark.parametrize("page", [phone(390)], indirect=True, ids=["390px"])

# Text whose contrast with what is behind it is under WCAG's AA. Colours are read from a canvas: `color-mix` and
# `light-dark` come out of getComputedStyle in whatever space the browser likes.
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "black" : "white");
  };
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const style = getComputedStyle(element);
    const isSeen = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const said = texts.currentNode.data.trim();
    if (!said || !isSeen || element.closest("[aria-disabled=true], :disabled, script")) continue;
    const [low, high] = [light(rgba(style.color)), light(behind(element))].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < least) faint.add(`${element.tagName}.${element.className}: ${said} ${ratio.toFixed(2)}`);
  }
  return [...faint];
}"""

MOUSE_PX = 24  # the arrows beside the observer's pictures, where there is a mouse
SMALL = f"""() => [...document.querySelectorAll("button, .button, summary, nav a, select, textarea, input")]
  .filter((one) => one.checkVisibility() && !["checkbox", "radio", "hidden", "file"].includes(one.type))
  .map((one) => [one, matchMedia("(hover: hover)").matches && one.matches("#look #pan *") ? {MOUSE_PX} : {THUMB_PX}])
  .filter(([one, least]) => one.getBoundingClientRect().height < least - 0.5).map(([one]) => one)
  .map((one) => `${{one.tagName}}.${{one.className}} ${{one.getBoundingClientRect().height}}`)"""


def walk_as_researcher(page: Page, places: dict[str, str], at_each: Callable[[Visited], None]) -> list[Visited]:
    """Every page of ours; the admin's look is its theme's."""
    log_in(page, places)
    site = places["login"].removesuffix("/login/")
    starts = ["/studies/", "/nowhere/"]
    return walk(page, site, starts, at_each, each_at_most=2, leave_out=("/admin/",))


@LAPTOP
def test_every_page_is_legible_by_day_and_by_night(page: Page, places: dict[str, str]) -> None:
    faint: dict[str, list[str]] = {}

    def look(at: Visited) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if found := page.evaluate(FAINT):
                faint[f"{at.path} {scheme}"] = found

    visited = {at.name for at in walk_as_researcher(page, places, look)}
    assert visited >= {"studies", "study", "report", "testset"}
    assert faint == {}


@PHONE
def test_every_page_fits_a_phone_and_a_thumb(page: Page, places: dict[str, str]) -> None:
    wrong: dict[str, list[str]] = {}

    def look(at: Visited) -> None:
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 640})
            if found := too_wide(page):
                wrong[f"{at.path} {width}"] = found
        if found := page.evaluate(SMALL):
            wrong[at.path] = found

    walk_as_researcher(page, places, look)
    assert wrong == {}


@LAPTOP
def test_observers_see_grey_119_and_no_hue_whatever_they_prefer(page: Page, places: dict[str, str]) -> None:
    page.emulate_media(color_scheme="dark")
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": places["login"]}])
    for name in ("welcome", "thanks", "closed"):
        page.goto(places[name])
        assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == GREY_119, name
        assert page.evaluate(FAINT) == [], name
        assert page.evaluate(SMALL) == [], name
        assert page.evaluate(HUES) == [], name


HUES = """() => [...document.querySelectorAll("*")].flatMap((one) => {
  const style = getComputedStyle(one);
  return [style.color, style.backgroundColor, style.borderTopColor].filter((colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return !(r === g && g === b);
  });
})"""


@LAPTOP
def test_a_chosen_theme_is_in_the_page_before_any_script(page: Page, places: dict[str, str]) -> None:
    page.emulate_media(color_scheme="light")
    log_in(page, places)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    by_day = page.evaluate(ground)
    page.click(".person-button")
    page.check("#themes [value=dark]", force=True)
    by_night = page.evaluate(ground)
    assert by_night != by_day
    page.reload()
    assert '<html lang="en" data-theme="dark">' in page.request.get(places["study"]).text()
    assert page.evaluate(ground) == by_night
    assert page.evaluate("() => JSON.parse(localStorage.getItem('adminTheme'))") == "dark"
    page.click(".person-button")
    page.check("#themes [value=auto]", force=True)
    assert page.evaluate(ground) == by_day
    assert "data-theme" not in page.request.get(places["study"]).text()
