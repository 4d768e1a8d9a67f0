"""Trials and votes."""

import secrets

from django.db import models
from django.db.models import F, Q

from enhancement.models import Content
from studyapp.models.observer import Slot, StudySession
from studyapp.models.rendering import Rendering


def opaque() -> str:
    """128 random bits: an address that tells nothing."""
    return secrets.token_urlsafe(16)


class Answer(models.TextChoices):
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    NOT_SURE = "not_sure"


class OnScreen(models.Model):
    """On what a pair was looked at, as the browser told; empty where it didn't, and where it was erased."""

    device_pixel_ratio = models.FloatField(null=True, blank=True)
    viewport_width_px = models.PositiveIntegerField(null=True, blank=True)
    viewport_height_px = models.PositiveIntegerField(null=True, blank=True)
    browser_zoom = models.FloatField(null=True, blank=True)
    gamut = models.CharField(max_length=16, blank=True)
    drawer = models.CharField(max_length=16, blank=True)
    stacked = models.BooleanField(null=True, blank=True, help_text="Left above right, as on an upright phone.")

    class Meta:
        abstract = True


class Trial(OnScreen):
    """One showing of two renderings, and on what. The addresses of its sides are its own: none can be recognised."""

    class Kind(models.TextChoices):
        MAIN = "main"
        PRACTICE = "practice"
        GOLD = "gold"
        REPEAT = "repeat"
        SAME = "same"

    session = models.ForeignKey(StudySession, models.PROTECT, related_name="trials")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    content = models.ForeignKey(Content, models.PROTECT, related_name="+")
    left = models.ForeignKey(Rendering, models.PROTECT, related_name="+")
    right = models.ForeignKey(Rendering, models.PROTECT, related_name="+")
    slot = models.ForeignKey(
        Slot, models.PROTECT, null=True, related_name="trials", help_text="Whose place a main trial holds or held."
    )
    place = models.PositiveIntegerField(null=True, help_text="Which one, from 0.")
    held = models.BooleanField(default=False, help_text="Whether the place is taken: nobody else is shown it.")
    repeats = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="repeated_by")
    token = models.CharField(max_length=40, unique=True, default=opaque)
    left_token = models.CharField(max_length=40, unique=True, default=opaque)
    right_token = models.CharField(max_length=40, unique=True, default=opaque)

    shown_at = models.DateTimeField(null=True, blank=True, help_text="When both sides were first painted.")

    class Meta:
        ordering = ["session", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="trial_position_once"),
            models.UniqueConstraint(fields=["slot", "place"], condition=Q(held=True), name="place_held_once"),
            models.CheckConstraint(
                condition=Q(kind="main", slot__isnull=False, place__isnull=False)
                | (~Q(kind="main") & Q(slot__isnull=True, place__isnull=True, held=False)),
                name="trial_main_has_place",
            ),
            models.CheckConstraint(condition=Q(kind="same") | ~Q(left=F("right")), name="trial_sides_differ"),
            models.CheckConstraint(condition=~Q(kind="same") | Q(left=F("right")), name="trial_same_is_same"),
        ]

    def __str__(self) -> str:
        return f"{self.position} of {self.session}"


class Vote(OnScreen):
    """The one countable answer to a trial, with how it was looked at, and on what when it was given."""

    trial = models.OneToOneField(Trial, models.PROTECT, related_name="vote")
    answer = models.CharField(max_length=8, choices=Answer)
    corrected_from = models.CharField(
        max_length=8, choices=Answer, blank=True, help_text="The first answer, where the observer corrected it."
    )
    answered_at = models.DateTimeField(auto_now_add=True)
    response_ms = models.PositiveIntegerField(help_text="From the first painting of both sides.")

    hidden_ms = models.PositiveIntegerField(null=True)
    max_zoom = models.FloatField(null=True, help_text="Device pixels per image pixel.")
    one_to_one_ms = models.PositiveIntegerField(null=True, help_text="Time at 1:1 or closer.")
    inspected_left = models.FloatField(null=True)
    inspected_right = models.FloatField(null=True)
    offset_px = models.FloatField(
        null=True, blank=True, help_text="Farthest that the two were moved apart, in image pixels."
    )
    flips = models.PositiveIntegerField(null=True)
    reloads = models.PositiveIntegerField(null=True)
    first_painted = models.CharField(max_length=5, blank=True)
    break_ms = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="The break that the page offered before the pair; no part of the response time.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="vote_answer_is_known"),
            models.CheckConstraint(condition=~Q(corrected_from=F("answer")), name="vote_correction_is_another"),
        ]

    def __str__(self) -> str:
        return f"{self.answer} on {self.trial}"


class RejectedVote(models.Model):
    """An answer that doesn't count, and why: it came second or too late, or its observer corrected it."""

    trial = models.ForeignKey(Trial, models.PROTECT, related_name="rejected")
    answer = models.CharField(max_length=8, choices=Answer)
    received_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"{self.answer} rejected on {self.trial}"
