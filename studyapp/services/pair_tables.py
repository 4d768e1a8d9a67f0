"""Rows of pairs: what was on the screen and what was said, in full, in pwcmp's columns, and what wasn't taken.

A new column is one line here and one in docs/export.md; every format, the API and the bundle follow.
"""

from django.db.models import BooleanField, Case, ExpressionWrapper, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from studyapp.models import Decision, RejectedVote, Study, StudySession, Trial
from studyapp.models.trial import Answer
from studyapp.services.devices import SCREEN_CHANGED
from studyapp.services.tables import UNDECIDED, Column, Kind, Table

GOLD_ANSWERED = Q(kind=Trial.Kind.GOLD, vote__isnull=False)
LEFT_IS_WORSE = Q(left__condition__worse_than__isnull=False)
GOLD_PASSED = Case(
    When(GOLD_ANSWERED & LEFT_IS_WORSE, then=ExpressionWrapper(Q(vote__answer=Answer.RIGHT), BooleanField())),
    When(GOLD_ANSWERED, then=ExpressionWrapper(Q(vote__answer=Answer.LEFT), BooleanField())),
    default=Value(None),
    output_field=BooleanField(),
)
"""Whether a gold trial's worse side lost; nothing where it wasn't gold or wasn't answered."""

BATCH = Case(
    When(slot__isnull=False, then=F("slot__batch__number")),
    default=F("session__slot__batch__number"),
    output_field=IntegerField(),
)
"""Of the slot whose place a main trial holds, which may have none though the sitting's newest has; else of that one."""

IS_OVER = ~Q(session__state=StudySession.State.ACTIVE) | Q(session__study__state=Study.State.CLOSED)
"""Nothing more will be answered in a sitting: it was given up, or its study closed over it."""

DEVICE_COLUMNS: dict[str, Kind] = {
    "device_pixel_ratio": "number",
    "viewport_width_px": "integer",
    "viewport_height_px": "integer",
    "browser_zoom": "number",
    "gamut": "text",
    "drawer": "text",
    "stacked": "boolean",
}
"""Told twice: of the moment of the vote, and of the first showing."""

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
        "batch": Column("integer", BATCH),
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
        **{name: Column(kind, f"vote__{name}") for name, kind in DEVICE_COLUMNS.items()},
        "screen_changed": Column("boolean", SCREEN_CHANGED),
        **{f"shown_{name}": Column(kind, name) for name, kind in DEVICE_COLUMNS.items()},
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
