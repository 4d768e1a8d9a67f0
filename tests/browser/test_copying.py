"""A closed study is asked again: copied, its pictures made, opened, in a real Chromium and with real workers."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack import new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
LONG_MS = 120_000


def test_a_closed_study_is_copied_and_asked_again(page: Page, tmp_path: Path) -> None:
    with new_stack(tmp_path / "installation", "sqlite", "filesystem") as stack:
        pk: int = stack.python(f"""
from studyapp.services.studies import close_study
from tests.studyapp.factories import answer_all, make_study, make_user, prefer, sit
ada = make_user("ada")
ada.set_password("{PASSWORD}")
ada.save()
study = make_study(ada, name="Pets", contents=2, conditions=("original", "auto"), trials_per_session=2)
answer_all(sit(study), prefer("auto", "original"))
close_study(study)
answer = study.pk
""")
        stack.start("web", "cpu")
        page.goto(f"{stack.site}/login/?next=/studies/{pk}/")
        page.fill("[name=username]", "ada")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        expect(page.locator("#state-title")).to_contain_text("Closed", ignore_case=True)
        page.click("a:has-text('Copy the study')")
        page.fill("[name=name]", "Pets")
        page.click("main button[type=submit]")
        expect(page.locator(".field-error")).to_contain_text("“Pets (copy)” is free")
        page.fill("[name=name]", "Pets in spring")
        page.click("main button[type=submit]")
        expect(page.locator("h1")).to_have_text("Pets in spring")
        expect(page.locator("#state-title")).to_contain_text("Draft", ignore_case=True)
        expect(page.locator("[data-live=counts]")).to_contain_text("Nobody has come yet")
        page.click("button:has-text('Prepare the pictures')")
        expect(page.locator("[data-live=jobs]")).to_contain_text("ready to be shown", timeout=LONG_MS)
        page.click("button[name=to][value=open]")
        expect(page.locator(".message-success")).to_contain_text("The study is open")
        told = stack.rows("SELECT name, state FROM studyapp_study ORDER BY id")
        assert told == [("Pets", "closed"), ("Pets in spring", "open")]
