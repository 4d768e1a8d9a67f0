"""The admin in a real browser, under its content security policy: its pages open, and their scripts still work."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack, new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
PAGES = (
    "", "studyapp/study/", "studyapp/study/add/", "studyapp/studysession/", "studyapp/vote/", "enhancement/testset/",
    "enhancement/testset/add/", "enhancement/method/add/", "enhancement/job/", "auth/user/", "auth/user/add/",
)  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(tmp_path_factory.mktemp("installation"), "sqlite", "filesystem") as stack:
        stack.start("web")
        yield stack


@pytest.fixture(scope="module")
def study(stack: Stack) -> int:
    pk: int = stack.python(f"""
from tests.studyapp.factories import answer_all, make_study, make_user, prefer, sit
ada = make_user(is_superuser=True)
ada.set_password("{PASSWORD}")
ada.save()
study = make_study(ada, contents=2, conditions=("original", "auto"))
answer_all(sit(study), prefer("auto", "original"))
answer = study.pk
""")
    return pk


@pytest.mark.parametrize("page", [{"viewport": {"width": 1366, "height": 768}}], indirect=True)
def test_pages_open_and_scripts_work(page: Page, stack: Stack, study: int) -> None:
    """The `page` fixture fails where the console tells of a broken policy."""
    page.goto(f"{stack.site}/admin/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{stack.site}/admin/")
    for path in (*PAGES, f"studyapp/study/{study}/change/"):
        page.goto(f"{stack.site}/admin/{path}")
        page.wait_for_function("() => globalThis.Alpine !== undefined && globalThis.htmx !== undefined")
    page.locator("a:visible, button:visible").filter(has_text="Pause").first.click()
    page.locator("button:visible, input[type=submit]:visible").filter(has_text="Pause").last.click()
    expect(page.get_by_text("is paused.")).to_be_visible()
