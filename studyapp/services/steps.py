"""The pages around the trials: which ones a study has, where a sitting is among them, and what was told there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from studyapp.models import Observer, SessionStep, Study, StudySession
from studyapp.questions import read_question
from studyapp.services.places import abandon
from studyapp.vision import plates, rings

Name = SessionStep.Name


@dataclass(frozen=True)
class Step:
    """One page around the trials; the vision tests have several parts, counted from 1."""

    name: str
    part: int = 1


def steps_before(study: Study) -> list[Step]:
    """The pages between the welcome and the first pair, in order.

    Where there are any, or pictures to show, the instructions come last, on a page of their own; else the welcome has
    them.
    """
    checks = [
        *[Step(Name.SCREEN)] * study.screen_check,
        *[Step(Name.COLOUR, part) for part in range(1, len(plates.KINDS) + 1) if study.colour_test],
        *[Step(Name.ACUITY, part) for part in range(1, len(rings.GAPS_PX) + 1) if study.acuity_test],
        *[Step(Name.BACKGROUND)] * study.ask_background,
    ]
    return [*checks, Step(Name.INSTRUCTIONS)] if checks or study.examples else []


def steps_after(study: Study) -> list[Step]:
    """The pages between the last pair and the thanks."""
    return [Step(Name.QUESTIONS)] if study.closing_questions else []


def current_step(session: StudySession) -> Step | None:
    """The page that a sitting has to do now; None when it is at its pairs or its end. No query where there is none."""
    study = session.study
    before, after = steps_before(study), steps_after(study)
    if not before and not after:
        return None
    done = {Step(name, part) for name, part in session.steps.values_list("name", "part")}
    is_finished = session.state == StudySession.State.FINISHED
    waiting = [step for step in (after if is_finished else before) if step not in done]
    return waiting[0] if waiting else None


def finish_step(session: StudySession, step: Step, told: Mapping[str, Any]) -> None:
    """Keep that a page was done, with what was told; done twice, the first telling stands.

    Whom the study doesn't take after a vision test gives the places back.
    """
    try:
        with transaction.atomic():
            SessionStep.objects.create(session=session, name=step.name, part=step.part, told=_kept(session, step, told))
    except IntegrityError:
        return
    if is_barred(session):
        abandon(session)


def _kept(session: StudySession, step: Step, told: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the step's row. What people say of themselves stands with the observer, and there alone."""
    if step.name == Name.BACKGROUND:
        Observer.objects.filter(pk=session.observer_id).update(background=dict(told))
        return {}
    if step.name in (Name.COLOUR, Name.ACUITY):
        seed = seed_of(session)
        return {**told, "shown": shown(step, seed), "seed": seed}
    return dict(told)


def seed_of(session: StudySession) -> int:
    """The seed of a sitting's plates and rings."""
    return plates.seed_of(session.token)


def shown(step: Step, seed: int) -> str:
    """What is to be seen on a page of a vision test."""
    return plates.digits(seed)[step.part - 1] if step.name == Name.COLOUR else rings.ways(seed)[step.part - 1]


def vision_of(session: StudySession) -> dict[str, Any]:
    """The outcome of each vision test that was done to its end; empty before that."""
    rows = session.steps.filter(name__in=(Name.COLOUR, Name.ACUITY)).order_by("part")
    told: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        told.setdefault(row.name, []).append(row.told)
    outcome: dict[str, Any] = {}
    if len(colour := told.get(Name.COLOUR, [])) == len(plates.KINDS):
        seen, digits = [one["seen"] for one in colour], "".join(one["shown"] for one in colour)
        right = sum(one == digit for one, digit in zip(seen, digits, strict=True))
        outcome["colour"] = {"right": right, "of": len(digits), "passed": plates.passed(seen, digits)}
    if len(acuity := told.get(Name.ACUITY, [])) == len(rings.GAPS_PX):
        seen, ways = [one["seen"] for one in acuity], tuple(one["shown"] for one in acuity)
        outcome["acuity"] = {"finest_px": rings.finest_px(seen, ways), "passed": rings.passed(seen, ways)}
    return outcome


def is_barred(session: StudySession) -> bool:
    """Whether the study wants eyes that the vision tests didn't find. Simulated observers have none; they may go on."""
    if not session.study.vision_required or session.simulated:
        return False
    return any(not test["passed"] for test in vision_of(session).values())


def answers_of(study: Study, told: Mapping[str, str]) -> list[dict[str, str]]:
    """The closing questions with what was answered, as they are kept: each in the words that stood there."""
    lines = enumerate(study.closing_questions, start=1)
    return [{"question": read_question(line).text, "answer": told.get(f"question_{n}", "")} for n, line in lines]
