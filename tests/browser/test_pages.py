"""Every page on a narrow phone and on a 4K screen: nothing cut off at the side, type that can be read."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_viewer import wait_for
from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"


def phone(width: int) -> dict[str, object]:
    return {"viewport": {"width": width, "height": 640}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


NARROW = pytest.mark.parametrize("page", [phone(320), phone(390)], indirect=True, ids=["320px", "390px"])
WIDE = pytest.mark.parametrize("page", [{"viewport": {"width": 3840, "height": 2160}}], indirect=True, ids=["4K"])


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def places(stack: Stack) -> dict[str, str]:
    """The pages of a study that has all there is to say: simulated photos, consent, ties, two cameras, votes."""
    paths: dict[str, str] = stack.python(f"""
from tests.studyapp.factories import answer_all, make_study, make_testset, make_user, run_jobs, sit, waver
from studyapp.models import StudySession
from studyapp.services.made_reports import ask_for_report
ada = make_user(is_staff=True, is_superuser=True)
ada.set_password("{PASSWORD}")
ada.save()
study = make_study(
    ada, testset=make_testset(cameras=("iphone", "sony"), simulated=True), trials_per_session=8,
    consent="I take part freely.", completion_code="A-RATHER-LONG-CODE-0123456789", allow_tie=True, allow_not_sure=True,
)
for number in range(6):
    answer_all(sit(study), waver(number, dict(original=0.0, auto=0.5, degraded=-1.0)))
ask_for_report(study)
run_jobs()
finished, left = study.sessions.all()[:2]
StudySession.objects.filter(pk=left.pk).update(state=StudySession.State.WITHDRAWN)
answer = {{
    "welcome": f"/s/{{study.code}}/",
    "thanks": f"/look/{{finished.token}}/thanks/",
    "closed": f"/look/{{left.token}}/",
    "login": "/login/",
    "studies": "/studies/",
    "study": f"/studies/{{study.pk}}/",
    "report": f"/studies/{{study.pk}}/report/",
    "plan": f"/studies/{{study.pk}}/plan/",
    "live": f"/studies/{{study.pk}}/live/",
    "testset": f"/testsets/{{study.testset_id}}/",
}}
""")
    return {name: stack.site + path for name, path in paths.items()}


def log_in(page: Page, places: dict[str, str]) -> None:
    page.goto(places["login"])
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(places["studies"])


def too_wide(page: Page) -> list[str]:
    """What ends beyond the screen's right edge, unless its own box lets it be scrolled to.

    A phone's browser shrinks a page that is too wide, and `innerWidth` grows with it: the screen's width is asked for.
    """
    assert page.viewport_size is not None
    out: list[str] = page.evaluate(
        """width => document.scrollingElement.scrollWidth <= width ? [] :
             [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > width + 0.5)
             .map(one => `${one.tagName}#${one.id}.${one.className}`)""",
        page.viewport_size["width"],
    )
    return out


@NARROW
def test_no_page_to_read_is_wider_than_a_phone(page: Page, places: dict[str, str]) -> None:
    for name in ("welcome", "thanks", "closed", "login"):
        page.goto(places[name])
        assert too_wide(page) == [], name


@NARROW
def test_the_pictures_and_the_way_back_to_them_fit_a_phone(page: Page, places: dict[str, str]) -> None:
    page.goto(places["welcome"])
    page.check("[name=consent]")
    page.click("[name=begin]")
    wait_for(page, voting="open")
    assert too_wide(page) == []
    page.goto(places["welcome"])
    page.wait_for_selector("#continue")
    assert too_wide(page) == []


@NARROW
def test_no_researcher_s_page_is_wider_than_a_phone(page: Page, places: dict[str, str]) -> None:
    log_in(page, places)
    for name in ("studies", "study", "testset", "plan", "live", "report"):
        page.goto(places[name])
        assert too_wide(page) == [], name
    figures = page.evaluate(
        """[...document.querySelectorAll('.plate')].map(plate => ({
             has: plate.clientWidth, needs: plate.scrollWidth, drawn: plate.querySelector('img').naturalWidth}))"""
    )
    assert len(figures) >= 9
    assert all(figure["drawn"] and figure["needs"] <= figure["has"] for figure in figures), figures


@NARROW
def test_pictures_over_which_metrics_and_people_part_fit_a_phone_and_open_at_1_to_1(
    page: Page, places: dict[str, str]
) -> None:
    log_in(page, places)
    page.goto(places["report"])
    pictures = page.locator(".pair img")
    assert pictures.count() >= 2
    for number in range(pictures.count()):
        pictures.nth(number).scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('.pair img')].every(picture => picture.complete)")
    assert page.evaluate("[...document.querySelectorAll('.pair img')].map(picture => picture.naturalWidth > 0)") == (
        [True] * pictures.count()
    )
    beside = page.evaluate(
        """[...document.querySelectorAll('.pair-mat')].every(mat => {
             const [left, right] = [...mat.children].map(picture => picture.getBoundingClientRect());
             return left.right < right.left && Math.abs(left.top - right.top) < 1 && left.width > 100;
           })"""
    )
    assert beside
    assert too_wide(page) == []
    page.locator(".pair-link").first.click()
    page.wait_for_selector("#desk[data-ready=true][data-scale='1']")


@WIDE
@pytest.mark.parametrize("name", ["welcome", "login"])
def test_type_grows_with_a_large_screen(page: Page, places: dict[str, str], name: str) -> None:
    page.goto(places[name])
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == pytest.approx(24, abs=0.1)


NOTE_WHAT_IT_SAYS = """() => {
  const form = document.querySelector("form.suppose");
  form.addEventListener("submit", () => {
    const [button, status] = [form.querySelector("button"), form.querySelector("[role=status]")];
    sessionStorage.said = JSON.stringify([status.textContent, button.disabled, form.ariaBusy]);
  });
}"""


def test_a_plan_says_that_it_is_being_worked_out(page: Page, places: dict[str, str]) -> None:
    """Playwright sees nothing of a page that is being left, so the page notes down what it said."""
    log_in(page, places)
    page.goto(places["plan"])
    button, status = page.locator("form.suppose button"), page.locator("form.suppose [role=status]")
    page.evaluate(NOTE_WHAT_IT_SAYS)
    page.fill("[name=observers]", "30")
    page.press("[name=observers]", "Enter")
    page.wait_for_url("**observers=30*")
    said, *busy = json.loads(page.evaluate("sessionStorage.said"))
    assert said.startswith("Working on it")
    assert busy == [True, "true"]
    expect(page.locator(".headline dd").first).to_have_text("30")
    page.go_back()
    expect(button).to_be_enabled()
    expect(status).to_be_empty()
