"""How a study was done, in words: what it asked, showed and planned, and who took part."""

from typing import Any

from analysis.wording import counted
from studyapp.models import Raster, Study, StudySession
from studyapp.services.overview import conditions_of

ANSWERS = {"left": "the left one", "right": "the right one", "tie": "a tie", "not_sure": "not sure"}


def study_methods(study: Study, *, include_simulated: bool = False) -> list[tuple[str, str]]:
    """What the study asked, showed and did, a paragraph each with its head; what was computed `analysis` says."""
    return [
        ("Question.", _asked(study)),
        ("Pictures.", _shown(study)),
        ("Design.", _scheduled(study)),
        ("Participation.", _took_part(study, include_simulated=include_simulated)),
    ]


def _asked(study: Study) -> str:
    answers = [
        said for answer, said in ANSWERS.items() if answer in ("left", "right") or getattr(study, f"allow_{answer}")
    ]
    return (
        f"Observers saw two versions of one photo beside each other and were asked: “{study.question}” They could "
        f"answer {', '.join(answers[:-1])} or {answers[-1]}. No third picture was beside them. There was no time "
        "limit, and they could zoom and move as they liked, both photos together. They were not told what the versions "
        "were."
    )


def _shown(study: Study) -> str:
    contents = study.testset.contents
    scenes = contents.values("scene").distinct().count()
    cameras = [camera for camera in contents.values_list("camera", flat=True).distinct().order_by("camera") if camera]
    kernels = sorted(set(Raster.objects.filter(study=study).values_list("kernel", flat=True)))
    photos = f"{counted(contents.count(), 'photo')} of {counted(scenes, 'scene')} (test set {study.testset}"
    simulated = " The input photos are simulated, not shot by a phone." * study.testset.simulated
    conditions = "; ".join(_condition(condition, by_camera) for condition, by_camera in conditions_of(study))
    how = f" ({', '.join(kernels)})" if kernels else ""
    return (
        f"{photos}{'; ' if cameras else ''}{', '.join(cameras)}) were shown in these conditions: "
        f"{conditions}.{simulated} All conditions of a photo were brought to one raster{how}, stored without loss and "
        "cut into tiles of equal byte lengths."
    )


def _condition(condition: Any, by_camera: list[tuple[str, Any]]) -> str:
    methods = {str(method) for _, method in by_camera}
    by = methods.pop() if len(methods) == 1 else ", ".join(f"{method} for {camera}" for camera, method in by_camera)
    gold = f", in gold pairs only, where it must lose to {condition.worse_than}" if condition.worse_than else ""
    return f"{condition.name} (by {by}{gold})"


def _scheduled(study: Study) -> str:
    shares = {"gold": study.gold_share, "repeated": study.repeat_share, "same-against-same": study.same_share}
    others = [f"{share:.0%} {kind}" for kind, share in shares.items() if share]
    beside = f", with {', '.join(others)} pairs, which are never fitted" if others else ""
    return (
        f"Pairs, order and sides follow from the seed {study.seed} by the policy {study.policy_version}: each sitting, "
        f"of {counted(study.trials_per_session, 'pair')} at most, takes the next free slot of a balanced design"
        f"{beside}. A sitting without a sign of life for {counted(study.lease_minutes, 'minute')} counts as abandoned; "
        "its slot is given to the next, its votes stay."
    )


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
