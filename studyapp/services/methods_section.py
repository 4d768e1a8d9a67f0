"""The bundle's README: how the study was done, in words, and how to redo its analysis."""

from typing import Any

from django.utils import timezone

from studyapp.models import Raster, Study, StudySession
from studyapp.services.overview import conditions_of
from studyapp.services.text_files import iso

FILES = {
    "exposures.csv, exposures.parquet": "every pair that was painted on an observer's screen, one row each, "
    "answered or not; the columns are explained in the program's docs/export.md",
    "sessions.csv": "every sitting, one row each",
    "rejected.csv": "second, different answers to a pair and answers that came too late: kept, never counted",
    "study.toml": "the study as it was defined; `manage.py create_study study.toml` makes the same one again",
    "schedule.json": "seed, policy and design, from which every sitting's pairs, order and sides follow again",
    "texts/": "what observers were told and agreed to, every version",
    "contents.jsonl, methods.jsonl": "the photos by their hashes; the methods with settings and hashes of weights",
    "stimuli.jsonl": "every picture that was shown: the hash in the exposures, the stimulus, and how it was made",
    "report.json": "the numbers of the report",
    "versions.json": "the software that made this bundle",
}
ANSWERS = {"left": "the left one", "right": "the right one", "tie": "a tie", "not_sure": "not sure"}


def readme_of(study: Study, *, include_simulated: bool = False) -> str:
    """The README as Markdown."""
    from studyapp.services.reports import report_of  # noqa: PLC0415

    told = report_of(study, include_simulated=include_simulated).as_json()
    files = "\n".join(f"- `{name.replace(', ', '`, `')}`: {what}" for name, what in FILES.items())
    return "\n\n".join(
        [
            f"# {study.name}",
            f"All that a reviewer needs to check this study's numbers, as it stood at {iso(timezone.now())}, when the "
            f"study was {study.get_state_display().lower()}.",
            *([f"**{told['stamp']}.** Some or all of these votes were given by a program."] * told["simulated"]),
            f"## Redo the analysis\n\n    pip install 'phoropter=={told['versions']['phoropter']}'   # or its source\n"
            f"    {command(study, include_simulated=include_simulated)}\n\n"
            "prints the counts, scores, intervals and preferences of `report.json` (whose `metrics` come from the "
            "pictures, not from votes). The same votes, seed and versions (`versions.json`) give the same numbers.",
            f"## Methods\n\n{_asked(study)}\n\n{_shown(study)}\n\n{_scheduled(study)}",
            f"{_took_part(study, told)}\n\n{_fitted(told)}",
            f"## Files\n\n{files}\n",
        ]
    )


def command(study: Study, *, include_simulated: bool = False) -> str:
    """What redoes the analysis, in the folder of the bundle."""
    compared = study.conditions.filter(worse_than=None).values_list("name", flat=True)
    asked = f"python -m analysis scale exposures.csv --conditions {' '.join(compared)} --json"
    return f"{asked} --include-simulated" if include_simulated else asked


def _asked(study: Study) -> str:
    answers = [
        said for answer, said in ANSWERS.items() if answer in ("left", "right") or getattr(study, f"allow_{answer}")
    ]
    return (
        f"Observers saw two versions of one photo beside each other and were asked: “{study.question}” They could "
        f"answer {', '.join(answers[:-1])} or {answers[-1]}. No reference was shown. There was no time limit, and they "
        "could zoom and move as they liked, both photos together. They were not told what the versions were."
    )


def _shown(study: Study) -> str:
    contents = study.testset.contents
    scenes = contents.values("scene").distinct().count()
    cameras = [camera for camera in contents.values_list("camera", flat=True).distinct().order_by("camera") if camera]
    kernels = sorted(set(Raster.objects.filter(study=study).values_list("kernel", flat=True)))
    photos = f"{contents.count()} photos of {scenes} scenes (test set {study.testset}"
    simulated = " The input photos are simulated, not shot by a phone." * study.testset.simulated
    lines = "\n".join(_condition(condition, by_camera) for condition, by_camera in conditions_of(study))
    how = f" ({', '.join(kernels)})" if kernels else ""
    return (
        f"{photos}{'; ' if cameras else ''}{', '.join(cameras)}) were shown in these conditions:{simulated}\n\n{lines}"
        f"\n\nAll conditions of a photo were brought to one raster{how}, stored without loss and cut into tiles of "
        "equal byte lengths."
    )


def _condition(condition: Any, by_camera: list[tuple[str, Any]]) -> str:
    methods = {str(method) for _, method in by_camera}
    by = methods.pop() if len(methods) == 1 else ", ".join(f"{method} for {camera}" for camera, method in by_camera)
    gold = f"; in gold pairs only, where it must lose to {condition.worse_than}" if condition.worse_than else ""
    return f"- `{condition.name}`: {by}{gold}"


def _scheduled(study: Study) -> str:
    shares = {"gold": study.gold_share, "repeated": study.repeat_share, "same-against-same": study.same_share}
    others = [f"{share:.0%} {kind}" for kind, share in shares.items() if share]
    beside = f", with {', '.join(others)} pairs, which are never fitted" if others else ""
    return (
        f"Pairs, order and sides follow from the seed {study.seed} by the policy {study.policy_version}: each sitting, "
        f"of {study.trials_per_session} pairs at most, takes the next free slot of a balanced design{beside}. A "
        f"sitting without a sign of life for {study.lease_minutes} minutes counts as abandoned; its slot is given to "
        "the next, its votes stay."
    )


def _took_part(study: Study, told: dict[str, Any]) -> str:
    states = StudySession.State
    sittings = study.sessions.filter(simulated=False)
    people = sittings.filter(pilot=False)
    number = {state: people.filter(state=state).count() for state in states}
    left_out = "; ".join(f"{reason['rows']} {reason['meaning']}" for reason in told["counts"]["left_out"])
    said = told["counts"]["answers"]
    return (
        f"{number[states.FINISHED]} sittings were finished, {number[states.ABANDONED]} abandoned and "
        f"{number[states.ACTIVE]} are still open; {number[states.WITHDRAWN]} more were withdrawn by their observers, "
        f"and nothing of them is in any file. {sittings.filter(pilot=True).count()} pilot sittings don't count.\n\n"
        f"{told['counts']['votes']} votes by {told['counts']['observers']} observers count: {said['left']} for the "
        f"left side, {said['right']} for the right side, {said['tie']} ties. "
        f"Of {told['counts']['rows']} exposures were left out: {left_out or 'none'}."
    )


def _fitted(told: dict[str, Any]) -> str:
    scale = told["scale"]
    if scale["model"] is None:
        return f"There are no scores. {scale['withheld']}"
    intervals = scale["intervals"]
    how = (
        f"Intervals ({intervals['level']:.0%}) by {intervals['method']}, {intervals['question']}; "
        f"{intervals['replicates']} replicates, seed {intervals['seed']}."
        if intervals
        else scale["no_intervals"]
    )
    return (
        f"Scores are those of the {scale['model']['name']} model by maximum likelihood, in {scale['model']['unit']}. "
        f"{told['pooling']} {how}"
    )
