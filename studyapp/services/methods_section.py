"""How a study was done, in words: what it asked, showed and planned, and who took part.

A sentence stands here only where the study's settings or its sittings say so; a study without a feature has none on it.
What stood around the pairs says `methods_around`.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from analysis.wording import counted, listed
from enhancement.models import Content
from studyapp.design.schedule import counts
from studyapp.models import Raster, Study, StudySession, Trial, Vote
from studyapp.models.observer import Lane
from studyapp.models.study import Policy
from studyapp.services.methods_around import guided, recruited, sat, screened, viewed
from studyapp.services.overview import conditions_of
from studyapp.services.schedules import design_of
from studyapp.services.tables import sittings_of

ANSWERS = {"left": "the left one", "right": "the right one", "tie": "a tie", "not_sure": "not sure"}
STRATA = {"camera": "every camera", "scene": "every scene"}
BALANCED = (
    "Slots, each as long as one sitting’s main pairs, are cut from one endless list of all pairs on all photos. "
    "However far that has come, any two pairs of conditions differ by at most one in how often they stand in it, and "
    "so do any two pairs on any two photos; each pair on a photo stands one way round as often as the other, to within "
    "one."
)
ADAPTIVE = (
    "The design is adaptive. Of a slot’s main pairs half, rounded up, are cut from one "
    "endless list of all pairs on all photos: over the slots that draw on a batch any two pairs of conditions differ "
    "in this half by two at most. The others come from the batch: pairs on which a vote was expected to tell most "
    "after the votes so far."
)


def study_methods(study: Study, *, include_simulated: bool = False) -> list[tuple[str, str]]:
    """What the study asked, showed and did, a paragraph each with its head; what was computed `analysis` says."""
    sittings = sittings_of(study, include_simulated=include_simulated).filter(pilot=False)
    parts = {
        "Question.": _asked(study, sittings),
        "Pictures.": _shown(study, sittings),
        "Design.": _scheduled(study),
        "Places.": _given_out(study),
        "Sitting.": sat(study, sittings),
        "Screening before.": screened(study, sittings),
        "Viewing conditions.": viewed(study, sittings),
        "Recruiting and observers.": recruited(study, sittings),
        "Guidance.": guided(study, sittings),
        "Participation.": _took_part(study, include_simulated=include_simulated),
    }
    return [(head, said) for head, said in parts.items() if said]


def _asked(study: Study, sittings: QuerySet[StudySession]) -> str:
    answers = [
        said for answer, said in ANSWERS.items() if answer in ("left", "right") or getattr(study, f"allow_{answer}")
    ]
    return (
        f"Observers saw two versions of one photo beside each other and were asked: “{study.question}” They could "
        f"answer {', '.join(answers[:-1])} or {answers[-1]}. No third picture was beside them. There was no time "
        "limit, and they could zoom and move as they liked, both photos together. They were not told what the versions "
        f"were.{_corrected(study, sittings)}"
    )


def _corrected(study: Study, sittings: QuerySet[StudySession]) -> str:
    if not study.allow_correction:
        return ""
    number = Vote.objects.filter(trial__session__in=sittings).exclude(corrected_from="").count()
    return (
        " The last answer could be taken back once, before the next was given: "
        f"{counted(number, 'answer was', 'answers were') if number else 'none was'} corrected."
    )


def _shown(study: Study, sittings: QuerySet[StudySession]) -> str:
    kept = set(study.practice_contents)
    contents = [content for content in study.testset.contents.all() if content.name not in kept]
    cameras = sorted({content.camera for content in contents} - {""})
    kernels = sorted(set(Raster.objects.filter(study=study).values_list("kernel", flat=True)))
    simulated = " The input photos are simulated, not shot by a phone." * study.testset.simulated
    conditions = "; ".join(
        _condition(condition, [(camera, method) for camera, method in by_camera if camera in (*cameras, "")])
        for condition, by_camera in conditions_of(study)
    )
    how = f" ({', '.join(kernels)})" if kernels else ""
    return (
        f"The design holds {_photos(contents)} (test set {study.testset}{'; ' if cameras else ''}{', '.join(cameras)}) "
        f"in these conditions: {conditions}.{simulated}{_unseen(contents, sittings)}{_kept_apart(study, kept)} All "
        f"conditions of a photo were brought to one raster{how}, stored without loss and cut into tiles of equal byte "
        "lengths."
    )


def _photos(contents: list[Content]) -> str:
    """How many, of how many scenes where each names one."""
    scenes = {content.scene for content in contents}
    return counted(len(contents), "photo") + ("" if "" in scenes else f" of {counted(len(scenes), 'scene')}")


def _unseen(contents: list[Content], sittings: QuerySet[StudySession]) -> str:
    """Photos that no main pair has shown to anybody yet; nothing before anybody came."""
    main = Trial.objects.filter(session__in=sittings, kind=Trial.Kind.MAIN, shown_at__isnull=False).order_by()
    seen = main.values("content").distinct().count()
    return f" So far main pairs showed {seen:,} of these photos." if 0 < seen < len(contents) else ""


def _kept_apart(study: Study, kept: set[str]) -> str:
    if not kept:
        return ""
    uses = ["practice"] * bool(study.practice_trials) + ["the examples in the instructions"] * bool(study.examples)
    kept_for = f", kept for {' and '.join(uses)}," if uses else ""
    return f" {counted(len(kept), 'more photo', 'more photos')} of the test set{kept_for} stood in no pair that counts."


def _condition(condition: Any, by_camera: list[tuple[str, Any]]) -> str:
    methods = {str(method) for _, method in by_camera}
    by = (
        methods.pop()
        if len(methods) == 1
        else ", ".join(f"{method} for {camera or 'photos of no named camera'}" for camera, method in by_camera)
    )
    gold = f", in gold pairs only, where it must lose to {condition.worse_than}" if condition.worse_than else ""
    return f"{condition.name} (by {by}{gold})"


def _scheduled(study: Study) -> str:
    return " ".join(
        [
            f"Pairs, order and sides follow from the seed {study.seed} by the policy {study.policy_version}, and from "
            "the places that each sitting was given.",
            *_drawn(study),
            _composed(study),
            "Their order is random; a pair of conditions on a photo comes once in a sitting, beside repeats, and the "
            "same scene never twice running where that can be had.",
        ]
    )


def _given_out(study: Study) -> str:
    return (
        "A main pair of a slot is a place. A sitting takes as many places as a slot has, first those that others gave "
        "back, then those of a new slot. One without a sign of life for "
        f"{counted(study.lease_minutes, 'minute')} counts as abandoned: the places that it answered stay answered and "
        "their votes count, the others are given to the next sittings. So no place counts twice, whoever leaves."
    )


def _drawn(study: Study) -> Iterator[str]:
    """How slots are drawn by the study's policy."""
    is_adaptive = study.policy_version == Policy.ADAPTIVE
    yield ADAPTIVE if is_adaptive else BALANCED
    if is_adaptive:
        yield _batches(study.batches.filter(lane=Lane.MAIN).count())
    if study.strata:
        pairs = "balanced" if is_adaptive else "main"
        yield f"Each slot gets its share of {STRATA[study.strata]}, among its {pairs} pairs."


def _batches(number: int) -> str:
    if not number:
        return "No batch was made for observers so far: all of their slots are balanced as a whole."
    return (
        f"{counted(number, 'batch was', 'batches were')} made for observers; slots from before the first are balanced "
        "as a whole. Which pairs a batch holds follows from no seed: it is recorded."
    )


def _composed(study: Study) -> str:
    """How many pairs of which kind a sitting holds."""
    try:
        planned = counts(design_of(study))
    except ValueError:  # a draft that can't be scheduled
        return f"A sitting holds {counted(study.trials_per_session, 'pair')} at most."
    others = {
        "gold": planned.gold,
        "repeated with sides swapped": planned.repeat,
        "same-against-same": planned.same,
    }
    beside = [f"{number} {kind}" for kind, number in others.items() if number]
    if not beside:
        return f"A sitting holds {counted(planned.main, 'main pair')}."
    return f"A sitting holds {counted(planned.main, 'main pair')}, {listed(beside)}; only main pairs are fitted."


def _took_part(study: Study, *, include_simulated: bool) -> str:
    states = StudySession.State
    sittings = study.sessions.all() if include_simulated else study.sessions.filter(simulated=False)
    number = {state: sittings.filter(pilot=False, state=state).count() for state in states}
    simulated = sittings.filter(simulated=True).count()
    withdrawn = counted(number[states.WITHDRAWN], "more was", "more were")
    programs = counted(simulated, "sitting was", "sittings were")
    return (
        f"{counted(number[states.FINISHED], 'sitting was', 'sittings were')} finished, {number[states.ABANDONED]} "
        f"abandoned and {counted(number[states.ACTIVE], 'is', 'are')} still open; {withdrawn} withdrawn by observers, "
        f"and nothing of {'it' if number[states.WITHDRAWN] == 1 else 'them'} is in any file. "
        f"{counted(sittings.filter(pilot=True).count(), 'pilot sitting counts', 'pilot sittings count')} for nothing."
        + (f" Of all these, {programs} simulated by a program." if simulated else "")
    )
