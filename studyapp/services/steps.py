"""The pages around the trials: which ones a study has, where a sitting is among them, and what was told there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from studyapp.models import Observer, SessionStep, Study, StudySession
from studyapp.questions import read_question
from studyapp.services.acuity import Ring, kept_of, result_of, ring_after
from studyapp.services.corrections import is_at_end_of_pairs
from studyapp.services.lab import is_shared
from studyapp.services.places import abandon
from studyapp.vision import plates, rings

Name = SessionStep.Name


@dataclass(frozen=True)
class Step:
    """One page around the trials; the vision tests have several parts, counted from 1."""

    name: str
    part: int = 1


Told = Mapping[Step, dict[str, Any]]
"""The pages that a sitting has done, with what was told on them."""


def steps_before(study: Study, told: Told) -> list[Step]:
    """The pages between the welcome and the first pair, in order; of the rings only the one that comes next.

    Where there are any, or pictures to show, the instructions come last, on a page of their own; else the welcome has
    them.
    """
    checks = [
        *[Step(Name.SCREEN)] * study.screen_check,
        *[Step(Name.COLOUR, part) for part in range(1, len(plates.KINDS) + 1) if study.colour_test],
        *(_rings_before(told) if study.acuity_test else []),
        *[Step(Name.BACKGROUND)] * study.ask_background,
    ]
    return [*checks, Step(Name.INSTRUCTIONS)] if checks or study.acuity_test or study.examples else []


def _rings_before(told: Told) -> list[Step]:
    """The measuring, and the next ring. Who began with the rings when there was no measuring goes on without."""
    began_without = Step(Name.ACUITY) in told and Step(Name.CALIBRATION) not in told
    ring = next_ring(told)
    return [*[Step(Name.CALIBRATION)] * (not began_without), *([Step(Name.ACUITY, ring.part)] if ring else [])]


def next_ring(told: Told) -> Ring | None:
    """The ring after those that were answered; None when the test is over."""
    return ring_after(*_rings_told(told))


def ring_at(told: Told, part: int) -> Ring | None:
    """A ring that a sitting has come to; None where it hasn't, or has none such."""
    calibration, answers = _rings_told(told)
    return ring_after(calibration, answers[: part - 1]) if 1 <= part <= len(answers) + 1 else None


def _rings_told(told: Told) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    parts = sorted(step.part for step in told if step.name == Name.ACUITY)
    return told.get(Step(Name.CALIBRATION), {}), [told[Step(Name.ACUITY, part)] for part in parts]


def steps_after(study: Study) -> list[Step]:
    """The pages between the last pair and the thanks."""
    return [Step(Name.QUESTIONS)] if study.closing_questions else []


def current_step(session: StudySession) -> Step | None:
    """The page that a sitting has to do now; None when it is at its pairs or its end. No query where there is none."""
    study = session.study
    if not steps_before(study, {}) and not steps_after(study):
        return None
    told = told_of(session)
    is_past_pairs = session.state == StudySession.State.FINISHED and not is_at_end_of_pairs(session)
    steps = steps_after(study) if is_past_pairs else steps_before(study, told)
    waiting = [step for step in steps if step not in told]
    return waiting[0] if waiting else None


def told_of(session: StudySession) -> Told:
    """The pages that a sitting has done, with what was told on them."""
    return {Step(name, part): told for name, part, told in session.steps.values_list("name", "part", "told")}


def finish_step(session: StudySession, step: Step, told: Mapping[str, Any]) -> None:
    """Keep that a page was done, with what was told; done twice, the first telling stands.

    Whom the study doesn't take after a vision test gives the places back.
    """
    if step in (done := told_of(session)):
        return
    try:
        with transaction.atomic():
            SessionStep.objects.create(
                session=session, name=step.name, part=step.part, told=_kept(session, step, told, done)
            )
    except IntegrityError:
        return
    if is_barred(session):
        abandon(session)


def _kept(session: StudySession, step: Step, told: Mapping[str, Any], done: Told) -> dict[str, Any]:
    """What stands in the step's row. What people say of themselves stands with the observer, and there alone.

    In a lab others may sit under the same code: there it stands here too, so that each can take back their own.
    """
    if step.name == Name.BACKGROUND:
        if not (is_shared(session) and session.observer.background):  # who sat there first has told it
            Observer.objects.filter(pk=session.observer_id).update(background=dict(told))
        return dict(told) if "observer" in session.lab else {}
    if step.name not in (Name.COLOUR, Name.ACUITY):
        return dict(told)
    seed = seed_of(session)
    if step.name == Name.COLOUR:
        return {**told, "shown": shown(step, seed), "seed": seed}
    ring = ring_at(done, step.part)
    if ring is None:
        raise ValueError(f"{session} has not come to ring {step.part}.")
    return {**kept_of(*_rings_told(done), ring, told, shown(step, seed)), "seed": seed}


def seed_of(session: StudySession) -> int:
    """The seed of a sitting's plates and rings."""
    return plates.seed_of(session.token)


def shown(step: Step, seed: int) -> str:
    """What is to be seen on a page of a vision test."""
    if step.name == Name.COLOUR:
        return plates.digits(seed)[step.part - 1]
    return rings.ways(seed, step.part)[-1]


def vision_of(session: StudySession) -> dict[str, Any]:
    """The outcome of each vision test that was done to its end; empty before that."""
    return outcome_of(told_of(session))


def outcome_of(told: Told) -> dict[str, Any]:
    """The same from the pages that a sitting has done."""
    outcome = dict[str, Any]()
    colour = [told[step] for step in sorted(told, key=lambda step: step.part) if step.name == Name.COLOUR]
    if len(colour) == len(plates.KINDS):
        seen, digits = [one["seen"] for one in colour], "".join(one["shown"] for one in colour)
        right = sum(one == digit for one, digit in zip(seen, digits, strict=True))
        outcome["colour"] = {"right": right, "of": len(digits), "passed": plates.passed(seen, digits)}
    if result := _result_of_rings(told):
        outcome["acuity"] = result
    return outcome


def _result_of_rings(told: Told) -> dict[str, Any] | None:
    """As it was kept with the last ring, whatever was erased since; of rings from before that, as it follows."""
    calibration, answers = _rings_told(told)
    if answers and "result" in answers[-1]:
        return dict(answers[-1]["result"])
    is_from_before = Step(Name.CALIBRATION) not in told and len(answers) == len(rings.GAPS_PX)
    return result_of(calibration, answers) if is_from_before else None


def is_barred(session: StudySession) -> bool:
    """Whether the study wants eyes that the vision tests didn't find. Simulated observers have none; they may go on."""
    if not session.study.vision_required or session.simulated:
        return False
    return any(not test["passed"] for test in vision_of(session).values())


def answers_of(study: Study, told: Mapping[str, str]) -> list[dict[str, str]]:
    """The closing questions with what was answered, as they are kept: each in the words that stood there."""
    lines = enumerate(study.closing_questions, start=1)
    return [{"question": read_question(line).text, "answer": told.get(f"question_{n}", "")} for n, line in lines]
