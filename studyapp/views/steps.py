"""The pages around the trials: each shows, checks what was told, keeps it, and leads on.

They need no CSRF token for the reason that the page of pairs needs none: their address is the secret.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import linebreaks
from django.utils.translation import activate
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from studyapp import step_forms
from studyapp.models import SessionStep, StudySession
from studyapp.services import screen
from studyapp.services.examples import example_file, example_sizes
from studyapp.services.minutes import minutes_of
from studyapp.services.steps import (
    Step,
    answers_of,
    current_step,
    finish_step,
    next_ring,
    seed_of,
    shown,
    steps_before,
    told_of,
)
from studyapp.services.texts import newest_texts, question_in
from studyapp.views.observer import ended
from studyapp.vision import plates, rings
from studyapp.vision.angles import CARD_MM

Name = SessionStep.Name
MEASURED = ("capable", "viewport_width_px", "viewport_height_px", "device_pixel_ratio", "browser_zoom", "gamut")


@dataclass(frozen=True)
class Page:
    """How a step is shown and read.

    Attributes:
        more: What its template needs beside the form.
    """

    template: str
    form: type[step_forms.StepForm]
    more: Callable[[StudySession, Step], dict[str, Any]] = lambda session, step: {}


def _screen(session: StudySession, step: Step) -> dict[str, Any]:
    bars = (("dark", "#000", screen.DARK), ("bright", "#fff", screen.BRIGHT))
    return {
        "measured": MEASURED,
        "bars": [
            (name, ground, [(_x(n), _grey(grey)) for n, grey in enumerate(greys)]) for name, ground, greys in bars
        ],
        "counts": range(screen.STEPS + 1),
        "min_height_px": screen.MIN_HEIGHT_PX,
        "zoom_tolerance": screen.ZOOM_TOLERANCE,
    }


def _x(number: int) -> int:
    """Where a square stands on a bar that is 320 wide."""
    return 14 + 52 * number


def _grey(value: int) -> str:
    return f"#{value:02x}{value:02x}{value:02x}"


def _colour(session: StudySession, step: Step) -> dict[str, Any]:
    return {"digits": "1234567890", "none": plates.NONE, "parts": len(plates.KINDS)}


def _calibration(session: StudySession, step: Step) -> dict[str, Any]:
    return {"distances_cm": step_forms.DISTANCES_CM, "card_mm": CARD_MM}


def _acuity(session: StudySession, step: Step) -> dict[str, Any]:
    """The ring stands in the page itself: a browser scales an SVG file to whole CSS pixels first, and blurs it."""
    told = told_of(session)
    ring, measured = next_ring(told), told.get(Step(Name.CALIBRATION), {})
    if ring is None:
        raise Http404
    drawn = rings.svg(ring.drawn_px, shown(step, seed_of(session)), ring.side_px)
    return {
        "ring": ring,
        "drawn": drawn,
        "none": rings.NONE,
        "measured_ratio": measured.get("device_pixel_ratio"),
    }


def _instructions(session: StudySession, step: Step) -> dict[str, Any]:
    study = session.study
    question, language = question_in(study, session.language, newest_texts(study))
    return {
        "question": question,
        "question_language": language,
        "instructions_html": linebreaks(session.instructions.text, autoescape=True),
        "examples": list(enumerate(example_sizes(study))),
        "minutes": minutes_of(study),
    }


PAGES: dict[str, Page] = {
    Name.SCREEN: Page("studyapp/steps/screen.html", step_forms.ScreenForm, _screen),
    Name.COLOUR: Page("studyapp/steps/colour.html", step_forms.ColourForm, _colour),
    Name.CALIBRATION: Page("studyapp/steps/calibration.html", step_forms.CalibrationForm, _calibration),
    Name.ACUITY: Page("studyapp/steps/acuity.html", step_forms.AcuityForm, _acuity),
    Name.BACKGROUND: Page("studyapp/steps/background.html", step_forms.BackgroundForm),
    Name.INSTRUCTIONS: Page("studyapp/steps/instructions.html", step_forms.ReadForm, _instructions),
    Name.QUESTIONS: Page("studyapp/steps/questions.html", step_forms.QuestionsForm),
}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, token: str, name: str, part: int) -> HttpResponse:
    """The page that the sitting is at; any other leads to where it is, so back, reload and old links go on rightly."""
    session = _sitting(token)
    if over := ended(session):
        return render(request, "studyapp/closed.html", over)
    here = current_step(session)
    if here is None or here != Step(name, part):
        return redirect("look", token)
    page = PAGES[name]
    sent = request.POST if request.method == "POST" else None
    form = page.form(sent, session)
    if form.is_valid():
        told = form.told()
        finish_step(session, here, {"answers": answers_of(session.study, told)} if name == Name.QUESTIONS else told)
        return redirect("look", token)
    context = {"session": session, "study": session.study, "form": form, "step": here, **page.more(session, here)}
    return render(request, page.template, context | _place_of(session, here))


def _place_of(session: StudySession, here: Step) -> dict[str, Any]:
    """How far through the pages before the first pair a sitting is, counted by name; nothing after the pairs."""
    names = list(dict.fromkeys(step.name for step in steps_before(session.study, {})))
    return {"step_number": names.index(here.name) + 1, "steps": len(names)} if here.name in names else {}


def _sitting(token: str) -> StudySession:
    related = ("study__testset", "instructions", "consent", "observer")
    session = get_object_or_404(StudySession.objects.select_related(*related), token=token)
    activate(session.language)
    return session


@require_GET
def drawing(request: HttpRequest, token: str, name: str, part: int) -> HttpResponse:
    """A plate of a sitting, drawn here."""
    if name != Name.COLOUR or not 1 <= part <= len(plates.KINDS):
        raise Http404
    response = HttpResponse(plates.svg(seed_of(_sitting(token)), part), content_type="image/svg+xml")
    response["Cache-Control"] = "private, max-age=7200, immutable"
    return response


@require_GET
def example(request: HttpRequest, token: str, number: int, side: str) -> HttpResponse:
    """One side of an example in the instructions, small; the address tells its place on the page, and nothing else."""
    found = example_file(_sitting(token).study, number, side)
    if found is None:
        raise Http404
    with default_storage.open(found.file, "rb") as pack:
        picture = pack.read(found.length)
    response = HttpResponse(picture, content_type="image/png")
    response["Cache-Control"] = "private, max-age=7200, immutable"
    return response


@never_cache
@require_GET
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What the observer agreed to, to print or keep; at any time, by the personal link."""
    session = _sitting(token)
    if session.consent is None:
        raise Http404
    return render(request, "studyapp/receipt.html", {"session": session, "study": session.study})
