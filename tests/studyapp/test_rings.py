"""A card measures the screen, rings follow from it, and what they tell is kept; without a card they are in pixels."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from studyapp.models import Erasure, SessionStep, Study, StudySession
from studyapp.services.data_files import DATA_FILES
from studyapp.services.erasing import erase_traces
from studyapp.services.seating import begin_session
from studyapp.services.steps import Step, current_step, finish_step, next_ring, seed_of, shown, told_of, vision_of
from studyapp.vision import rings
from tests.studyapp.factories import make_study, make_user, sit

pytestmark = pytest.mark.django_db

CARD = {"card_px": 323.5, "side": "long", "device_pixel_ratio": 1, "distance_cm": 60}
"""A monitor of 96 pixels an inch at arm's length, which draws gaps of 6.06, 4.55 and 3.03 minutes of arc."""
NO_CARD = {"skip": "yes"}
UNMEASURED = {"calibrated": False}
LAB = {"observer": "P07", "station": "2"}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(make_user(), conditions=("original", "auto"), trials_per_session=2, acuity_test=True)


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def go(client: Client, session: StudySession, name: str, told: dict[str, Any], part: int = 1) -> Any:
    return client.post(f"/look/{session.token}/steps/{name}/{part}/", told)


def answer(client: Client, session: StudySession, *, right: str, ratio: float | None = 1) -> None:
    """Tell the ways of the next rings, as ``y`` and ``n`` say rightly or not."""
    for one in right:
        step = current_step(session)
        assert step is not None
        assert step.name == "acuity"
        seen = shown(step, seed_of(session)) if one == "y" else "none"
        told = {"seen": seen} | ({"device_pixel_ratio": ratio} if ratio is not None else {})
        assert go(client, session, "acuity", told, step.part).status_code == 302


def told_of_rings(session: StudySession) -> list[dict[str, Any]]:
    return [step.told for step in session.steps.filter(name="acuity").order_by("part")]


def row_of(session: StudySession) -> dict[str, str]:
    text = "".join(DATA_FILES["sessions.csv"].pieces(session.study))
    return next(row for row in csv.DictReader(text.splitlines()) if row["session"] == str(session.pk))


def test_the_card_comes_first_and_is_kept(client: Client, study: Study) -> None:
    session = sit(study)
    assert client.get(f"/look/{session.token}/")["Location"].endswith("/steps/calibration/1/")
    go(client, session, "calibration", CARD)
    assert session.steps.get().told == {
        "calibrated": True, "card_px": 323.5, "side": "long", "device_pixel_ratio": 1, "px_per_mm": 3.7792,
        "distance_cm": 60, "distance_source": "told",
    }  # fmt: skip
    assert client.get(f"/look/{session.token}/")["Location"].endswith("/steps/acuity/1/")


def test_an_upright_card_gives_the_same(client: Client, study: Study) -> None:
    session = sit(study)
    go(client, session, "calibration", {**CARD, "side": "short", "card_px": 204})
    assert session.steps.get().told["px_per_mm"] == pytest.approx(3.7792, abs=2e-4)


@pytest.mark.parametrize("lacking", CARD)
def test_a_measure_needs_all_its_parts(client: Client, study: Study, lacking: str) -> None:
    session = sit(study)
    page = go(client, session, "calibration", {name: told for name, told in CARD.items() if name != lacking})
    assert "The measure isn’t complete" in page.content.decode()
    assert session.steps.count() == 0


@pytest.mark.parametrize("wrong", [{"card_px": 3}, {"side": "round"}, {"distance_cm": 61}, {"device_pixel_ratio": -1}])
def test_what_cannot_be_is_not_kept(client: Client, study: Study, wrong: dict[str, Any]) -> None:
    session = sit(study)
    assert go(client, session, "calibration", {**CARD, **wrong}).status_code == 200
    assert session.steps.count() == 0


class TestLab:
    def test_nobody_is_asked_for_a_distance_that_was_written_down(self, client: Client, study: Study) -> None:
        session = begin_session(study, consented=True, lab={**LAB, "viewing_distance_cm": 72.5})
        page = client.get(f"/look/{session.token}/steps/calibration/1/").content.decode()
        assert "72.5 cm from the screen" in page
        assert 'name="distance_cm"' not in page
        go(client, session, "calibration", {**CARD, "distance_cm": ""})
        told = session.steps.get().told
        assert (told["distance_cm"], told["distance_source"]) == (72.5, "lab")

    def test_else_the_observer_is(self, client: Client, study: Study) -> None:
        session = begin_session(study, consented=True, lab=LAB)
        assert 'name="distance_cm"' in client.get(f"/look/{session.token}/steps/calibration/1/").content.decode()


class TestMeasured:
    def test_rings_follow_the_angle_and_end_with_the_screen(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="yyynyyy")
        kept = told_of_rings(session)
        assert [one["gap_px"] for one in kept] == [4, 4, 3, 3, 3, 2, 2]
        assert [one["gap_arcmin"] for one in kept[::3]] == pytest.approx([6.065, 4.549, 3.032], abs=2e-3)
        assert all(one["calibrated"] for one in kept)
        assert ["result" in one for one in kept] == [False] * 6 + [True]
        assert vision_of(session)["acuity"] == {
            "calibrated": True, "finest_px": 2, "finest_arcmin": 3.032, "logmar": 0.482, "limit": "screen",
            "passed": True,
        }  # fmt: skip
        assert current_step(session) == Step("instructions")

    def test_two_missed_end_it(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="yynn")
        outcome = vision_of(session)["acuity"]
        assert outcome == {
            "calibrated": True, "finest_px": 4, "finest_arcmin": 6.064, "logmar": 0.783, "limit": "eye",
            "passed": False,
        }  # fmt: skip
        assert current_step(session) == Step("instructions"), "it keeps nobody out"

    def test_where_not_even_the_largest_is_seen_there_is_no_angle(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="nn")
        assert vision_of(session)["acuity"] == {"calibrated": True, "limit": "eye", "passed": False}
        row = {name: told for name, told in row_of(session).items() if name.startswith("acuity") and told}
        assert set(row) == {"acuity_limit", "acuity_px_per_mm", "acuity_distance_cm", "acuity_distance_source"}

    def test_unless_the_study_says_so(self, client: Client, study: Study) -> None:
        Study.objects.filter(pk=study.pk).update(vision_required=True)
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="yynn")
        session.refresh_from_db()
        assert session.state == StudySession.State.ABANDONED

    @pytest.mark.parametrize("ratio", [1.25, None])
    def test_zoomed_since_the_card_nobody_knows_the_angle(
        self, client: Client, study: Study, ratio: float | None
    ) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="y", ratio=ratio)
        answer(client, session, right="yyyyy")
        first, *others = told_of_rings(session)
        assert first["calibrated"] is False
        assert "gap_arcmin" not in first
        assert all(one["calibrated"] for one in others)
        assert vision_of(session)["acuity"] == {**UNMEASURED, "finest_px": 2, "limit": "screen", "passed": True}

    def test_a_ring_is_drawn_for_the_pixels_of_the_device(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", {**CARD, "device_pixel_ratio": 2})
        ring = next_ring(told_of(session))
        assert ring is not None
        drawn = client.get(f"/look/{session.token}/steps/acuity/1/").content.decode()
        assert f'viewBox="0 0 {7 * ring.drawn_px} ' in drawn, "in device pixels"
        assert f'width="{7 * ring.drawn_px / 2}"' in drawn, "and as large as these are"

    def test_the_page_says_which_size(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="ny")
        page = client.get(f"/look/{session.token}/steps/acuity/3/").content.decode()
        assert "Size 1 of 3." in page
        assert 'data-measured-ratio="1' in page

    def test_sent_twice_the_first_telling_stands(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        finish_step(session, Step("acuity", 1), {"seen": "none", "device_pixel_ratio": 1})
        finish_step(session, Step("acuity", 1), {"seen": "up", "device_pixel_ratio": 1})
        assert [one["seen"] for one in told_of_rings(session)] == ["none"]

    def test_nobody_tells_of_a_ring_that_they_have_not_come_to(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        with pytest.raises(ValueError, match="has not come to ring 2"):
            finish_step(session, Step("acuity", 2), {"seen": "up"})


class TestInPixels:
    def test_without_a_card(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", NO_CARD)
        assert session.steps.get().told == {"calibrated": False}
        answer(client, session, right="yyyyyynn")
        kept = told_of_rings(session)
        assert [one["gap_px"] for one in kept] == list(rings.GAPS_PX)
        assert not any(one["calibrated"] for one in kept)
        assert vision_of(session)["acuity"] == {**UNMEASURED, "finest_px": 2, "limit": "eye", "passed": True}

    def test_on_a_screen_that_can_draw_no_step(self, client: Client, study: Study) -> None:
        session = begin_session(study, consented=True, lab={**LAB, "viewing_distance_cm": 20})
        go(client, session, "calibration", {**CARD, "card_px": 86})
        ring = next_ring(told_of(session))
        assert ring is not None
        assert (ring.arcmin, ring.places) == (None, 8)

    def test_a_card_that_was_forgotten_is_as_none(self, client: Client, study: Study) -> None:
        """No scripts: the slider says its first value, and nobody says how many device pixels that is."""
        session = sit(study)
        page = go(client, session, "calibration", {"card_px": 150, "side": "", "distance_cm": 60})
        assert "The measure isn’t complete" in page.content.decode()
        go(client, session, "calibration", {"card_px": 150, "skip": "yes"})
        assert session.steps.get().told == {"calibrated": False}


class TestFromBefore:
    """Sittings whose rings were told when there was no card and less was kept."""

    def tell(self, session: StudySession, count: int) -> None:
        seed = seed_of(session)
        for part in range(1, count + 1):
            way = rings.ways(seed)[part - 1]
            told = {"seen": way, "shown": way, "seed": seed}
            SessionStep.objects.create(session=session, name="acuity", part=part, told=told)

    def test_their_outcome_is_what_it_was(self, study: Study) -> None:
        session = sit(study)
        self.tell(session, 8)
        assert vision_of(session)["acuity"] == {**UNMEASURED, "finest_px": 1, "limit": "test", "passed": True}
        assert current_step(session) == Step("instructions"), "and nobody is asked for a card now"

    def test_who_was_at_them_goes_on(self, client: Client, study: Study) -> None:
        session = sit(study)
        self.tell(session, 5)
        assert vision_of(session) == {}
        answer(client, session, right="yyn")
        assert vision_of(session)["acuity"]["finest_px"] == 2


class TestKept:
    def test_the_sitting_tells_it_in_its_row(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="yyyyyy")
        row = {name: told for name, told in row_of(session).items() if name.startswith("acuity")}
        assert row == {
            "acuity_logmar": "0.482", "acuity_gap_arcmin": "3.032", "acuity_gap_px": "2.0", "acuity_limit": "screen",
            "acuity_px_per_mm": "3.7792", "acuity_distance_cm": "60.0", "acuity_distance_source": "told",
        }  # fmt: skip

    def test_of_a_screen_not_measured_there_are_pixels_alone(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", NO_CARD)
        answer(client, session, right="yyyyyyyy")
        row = {name: told for name, told in row_of(session).items() if name.startswith("acuity") and told}
        assert row == {"acuity_gap_px": "1.0", "acuity_limit": "test"}

    def test_the_measure_is_erased_with_the_device_and_the_outcome_stays(self, client: Client, study: Study) -> None:
        session = sit(study)
        go(client, session, "calibration", CARD)
        answer(client, session, right="yyyyyy")
        before = vision_of(session)
        erase_traces(StudySession.objects.filter(pk=session.pk), Erasure.Why.DUE, timezone.now())
        assert session.steps.get(name="calibration").told == {}
        assert vision_of(session) == before
        row = row_of(session)
        assert (row["acuity_logmar"], row["acuity_px_per_mm"], row["acuity_distance_cm"]) == ("0.482", "", "")
