"""The pages around the trials: in order, once each, from anywhere; what is told is kept, and nothing is forced on."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from enhancement.services.verification import run_checks
from studyapp.models import Observer, SessionStep, Study, StudySession, Trial
from studyapp.models.observer import LAB_COLUMNS
from studyapp.services.arrivals import Arrival
from studyapp.services.invitations import make_invitations
from studyapp.services.lab import lab_columns, lab_told
from studyapp.services.places import abandon
from studyapp.services.seating import begin_session
from studyapp.services.steps import Step, current_step, finish_step, seed_of, shown, vision_of
from studyapp.services.studies import problems_of_opening
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from studyapp.services.withdrawal import withdraw
from studyapp.vision import plates, rings
from tests.studyapp.factories import answer_all, change, make_study, make_user, prefer, sit

pytestmark = pytest.mark.django_db

GOOD = {
    "capable": "yes", "viewport_width_px": 1440, "viewport_height_px": 900, "device_pixel_ratio": 2, "browser_zoom": 1,
    "gamut": "srgb", "dark_steps": 6, "bright_steps": 5,
}  # fmt: skip
NO_CARD = {"skip": "yes"}
ALL: dict[str, Any] = {
    "screen_check": True, "colour_test": True, "acuity_test": True, "ask_background": True,
    "practice_contents": ["photo-2", "photo-3"], "examples": ["photo-3"], "practice_trials": 2, "break_every": 2,
    "closing_questions": ["Why?", "Glasses? | yes | no", "Tired? | 1-5 | awake | tired"],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """A study with everything around its trials."""
    return make_study(
        make_user(), conditions=("original", "auto"), trials_per_session=2, consent="I agree freely.",
        completion_code="C0DE", **ALL,
    )  # fmt: skip


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def only(study: Study, **settings: Any) -> Study:
    """The same study with nothing around it but what is named."""
    bare = {name: Study._meta.get_field(name).get_default() for name in ALL}  # type: ignore[union-attr]
    return change(study, **bare | settings)


def place(session: StudySession) -> str:
    return f"/look/{session.token}/"


def broken() -> set[str]:
    """The checks of schedules that complain."""
    return {outcome.check.name for outcome in run_checks(SCHEDULE_CHECKS, quick=False) if outcome.broken}


def right(session: StudySession, name: str) -> list[dict[str, str]]:
    """What somebody answers who sees everything."""
    parts = len(plates.KINDS) if name == "colour" else len(rings.GAPS_PX)
    return [{"seen": shown(Step(name, part), seed_of(session))} for part in range(1, parts + 1)]


def go(client: Client, session: StudySession, name: str, told: dict[str, Any], part: int = 1) -> Any:
    return client.post(f"{place(session)}steps/{name}/{part}/", told)


def test_a_study_without_steps_leads_to_its_pairs(client: Client, study: Study) -> None:
    session = sit(only(study))
    assert client.get(place(session)).status_code == 200


def test_a_study_without_steps_asks_nothing_more(
    study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session = sit(only(study))
    with django_assert_num_queries(0):
        assert current_step(session) is None


def test_all_steps_in_order_to_the_thanks(client: Client, study: Study) -> None:
    session = sit(study)
    seen = []
    told: dict[str, Any] = {
        "screen": GOOD,
        "calibration": NO_CARD,
        "background": {"age": "30-39"},
        "questions": {"question_2": "no"},
    }
    tests = {name: right(session, name) for name in ("colour", "acuity")}
    while (page := client.get(place(session), follow=True)).redirect_chain:
        *_, steps, name, part, _ = page.redirect_chain[-1][0].split("/")
        if steps != "steps":
            break
        assert page.status_code == 200
        seen.append((name, int(part)))
        go(client, session, name, tests[name][int(part) - 1] if name in tests else told.get(name, {}), int(part))
        session.refresh_from_db()
        if name == "instructions":
            answer_all(session, prefer("auto", "original"))
            session.refresh_from_db()
    assert [name for name, part in seen if part == 1] == [
        "screen", "colour", "calibration", "acuity", "background", "instructions", "questions",
    ]  # fmt: skip
    assert len(seen) == 5 + len(plates.KINDS) + len(rings.GAPS_PX)
    assert page.redirect_chain[-1][0].endswith("/thanks/")
    assert "C0DE" in page.content.decode()
    assert vision_of(session) == {
        "colour": {"right": 5, "of": 5, "passed": True},
        "acuity": {"calibrated": False, "finest_px": 1, "limit": "test", "passed": True},
    }
    assert session.observer.background == {"age": "30-39"}
    assert session.steps.get(name="background").told == {}, "what people say of themselves stands in one place"
    assert session.steps.get(name="questions").told["answers"] == [
        {"question": "Why?", "answer": ""},
        {"question": "Glasses?", "answer": "no"},
        {"question": "Tired?", "answer": ""},
    ]


def test_no_code_before_the_closing_questions_are_stored(client: Client, study: Study) -> None:
    session = sit(only(study, closing_questions=["Why?"]))
    answer_all(session, prefer("auto", "original"))
    assert client.get(f"{place(session)}thanks/")["Location"] == place(session)
    assert client.get(place(session))["Location"] == f"{place(session)}steps/questions/1/"
    go(client, session, "questions", {"question_1": ""})
    assert "C0DE" in client.get(f"{place(session)}thanks/").content.decode()


def test_a_step_that_is_done_or_not_due_leads_to_where_the_sitting_is(client: Client, study: Study) -> None:
    session = sit(only(study, screen_check=True, ask_background=True))
    for name in ("background", "questions", "nothing"):
        assert client.get(f"{place(session)}steps/{name}/1/")["Location"] == place(session)
    go(client, session, "screen", GOOD)
    assert client.get(f"{place(session)}steps/screen/1/")["Location"] == place(session)
    assert client.get(place(session))["Location"] == f"{place(session)}steps/background/1/"


def test_done_twice_the_first_telling_stands(study: Study) -> None:
    session = sit(only(study, screen_check=True))
    for width in (1000, 2000):
        finish_step(session, Step("screen"), {"viewport_width_px": width})
    assert SessionStep.objects.get().told == {"viewport_width_px": 1000}


def test_it_goes_on_without_any_cookie(study: Study) -> None:
    """Another device by the personal link, or a browser that refuses cookies."""
    session = sit(only(study, screen_check=True))
    assert go(Client(enforce_csrf_checks=True), session, "screen", GOOD).status_code == 302
    assert session.steps.count() == 1


class TestScreen:
    def test_what_is_poor_is_named_and_may_be_left(self, client: Client, study: Study) -> None:
        session = sit(only(study, screen_check=True, screen_min_width_px=1024))
        poor = {**GOOD, "viewport_width_px": 800, "browser_zoom": 1.25, "dark_steps": 2}
        page = go(client, session, "screen", poor).content.decode()
        assert "narrower than 1024" in page
        assert "100 %" in page
        assert "dark squares can be told apart" in page
        assert 'name="dark_steps" value="2" checked' in page, "what was counted isn't asked for again"
        assert session.steps.count() == 0
        go(client, session, "screen", {**poor, "anyway": "yes"})
        assert session.steps.get().told["problems"] == ["narrow", "zoom", "dark"]

    def test_where_the_study_says_so_it_must_be_mended(self, client: Client, study: Study) -> None:
        session = sit(only(study, screen_check=True, screen_required=True))
        answer = go(client, session, "screen", {**GOOD, "bright_steps": 1, "anyway": "yes"})
        assert answer.status_code == 200
        assert session.steps.count() == 0
        go(client, session, "screen", GOOD)
        assert session.steps.get().told["problems"] == []

    def test_the_zoom_alone_holds_nobody(self, client: Client, study: Study) -> None:
        """An open sidebar of the browser reads as zoom, too."""
        session = sit(only(study, screen_check=True, screen_required=True))
        page = go(client, session, "screen", {**GOOD, "browser_zoom": 1.25}).content.decode()
        assert "sidebar" in page
        assert 'name="anyway"' in page
        assert session.steps.count() == 0
        go(client, session, "screen", {**GOOD, "browser_zoom": 1.25, "dark_steps": 2, "anyway": "yes"})
        assert session.steps.count() == 0, "there is more to mend than the zoom"
        go(client, session, "screen", {**GOOD, "browser_zoom": 1.25, "anyway": "yes"})
        assert session.steps.get().told["problems"] == ["zoom"]

    def test_a_browser_without_scripts_hears_of_it(self, client: Client, study: Study) -> None:
        session = sit(only(study, screen_check=True))
        assert "This browser lacks something" in go(client, session, "screen", {"dark_steps": 6}).content.decode()


class TestVision:
    def fail(self, client: Client, session: StudySession) -> None:
        for part in range(1, len(plates.KINDS) + 1):
            go(client, session, "colour", {"seen": "none"}, part)

    def test_it_never_blocks(self, client: Client, study: Study) -> None:
        session = sit(only(study, colour_test=True))
        self.fail(client, session)
        assert vision_of(session)["colour"] == {"right": 0, "of": 5, "passed": False}
        assert client.get(place(session))["Location"] == f"{place(session)}steps/instructions/1/"

    def test_unless_the_study_says_so(self, client: Client, study: Study) -> None:
        session = sit(only(study, colour_test=True, vision_required=True))
        self.fail(client, session)
        assert "no medical test" in client.get(place(session)).content.decode()
        session.refresh_from_db()
        assert session.state == StudySession.State.ABANDONED
        assert sit(study).slot == session.slot, "the place goes to the next observer"
        assert "no medical test" in client.get(place(session)).content.decode(), "and stays theirs"

    def test_who_comes_again_by_their_panel_takes_no_place_again(self, client: Client, study: Study) -> None:
        arrival = Arrival(person="p1")
        session = begin_session(only(study, colour_test=True, vision_required=True), consented=True, arrival=arrival)
        self.fail(client, session)
        assert begin_session(study, consented=True, arrival=arrival) == session
        session.refresh_from_db()
        assert session.state == StudySession.State.ABANDONED
        assert not session.trials.filter(held=True).exists()

    def test_a_simulated_observer_has_no_eyes(self, client: Client, study: Study) -> None:
        session = sit(only(study, colour_test=True, vision_required=True), simulated=True)
        self.fail(client, session)
        assert client.get(place(session))["Location"] == f"{place(session)}steps/instructions/1/"

    def test_a_plate_is_drawn(self, client: Client, study: Study) -> None:
        answer = client.get(f"{place(sit(study))}steps/colour/1.svg")
        assert answer["Content-Type"] == "image/svg+xml"
        assert answer.content.startswith(b"<svg")

    @pytest.mark.parametrize("drawing", ["colour/6", "colour/0", "acuity/1", "screen/1"])
    def test_no_others(self, client: Client, study: Study, drawing: str) -> None:
        assert client.get(f"{place(sit(study))}steps/{drawing}.svg").status_code == 404

    def test_an_answer_that_is_none(self, client: Client, study: Study) -> None:
        session = sit(only(study, colour_test=True))
        assert go(client, session, "colour", {"seen": "purple"}).status_code == 200
        assert session.steps.count() == 0


class TestPractice:
    def test_its_contents_never_count(self, study: Study) -> None:
        for _ in range(4):
            session = sit(study)
            kinds = list(session.trials.order_by("position").values_list("kind", "content__name"))
            assert [kind for kind, _ in kinds] == ["practice", "practice", "main", "main"]
            assert {name for kind, name in kinds if kind == "practice"} == {"photo-2", "photo-3"}
            assert {name for kind, name in kinds if kind == "main"} <= {"photo-0", "photo-1"}

    def test_it_is_derived_again(self, study: Study) -> None:
        answer_all(sit(study), prefer("auto", "original"))
        assert broken() == set()
        change(study, practice_trials=1)
        assert broken() == {"schedules derived again", "studies frozen"}

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"practice_contents": ["photo-9"]}, "no content 'photo-9'"),
            ({"practice_contents": [f"photo-{n}" for n in range(4)]}, "none is left"),
            ({"practice_contents": [], "examples": []}, "needs contents that are kept"),
            ({"examples": ["photo-0"]}, "'photo-0' must be one of"),
            ({"closing_questions": ["A? | b"]}, "two choices or more"),
        ],
    )
    def test_what_cannot_be_is_named_before_the_study_opens(
        self, study: Study, wrong: dict[str, Any], said: str
    ) -> None:
        assert said in " ".join(problems_of_opening(change(study, **wrong)))

    def test_the_page_knows_practice_and_breaks(self, client: Client, study: Study) -> None:
        session = sit(change(study, screen_check=False, colour_test=False, acuity_test=False, ask_background=False))
        go(client, session, "instructions", {})
        page = client.get(place(session)).content.decode()
        state = json.loads(page.split('<script id="state" type="application/json">')[1].split("</script>")[0])
        assert (state["practice"], state["break_every"], state["total"]) == (2, 2, 4)
        assert state["pace"] == {"expected_ms": 8000, "own_ms": []}
        answer_all(session, prefer("auto", "original"))
        assert Trial.objects.filter(session=session, kind="practice", vote__isnull=False).count() == 2


class TestExamples:
    def test_they_are_shown_under_addresses_that_tell_nothing(self, client: Client, study: Study) -> None:
        session = sit(change(study, screen_check=False, colour_test=False, acuity_test=False, ask_background=False))
        page = client.get(f"{place(session)}steps/instructions/1/").content.decode()
        for side in ("left", "right"):
            assert f"{place(session)}examples/0/{side}" in page
        assert page.count('width="192" height="144"') == 2, "their place is kept while they come"
        assert "original" not in page
        assert "photo-3" not in page
        pictures = [client.get(f"{place(session)}examples/0/{side}") for side in ("left", "right")]
        assert {answer["Content-Type"] for answer in pictures} == {"image/png"}
        assert len({len(answer.content) for answer in pictures}) == 1, "their lengths tell nothing"
        assert pictures[0].content != pictures[1].content

    @pytest.mark.parametrize("wrong", ["1/left", "0/middle"])
    def test_no_others(self, client: Client, study: Study, wrong: str) -> None:
        assert client.get(f"{place(sit(study))}examples/{wrong}").status_code == 404


class TestReceipt:
    def test_it_holds_the_text_and_its_version_for_good(self, client: Client, study: Study) -> None:
        session = sit(only(study))
        page = client.get(f"{place(session)}agreed/").content.decode()
        assert "I agree freely." in page
        assert session.observer.code in page
        answer_all(session, prefer("auto", "original"))
        assert f"{place(session)}agreed/" in client.get(f"{place(session)}thanks/").content.decode()
        StudySession.objects.filter(pk=session.pk).update(state=StudySession.State.WITHDRAWN)
        assert client.get(f"{place(session)}agreed/").status_code == 200


class TestLab:
    TOLD = {"observer": "P07", "station": "booth 2", "display": "EIZO CG", "luminance_cd_m2": "120"}

    def begin(self, client: Client, study: Study, **told: str) -> StudySession:
        client.post(f"/s/{study.code}/lab/", {**self.TOLD, **told})
        client.post(f"/s/{study.code}/", {"consent": "yes"})
        return StudySession.objects.latest("pk")

    def test_the_supervisor_comes_first(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True)
        assert client.get(f"/s/{study.code}/?STUDY_ID=x")["Location"] == f"/s/{study.code}/lab/?STUDY_ID=x"
        session = self.begin(client, study)
        assert lab_told(session) == {**self.TOLD, "luminance_cd_m2": 120.0}
        assert (session.lab_luminance_cd_m2, session.lab_viewing_distance_cm) == (120.0, None)

    def test_the_station_is_kept_and_the_observer_is_not(self, client: Client, study: Study) -> None:
        self.begin(client, only(study, lab_mode=True), ambient_lux="0.5")
        assert client.get(f"/s/{study.code}/")["Location"].startswith(f"/s/{study.code}/lab/")
        page = client.get(f"/s/{study.code}/lab/").content.decode()
        assert "booth 2" in page
        assert 'value="120.0"' in page
        assert 'value="0.5"' in page
        assert "P07" not in page

    def test_the_same_code_is_the_same_observer(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True)
        first, again, other = (self.begin(client, study, observer=code) for code in ("P07", "P07", "P08"))
        assert first.observer == again.observer != other.observer

    def test_who_tries_it_out_is_not_its_first_observer(self, study: Study) -> None:
        told = {"consented": True, "lab": self.TOLD}
        pilot, person = begin_session(study, pilot=True, **told), begin_session(study, **told)
        assert pilot.observer != person.observer

    def test_a_code_that_anybody_can_type_opens_nothing_of_others(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True, ask_background=True)
        first, second = self.begin(client, study), self.begin(client, study)
        Observer.objects.filter(pk=first.observer_id).update(background={"age": "30-39"})
        told = client.get(f"/look/{second.token}/my-data.json").json()
        assert [one["number"] for one in told["sittings"]] == [second.pk]
        assert told["observer"]["background"] == {}
        assert "withdraws this sitting only" in client.get(f"/look/{second.token}/withdraw/").content.decode()
        client.post(f"/look/{second.token}/withdraw/")
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.state, second.state) == (StudySession.State.ACTIVE, StudySession.State.WITHDRAWN)
        assert first.observer.background == {"age": "30-39"}
        assert first.observer.withdrawn_at is None
        assert second.observer.withdrawn_at is not None
        assert first.observer != second.observer

    def test_what_was_told_first_of_a_code_stays(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True, ask_background=True)
        for session, age in ((self.begin(client, study), "30-39"), (self.begin(client, study), "60-69")):
            finish_step(session, Step(SessionStep.Name.BACKGROUND), {"age": age})
        assert session.observer.background == {"age": "30-39"}

    @pytest.mark.parametrize(
        "told", [({"age": "30-39"}, {"age": "60-69"}), ({"age": "30-39"}, {}), ({}, {"age": "60-69"})]
    )
    @pytest.mark.parametrize("who", [0, 1])
    def test_who_withdraws_takes_back_what_they_told_and_nothing_of_others(
        self, client: Client, study: Study, told: tuple[dict[str, str], ...], who: int
    ) -> None:
        only(study, lab_mode=True, ask_background=True)
        sittings = [self.begin(client, study), self.begin(client, study)]
        for session, background in zip(sittings, told, strict=True):
            finish_step(session, Step(SessionStep.Name.BACKGROUND), background)
        pages = client.get(f"/look/{sittings[1].token}/my-data.json").json()["sittings"][0]["pages_around_the_pairs"]
        assert [page["told"] for page in pages] == [told[1]], "each is told what they said themselves"
        client.post(f"/look/{sittings[who].token}/withdraw/")
        gone, other = (StudySession.objects.get(pk=sittings[n].pk) for n in (who, 1 - who))
        assert (gone.observer.background, list(gone.steps.values_list("told", flat=True))) == ({}, [{}])
        assert other.observer.background == told[1 - who]

    @pytest.mark.parametrize("known", ["panel", "invitation"])
    def test_who_is_known_beside_the_code_has_all_their_sittings(
        self, client: Client, study: Study, known: str
    ) -> None:
        only(study, lab_mode=True)
        arrival = Arrival(person="p1") if known == "panel" else Arrival(invitation=make_invitations(study, 1)[0])
        first = begin_session(study, consented=True, lab=self.TOLD, arrival=arrival)
        abandon(first)
        sit(study)  # has their places
        again = begin_session(study, consented=True, lab=self.TOLD, arrival=arrival)
        other = begin_session(study, consented=True, lab=self.TOLD)
        assert first.observer == again.observer == other.observer
        told = client.get(f"/look/{again.token}/my-data.json").json()
        assert [one["number"] for one in told["sittings"]] == [first.pk, again.pk]
        client.post(f"/look/{again.token}/withdraw/")
        states = {one.pk: one.state for one in StudySession.objects.filter(pk__in=[first.pk, again.pk, other.pk])}
        assert states == {first.pk: "withdrawn", again.pk: "withdrawn", other.pk: "active"}
        other.observer.refresh_from_db()
        assert other.observer.withdrawn_at is None

    def test_who_sat_without_a_lab_is_not_who_types_their_code_later(self, study: Study) -> None:
        only(study, lab_mode=True)
        arrival = Arrival(person="p1")
        first = begin_session(study, consented=True, arrival=arrival)
        abandon(first)
        sit(study)
        again = begin_session(study, consented=True, lab=self.TOLD, arrival=arrival)
        other = begin_session(study, consented=True, lab=self.TOLD)
        assert first.observer == other.observer
        assert withdraw(first) == 2
        other.refresh_from_db()
        assert (other.state, StudySession.objects.get(pk=again.pk).state) == ("active", "withdrawn")

    def test_no_station(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True)
        answer = client.post(f"/s/{study.code}/lab/", {"observer": "P07"})
        assert "This field is required." in answer.content.decode()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("luminance_cd_m2", "0"),
            ("luminance_cd_m2", "20001"),
            ("luminance_cd_m2", "nan"),
            ("luminance_cd_m2", "inf"),
            ("luminance_cd_m2", "bright"),
            ("viewing_distance_cm", "-60"),
            ("viewing_distance_cm", "0"),
            ("viewing_distance_cm", "2001"),
            ("ambient_lux", "-1"),
            ("ambient_lux", "200001"),
        ],
    )
    def test_what_no_lab_measures(self, client: Client, study: Study, name: str, value: str) -> None:
        only(study, lab_mode=True)
        answer = client.post(f"/s/{study.code}/lab/", {**self.TOLD, name: value})
        assert (answer.status_code, list(answer.context["form"].errors)) == (200, [name])

    def test_a_dark_room(self, client: Client, study: Study) -> None:
        only(study, lab_mode=True)
        assert self.begin(client, study, ambient_lux="0").lab_ambient_lux == 0.0

    @pytest.mark.parametrize(("name", "value"), [("luminance_cd_m2", 0), ("ambient_lux", float("nan")), ("x", True)])
    def test_what_was_told_before_such_limits_is_kept_as_it_was(self, study: Study, name: str, value: float) -> None:
        told = {"observer": "P07", name: value}
        columns = lab_columns(told)
        assert columns["lab"] is not told
        assert columns["lab"] == told
        assert lab_columns({}) == {**columns, "lab": {}}

    @pytest.mark.parametrize(("name", "value"), [(name, value) for name in LAB_COLUMNS for value in (-1, 1e6)])
    def test_the_database_takes_nothing_else(self, study: Study, name: str, value: float) -> None:
        session = sit(study)
        with pytest.raises(IntegrityError), transaction.atomic():
            StudySession.objects.filter(pk=session.pk).update(**{name: value})

    def test_only_in_lab_mode(self, client: Client, study: Study) -> None:
        assert client.get(f"/s/{only(study).code}/lab/").status_code == 404

    def test_outside_the_lab_nobody_is_taken_for_somebody_else(self, study: Study) -> None:
        sit(only(study))
        sit(study)
        assert Observer.objects.count() == 2
