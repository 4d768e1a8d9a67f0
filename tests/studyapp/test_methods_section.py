"""The methods section in words: for every policy and every setting what is true of it, and nothing on what isn't."""

import re
from collections import Counter
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from enhancement.models import Content
from studyapp import step_forms
from studyapp.design.schedule import counts
from studyapp.models import Batch, Erasure, Invitation, Observer, Panel, Study, StudySession, StudyText
from studyapp.models.study import Policy
from studyapp.services.lab import lab_columns
from studyapp.services.methods_around import BACKGROUND
from studyapp.services.methods_section import study_methods
from studyapp.services.report_keys import report_key
from studyapp.services.schedules import design_of
from studyapp.services.sessions import mark_shown
from studyapp.services.steps import Step, current_step, finish_step, is_barred, seed_of, shown
from studyapp.services.withdrawal import withdraw
from studyapp.session_settings import SETTINGS
from tests.studyapp.factories import (
    DEVICE,
    answer,
    answer_all,
    change,
    leave,
    make_study,
    make_testset,
    make_user,
    prefer,
    sit,
)

pytestmark = pytest.mark.django_db

ORDER = ("reference", "auto", "original", "degraded")


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """Six photos by two cameras, three conditions and one of gold pairs; nothing around the pairs."""
    return make_study(
        make_user(), testset=make_testset(contents=6, cameras=("iphone", "sony")), conditions=ORDER,
        gold={"degraded": "original"}, trials_per_session=10, gold_share=0.1, repeat_share=0.1, same_share=0.1,
    )  # fmt: skip


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


def said(study: Study, head: str = "", **asked: Any) -> str:
    """One paragraph, or all of them."""
    return " ".join(text for of, text in study_methods(study, **asked) if head in ("", of))


def finished(study: Study, number: int = 1, **seat: bool) -> list[StudySession]:
    sat = [sit(study, **seat) for _ in range(number)]
    for session in sat:
        answer_all(session, prefer(*ORDER))
    return list(StudySession.objects.filter(pk__in=[session.pk for session in sat]).order_by("pk"))


class TestPolicies:
    @pytest.mark.parametrize("policy", Policy.values)
    def test_places_go_back_and_not_slots(self, study: Study, policy: str) -> None:
        design = said(change(study, policy_version=policy, strata="camera" * (policy == "balanced-2")))
        assert f"the seed 7 by the policy {policy}, and from the places" in design
        assert "first those that others gave back, then those of a new slot" in design
        assert "the places that it answered stay answered and their votes count, the others are given" in design
        assert "60 minutes" in design
        assert "slot is given" not in design
        assert "next free slot" not in design

    def test_what_it_says_of_places_is_what_happens(self, study: Study) -> None:
        """Who leaves keeps what was answered; the next one gets the rest, and of a new slot as many more."""
        first = sit(study)
        for trial in first.trials.order_by("position")[:4]:
            answer(trial, "left")
        leave(first)
        kept = first.trials.filter(slot__isnull=False, vote__isnull=False).count()
        again = sit(study)
        places = Counter(again.trials.filter(slot__isnull=False).values_list("slot__number", flat=True))
        size = counts(design_of(study)).main
        assert 0 < kept < size
        assert places == {0: size - kept, 1: kept}

    def test_balanced(self, study: Study) -> None:
        design = said(study, "Design.")
        assert "any two pairs of conditions differ by at most one in how often they stand in it" in design
        assert "adaptive" not in design
        assert "batch" not in design
        assert "its share of" not in design

    @pytest.mark.parametrize(("strata", "words"), [("camera", "every camera"), ("scene", "every scene")])
    def test_balanced_within_strata(self, study: Study, strata: str, words: str) -> None:
        design = said(change(study, policy_version="balanced-2", strata=strata), "Design.")
        assert "differ by at most one" in design
        assert f"Each slot gets its share of {words}, among its main pairs." in design

    def test_adaptive_is_not_called_balanced(self, study: Study) -> None:
        design = said(change(study, policy_version="adaptive-1"), "Design.")
        assert "The design is adaptive." in design
        assert "over the slots that draw on a batch any two pairs of conditions differ in this half by two at" in design
        assert "differ by at most one" not in design
        assert "No batch was made for observers so far" in design
        assert "its share of" not in design

    def test_adaptive_says_how_many_batches_observers_had(self, study: Study) -> None:
        change(study, policy_version="adaptive-1", strata="camera")
        for lane, number in (("main", 0), ("main", 1), ("pilot", 0)):
            Batch.objects.create(
                study=study, lane=lane, number=number, policy_version="adaptive-1", pairs=[[0, 1]], votes=1,
                votes_sha256="", last_vote=1, pending=0,
            )  # fmt: skip
        design = said(study, "Design.")
        assert "2 batches were made for observers" in design
        assert "Which pairs a batch holds follows from no seed: it is recorded." in design
        assert "Each slot gets its share of every camera, among its balanced pairs." in design

    def test_a_sitting_is_as_long_as_it_says(self, study: Study) -> None:
        kinds = Counter(sit(study).trials.values_list("kind", flat=True))
        assert kinds == {"main": 7, "gold": 1, "repeat": 1, "same": 1}
        assert (
            "A sitting holds 7 main pairs, 1 gold, 1 repeated with sides swapped and 1 same-against-same; only main "
            "pairs are fitted."
        ) in said(study, "Design.")

    def test_also_where_there_are_main_pairs_only_and_fewer_than_asked_for(self, study: Study) -> None:
        change(study, gold_share=0, repeat_share=0, same_share=0, trials_per_session=500)
        assert sit(study).trials.count() == 18
        assert "A sitting holds 18 main pairs." in said(study, "Design.")

    def test_a_draft_that_cannot_be_scheduled_has_words_too(self, study: Study) -> None:
        change(study, seed=2**63 - 1, policy_version="balanced-2")
        assert "A sitting holds 10 pairs at most." in said(study, "Design.")


class TestPictures:
    def test_it_works(self, study: Study) -> None:
        pictures = said(study, "Pictures.")
        assert pictures.startswith(
            "The design holds 6 photos of 3 scenes (test set tiny; iphone, sony) in these conditions: "
        )
        assert "auto (by auto)" in pictures
        assert "degraded (by degraded, in gold pairs only, where it must lose to original)" in pictures
        assert "of the test set" not in pictures

    def test_what_is_kept_for_practice_is_not_among_them(self, study: Study) -> None:
        change(study, practice_contents=["photo-1", "photo-3", "photo-5"], practice_trials=2, examples=["photo-1"])
        pictures = said(study, "Pictures.")
        assert "The design holds 3 photos of 3 scenes (test set tiny; iphone) in" in pictures
        assert (
            "3 more photos of the test set, kept for practice and the examples in the instructions, stood in no pair "
            "that counts."
        ) in pictures
        main = sit(study).trials.exclude(kind="practice").values_list("content__camera", flat=True)
        assert set(main) == {"iphone"}

    @pytest.mark.parametrize(
        ("uses", "words"),
        [
            ({"practice_trials": 1}, "1 more photo of the test set, kept for practice, stood in no pair that counts."),
            ({"examples": ["photo-1"]}, "1 more photo of the test set, kept for the examples in the instructions, "),
            ({}, "1 more photo of the test set stood in no pair that counts."),
        ],
    )
    def test_what_it_is_kept_for(self, study: Study, uses: dict[str, Any], words: str) -> None:
        assert words in said(change(study, practice_contents=["photo-1"], **uses), "Pictures.")

    def test_photos_that_nobody_has_seen_yet_are_said(self, study: Study) -> None:
        assert "So far" not in said(study, "Pictures.")
        session = sit(study)
        main = session.trials.filter(kind="main").order_by("position").first()
        assert main is not None
        mark_shown(main, DEVICE)
        assert "So far main pairs showed 1 of these photos." in said(study, "Pictures.")
        for trial in session.trials.all():
            mark_shown(trial, DEVICE)
        seen = session.trials.filter(kind="main").values("content").distinct().count()
        assert (f"So far main pairs showed {seen} of" in said(study, "Pictures.")) == (seen < 6)

    def test_scenes_that_are_not_named_are_not_counted(self, study: Study) -> None:
        Content.objects.filter(testset=study.testset, name="photo-0").update(scene="")
        assert "The design holds 6 photos (test set tiny;" in said(study, "Pictures.")

    def test_a_method_for_photos_of_no_named_camera(self, study: Study) -> None:
        Content.objects.filter(testset=study.testset, name="photo-0").update(camera="")
        condition = study.conditions.get(name="auto")
        method = study.conditions.get(name="original").methods.get().method
        condition.methods.create(camera="sony", method=method)
        assert "auto (by auto for photos of no named camera, auto for iphone, original for sony)" in said(study)


# Setting: what it says where it is on. None of it where it is off.
SAID: dict[str, tuple[dict[str, Any], str, str]] = {
    "correction": (
        {"allow_correction": True}, "Question.", "The last answer could be taken back once, before the next was given",
    ),
    "tie": ({"allow_tie": True}, "Question.", "the left one, the right one or a tie"),
    "not sure": ({"allow_not_sure": True}, "Question.", "or not sure"),
    "examples": (
        {"examples": ["photo-0", "photo-1"], "practice_contents": ["photo-0", "photo-1"]},
        "Sitting.", "Instructions came before the pairs, with 2 example pairs.",
    ),
    "practice": (
        {"practice_trials": 4, "practice_contents": ["photo-0"]},
        "Sitting.", "Each sitting began with 3 practice pairs on photos kept for that",
    ),
    "breaks": ({"break_every": 4}, "Sitting.", "After every 4 pairs a break was offered"),
    "breaks each": ({"break_every": 1}, "Sitting.", "After every pair a break was offered"),
    "closing": (
        {"closing_questions": ["Why?", "Tired? | 1-5"]}, "Sitting.", "After the pairs 2 closing questions were asked",
    ),
    "screen": (
        {"screen_check": True, "screen_min_width_px": 1024},
        "Screening before.", "a window of at least 1024 × 320 CSS pixels",
    ),
    "screen free": ({"screen_check": True}, "Screening before.", "could go on all the same"),
    "screen required": (
        {"screen_check": True, "screen_required": True},
        "Screening before.", "Nobody went on before all but the zoom was as asked.",
    ),
    "colour": (
        {"colour_test": True},
        "Screening before.", "5 colour plates, drawn by the program, had to be read: passed with the control and 3 of "
        "the 4 others.",
    ),
    "acuity": ({"acuity_test": True}, "Screening before.", "Landolt rings of ever smaller gaps"),
    "vision free": ({"acuity_test": True}, "Screening before.", "Nobody was kept out for it."),
    "vision required": (
        {"colour_test": True, "vision_required": True},
        "Screening before.", "Who didn’t pass was thanked and shown no pairs: nobody.",
    ),
    "background": ({"ask_background": True}, "Recruiting and observers.", "Observers could tell age, glasses, "),
    "lab": ({"lab_mode": True}, "Viewing conditions.", "The study is in lab mode"),
    "invited": (
        {"invited_only": True}, "Recruiting and observers.", "Nobody begins without an invitation code.",
    ),
    "quota": (
        {"quota": 120}, "Recruiting and observers.",
        "The quota, of sittings under way or finished, is 120 sittings in all.",
    ),
    "quotas": (
        {"group_quotas": {"others": 0, "DE": 50, "FR": 1000}}, "Recruiting and observers.",
        "finished, is by group 50 of DE, 1,000 of FR and 0 of any other.",
    ),
    "both quotas": (
        {"quota": 1, "group_quotas": {"DE": 1}}, "Recruiting and observers.", "is 1 sitting in all, by group 1 of DE.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_a_setting_is_told_where_it_is_on_and_nowhere_else(study: Study, name: str) -> None:
    settings, head, words = SAID[name]
    assert words not in said(study)
    assert words in said(change(study, **settings), head)


def test_every_setting_around_the_pairs_is_among_them() -> None:
    told = {key for settings, *_ in SAID.values() for key in settings}
    assert set(SETTINGS) - told == {"minutes_left"}, "which tells observers, not readers, something"


def test_a_study_with_nothing_around_its_pairs_says_little(study: Study) -> None:
    StudyText.objects.filter(study=study).exclude(language="en").delete()
    heads = [head for head, _ in study_methods(study)]
    assert heads == [
        "Question.", "Pictures.", "Design.", "Places.", "Sitting.", "Viewing conditions.", "Recruiting and observers.",
        "Guidance.", "Participation.",
    ]  # fmt: skip
    assert said(study, "Sitting.") == "Texts were in English. Instructions came before the pairs."
    assert said(study, "Viewing conditions.") == (
        "Pictures were shown by the observer’s browser on neutral grey (sRGB 119), at first as a whole; zoomed in, one "
        "image pixel could be had on one device pixel."
    )
    assert said(study, "Recruiting and observers.") == "Anybody with the study’s link could begin."


class TestSitting:
    def test_a_break_that_never_comes_is_not_told(self, study: Study) -> None:
        assert "break" not in said(change(study, break_every=10), "Sitting.")

    def test_practice_is_as_long_as_it_says(self, study: Study) -> None:
        change(study, practice_trials=4, practice_contents=["photo-0"])
        assert sit(study).trials.filter(kind="practice").count() == 3
        change(study, practice_trials=2)
        assert "2 practice pairs" in said(study, "Sitting.")

    def test_consent_is_told_as_it_was_given(self, study: Study) -> None:
        assert "consent" not in said(study)
        before = finished(study)
        text = study.texts.create(kind="consent", text="I agree.")
        assert "consent" not in said(study), "nobody was asked"
        finished(study, 2)
        assert "2 of 3 sittings began with agreement to the study’s consent text." in said(study, "Sitting.")
        StudySession.objects.filter(pk=before[0].pk).update(consent=text, consented_at=before[0].started_at)
        assert "Everybody agreed to the study’s consent text before their sitting began." in said(study, "Sitting.")

    def test_consent_before_anybody_came(self, study: Study) -> None:
        study.texts.create(kind="consent", text="I agree.")
        assert "Nobody can begin without agreeing to the study’s consent text." in said(study, "Sitting.")

    def test_languages_and_who_read_them(self, study: Study) -> None:
        offered = "English, French, German, Spanish, Simplified Chinese and Arabic"
        assert f"Instructions were offered in {offered}." in said(study, "Sitting.")
        sat = finished(study, 3)
        StudySession.objects.filter(pk=sat[1].pk).update(language="de")
        assert f"offered in {offered}: 2 sittings in English and 1 sitting in German." in said(study, "Sitting.")

    def test_one_language_that_is_not_english(self, study: Study) -> None:
        StudyText.objects.filter(study=study).exclude(language="ar").delete()
        assert said(change(study, language="ar"), "Sitting.").startswith("Texts were in Arabic.")

    def test_corrections_are_counted(self, study: Study) -> None:
        change(study, allow_correction=True)
        assert said(study, "Question.").endswith("before the next was given: none was corrected.")
        (session,) = finished(study)
        vote = session.trials.get(position=1).vote
        type(vote).objects.filter(pk=vote.pk).update(corrected_from="right", answer="left")
        assert "1 answer was corrected." in said(study, "Question.")


class TestScreening:
    @staticmethod
    def screened(study: Study, *problems: str) -> StudySession:
        session = sit(study)
        finish_step(session, Step("screen"), {"capable": True, "problems": list(problems)})
        return session

    @staticmethod
    def through(study: Study, *, sees: bool, **seat: bool) -> StudySession:
        """Through the plates and the rings, seeing all or nothing."""
        session = sit(study, **seat)
        while (step := current_step(session)) is not None and step.name in ("colour", "calibration", "acuity"):
            seen = shown(step, seed_of(session)) if sees and step.name != "calibration" else "none"
            told = {"calibrated": False} if step.name == "calibration" else {"seen": seen}
            finish_step(session, step, told)
            session.refresh_from_db()
            if is_barred(session):
                break
        return session

    def test_who_went_on_with_a_screen_as_it_was(self, study: Study) -> None:
        change(study, screen_check=True)
        assert "sittings did" not in said(study)
        self.screened(study)
        self.screened(study, "narrow", "dark")
        session = self.screened(study)
        session.steps.update(told={})  # erased by the clock: nobody knows any more
        assert said(study, "Screening before.").endswith("could go on all the same. 1 of 2 sittings did.")

    def test_who_passed_and_that_nobody_was_kept_out(self, study: Study) -> None:
        change(study, colour_test=True, acuity_test=True)
        for sees in (True, True, False):
            self.through(study, sees=sees)
        screening = said(study, "Screening before.")
        assert "3 of the 4 others. 2 of 3 sittings passed." in screening
        assert "down to a gap of 2 CSS pixels. 2 of 3 sittings passed." in screening
        assert screening.endswith("Nobody was kept out for it.")
        assert "diagnoses nothing" in screening

    def test_who_was_kept_out(self, study: Study) -> None:
        change(study, colour_test=True, vision_required=True)
        self.through(study, sees=True)
        blind = self.through(study, sees=False)
        assert blind.state == StudySession.State.ABANDONED
        self.through(study, sees=False, pilot=True)
        assert said(study, "Screening before.").endswith("was thanked and shown no pairs: 1 sitting.")
        withdraw(blind)
        assert said(study, "Screening before.").endswith("was thanked and shown no pairs: nobody.")

    def test_how_many_measured_their_screen(self, study: Study) -> None:
        change(study, acuity_test=True)
        result = {"calibrated": True, "limit": "test", "passed": True, "logmar": 0.0}
        sit(study).steps.create(name="acuity", told={"seen": "up", "shown": "up", "result": result})
        self.through(study, sees=True)
        screening = said(study, "Screening before.")
        assert "had been held against the screen (1 sitting), passed where none of 0.5 logMAR" in screening
        assert "2 of 2 sittings passed." in screening


class TestViewing:
    def test_what_a_lab_wrote_down(self, study: Study) -> None:
        change(study, lab_mode=True)
        assert "Written down" not in said(study)
        told: list[dict[str, Any]] = [
            {"observer": "A", "station": "1", "display": "Eizo", "luminance_cd_m2": 120.5, "ambient_lux": 0},
            {"observer": "B", "station": "2", "display": "Eizo", "luminance_cd_m2": 100, "ambient_lux": 0},
            {"observer": "C", "station": "2", "luminance_cd_m2": "bright", "ambient_lux": 0},
        ]
        for session, one in zip(finished(study, 3), told, strict=True):
            StudySession.objects.filter(pk=session.pk).update(**lab_columns(one))
        assert said(study, "Viewing conditions.").endswith(
            "a supervisor writes down who sits where; so far at 2 stations. Written down were peak luminance of the "
            "display 100 to 120.5 cd/m² (of 2 of 3 sittings); light of the room 0 lx. The display was Eizo."
        )
        StudySession.objects.update(lab_viewing_distance_cm=60)
        assert "viewing distance 60 cm;" in said(study, "Viewing conditions.")

    def test_nobody_by_an_open_link_in_a_lab(self, study: Study) -> None:
        assert "Anybody" not in said(change(study, lab_mode=True))


class TestRecruiting:
    @pytest.mark.parametrize(("kind", "sender"), [("prolific", "Prolific"), ("other", "a recruiting panel")])
    def test_a_panel(self, study: Study, kind: str, sender: str) -> None:
        Panel.objects.create(study=study, kind=kind)
        recruiting = said(study, "Recruiting and observers.")
        assert recruiting == f"The study is set up for observers whom {sender} sends."

    def test_who_had_begun_before_invitations_were_asked_for(self, study: Study) -> None:
        known, _, erased = finished(study, 3)
        StudySession.objects.filter(pk=known.pk).update(invitation=Invitation.objects.create(study=study))
        Erasure.objects.create(session=erased, why="due", erased_at=erased.started_at)
        finished(study, pilot=True)
        change(study, invited_only=True)
        assert "without an invitation code; 1 sitting had begun without one." in said(study)

    def test_what_observers_told(self, study: Study) -> None:
        change(study, ask_background=True)
        first, second, third, fourth = finished(study, 4)
        for session, told in (
            (first, {"age": "18-29", "vision": "glasses", "gender": "woman"}),
            (second, {"age": "under-18", "expertise": "hobby"}),
            (fourth, {"age": "70-or-more"}),
        ):
            Observer.objects.filter(pk=session.observer_id).update(background=told)
        StudySession.objects.filter(pk=third.pk).update(observer=first.observer)
        withdraw(StudySession.objects.get(pk=fourth.pk))
        assert said(study, "Recruiting and observers.").endswith(
            "Of 2 observers: age: under 18 (1), 18–29 (1); glasses: worn (1), not told (1); colour vision: not told "
            "(2); photography: a hobby (1), not told (1); gender: women (1), not told (1)."
        )

    def test_nobody_told_anything(self, study: Study) -> None:
        change(study, ask_background=True)
        finished(study)
        assert said(study, "Recruiting and observers.").endswith("photography and gender, each or none.")

    @pytest.mark.parametrize("name", BACKGROUND)
    def test_every_answer_has_its_words(self, name: str) -> None:
        choices = {value for value, _ in getattr(step_forms, "AGES" if name == "age" else name.upper()) if value}
        worded = set(BACKGROUND[name][1])
        assert worded <= choices
        assert all(name == "age" and re.fullmatch(r"\d\d-\d\d", band) for band in choices - worded)

    def test_every_question_is_told(self) -> None:
        assert tuple(BACKGROUND) == tuple(step_forms.BackgroundForm.base_fields)


class TestGuidance:
    @pytest.fixture(autouse=True)
    def usual(self, study: Study) -> None:
        assert said(study, "Guidance.").endswith(
            "the study has an order by chance and sittings of 30 minutes at most (1 minute planned)."
        )

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"practice_trials": 1, "practice_contents": ["photo-0"]}, "first presentations that aren’t counted"),
            ({"colour_test": True, "acuity_test": True}, "tests of acuity and of colour vision before"),
            ({"ask_background": True}, "age and gender asked for"),
        ],
    )
    def test_what_was_kept_to(self, study: Study, settings: dict[str, Any], words: str) -> None:
        assert words in said(change(study, **settings), "Guidance.")

    @pytest.mark.parametrize("settings", [{"colour_test": True}, {"acuity_test": True}])
    def test_half_of_the_tests_is_not_it(self, study: Study, settings: dict[str, Any]) -> None:
        assert "tests of acuity" not in said(change(study, **settings), "Guidance.")

    def test_a_long_sitting_is_not_it(self, study: Study) -> None:
        change(study, seconds_per_trial=200)
        assert said(study, "Guidance.").endswith("the study has an order by chance.")

    def test_fifteen_observers(self, study: Study) -> None:
        sat = [sit(study) for _ in range(16)]
        StudySession.objects.update(state="finished", finished_at=sat[0].started_at)
        assert "15 observers or more" in said(study, "Guidance.")
        StudySession.objects.filter(pk__in=[one.pk for one in sat[:2]]).update(state="abandoned")
        assert "15 observers" not in said(study, "Guidance.")
        StudySession.objects.update(state="finished", observer=sat[0].observer)
        assert "15 observers" not in said(study, "Guidance."), "sittings of one observer"


def test_pilots_and_simulated_observers_count_for_none_of_it(study: Study) -> None:
    change(study, ask_background=True, lab_mode=True, screen_check=True, allow_correction=True)
    before = [part for part in study_methods(study) if part[0] != "Participation."]
    for seat in ({"pilot": True}, {"simulated": True}):
        (session,) = finished(study, **seat)
        Observer.objects.filter(pk=session.observer_id).update(background={"age": "18-29"})
        StudySession.objects.filter(pk=session.pk).update(language="de", **lab_columns({"station": "1"}))
        session.steps.create(name="screen", told={"problems": ["dark"]})
    assert [part for part in study_methods(study) if part[0] != "Participation."] == before
    asked = said(study, include_simulated=True)
    assert "1 sitting in German" in asked
    assert "1 of 1 sitting did" in asked


@pytest.mark.parametrize(
    "settings", [{"quota": 5}, {"group_quotas": {"DE": 1}}, {"invited_only": True}, {"lease_minutes": 9}]
)
def test_a_report_that_was_made_holds_no_longer_when_they_change(study: Study, settings: dict[str, Any]) -> None:
    before = report_key(study)
    assert report_key(change(study, **settings)) != before


def test_nor_when_a_panel_comes(study: Study) -> None:
    before = report_key(study)
    Panel.objects.create(study=study, kind="prolific")
    assert report_key(study) != before


def everything(study: Study) -> Study:
    """The study with all that it may have around its pairs; anybody may still come."""
    settings = {key: value for on, *_ in SAID.values() for key, value in on.items()}
    return change(study, **{**settings, "quota": None, "group_quotas": {"DE": 500}, "invited_only": False})


def test_paragraphs_are_short(study: Study) -> None:
    """With everything on."""
    change(everything(study), policy_version="adaptive-1", strata="camera")
    finished(study)
    assert {head: len(text.split()) for head, text in study_methods(study) if len(text.split()) > 180} == {}


def test_it_asks_as_often_for_many_sittings_as_for_few(study: Study) -> None:
    everything(study)
    asked = []
    for number in (1, 4):
        for _ in range(number):
            TestScreening.through(study, sees=True)
        fresh = Study.objects.get(pk=study.pk)
        with CaptureQueriesContext(connection) as queries:
            study_methods(fresh)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_languages_have_english_names(study: Study) -> None:
    finished(study)
    StudySession.objects.update(language="zh-hans")
    assert len(site.LANGUAGES) == 6
    assert "1 sitting in Simplified Chinese" in said(study)
