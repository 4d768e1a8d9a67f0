"""Are places taken in order and once, do their trials follow from the seed, and is the study still what was asked?"""

from collections.abc import Iterator, Sequence

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q

from enhancement.models import Job
from enhancement.services.verification import Check, Look, Violation, all_that, in_batches, label
from enhancement.services.verify_rows import REPORT
from studyapp.design.adaptive import places
from studyapp.design.schedule import Design, Planned, counts, sitting
from studyapp.models import Slot, Study, StudySession, StudyText, Trial, Vote
from studyapp.services.batches import drawn_on
from studyapp.services.renderings import unrendered
from studyapp.services.schedules import Numbered, design_of, numbered, plan_of
from studyapp.services.stamps import stamp_of

Shown = tuple[str, int, int, int, int | None]
"""Kind, content, left and right condition, and the position of what is repeated, from 0."""


def slots(look: Look) -> Iterator[Violation]:
    """No place is held twice or lost, and no slot left out: that is what the balance of the design rests on."""
    main, state = Trial.objects.filter(kind=Trial.Kind.MAIN), StudySession.State
    again = main.filter(slot=OuterRef("slot"), place=OuterRef("place"), held=True, pk__lt=OuterRef("pk"))
    yield from all_that(main.filter(Exists(again), held=True), "its place is another sitting's", REPORT)
    seated = main.filter(session__state__in=[state.ACTIVE, state.FINISHED], held=False)
    yield from all_that(seated, "its sitting goes on, or was finished, and doesn't hold its place", REPORT)
    left = main.filter(Q(session__state=state.ABANDONED, vote=None) | Q(session__state=state.WITHDRAWN), held=True)
    yield from all_that(left, "its sitting has ended without an answer that counts, and still holds its place", REPORT)
    yield from all_that(
        Slot.objects.exclude(policy_version=F("study__policy_version")), "its policy is another", REPORT
    )
    for study in in_batches(Study.objects.filter(slots__isnull=False).distinct()):
        yield from _free_places(study)
    others = ~Q(batch__study=F("study")) | ~Q(batch__lane=F("lane"))
    yield from all_that(Slot.objects.filter(others, batch__isnull=False), "its batch is another study's", REPORT)
    lanes = Slot.objects.order_by().values("study", "lane")
    for lane in lanes.annotate(n=Count("pk"), first=Min("number"), last=Max("number")):
        if (lane["first"], lane["last"]) != (0, lane["n"] - 1):
            where = f"study {lane['study']}, lane {lane['lane']}"
            yield Violation(where, "its slots aren't numbered without a gap from 0", REPORT)
    look.seen(Slot.objects.count())


def _free_places(study: Study) -> Iterator[Violation]:
    """A slot that says that fewer are free than are would never be given out to its end."""
    try:
        size = counts(design_of(study)).main
    except ValueError:  # the check of schedules says that it can't be derived
        return
    held = Count("trials", filter=Q(trials__held=True))
    for slot in study.slots.annotate(held=held).exclude(free=size - F("held")):
        yield Violation(label(slot), f"it says that {slot.free} of {size} places are free, and they aren't", REPORT)


def schedules(look: Look) -> Iterator[Violation]:
    """Derive every sitting's trials again, and compare."""
    for study in in_batches(Study.objects.all()):
        if not study.sessions.exists():
            continue
        rows = numbered(study)
        try:
            design = design_of(study, rows)
        except ValueError as error:
            yield Violation(label(study), f"its schedule can't be derived any more ({error})", REPORT)
            continue
        for session in in_batches(study.sessions.select_related("slot")):
            plan = plan_of(study, design, rows, session.slot.number, _given(session, design))
            if _stored(session) != _derived(plan, rows):
                what = f"its trials aren't those that its places, of slot {session.slot.number} the newest, lead to"
                yield Violation(label(session), what, REPORT)
            look.seen(1)


def _given(session: StudySession, design: Design) -> Sequence[Planned]:
    """The trials that follow from the places which a sitting was given; none where there are no such places."""
    slots = Slot.objects.filter(trials__session=session).select_related("batch").distinct()
    try:
        cells = {slot.number: places(design, slot.number, drawn_on(slot)) for slot in slots}
    except (ValueError, TypeError):  # a batch that isn't one of this design
        return ()
    given = session.trials.filter(slot__isnull=False).order_by("slot__number", "place")
    numbers = list(given.values_list("slot__number", "place"))
    if any(place is None or place >= len(cells[slot]) for slot, place in numbers):
        return ()
    return sitting(design, session.slot.number, [cells[slot][place] for slot, place in numbers if place is not None])


def _derived(plan: Sequence[Planned], rows: Numbered) -> list[Shown]:
    contents, conditions = rows.contents, rows.conditions
    return [
        (trial.kind, contents[trial.content].pk, conditions[trial.left].pk, conditions[trial.right].pk, trial.repeats)
        for trial in plan
    ]


def _stored(session: StudySession) -> list[Shown]:
    rows = session.trials.order_by("position").values_list(
        "position", "kind", "content", "left__condition", "right__condition", "repeats__position"
    )
    return [
        (kind, content, left, right, None if repeats is None else repeats - 1)
        for expected, (position, kind, content, left, right, repeats) in enumerate(rows, start=1)
        if position == expected
    ]


def definitions(look: Look) -> Iterator[Violation]:
    """The stamp that each sitting with votes got when it began must still be that of its study and texts."""
    voted = StudySession.objects.filter(Exists(Vote.objects.filter(trial__session=OuterRef("pk")))).exclude(stamp="")
    kinds = voted.order_by().values_list("study", "instructions", "consent", "stamp").annotate(n=Count("pk"))
    for study_id, instructions, consent, stamp, count in kinds:
        texts = StudyText.objects.in_bulk([text for text in (instructions, consent) if text])
        study = Study.objects.select_related("testset").get(pk=study_id)
        if stamp_of(study, texts[instructions], texts.get(consent)) != stamp:
            what = f"its definition or texts aren't those under which {count} of its sittings began, which have votes"
            again = f"put them back as they were, or copy the study (manage.py copy_study {study.code}) and ask again"
            yield Violation(label(study), what, again)
        look.seen(count)
    if unstamped := StudySession.objects.filter(stamp="").count():
        look.note(f"{unstamped} sittings are older than stamps; nothing tells whether their study changed since")


def renderings_made(look: Look) -> Iterator[Violation]:
    """A rendering job that is done has rendered every content; an open study can be shown."""
    for job in in_batches(Job.objects.filter(kind="renderings", state=Job.State.DONE)):
        study = Study.objects.filter(pk=job.params.get("study")).first()
        if study is not None and unrendered(study).exists():
            yield Violation(
                str(job), "it is done, but contents of its study have no renderings", "prepare the study again"
            )
        look.seen(1)
    for study in Study.objects.filter(state=Study.State.OPEN):
        if unrendered(study).exists():
            yield Violation(
                label(study), "it is open, but contents of it can't be shown", "pause it, then prepare it again"
            )


SCHEDULE_CHECKS = (
    Check(
        "slots in order",
        "A place of a slot is held by one sitting at a time, none is left out: drop-outs don't unbalance the design.",
        "slots",
        Slot.objects.count,
        slots,
    ),
    Check(
        "schedules derived again",
        "A sitting's trials follow from study, seed, policy version, the places that it was given, and their batches.",
        "sittings",
        StudySession.objects.count,
        schedules,
    ),
    Check(
        "studies frozen",
        "A study that has votes keeps its question, conditions, design and texts.",
        "sittings with votes",
        lambda: StudySession.objects.filter(Exists(Vote.objects.filter(trial__session=OuterRef("pk")))).count(),
        definitions,
    ),
    Check(
        "studies renderable",
        "A rendering job that is done, and a study that is open, have every content rendered.",
        "rendering jobs",
        lambda: Job.objects.filter(kind="renderings", state="done").count(),
        renderings_made,
    ),
)
