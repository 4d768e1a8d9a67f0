"""Observers, their sittings, and the slots of the design that they take."""

import secrets

from django.db import models
from django.db.models import Q

from studyapp.models.study import Study, StudyText


def observer_code() -> str:
    """The random code an observer is known by."""
    return f"o-{secrets.token_hex(6)}"


def session_token() -> str:
    """128 random bits: the personal link of a sitting."""
    return secrets.token_urlsafe(16)


class Lane(models.TextChoices):
    """Pilot and simulated sessions draw from slots of their own, so they never use up the study's."""

    MAIN = "main"
    PILOT = "pilot"
    SIMULATED = "simulated"


LAB_MEASURES = {"luminance_cd_m2": (0.1, 20_000), "viewing_distance_cm": (1, 2_000), "ambient_lux": (0, 200_000)}
"""What a lab's supervisor measures: each from the least to the most that there can be. A dark room has no light."""
LAB_COLUMNS = tuple(f"lab_{name}" for name in LAB_MEASURES)


class Observer(models.Model):
    """Who looks; known by a random code. One who withdraws leaves this row, so that they are still counted."""

    code = models.CharField(max_length=24, unique=True, default=observer_code)
    background = models.JSONField(default=dict, blank=True, help_text="What the observer chose to tell.")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.code


class Slot(models.Model):
    """The n-th piece of a study's design, derived from (study, seed, number, policy version, batch).

    Its *places* are the main trials in it. Who leaves gives back those that weren't answered; the next one gets them.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="slots")
    lane = models.CharField(max_length=10, choices=Lane, default=Lane.MAIN)
    number = models.PositiveIntegerField()
    policy_version = models.CharField(max_length=40)
    free = models.PositiveIntegerField(default=0, help_text="Places that nobody holds.")
    batch = models.ForeignKey(
        "Batch",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="slots",
        help_text="What an adaptive slot draws on; none where there was none yet.",
    )

    class Meta:
        ordering = ["study", "lane", "number"]
        indexes = [
            models.Index(fields=["study", "lane", "number"], condition=Q(free__gt=0), name="slots_with_free_places")
        ]
        constraints = [models.UniqueConstraint(fields=["study", "lane", "number"], name="slot_once")]

    def __str__(self) -> str:
        return f"{self.study} {self.lane} {self.number}"


class StudySession(models.Model):
    """One sitting of one observer. An abandoned one gives back what it didn't answer; its votes stay."""

    class State(models.TextChoices):
        ACTIVE = "active"
        FINISHED = "finished"
        ABANDONED = "abandoned"
        WITHDRAWN = "withdrawn"

    HOLDING = (State.ACTIVE, State.FINISHED)
    """Sittings in these states hold their place in quotas and invitations."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="sessions")
    observer = models.ForeignKey(Observer, models.PROTECT, related_name="sessions")
    slot = models.ForeignKey(
        Slot,
        models.PROTECT,
        related_name="sessions",
        help_text="The newest that it has places of.",
    )
    token = models.CharField(max_length=40, unique=True, default=session_token)
    ticket = models.CharField(
        max_length=40, null=True, help_text="Of the welcome page it began on: asked twice, it begins once."
    )
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    pilot = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)
    instructions = models.ForeignKey(StudyText, models.PROTECT, related_name="+")
    consent = models.ForeignKey(StudyText, models.PROTECT, null=True, blank=True, related_name="+")
    stamp = models.CharField(
        max_length=64, blank=True, help_text="A hash of the study's definition and texts as this sitting found them."
    )
    consented_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, default="en", help_text="The language that the observer read.")
    panel = models.JSONField(default=dict, blank=True, help_text="What the recruiting panel sent along.")
    lab = models.JSONField(default=dict, blank=True, help_text="What the supervisor of a lab wrote down before it.")
    lab_luminance_cd_m2 = models.FloatField(null=True, blank=True, help_text="Peak luminance of the lab's display.")
    lab_viewing_distance_cm = models.FloatField(null=True, blank=True, help_text="From the eyes to the lab's display.")
    lab_ambient_lux = models.FloatField(null=True, blank=True, help_text="Light of the lab's room.")
    person = models.CharField(max_length=200, null=True, help_text="Who it is for the panel: back again, they go on.")
    group = models.CharField(max_length=80, blank=True, help_text="The group whose quota it counts towards.")
    invitation = models.ForeignKey("Invitation", models.PROTECT, null=True, blank=True, related_name="seated")
    started_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    went_on_at = models.DateTimeField(
        null=True, blank=True, help_text="When the observer let the last answer stand, where it could be corrected."
    )

    class Meta:
        ordering = ["study", "id"]
        indexes = [models.Index(fields=["state", "last_seen_at"])]
        constraints = [
            models.UniqueConstraint(fields=["study", "ticket"], name="session_begins_once_per_ticket"),
            models.UniqueConstraint(
                fields=["study", "person"],
                condition=Q(state__in=["active", "finished"]),
                name="person_has_one_sitting_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(consent__isnull=True) | Q(consented_at__isnull=False), name="session_consent_has_time"
            ),
            models.CheckConstraint(
                condition=Q(went_on_at__isnull=True) | Q(state__in=["finished", "withdrawn"]),
                name="session_went_on_from_its_end",
            ),
            *(
                models.CheckConstraint(condition=Q(**{f"lab_{name}__range": limits}), name=f"lab_{name}_can_be")
                for name, limits in LAB_MEASURES.items()
            ),
        ]

    def __str__(self) -> str:
        return f"{self.observer} in {self.study}"
