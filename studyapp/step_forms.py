"""What is asked on the pages around the trials, checked. Everything may be left out but the answer to a vision test."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studyapp.models import StudySession
from studyapp.models.observer import LAB_MEASURES
from studyapp.questions import LONGEST_ANSWER, Question, read_question
from studyapp.services import screen
from studyapp.vision import plates, rings
from studyapp.vision.angles import CARD_MM, px_per_mm_of

Choices = list[tuple[str, str | Promise]]

UNSAID = ("", _("I’d rather not say"))
AGES: Choices = [
    ("under-18", _("under 18")), ("18-29", "18–29"), ("30-39", "30–39"), ("40-49", "40–49"), ("50-59", "50–59"),
    ("60-69", "60–69"), ("70-or-more", _("70 or more")), UNSAID,
]  # fmt: skip
VISION: Choices = [
    ("uncorrected", _("I need no glasses for this")),
    ("glasses", _("I wear glasses now")),
    ("lenses", _("I wear contact lenses now")),
    ("not-worn", _("I need glasses or lenses but don’t wear them now")),
    UNSAID,
]
COLOUR_VISION: Choices = [
    ("normal", _("I see colours as most people do")),
    ("deficient", _("I confuse some colours")),
    ("unknown", _("I don’t know")),
    UNSAID,
]
EXPERTISE: Choices = [
    ("none", _("I look at photos like anybody")),
    ("hobby", _("Photography is a hobby of mine")),
    ("professional", _("I work with pictures: photography, imaging, design")),
    UNSAID,
]
DISTANCES_CM = (30, 35, 40, 50, 60, 70, 80, 100)
"""From the eyes to the screen, from a phone in the hand to a large screen."""
GENDER: Choices = [("woman", _("woman")), ("man", _("man")), ("other", _("another")), UNSAID]


class StepForm(forms.Form):
    """A page's form; `told` is what is kept of it."""

    def __init__(self, sent: Mapping[str, Any] | None, session: StudySession) -> None:
        super().__init__(sent)
        self.session, self.study = session, session.study

    def told(self) -> dict[str, Any]:
        """What was told, what was left out being left out."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


class ReadForm(StepForm):
    """A page that is only to be read."""


class ScreenForm(StepForm):
    """What the browser measured, and how many squares were counted."""

    capable = forms.BooleanField(required=False)
    viewport_width_px = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    viewport_height_px = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    device_pixel_ratio = forms.FloatField(required=False, min_value=0.1, max_value=16)
    browser_zoom = forms.FloatField(required=False, min_value=0.1, max_value=16)
    gamut = forms.CharField(required=False, max_length=16)
    dark_steps = forms.IntegerField(required=False, min_value=0, max_value=screen.STEPS)
    bright_steps = forms.IntegerField(required=False, min_value=0, max_value=screen.STEPS)
    anyway = forms.BooleanField(required=False)

    def __init__(self, sent: Mapping[str, Any] | None, session: StudySession) -> None:
        super().__init__(sent, session)
        self.problems: list[str] = []

    def clean(self) -> dict[str, Any]:
        """What is to be mended holds the page, until its reader goes on all the same where the study lets them."""
        told = self.cleaned_data
        self.problems = list(screen.problems_of_screen(told, self.study))
        if self.problems and not (self.may_be_left and told.get("anyway")):
            raise forms.ValidationError(self.problems)
        return told

    @property
    def may_be_left(self) -> bool:
        """The zoom alone never blocks: an open sidebar of the browser reads the same."""
        return not self.study.screen_required or self.problems == ["zoom"]

    def told(self) -> dict[str, Any]:
        """The measures, and what was not mended."""
        told = super().told()
        del told["anyway"]
        return {**told, "problems": self.problems}


class ColourForm(StepForm):
    """The digit that was seen on a plate."""

    seen = forms.ChoiceField(choices=[(digit, digit) for digit in (*"0123456789", plates.NONE)])


class CalibrationForm(StepForm):
    """How wide a bank card is on the screen, and how far away somebody sits; or that there is no card at hand.

    In a lab the supervisor may have written the distance down; then nobody is asked.
    """

    card_px = forms.FloatField(required=False, min_value=50, max_value=5000)
    side = forms.ChoiceField(required=False, choices=[(side, side) for side in CARD_MM])
    device_pixel_ratio = forms.FloatField(required=False, min_value=0.1, max_value=50)
    distance_cm = forms.TypedChoiceField(
        required=False, choices=[(cm, cm) for cm in DISTANCES_CM], coerce=int, empty_value=None
    )
    skip = forms.BooleanField(required=False)

    def __init__(self, sent: Mapping[str, Any] | None, session: StudySession) -> None:
        super().__init__(sent, session)
        self.lab_distance_cm = session.lab_viewing_distance_cm

    def clean(self) -> dict[str, Any]:
        """A measure needs all of its parts."""
        told = self.cleaned_data
        needed = ("card_px", "side", "device_pixel_ratio", *(() if self.lab_distance_cm else ("distance_cm",)))
        if not told.get("skip") and not all(told.get(name) for name in needed):
            raise forms.ValidationError("incomplete")
        return told

    def told(self) -> dict[str, Any]:
        """The measure with what it follows from; or that there is none."""
        told = self.cleaned_data
        if told["skip"]:
            return {"calibrated": False}
        return {
            "calibrated": True,
            **{name: told[name] for name in ("card_px", "side", "device_pixel_ratio")},
            "px_per_mm": round(px_per_mm_of(told["card_px"], told["side"]), 4),
            "distance_cm": self.lab_distance_cm or told["distance_cm"],
            "distance_source": "lab" if self.lab_distance_cm else "told",
        }


class AcuityForm(StepForm):
    """The way that a ring's gap was seen, and how many device pixels a CSS pixel took as it was drawn."""

    device_pixel_ratio = forms.FloatField(required=False, min_value=0.1, max_value=50)

    seen = forms.ChoiceField(choices=[(way, way) for way in (*rings.WAYS, rings.NONE)])


def _one_of(label: Any, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False, widget=forms.RadioSelect)


class BackgroundForm(StepForm):
    """What reports on picture quality say of their observers (ITU-T P.910, ITU-R BT.500)."""

    age = _one_of(_("How old are you?"), AGES)
    vision = _one_of(_("How do you see at the distance you sit now?"), VISION)
    colour_vision = _one_of(_("And colours?"), COLOUR_VISION)
    expertise = _one_of(_("How much do you have to do with photos?"), EXPERTISE)
    gender = _one_of(_("What is your gender?"), GENDER)


class QuestionsForm(StepForm):
    """The researcher's own questions, each optional, with fields ``question_1``, ``question_2`` …"""

    def __init__(self, sent: Mapping[str, Any] | None, session: StudySession) -> None:
        super().__init__(sent, session)
        for number, line in enumerate(self.study.closing_questions, start=1):
            self.fields[f"question_{number}"] = _field_of(read_question(line))


def _field_of(question: Question) -> forms.Field:
    if question.kind == "text":
        box = forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_ANSWER})
        return forms.CharField(label=question.text, required=False, max_length=LONGEST_ANSWER, widget=box)
    field = _one_of(question.text, [(choice, choice) for choice in question.choices])
    field.scale = (question.low, question.high) if question.kind == "scale" else None  # type: ignore[attr-defined]
    return field


def _measured(name: str, label: Any) -> forms.FloatField:
    least, most = LAB_MEASURES[name]
    return forms.FloatField(label=label, required=False, min_value=least, max_value=most)


class LabForm(forms.Form):
    """What a lab's supervisor writes down before a sitting."""

    observer = forms.CharField(label=_("Observer’s code"), max_length=40)
    station = forms.CharField(label=_("Station"), max_length=80)
    display = forms.CharField(label=_("Display"), max_length=120, required=False)
    luminance_cd_m2 = _measured("luminance_cd_m2", _("Peak luminance, cd/m²"))
    viewing_distance_cm = _measured("viewing_distance_cm", _("Viewing distance, cm"))
    ambient_lux = _measured("ambient_lux", _("Ambient light, lx"))
