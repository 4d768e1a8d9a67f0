"""The last answer taken back, in a real Chromium: before the next one, at the end of the pairs, after a reload."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import LookServer
from tests.browser.test_viewer import (
    Serve,
    answer_with,
    open_and_wait,
    serve,
    wait_for,
    wait_to_be_heard,
    wait_until_it_counts,
)

__all__ = ["serve"]  # a fixture of test_viewer.py
pytestmark = pytest.mark.browser

PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}


def answer_all(page: Page, server: LookServer) -> None:
    """Every pair "left", up to the end of the pairs."""
    open_and_wait(page, server)
    for number in range(len(server.pairs)):
        wait_for(page, position=str(number + 1))
        answer_with(page, "ArrowLeft")
    wait_for(page, phase="ended")


def test_the_last_answer_is_taken_back_and_sent_again(page: Page, serve: Serve) -> None:
    server = serve(3, correction=True)
    open_and_wait(page, server)
    assert page.get_attribute("#take-back", "aria-disabled") == "true"
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    page.click("#take-back")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    wait_for(page, position="2", voting="open", unsent="0")
    assert (server.votes[0]["answer"], server.votes[0]["corrects"]) == ("right", "left")
    page.keyboard.press("Backspace")
    wait_for(page, position="2")
    for position in ("2", "3"):
        wait_for(page, position=position)
        answer_with(page, "ArrowRight")
    wait_to_be_heard(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks/")
    assert [vote.path for vote in server.letters("vote")] == [f"/trial/t{n}/vote/" for n in (0, 0, 1, 2)]
    assert len(server.letters("shown")) == 3


def test_taken_back_while_the_next_pair_loads_the_sitting_goes_on(page: Page, serve: Serve) -> None:
    server = serve(2, correction=True, held="/1right/1/1/0")
    open_and_wait(page, server)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", phase="loading")
    page.wait_for_function(
        "() => OpenSeadragon.getViewer(document.querySelectorAll('#left .pane')[1])"
        ".world.getItemAt(0)?.getFullyLoaded()"
    )
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    server.release()
    wait_for(page, position="2", voting="open")


def test_a_correction_survives_a_lost_network_and_a_reload(page: Page, serve: Serve) -> None:
    server = serve(2, correction=True)
    open_and_wait(page, server)
    server.failures.extend([503] * 50)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    wait_for(page, position="2", voting="open")
    server.failures.clear()
    page.reload()
    wait_for(page, position="2", voting="open", unsent="0")
    assert (server.votes[0]["answer"], server.votes[0]["corrects"]) == ("right", "left")


def test_without_the_option_there_is_no_way_back(page: Page, serve: Serve) -> None:
    open_and_wait(page, serve(2))
    assert page.locator("#take-back").count() == 0
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open")
    wait_until_it_counts(page)
    page.keyboard.press("Backspace")
    wait_for(page, position="2", voting="open")


# ---- the last pair of all


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_at_the_end_nothing_leads_on_but_a_key(page: Page, serve: Serve, key: str) -> None:
    server = serve(2, correction=True)
    answer_all(page, server)
    wait_for(page, phase="ended", unsent="0")
    assert len(server.votes) == 2, "the vote doesn't wait for the observer"
    expect(page.locator("#rest-title")).to_have_text("That was the last pair")
    expect(page.locator("#go-on")).to_be_focused()
    expect(page.locator("#count")).to_have_text("2 of 2")
    wait_to_be_heard(page)
    page.keyboard.press(key)
    page.wait_for_url("**/thanks/")
    assert len(server.letters("onward")) == 1


def test_keys_go_on_where_no_button_has_the_focus(page: Page, serve: Serve) -> None:
    answer_all(page, serve(1, correction=True))
    wait_to_be_heard(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_url("**/thanks/")


def test_the_last_answer_of_all_is_taken_back_by_key(page: Page, serve: Serve) -> None:
    server = serve(2, correction=True)
    answer_all(page, server)
    page.keyboard.press("Backspace")
    wait_for(page, position="2", voting="open")
    expect(page.locator("#rest")).to_be_hidden()
    answer_with(page, "ArrowRight")
    page.wait_for_url("**/thanks/")
    assert (server.votes[1]["answer"], server.votes[1]["corrects"]) == ("right", "left")
    assert server.letters("onward") == []


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_thumb_changes_the_last_answer_of_all(page: Page, serve: Serve) -> None:
    server = serve(1, correction=True)
    open_and_wait(page, server)
    wait_until_it_counts(page)
    page.tap("#answer-right")
    wait_for(page, phase="ended", unsent="0")
    boxes = [page.locator(name).bounding_box() for name in ("#go-on", "#change-last")]
    assert all(box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    page.tap("#change-last")
    wait_for(page, position="1", voting="open")
    wait_until_it_counts(page)
    page.tap("#answer-left")
    page.wait_for_url("**/thanks/")
    assert (server.votes[0]["answer"], server.votes[0]["corrects"]) == ("left", "right")


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_thumb_goes_on(page: Page, serve: Serve) -> None:
    server = serve(1, correction=True)
    open_and_wait(page, server)
    wait_until_it_counts(page)
    page.tap("#answer-right")
    wait_for(page, phase="ended")
    wait_to_be_heard(page)
    page.tap("#go-on")
    page.wait_for_url("**/thanks/")
    assert server.votes[0]["answer"] == "right"


def test_the_same_answer_again_leads_on(page: Page, serve: Serve) -> None:
    server = serve(1, correction=True)
    answer_all(page, server)
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowLeft")
    page.wait_for_url("**/thanks/")
    assert len(server.letters("vote")) == 1
    assert len(server.letters("onward")) == 1


def test_closed_and_opened_again_at_the_end_it_stands_there(page: Page, serve: Serve) -> None:
    server = serve(2, correction=True)
    answer_all(page, server)
    wait_for(page, unsent="0")
    page.goto("about:blank")
    page.goto(server.url)
    wait_for(page, phase="ended")
    page.click("#change-last")
    wait_for(page, position="2", voting="open")
    answer_with(page, "ArrowRight")
    page.wait_for_url("**/thanks/")
    first, second = (vote.body for vote in server.letters("vote")[1:])
    assert second["response_ms"] > first["response_ms"]
    assert (second["corrects"], second["reloads"]) == ("left", first["reloads"] + 1)


def test_without_a_connection_the_end_says_what_waits(page: Page, serve: Serve) -> None:
    server = serve(1, correction=True)
    open_and_wait(page, server)
    server.failures.extend([503] * 50)
    answer_with(page, "ArrowLeft")
    wait_for(page, phase="ended", note="shown")
    expect(page.locator("#note")).to_be_visible()
    assert "1 answer waits here" in page.inner_text("#note")
    page.reload()
    wait_for(page, phase="ended")
    page.keyboard.press("Backspace")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    server.failures.clear()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/thanks/")
    assert (server.votes[0]["answer"], server.votes[0]["corrects"]) == ("right", "left")


def test_where_another_device_went_on_this_one_leads_on_when_it_is_seen_again(page: Page, serve: Serve) -> None:
    server = serve(1, correction=True)
    answer_all(page, server)
    wait_for(page, unsent="0")
    server.went_on = True
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_url("**/thanks/")


def test_without_the_option_the_last_answer_leads_straight_on(page: Page, serve: Serve) -> None:
    server = serve(1)
    open_and_wait(page, server)
    assert page.locator("#change-last").count() == 0
    answer_with(page, "ArrowLeft")
    page.wait_for_url("**/thanks/")
    assert server.letters("onward") == []


# ---- after a reload


def test_after_a_reload_the_last_answer_is_taken_back(page: Page, serve: Serve) -> None:
    server = serve(3, correction=True)
    open_and_wait(page, server)
    answer_with(page, "ArrowLeft")
    wait_for(page, position="2", voting="open", unsent="0")
    page.reload()
    wait_for(page, position="2", voting="open", unsent="0")
    page.click("#take-back")
    wait_for(page, position="1", voting="open")
    answer_with(page, "ArrowRight")
    wait_for(page, position="2", voting="open", unsent="0")
    first, second = (vote.body for vote in server.letters("vote"))
    assert second["response_ms"] > first["response_ms"]
    assert (second["answer"], second["corrects"], second["reloads"]) == ("right", "left", first["reloads"] + 1)
    page.reload()
    wait_for(page, position="2", voting="open")
    assert page.get_attribute("#take-back", "aria-disabled") == "true", "an answer is corrected once"
