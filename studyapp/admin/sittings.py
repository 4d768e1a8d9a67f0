"""Who looked, at what, and what they said: kept, never edited, never deleted.

No link of a sitting and no address of a picture stands here: who holds one can vote, or can look behind the blind.
"""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from enhancement.admin.skin import ModelAdmin, ReadOnly, TabularInline, link, shown
from studyapp.admin.ownership import Owned, OwnStudiesFilter, theirs
from studyapp.admin.rehearsed import SimulatedLeftOut, simulated_filter
from studyapp.forms import DEVICE
from studyapp.models import Observer, RejectedVote, SessionStep, Slot, StudySession, Trial, Vote
from studyapp.models.observer import LAB_COLUMNS

SESSION_STATES = {"active": "info", "finished": "success", "abandoned": "warning", "withdrawn": "danger"}


@admin.register(Observer)
class ObserverAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[Observer]):
    """Known by a random code."""

    study_path = "sessions__study"
    list_display = ("code", "sittings", "created_at", "withdrawn_at")
    list_filter = (simulated_filter("sessions__simulated"), ("withdrawn_at", admin.EmptyFieldListFilter))
    search_fields = ("code",)
    fields = ("code", "background", "created_at", "withdrawn_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Observer]:
        seen = theirs(request, "sessions__study")
        rows: QuerySet[Observer] = super().get_queryset(request).annotate(sat=Count("sessions", filter=seen))
        return rows

    @shown("Sittings", ordering="sat")
    def sittings(self, observer: Observer) -> int:
        count: int = observer.sat  # type: ignore[attr-defined]
        return count


@admin.register(Slot)
class SlotAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[Slot]):
    """Places of a design, and who took them."""

    study_path = "study"
    list_display = ("study", "lane", "number", "policy_version", "sittings")
    list_display_links = ("number",)
    list_filter = (simulated_filter("sessions__simulated"), ("study", OwnStudiesFilter), "lane")
    list_select_related = ("study",)
    fields = ("study", "lane", "number", "policy_version", "batch")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slot]:
        rows: QuerySet[Slot] = super().get_queryset(request).annotate(taken=Count("sessions"))
        return rows

    @shown("Taken by", ordering="taken")
    def sittings(self, slot: Slot) -> str:
        count: int = slot.taken  # type: ignore[attr-defined]
        return f"{count} sitting{'' if count == 1 else 's'}"


class StepsInline(Owned, ReadOnly, TabularInline[SessionStep, StudySession]):
    """What was told on the pages around the trials."""

    study_path = "session__study"
    model = SessionStep
    fields = ("name", "part", "told", "done_at")
    readonly_fields = fields
    hide_title = True
    verbose_name_plural = "around the trials"
    classes = ("collapse",)


class TrialsInline(Owned, ReadOnly, TabularInline[Trial, StudySession]):
    """What was shown, in order."""

    study_path = "session__study"
    model = Trial
    fields = ("position", "kind", "content", "left_condition", "right_condition", "answer", "shown_at")
    readonly_fields = fields
    ordering = ("position",)
    per_page = 50
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trial]:
        related = ("content", "left__condition", "right__condition", "vote", "session__observer", "session__study")
        return super().get_queryset(request).select_related(*related)

    @shown("Left")
    def left_condition(self, trial: Trial) -> str:
        return trial.left.condition.name

    @shown("Right")
    def right_condition(self, trial: Trial) -> str:
        return trial.right.condition.name

    @shown("Answer")
    def answer(self, trial: Trial) -> str:
        return answer_of(trial)


@admin.register(StudySession)
class StudySessionAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[StudySession]):
    """Sittings, with how far they came."""

    study_path = "study"
    list_display = ("observer", "study", "state_shown", "answered", "slot_number", "left_out", "started_at")
    list_filter = (simulated_filter("simulated"), ("study", OwnStudiesFilter), "state", "pilot")
    list_select_related = ("observer", "study", "slot")
    search_fields = ("observer__code",)
    fields = (
        "observer_link", "study_link", "state_shown", "slot", "pilot", "simulated", "instructions", "consent",
        "consented_at", "panel", "lab", *LAB_COLUMNS, "started_at", "last_seen_at", "finished_at", "went_on_at",
    )  # fmt: skip
    inlines = (StepsInline, TrialsInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudySession]:
        counts = {"answers": Count("trials__vote"), "asked": Count("trials")}
        rows: QuerySet[StudySession] = super().get_queryset(request).annotate(**counts)
        return rows

    @shown("State", label=SESSION_STATES, ordering="state")
    def state_shown(self, session: StudySession) -> str:
        return session.state

    @shown("Answered", ordering="answers")
    def answered(self, session: StudySession) -> str:
        return f"{session.answers} of {session.asked}"  # type: ignore[attr-defined]

    @shown("Slot", ordering="slot__number")
    def slot_number(self, session: StudySession) -> int:
        return session.slot.number

    @shown("Left out as")
    def left_out(self, session: StudySession) -> str:
        return "simulated" if session.simulated else "pilot" if session.pilot else "–"

    @shown("Observer")
    def observer_link(self, session: StudySession) -> str:
        return link(session.observer)

    @shown("Study")
    def study_link(self, session: StudySession) -> str:
        return link(session.study)


@admin.register(Trial)
class TrialAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[Trial]):
    """Showings."""

    study_path = "session__study"
    list_display = ("session", "position", "kind", "content", "left_condition", "right_condition", "answer", "shown_at")
    list_display_links = ("position",)
    list_filter = (
        simulated_filter("session__simulated"), ("session__study", OwnStudiesFilter), "kind", "session__pilot",
    )  # fmt: skip
    list_select_related = (
        "session__observer", "session__study", "content", "left__condition", "right__condition", "vote",
    )  # fmt: skip
    search_fields = ("session__observer__code", "content__name")
    fieldsets = (
        (None, {"fields": ("session_link", "position", "kind", "content", "left_condition", "right_condition")}),
        ("Showing", {"fields": ("repeats", "shown_at", *DEVICE)}),
        ("Answer", {"fields": ("answer",)}),
    )

    @shown("Sitting")
    def session_link(self, trial: Trial) -> str:
        return link(trial.session)

    @shown("Left", ordering="left__condition__name")
    def left_condition(self, trial: Trial) -> str:
        return trial.left.condition.name

    @shown("Right", ordering="right__condition__name")
    def right_condition(self, trial: Trial) -> str:
        return trial.right.condition.name

    @shown("Answer", ordering="vote__answer")
    def answer(self, trial: Trial) -> str:
        return answer_of(trial)


def answer_of(trial: Trial) -> str:
    """What was said, in the words of the export."""
    vote = getattr(trial, "vote", None)
    return vote.answer if vote else "–"


@admin.register(Vote)
class VoteAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[Vote]):
    """Answers that count, and how they were looked at."""

    study_path = "trial__session__study"
    list_display = ("trial_position", "observer", "study", "answer", "response", "answered_at")
    list_filter = (
        simulated_filter("trial__session__simulated"),
        "answer",
        ("trial__session__study", OwnStudiesFilter),
        "trial__kind",
    )
    list_select_related = ("trial__session__observer", "trial__session__study")
    search_fields = ("trial__session__observer__code",)
    date_hierarchy = "answered_at"
    fieldsets = (
        (None, {"fields": ("trial_link", "answer", "answered_at", "response")}),
        (
            "How it was looked at",
            {
                "fields": (
                    "first_painted", "max_zoom", "one_to_one_ms", "inspected_left", "inspected_right", "flips",
                    "hidden_ms", "reloads",
                )
            },
        ),
        ("On what it was answered", {"fields": DEVICE}),
    )  # fmt: skip

    @shown("Trial", ordering="trial__position")
    def trial_position(self, vote: Vote) -> str:
        return f"{vote.trial.kind} {vote.trial.position}"

    @shown("Trial")
    def trial_link(self, vote: Vote) -> str:
        return link(vote.trial)

    @shown("Observer")
    def observer(self, vote: Vote) -> str:
        return vote.trial.session.observer.code

    @shown("Study")
    def study(self, vote: Vote) -> str:
        return vote.trial.session.study.name

    @shown("Response time", ordering="response_ms")
    def response(self, vote: Vote) -> str:
        return f"{vote.response_ms / 1000:.1f} s"


@admin.register(RejectedVote)
class RejectedVoteAdmin(SimulatedLeftOut, Owned, ReadOnly, ModelAdmin[RejectedVote]):
    """Answers that don't count, and why."""

    study_path = "trial__session__study"
    list_display = ("trial", "answer", "reason", "received_at")
    list_filter = (simulated_filter("trial__session__simulated"), "reason", ("trial__session__study", OwnStudiesFilter))
    list_select_related = ("trial__session__observer", "trial__session__study")
    fields = ("trial_link", "answer", "reason", "received_at")

    @shown("Trial")
    def trial_link(self, vote: RejectedVote) -> str:
        return link(vote.trial)
