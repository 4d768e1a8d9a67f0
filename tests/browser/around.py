"""A study that asks all there is to ask around its pairs, and sittings that stand at each of its pages."""

from typing import Any

from enhancement.models import TestSet
from studyapp.models import Study, StudySession
from studyapp.services.corrections import go_on
from studyapp.services.seating import begin_session
from studyapp.services.steps import Step, current_step, finish_step, seed_of, shown, steps_after
from studyapp.services.withdrawal import withdraw
from tests.studyapp.factories import answer, answer_all, make_study, prefer

PLACES = (
    "screen", "colour", "calibration", "acuity", "measured ring", "barred", "background", "instructions", "break",
    "ended", "questions", "thanks", "withdrawn",
)  # fmt: skip


CARD = {"card_px": 324, "side": "long", "device_pixel_ratio": 1, "px_per_mm": 3.785, "distance_cm": 60}
PLATES = 5


def study_around(owner: Any, testset: TestSet) -> Study:
    """Every page switched on."""
    return make_study(
        owner, name="around", testset=testset, conditions=("original", "auto"),
        trials_per_session=3, screen_check=True, colour_test=True, acuity_test=True, ask_background=True,
        practice_contents=["photo-3"], examples=["photo-3"], practice_trials=1, break_every=1,
        consent="I take part freely.", completion_code="C0FFEE-42", vision_required=True, allow_correction=True,
        closing_questions=["What did you look for?", "Glasses? | yes | no", "Tired? | 1-5 | awake | tired"],
    )  # fmt: skip


def pages_of_sittings(study: Study, language: str) -> dict[str, str]:
    """Paths of pages in a language, by name: a sitting at each page, and what an observer may ask for beside it."""
    paths = {name: f"/look/{sitting_at(study, language, name).token}/" for name in PLACES}
    yours = {name: f"{paths['break']}{name}/" for name in ("yours", "withdraw", "agreed")}
    return {**paths, **yours, "yours, withdrawn": paths["withdrawn"] + "yours/"}


def sitting_at(study: Study, language: str, wanted: str) -> StudySession:
    """A sitting that has come as far as a page."""
    if wanted == "measured ring":
        return measured(sitting_at(study, language, "calibration"))
    session = begin_session(study, consented=True, language=language)
    while (step := current_step(session)) and step.name != wanted:
        if wanted == "barred" and session.steps.filter(name="colour").count() == PLATES:
            return session
        finish_step(session, step, told_on(step, session, wanted))
    if step:
        return session
    if wanted == "break":
        answer(session.trials.earliest("position"), "left")
    if wanted in ("ended", "questions", "thanks"):
        answer_all(session, prefer("auto", "original"))
    if wanted in ("questions", "thanks"):
        go_on(session)
    if wanted == "thanks":
        finish_step(session, *steps_after(study), {})
    if wanted == "withdrawn":
        withdraw(session)
    return session


def told_on(step: Step, session: StudySession, wanted: str) -> dict[str, Any]:
    """What an observer who sees everything tells on a page; one who is to be barred sees nothing."""
    if step.name == "calibration":
        return {"calibrated": wanted == "measured ring", **CARD}
    if step.name not in ("colour", "acuity"):
        return {}
    return {"seen": "none" if wanted == "barred" else shown(step, seed_of(session))}


def measured(session: StudySession) -> StudySession:
    """The same sitting once its screen was measured by a card."""
    step = current_step(session)
    assert step is not None
    finish_step(session, step, told_on(step, session, "measured ring"))
    return session
