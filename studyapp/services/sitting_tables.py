"""Rows of sittings, and of the pages around their pairs.

A new column is one line here and one in docs/export.md; every format, the API and the bundle follow.
"""

from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Sum, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from studyapp.models import RejectedVote, SessionStep, StudySession, Trial
from studyapp.models.observer import LAB_COLUMNS
from studyapp.models.trial import Answer
from studyapp.services.devices import device_told
from studyapp.services.pages_told import measured_number, measured_text, rings_number, rings_text
from studyapp.services.tables import UNDECIDED, Column, Table

SHOWN = Q(trials__shown_at__isnull=False) | Q(trials__vote__isnull=False)
MAIN = Q(trials__kind=Trial.Kind.MAIN)


def _votes(*said: str) -> Count:
    """How many main trials were answered so."""
    return Count("trials__vote", filter=MAIN & Q(trials__vote__answer__in=said))


def _on(name: str) -> Subquery:
    """On what the first pair of the sitting was shown, or answered where the word of its showing was lost."""
    seen = Trial.objects.filter(device_told() | device_told("vote__"), session=OuterRef("pk")).order_by("position")
    first_told = Case(When(device_told(), then=F(name)), default=F(f"vote__{name}"))
    return Subquery(seen.annotate(first_told=first_told).values("first_told")[:1])


def _gold(answer: str, *, left_is_worse: bool) -> Q:
    return Q(
        trials__kind=Trial.Kind.GOLD,
        trials__vote__answer=answer,
        trials__left__condition__worse_than__isnull=not left_is_worse,
    )


GOLD_PASSED_OF_SITTING = _gold(Answer.RIGHT, left_is_worse=True) | _gold(Answer.LEFT, left_is_worse=False)
BACKGROUND = ("age", "vision", "colour_vision", "expertise", "gender")
LAB_WORDS = ("station", "observer", "display")


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
        "went_on_at": Column("time", "went_on_at"),
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
        **{f"lab_{name}": Column("text", _told("lab", name)) for name in LAB_WORDS},
        **{name: Column("number", name) for name in LAB_COLUMNS},
        "acuity_logmar": Column("number", rings_number("logmar")),
        "acuity_gap_arcmin": Column("number", rings_number("finest_arcmin")),
        "acuity_gap_px": Column("number", rings_number("finest_px")),
        "acuity_limit": Column("text", rings_text("limit")),
        "acuity_px_per_mm": Column("number", measured_number("px_per_mm")),
        "acuity_distance_cm": Column("number", measured_number("distance_cm")),
        "acuity_distance_source": Column("text", measured_text("distance_source")),
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
