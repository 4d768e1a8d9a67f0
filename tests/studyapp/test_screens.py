"""On what a pair was shown, and on what it was answered: both are kept, and the export says whether they differ."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.test import Client

from studyapp.forms import DEVICE
from studyapp.models import RejectedVote, Study, StudySession, Trial, Vote
from studyapp.services.data_files import DATA_FILES
from studyapp.services.devices import OF_DEVICE
from studyapp.services.exports import exposures
from studyapp.services.sessions import mark_shown
from studyapp.services.votes import record_vote, to_answer
from tests.studyapp.factories import DEVICE as LAPTOP
from tests.studyapp.factories import LOOKED, sit

pytestmark = pytest.mark.django_db

PHONE: dict[str, Any] = {
    "device_pixel_ratio": 3.0,
    "viewport_width_px": 390,
    "viewport_height_px": 664,
    "browser_zoom": 1.25,
    "gamut": "p3",
    "drawer": "webgl",
    "stacked": True,
}


@pytest.fixture
def session(study: Study) -> StudySession:
    Study.objects.filter(pk=study.pk).update(allow_correction=True)
    return sit(Study.objects.get(pk=study.pk))


def at(session: StudySession, position: int = 1) -> Trial:
    return to_answer().get(session=session, position=position)


def show(session: StudySession, on: dict[str, Any], position: int = 1) -> None:
    mark_shown(session.trials.select_related("session").get(position=position), on)


def say(session: StudySession, said: str, on: dict[str, Any], *, corrects: str = "") -> bool:
    return record_vote(at(session), said, LOOKED, on, corrects=corrects).kept


def kept(of: Trial | Vote) -> dict[str, Any]:
    return {name: getattr(type(of)._default_manager.get(pk=of.pk), name) for name in DEVICE}


def row_of(study: Study) -> dict[str, Any]:
    (row,) = exposures(study)
    return row


def told(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], bool | None]:
    """What a row of the export says of the vote's screen, of the showing's, and of whether they differ."""
    return {name: row[name] for name in DEVICE}, {name: row[f"shown_{name}"] for name in DEVICE}, row["screen_changed"]


def test_shown_on_a_laptop_and_answered_on_a_phone(study: Study, session: StudySession) -> None:
    show(session, LAPTOP)
    show(session, PHONE)
    say(session, "left", PHONE)
    assert kept(Vote.objects.get()) == PHONE
    assert kept(at(session)) == LAPTOP
    assert told(row_of(study)) == (PHONE, LAPTOP, True)


def test_the_same_over_http_and_in_csv(client: Client, study: Study, session: StudySession) -> None:
    trial = at(session)
    for page, sent in (("shown", LAPTOP), ("shown", PHONE), ("vote", {"answer": "left", **LOOKED, **PHONE})):
        letter = client.post(f"/trial/{trial.token}/{page}/", json.dumps(sent), content_type="application/json")
        assert letter.status_code in (200, 204)
    (row,) = csv.DictReader(io.StringIO("".join(map(str, DATA_FILES["exposures.csv"].pieces(study)))))
    names = ("viewport_width_px", "stacked", "screen_changed", "shown_viewport_width_px", "shown_stacked")
    assert [row[name] for name in names] == ["390", "true", "true", "1440", "false"]


def test_nothing_changed(study: Study, session: StudySession) -> None:
    show(session, LAPTOP)
    say(session, "left", LAPTOP)
    assert told(row_of(study)) == (LAPTOP, LAPTOP, False)


@pytest.mark.parametrize("name", DEVICE)
def test_a_change_of_any_one_is_a_change(study: Study, session: StudySession, name: str) -> None:
    """A window resized, a page zoomed, a phone turned, a window moved to another screen."""
    now = {**LAPTOP, name: PHONE[name]}
    show(session, LAPTOP)
    say(session, "left", now)
    assert told(row_of(study)) == (now, LAPTOP, True)


@pytest.mark.parametrize("name", DEVICE)
@pytest.mark.parametrize("is_shown", [True, False])
def test_what_was_told_only_once_is_no_change(study: Study, session: StudySession, name: str, is_shown: bool) -> None:
    less = {**LAPTOP, name: OF_DEVICE[name]}
    show(session, LAPTOP if is_shown else less)
    say(session, "left", less if is_shown else LAPTOP)
    assert row_of(study)["screen_changed"] is False


def test_not_answered_yet(study: Study, session: StudySession) -> None:
    show(session, LAPTOP)
    on, shown, changed = told(row_of(study))
    assert ({value or None for value in on.values()}, shown, changed) == ({None}, LAPTOP, None)


def test_where_the_word_of_the_showing_was_lost_nothing_is_made_up(study: Study, session: StudySession) -> None:
    say(session, "left", PHONE)
    assert at(session).shown_at is not None
    assert told(row_of(study)) == (PHONE, OF_DEVICE, None)


def test_a_vote_that_says_nothing_leaves_the_showing_s_alone(study: Study, session: StudySession) -> None:
    show(session, LAPTOP)
    say(session, "left", OF_DEVICE)
    assert told(row_of(study)) == (OF_DEVICE, LAPTOP, None)


class TestLater:
    """What comes after the vote that counts."""

    def test_the_same_answer_from_another_tab_changes_nothing(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", PHONE)
        assert say(session, "left", LAPTOP)
        assert told(row_of(study)) == (PHONE, LAPTOP, True)

    def test_another_answer_neither(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", PHONE)
        assert not say(session, "right", LAPTOP)
        assert told(row_of(study)) == (PHONE, LAPTOP, True)

    def test_nor_word_of_another_showing(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", LAPTOP)
        show(session, PHONE)
        assert told(row_of(study)) == (LAPTOP, LAPTOP, False)

    def test_a_correction_tells_its_own(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", LAPTOP)
        assert say(session, "right", PHONE, corrects="left")
        assert Vote.objects.get().corrected_from == "left"
        assert told(row_of(study)) == (PHONE, LAPTOP, True)

    def test_copies_of_both_letters_after_it_change_nothing(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", LAPTOP)
        say(session, "right", PHONE, corrects="left")
        assert say(session, "left", LAPTOP)
        assert say(session, "right", LAPTOP, corrects="left")
        assert told(row_of(study)) == (PHONE, LAPTOP, True)

    def test_a_second_correction_doesn_t_either(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", LAPTOP)
        say(session, "right", PHONE, corrects="left")
        assert not say(session, "left", LAPTOP, corrects="right")
        assert RejectedVote.objects.count() == 2
        assert told(row_of(study)) == (PHONE, LAPTOP, True)


class TestSessions:
    """A sitting's own columns: of its first pair."""

    def screen(self, study: Study) -> list[str]:
        (row,) = csv.DictReader(io.StringIO("".join(map(str, DATA_FILES["sessions.csv"].pieces(study)))))
        return [row[name] for name in ("viewport_width_px", "gamut", "drawer")]

    def test_as_it_was_shown(self, study: Study, session: StudySession) -> None:
        show(session, LAPTOP)
        say(session, "left", PHONE)
        assert self.screen(study) == ["1440", "srgb", "canvas"]

    def test_as_it_was_answered_where_nothing_else_is_known(self, study: Study, session: StudySession) -> None:
        say(session, "left", PHONE)
        show(session, LAPTOP, position=2)
        assert self.screen(study) == ["390", "p3", "webgl"]

    def test_nothing_was_seen(self, study: Study, session: StudySession) -> None:
        assert self.screen(study) == ["", "", ""]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("viewport_width_px", -1), ("viewport_width_px", "wide"), ("viewport_height_px", 10**20),
        ("device_pixel_ratio", "x"), ("browser_zoom", float("nan")), ("gamut", "g" * 17), ("drawer", "d" * 17),
    ],
)  # fmt: skip
@pytest.mark.parametrize("page", ["shown", "vote"])
def test_what_no_browser_says_is_refused_and_named(
    client: Client, session: StudySession, page: str, name: str, sent: Any
) -> None:
    trial = at(session)
    body = json.dumps({"answer": "left", **LOOKED, **LAPTOP, name: sent})
    refused = client.post(f"/trial/{trial.token}/{page}/", body, content_type="application/json")
    assert (refused.status_code, name in refused.json()["error"]) == (400, True)
    assert (at(session).shown_at, Vote.objects.count()) == (None, 0)


def test_the_admin_shows_both(client: Client, study: Study, session: StudySession) -> None:
    show(session, LAPTOP)
    say(session, "left", PHONE)
    vote = Vote.objects.get()
    client.force_login(study.owner)
    rows = {"trial": vote.trial_id, "vote": vote.pk}
    pages = {name: client.get(f"/admin/studyapp/{name}/{pk}/change/").content.decode() for name, pk in rows.items()}
    told = [re.findall(r">\s*(canvas|390)\s*<", page) for page in pages.values()]  # an opaque address can hold a number
    assert told == [["canvas"], ["390"]]
