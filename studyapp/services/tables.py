"""What the files of a study hold: column by column the type, and where in the database it stands.

A new column is one line here and one in docs/export.md; every format, the API and the bundle follow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)  # fmt: skip
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from studyapp.models import Decision, RejectedVote, SessionStep, Study, StudySession, Trial
from studyapp.models.trial import Answer

Kind = Literal["text", "integer", "number", "boolean", "time"]
Row = tuple[Any, ...]

ROWS_AT_ONCE = 4000


@dataclass(frozen=True)
class Column:
    """One column: its type, and the path, condition or expression that fills it."""

    kind: Kind
    source: "str | Q | Combinable"

    def expression(self) -> Combinable:
        """As a query takes it."""
        if isinstance(self.source, Q):
            return ExpressionWrapper(self.source, BooleanField())
        return F(self.source) if isinstance(self.source, str) else self.source


@dataclass(frozen=True)
class Table:
    """Rows of one model about the sittings of a study.

    Attributes:
        of_session: The path from a row to its sitting.
        order: Within a study; begins with the sitting.
        holds: Which rows are in it.
    """

    model: type[Trial | StudySession | SessionStep | RejectedVote]
    of_session: str
    order: tuple[str, ...]
    columns: Mapping[str, Column]
    holds: Q = field(default_factory=Q)

    def query(self, *first: str, of: Iterable[str] | None = None) -> "QuerySet[Any, Row]":
        """The rows as tuples: ``first`` are paths, then come the named columns, all of them where none are named."""
        names = self.columns if of is None else of
        wanted = {f"column_{name}": self.columns[name].expression() for name in names}
        rows = self.model._default_manager.filter(self.holds).order_by(*self.order)
        return rows.annotate(**wanted).values_list(*first, *wanted)

    def told_by_sitting(self, name: str) -> str:
        """The path from the sitting to a column that all its rows share; nothing for other columns."""
        source, beginning = self.columns[name].source, f"{self.of_session}__"
        return source.removeprefix(beginning) if isinstance(source, str) and source.startswith(beginning) else ""


def sittings_of(study: Study, *, include_simulated: bool = False) -> QuerySet[StudySession]:
    """The sittings that a study's files tell of: who withdrew is in none, who is simulated where asked for."""
    kept = study.sessions.exclude(state=StudySession.State.WITHDRAWN).order_by("pk")
    return kept if include_simulated else kept.filter(simulated=False)


def batches(table: Table, study: Study, *names: str, include_simulated: bool = False) -> Iterator[list[Row]]:
    """All rows of a study, those of some sittings at a time, in the order of sittings.

    Each query is over at once: a download that takes an hour holds no cursor, transaction or snapshot for an hour,
    and no more than a few thousand rows of memory. What a sitting is told to have done is of one moment. What its rows
    share is asked once for each sitting, which spares the database half of its joins.
    """
    wanted = names or tuple(table.columns)
    shared = {name: path for name in wanted if (path := table.told_by_sitting(name))}
    own = [name for name in wanted if name not in shared]
    found = ("", *shared, "", *own)
    # The slice is cut off again below: so a single name gives a tuple, too.
    pick = itemgetter(slice(0, 0), *map(found.index, wanted))
    at_once = max(1, ROWS_AT_ONCE // study.trials_per_session)
    sittings = sittings_of(study, include_simulated=include_simulated).values_list("pk", *shared.values())
    last = 0
    while told := {sitting[0]: sitting for sitting in sittings.filter(pk__gt=last)[:at_once]}:
        last = max(told)
        rows = table.query(table.of_session, of=own).filter(**{f"{table.of_session}__in": list(told)})
        if made := [pick(told[row[0]] + row)[1:] for row in rows]:
            yield made


UNDECIDED = Decision.Answer.UNDECIDED.value
GOLD_ANSWERED = Q(kind=Trial.Kind.GOLD, vote__isnull=False)
LEFT_IS_WORSE = Q(left__condition__worse_than__isnull=False)
GOLD_PASSED = Case(
    When(GOLD_ANSWERED & LEFT_IS_WORSE, then=ExpressionWrapper(Q(vote__answer=Answer.RIGHT), BooleanField())),
    When(GOLD_ANSWERED, then=ExpressionWrapper(Q(vote__answer=Answer.LEFT), BooleanField())),
    default=Value(None),
    output_field=BooleanField(),
)
"""Whether a gold trial's worse side lost; nothing where it wasn't gold or wasn't answered."""

IS_OVER = ~Q(session__state=StudySession.State.ACTIVE) | Q(session__study__state=Study.State.CLOSED)
"""Nothing more will be answered in a sitting: it was given up, or its study closed over it."""

EXPOSURES = Table(
    Trial,
    "session",
    ("session_id", "position"),
    {
        "study": Column("text", "session__study__name"),
        "observer": Column("text", "session__observer__code"),
        "session": Column("integer", "session"),
        "pilot": Column("boolean", "session__pilot"),
        "simulated": Column("boolean", "session__simulated"),
        "slot": Column("integer", Coalesce("slot__number", "session__slot__number")),
        "place": Column("integer", "place"),
        "policy_version": Column("text", "session__slot__policy_version"),
        "batch": Column("integer", Coalesce("slot__batch__number", "session__slot__batch__number")),
        "position": Column("integer", "position"),
        "kind": Column("text", "kind"),
        "content": Column("text", "content__name"),
        "scene": Column("text", "content__scene"),
        "camera": Column("text", "content__camera"),
        "left": Column("text", "left__condition__name"),
        "right": Column("text", "right__condition__name"),
        "swapped": Column("boolean", Q(left__condition__position__gt=F("right__condition__position"))),
        "vote": Column("text", "vote__answer"),
        "corrected_from": Column("text", "vote__corrected_from"),
        "abandoned": Column("boolean", Q(vote__isnull=True) & IS_OVER),
        "shown_at": Column("time", "shown_at"),
        "answered_at": Column("time", "vote__answered_at"),
        "response_ms": Column("integer", "vote__response_ms"),
        "left_sha256": Column("text", "left__sha256"),
        "right_sha256": Column("text", "right__sha256"),
        "instructions_version": Column("integer", "session__instructions__version"),
        "consent_version": Column("integer", "session__consent__version"),
        "language": Column("text", "session__language"),
        "device_pixel_ratio": Column("number", "device_pixel_ratio"),
        "viewport_width_px": Column("integer", "viewport_width_px"),
        "viewport_height_px": Column("integer", "viewport_height_px"),
        "browser_zoom": Column("number", "browser_zoom"),
        "gamut": Column("text", "gamut"),
        "drawer": Column("text", "drawer"),
        "stacked": Column("boolean", "stacked"),
        "hidden_ms": Column("integer", "vote__hidden_ms"),
        "max_zoom": Column("number", "vote__max_zoom"),
        "one_to_one_ms": Column("integer", "vote__one_to_one_ms"),
        "inspected_left": Column("number", "vote__inspected_left"),
        "inspected_right": Column("number", "vote__inspected_right"),
        "offset_px": Column("number", "vote__offset_px"),
        "flips": Column("integer", "vote__flips"),
        "reloads": Column("integer", "vote__reloads"),
        "first_painted": Column("text", "vote__first_painted"),
        "break_ms": Column("integer", "vote__break_ms"),
        "gold_passed": Column("boolean", GOLD_PASSED),
        "quota_group": Column("text", "session__group"),
        "use": Column("text", Coalesce("session__decision__use", Value(UNDECIDED))),
        "use_reason": Column("text", Coalesce("session__decision__reason", Value(""))),
    },
    holds=Q(shown_at__isnull=False) | Q(vote__isnull=False),
)


PWCMP = Table(
    Trial,
    "session",
    ("session_id", "position"),
    {
        "observer": Column("text", "session__observer__code"),
        "session": Column("integer", "session"),
        "scene": Column("text", "content__name"),
        "condition_A": Column("text", "left__condition__name"),
        "condition_B": Column("text", "right__condition__name"),
        "is_A_selected": Column(
            "integer", Case(When(vote__answer=Answer.LEFT, then=1), default=0, output_field=IntegerField())
        ),
    },
    holds=Q(kind=Trial.Kind.MAIN, session__pilot=False, vote__answer__in=[Answer.LEFT, Answer.RIGHT])
    & ~Q(session__decision__use=Decision.Answer.NO),
)
"""What counts and was decided: the format has no word for a tie."""

SHOWN = Q(trials__shown_at__isnull=False) | Q(trials__vote__isnull=False)
MAIN = Q(trials__kind=Trial.Kind.MAIN)


def _votes(*said: str) -> Count:
    """How many main trials were answered so."""
    return Count("trials__vote", filter=MAIN & Q(trials__vote__answer__in=said))


def _on(name: str) -> Subquery:
    """On what the first pair of the sitting was shown."""
    shown = Trial.objects.filter(session=OuterRef("pk"), shown_at__isnull=False).order_by("position")
    return Subquery(shown.values(name)[:1])


def _gold(answer: str, *, left_is_worse: bool) -> Q:
    return Q(
        trials__kind=Trial.Kind.GOLD,
        trials__vote__answer=answer,
        trials__left__condition__worse_than__isnull=not left_is_worse,
    )


GOLD_PASSED_OF_SITTING = _gold(Answer.RIGHT, left_is_worse=True) | _gold(Answer.LEFT, left_is_worse=False)
BACKGROUND = ("age", "vision", "colour_vision", "expertise", "gender")
LAB = ("station", "observer", "display", "luminance_cd_m2", "viewing_distance_cm", "ambient_lux")


def _told(path: str, name: str) -> Cast:
    """One thing of those that a JSON column holds by name, as text."""
    return Cast(KeyTextTransform(name, path), TextField())


REJECTED_OF_SITTING = RejectedVote.objects.filter(trial__session=OuterRef("pk")).order_by().values("trial__session")

SESSIONS = Table(
    StudySession,
    "pk",
    ("pk",),
    {
        "study": Column("text", "study__name"),
        "session": Column("integer", "pk"),
        "observer": Column("text", "observer__code"),
        "state": Column("text", "state"),
        "pilot": Column("boolean", "pilot"),
        "simulated": Column("boolean", "simulated"),
        "slot": Column("integer", "slot__number"),
        "policy_version": Column("text", "slot__policy_version"),
        "started_at": Column("time", "started_at"),
        "consented_at": Column("time", "consented_at"),
        "last_seen_at": Column("time", "last_seen_at"),
        "finished_at": Column("time", "finished_at"),
        "language": Column("text", "language"),
        "instructions_version": Column("integer", "instructions__version"),
        "consent_version": Column("integer", "consent__version"),
        "stamp": Column("text", "stamp"),
        "from_panel": Column("boolean", ~Q(panel={})),
        "exposures": Column("integer", Count("trials", filter=SHOWN)),
        "votes": Column("integer", Count("trials__vote")),
        "main_left": Column("integer", _votes(Answer.LEFT)),
        "main_right": Column("integer", _votes(Answer.RIGHT)),
        "main_tie": Column("integer", _votes(Answer.TIE)),
        "main_not_sure": Column("integer", _votes(Answer.NOT_SURE)),
        "gold_answered": Column("integer", Count("trials__vote", filter=Q(trials__kind=Trial.Kind.GOLD))),
        "gold_passed": Column(
            "integer",
            Count("trials__vote", filter=GOLD_PASSED_OF_SITTING),
        ),
        "rejected": Column(
            "integer", Coalesce(Subquery(REJECTED_OF_SITTING.annotate(number=Count("pk")).values("number")), 0)
        ),
        "response_ms": Column("integer", Sum("trials__vote__response_ms")),
        "hidden_ms": Column("integer", Sum("trials__vote__hidden_ms")),
        "reloads": Column("integer", Sum("trials__vote__reloads")),
        "device_pixel_ratio": Column("number", _on("device_pixel_ratio")),
        "viewport_width_px": Column("integer", _on("viewport_width_px")),
        "viewport_height_px": Column("integer", _on("viewport_height_px")),
        "gamut": Column("text", _on("gamut")),
        "drawer": Column("text", _on("drawer")),
        "quota_group": Column("text", "group"),
        "use": Column("text", Coalesce("decision__use", Value(UNDECIDED))),
        "use_reason": Column("text", Coalesce("decision__reason", Value(""))),
        "pay": Column("text", Coalesce("decision__pay", Value(UNDECIDED))),
        **{name: Column("text", _told("observer__background", name)) for name in BACKGROUND},
        **{f"lab_{name}": Column("text", _told("lab", name)) for name in LAB},
    },
)

PAGES = Table(
    SessionStep,
    "session",
    ("session_id", "pk"),
    {
        "study": Column("text", "session__study__name"),
        "observer": Column("text", "session__observer__code"),
        "session": Column("integer", "session"),
        "pilot": Column("boolean", "session__pilot"),
        "simulated": Column("boolean", "session__simulated"),
        "page": Column("text", "name"),
        "part": Column("integer", "part"),
        "done_at": Column("time", "done_at"),
        "told": Column("text", Cast("told", TextField())),
    },
)

REJECTED = Table(
    RejectedVote,
    "trial__session",
    ("trial__session_id", "trial__position", "pk"),
    {
        "study": Column("text", "trial__session__study__name"),
        "observer": Column("text", "trial__session__observer__code"),
        "session": Column("integer", "trial__session"),
        "pilot": Column("boolean", "trial__session__pilot"),
        "simulated": Column("boolean", "trial__session__simulated"),
        "position": Column("integer", "trial__position"),
        "kind": Column("text", "trial__kind"),
        "content": Column("text", "trial__content__name"),
        "left": Column("text", "trial__left__condition__name"),
        "right": Column("text", "trial__right__condition__name"),
        "vote": Column("text", "trial__vote__answer"),
        "rejected": Column("text", "answer"),
        "received_at": Column("time", "received_at"),
        "reason": Column("text", "reason"),
    },
)
