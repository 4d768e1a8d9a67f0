"""What stood around a study's pairs, in the words of a methods section.

Each function gives a paragraph from a study's settings and its sittings that count, or nothing where they say nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import get_language_info

from analysis.wording import counted, first_of, listed
from studyapp.design.cells import pair_count
from studyapp.models import Observer, Panel, SessionStep, Study, StudySession
from studyapp.models.observer import LAB_COLUMNS
from studyapp.services import screen
from studyapp.services.arrivals import OTHERS
from studyapp.services.minutes import minutes_of
from studyapp.services.plan_warnings import LONG_MINUTES
from studyapp.services.steps import Name, Step, Told, outcome_of
from studyapp.services.texts import Kind, current_text, languages_of, newest_texts
from studyapp.vision import acuity, plates, rings

Sittings = QuerySet[StudySession]

BACKGROUND: dict[str, tuple[str, dict[str, str]]] = {
    "age": ("age", {"under-18": "under 18", "70-or-more": "70 or more"}),
    "vision": (
        "glasses",
        {
            "uncorrected": "none needed", "glasses": "worn", "lenses": "contact lenses worn",
            "not-worn": "needed and not worn",
        },
    ),
    "colour_vision": (
        "colour vision", {"normal": "normal", "deficient": "some colours confused", "unknown": "not known"}
    ),
    "expertise": ("photography", {"none": "no special interest", "hobby": "a hobby", "professional": "a profession"}),
    "gender": ("gender", {"woman": "women", "man": "men", "other": "another"}),
}  # fmt: skip
"""What observers are asked of themselves, and the words for their answers; an age band by its years is its own."""
MEASURES = {
    "lab_luminance_cd_m2": ("peak luminance of the display", "cd/m²"),
    "lab_viewing_distance_cm": ("viewing distance", "cm"),
    "lab_ambient_lux": ("light of the room", "lx"),
}
ENOUGH_OBSERVERS = 15
"""ITU-R BT.500 asks for so many at least."""


def sat(study: Study, sittings: Sittings) -> str:
    """What a sitting went through around its pairs."""
    said = (_consented, _languages, _instructed, _practised, _rested, _asked_after)
    return " ".join(sentence for part in said for sentence in part(study, sittings))


def _consented(study: Study, sittings: Sittings) -> Iterator[str]:
    number, agreed = sittings.count(), sittings.filter(consent__isnull=False).count()
    if agreed and agreed == number:
        yield "Everybody agreed to the study’s consent text before their sitting began."
    elif agreed:
        yield f"{agreed:,} of {counted(number, 'sitting')} began with agreement to the study’s consent text."
    elif not number and current_text(study, Kind.CONSENT) is not None:
        yield "Nobody can begin without agreeing to the study’s consent text."


def _languages(study: Study, sittings: Sittings) -> Iterator[str]:
    offered = languages_of(study, newest_texts(study))
    read = Counter(sittings.order_by().values_list("language", flat=True))
    if len(offered) == 1 and set(read) <= set(offered):
        yield f"Texts were in {_language(offered[0])}."
        return
    readers = [
        f"{counted(number, 'sitting')} in {_language(code)}" for code, number in sorted(read.items(), key=_most_first)
    ]
    yield f"Instructions were offered in {listed([*map(_language, offered)])}" + (
        f": {listed(readers)}." if readers else "."
    )


def _most_first(row: tuple[str, int]) -> tuple[int, str]:
    return -row[1], row[0]


def _language(code: str) -> str:
    return str(get_language_info(code)["name"])


def _instructed(study: Study, sittings: Sittings) -> Iterator[str]:
    examples = f", with {counted(len(study.examples), 'example pair')}" if study.examples else ""
    yield f"Instructions came before the pairs{examples}."


def _practised(study: Study, sittings: Sittings) -> Iterator[str]:
    conditions = study.conditions.filter(worse_than=None).count()
    pairs = min(study.practice_trials, len(study.practice_contents) * pair_count(conditions))
    if pairs:
        yield (
            f"Each sitting began with {counted(pairs, 'practice pair')} on photos kept for that, whose answers count "
            "nowhere, and a break after them."
        )


def _rested(study: Study, sittings: Sittings) -> Iterator[str]:
    if 0 < study.break_every < study.trials_per_session:
        every = "every pair" if study.break_every == 1 else f"every {study.break_every} pairs"
        yield f"After {every} a break was offered, as long as the observer liked; it is no part of response times."


def _asked_after(study: Study, sittings: Sittings) -> Iterator[str]:
    if study.closing_questions:
        questions = counted(len(study.closing_questions), "closing question was", "closing questions were")
        yield f"After the pairs {questions} asked, to be answered or not."


def screened(study: Study, sittings: Sittings) -> str:
    """What was asked of screens and eyes before the pairs, and whom that kept out."""
    told = dict(_told_by_sitting(sittings)) if study.screen_check or _tests(study) else {}
    said = [*_screen_check(study, told.values()), *_vision(study, told.values())]
    return " ".join([*said, *(_barred(study, sittings, told) if _tests(study) else [])])


def _tests(study: Study) -> bool:
    return study.colour_test or study.acuity_test


def _told_by_sitting(sittings: Sittings) -> Iterator[tuple[int, Told]]:
    """What each sitting told on its pages of screen and eyes."""
    pages = SessionStep.objects.filter(
        session__in=sittings, name__in=(Name.SCREEN, Name.COLOUR, Name.CALIBRATION, Name.ACUITY)
    )
    rows = pages.order_by("session", "pk").values_list("session", "name", "part", "told").iterator(chunk_size=2000)
    for session, of_one in groupby(rows, itemgetter(0)):
        yield session, {Step(name, part): told for _, name, part, told in of_one}


def _screen_check(study: Study, told: Iterable[Told]) -> Iterator[str]:
    if not study.screen_check:
        return
    yield (
        f"A check asked for a window of at least {study.screen_min_width_px} × {screen.MIN_HEIGHT_PX} CSS pixels, no "
        f"zoom of the browser’s, and {screen.NEEDED} of {screen.STEPS} steps told apart near black, and as many near "
        "white."
    )
    if study.screen_required:
        yield "Nobody went on before all but the zoom was as asked."
        return
    kept = [one[Step(Name.SCREEN)]["problems"] for one in told if "problems" in one.get(Step(Name.SCREEN), {})]
    unmended = f" {sum(map(bool, kept)):,} of {counted(len(kept), 'sitting')} did." if kept else ""
    yield f"Who didn’t mend what wasn’t so was told, and could go on all the same.{unmended}"


def _vision(study: Study, told: Iterable[Told]) -> Iterator[str]:
    outcomes = [outcome_of(one) for one in told]
    if study.colour_test:
        others = len(plates.KINDS) - 1
        yield (
            f"{len(plates.KINDS)} colour plates, drawn by the program, had to be read: passed with the control and "
            f"{others - plates.ALLOWED_WRONG} of the {others} others.{_passed(outcomes, 'colour')}"
        )
    if study.acuity_test:
        by_angle = sum(one["acuity"]["calibrated"] for one in outcomes if "acuity" in one)
        measured = f" ({counted(by_angle, 'sitting')})" if by_angle else ""
        yield (
            "Landolt rings of ever smaller gaps had to be seen: by visual angle where a bank card had been held "
            f"against the screen{measured}, passed where none of {acuity.USUAL} logMAR or larger was missed; else in "
            f"pixels, passed down to a gap of {rings.NEEDED_PX} CSS pixels.{_passed(outcomes, 'acuity')}"
        )


def _passed(outcomes: list[dict[str, Any]], test: str) -> str:
    done = [one[test]["passed"] for one in outcomes if test in one]
    return f" {sum(done):,} of {counted(len(done), 'sitting')} passed." if done else ""


def _barred(study: Study, sittings: Sittings, told: dict[int, Told]) -> Iterator[str]:
    yield "This screens, and diagnoses nothing: nobody measured the colours and luminance that the tests were seen in."
    if not study.vision_required:
        yield "Nobody was kept out for it."
        return
    failed = [key for key, one in told.items() if not all(test["passed"] for test in outcome_of(one).values())]
    ended = set(sittings.filter(state=StudySession.State.ABANDONED, simulated=False).values_list("pk", flat=True))
    number = len(ended.intersection(failed))
    yield f"Who didn’t pass was thanked and shown no pairs: {counted(number, 'sitting') if number else 'nobody'}."


def viewed(study: Study, sittings: Sittings) -> str:
    """On what pictures were looked at, and in a lab under which conditions."""
    ground = (
        "Pictures were shown by the observer’s browser on neutral grey (sRGB 119), at first as a whole; zoomed in, one "
        "image pixel could be had on one device pixel."
    )
    return " ".join([ground, *(_in_lab(sittings) if study.lab_mode else [])])


def _in_lab(sittings: Sittings) -> Iterator[str]:
    rows = list(sittings.values_list("lab", *LAB_COLUMNS))
    words = [row[0] for row in rows]
    stations, displays = (sorted({str(one[name]) for one in words if one.get(name)}) for name in ("station", "display"))
    at = f"; so far at {counted(len(stations), 'station')}" if stations else ""
    yield f"The study is in lab mode: before each sitting a supervisor writes down who sits where{at}."
    measures = (
        _measured(*MEASURES[name], [row[place] for row in rows if row[place] is not None], len(rows))
        for place, name in enumerate(LAB_COLUMNS, start=1)
    )
    if known := [said for said in measures if said]:
        yield f"Written down were {'; '.join(known)}."
    if displays:
        yield f"The {'display was' if len(displays) == 1 else 'displays were'} {first_of(displays, 'other')}."


def _measured(what: str, unit: str, values: list[float], sittings: int) -> str:
    """From the least to the most that was written down, and of how many sittings where not of all."""
    if not values:
        return ""
    least, most = min(values), max(values)
    span = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    of = f" (of {len(values):,} of {counted(sittings, 'sitting')})" if len(values) < sittings else ""
    return f"{what} {span} {unit}{of}"


def recruited(study: Study, sittings: Sittings) -> str:
    """How observers came, how many were let in, and what they told of themselves."""
    return " ".join([*_came(study, sittings), *_let_in(study), *_told_of_themselves(study, sittings)])


def _came(study: Study, sittings: Sittings) -> Iterator[str]:
    panel = Panel.objects.filter(study=study).first()
    if panel is not None:
        sender = "Prolific" if panel.kind == Panel.Kind.PROLIFIC else "a recruiting panel"
        yield f"The study is set up for observers whom {sender} sends."
    if study.invited_only:
        without = sittings.filter(invitation=None, erasure=None, simulated=False).count()
        before = f"; {counted(without, 'sitting')} had begun without one" if without else ""
        yield f"Nobody begins without an invitation code{before}."
    elif panel is None and not study.lab_mode:
        yield "Anybody with the study’s link could begin."


def _let_in(study: Study) -> Iterator[str]:
    groups = sorted(study.group_quotas.items(), key=lambda row: (row[0] == OTHERS, row[0]))
    by_group = [f"{number:,} of {'any other' if name == OTHERS else name}" for name, number in groups]
    places = [f"{counted(study.quota, 'sitting')} in all"] if study.quota is not None else []
    if places := [*places, *([f"by group {listed(by_group)}"] if groups else [])]:
        yield f"The quota, of sittings under way or finished, is {', '.join(places)}."


def _told_of_themselves(study: Study, sittings: Sittings) -> Iterator[str]:
    if not study.ask_background:
        return
    observers = Observer.objects.filter(pk__in=sittings.values("observer"))
    told = list(observers.values_list("background", flat=True))
    asked = listed([word for word, _ in BACKGROUND.values()])
    yield f"Observers could tell {asked}, each or none."
    if any(told):
        parts = "; ".join(_distribution(name, told) for name in BACKGROUND)
        yield f"Of {counted(len(told), 'observer')}: {parts}."


def _distribution(name: str, told: list[dict[str, str]]) -> str:
    """How many gave each answer, in the order of its choices; ages in theirs."""
    head, words = BACKGROUND[name]
    given = Counter(one.get(name, "") for one in told)
    order = [*words] if name != "age" else sorted(given, key=lambda band: (band != "under-18", band))
    counts = [f"{words.get(one, one.replace('-', '–'))} ({given[one]})" for one in order if one and given[one]]
    return f"{head}: " + ", ".join([*counts, *([f"not told ({given['']})"] if given[""] else [])])


def guided(study: Study, sittings: Sittings) -> str:
    """What of the two recommendations on asking people about pictures the study kept to."""
    minutes = minutes_of(study)
    done = sittings.filter(state=StudySession.State.FINISHED)
    observers = done.aggregate(number=Count("observer", distinct=True))["number"]
    kept = {
        "an order by chance": True,
        f"sittings of {LONG_MINUTES} minutes at most ({counted(minutes, 'minute')} planned)": minutes <= LONG_MINUTES,
        "first presentations that aren’t counted": study.practice_trials > 0,
        "tests of acuity and of colour vision before": study.acuity_test and study.colour_test,
        "age and gender asked for": study.ask_background,
        f"{ENOUGH_OBSERVERS} observers or more": observers >= ENOUGH_OBSERVERS,
    }
    return (
        "The task is the pair comparison of ITU-T P.910 (10/2023), with both pictures in sight at once. Of what ITU-R "
        f"BT.500-15 asks or suggests, the study has {listed([said for said, is_so in kept.items() if is_so])}."
    )
