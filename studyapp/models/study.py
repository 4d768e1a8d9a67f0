"""Studies, their conditions and their texts."""

import secrets

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop

from enhancement.models import Method, TestSet


def random_code() -> str:
    """64 random bits for a link that isn't to be guessed; a command must not take it for an option."""
    code = secrets.token_urlsafe(8)
    return random_code() if code.startswith("-") else code


def random_seed() -> int:
    """A seed when the researcher names none; stored, so nothing about the schedule is lost."""
    return secrets.randbelow(2**31)


DEFAULT_QUESTION = gettext_noop("Which photo looks better?")

_share = [MinValueValidator(0), MaxValueValidator(0.5)]


class Policy(models.TextChoices):
    """How slots are drawn. One that studies rest on never changes what it derives; a change is a new one."""

    BALANCED = "balanced-1", "balanced"
    STRATIFIED = "balanced-2", "balanced within strata"
    ADAPTIVE = "adaptive-1", "adaptive: half balanced, half where votes tell most"


class Study(models.Model):
    """A question, a test set, conditions, a design, a seed, instruction texts.

    Once it has votes, none of these change; it can be paused, closed or copied.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAUSED = "paused"
        CLOSED = "closed"

    class Strata(models.TextChoices):
        CAMERA = "camera", "every camera"
        SCENE = "scene", "every scene"

    code = models.CharField(max_length=24, unique=True, default=random_code, editable=False)
    name = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="studies")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    testset = models.ForeignKey(TestSet, models.PROTECT, related_name="studies")

    question = models.CharField(max_length=300, default=DEFAULT_QUESTION)
    allow_tie = models.BooleanField(default=False)
    allow_not_sure = models.BooleanField(default=False)
    allow_correction = models.BooleanField(
        default=False, help_text="An observer may change the last answer, once, before giving the next one."
    )
    language = models.CharField(
        max_length=10,
        default="en",
        choices=settings.LANGUAGES,
        help_text="Of the question and the texts. Observers read theirs where a text is written in it.",
    )

    seed = models.PositiveBigIntegerField(default=random_seed)
    policy_version = models.CharField(max_length=40, choices=Policy, default=Policy.BALANCED)
    strata = models.CharField(
        max_length=10,
        choices=Strata,
        blank=True,
        help_text="What each sitting gets its share of; nothing in particular where empty.",
    )
    trials_per_session = models.PositiveIntegerField(
        default=40, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    gold_share = models.FloatField(default=0, validators=_share)
    repeat_share = models.FloatField(default=0, validators=_share)
    same_share = models.FloatField(default=0, validators=_share)
    lease_minutes = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(1)],
        help_text="Minutes without a sign of life after which a session is abandoned.",
    )
    seconds_per_trial = models.FloatField(
        default=8, validators=[MinValueValidator(0.1)], help_text="Expected, for the minutes the welcome page promises."
    )

    screen_check = models.BooleanField(default=False)
    screen_required = models.BooleanField(default=False)
    screen_min_width_px = models.PositiveIntegerField(default=320)
    colour_test = models.BooleanField(default=False)
    acuity_test = models.BooleanField(default=False)
    vision_required = models.BooleanField(default=False)
    ask_background = models.BooleanField(default=False)
    examples = models.JSONField(default=list, blank=True)
    practice_contents = models.JSONField(default=list, blank=True)
    practice_trials = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(50)])
    break_every = models.PositiveIntegerField(default=0)
    minutes_left = models.BooleanField(default=True)
    closing_questions = models.JSONField(default=list, blank=True)
    lab_mode = models.BooleanField(default=False)

    completion_code = models.CharField(max_length=80, blank=True)
    completion_url = models.URLField(blank=True)

    quota = models.PositiveIntegerField(
        null=True, blank=True, help_text="Sittings under way or finished that are let in; empty for no limit."
    )
    group_quotas = models.JSONField(default=dict, blank=True, help_text="The same per group; “others” is the rest.")
    invited_only = models.BooleanField(default=False, help_text="Nobody begins without an invitation code.")
    lab_networks = models.JSONField(default=list, blank=True, help_text="Addresses from which any number may begin.")
    keep_device_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Days from a sitting's end after which device data and panel ids are erased."
    )

    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "studies"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="study_name_once_per_owner",
                violation_error_message="You have a study of this name already.",
            ),
            models.CheckConstraint(condition=Q(trials_per_session__gte=1), name="study_has_trials"),
        ]

    def __str__(self) -> str:
        return self.name


class StudyText(models.Model):
    """A text of a study in one language and version; what an observer saw is kept for good."""

    class Kind(models.TextChoices):
        INSTRUCTIONS = "instructions"
        CONSENT = "consent"
        QUESTION = "question"
        """In another language than the study's own, whose question stands with the study."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="texts")
    kind = models.CharField(max_length=12, choices=Kind)
    language = models.CharField(max_length=10, default="en", choices=settings.LANGUAGES)
    version = models.PositiveIntegerField(default=1)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "kind", "version"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind", "language", "version"], name="study_text_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.version} of {self.study}"


class Condition(models.Model):
    """What is compared in one study; ``worse_than`` marks one that only stands in gold pairs."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="conditions")
    name = models.SlugField(max_length=80)
    position = models.PositiveIntegerField()
    worse_than = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gold",
        help_text="Set for gold pairs only: the condition that it must lose to.",
    )

    class Meta:
        ordering = ["study", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="condition_name_once_per_study"),
            models.UniqueConstraint(fields=["study", "position"], name="condition_position_once_per_study"),
        ]

    def __str__(self) -> str:
        return self.name


class ConditionMethod(models.Model):
    """The method that stands for a condition, for one camera or (empty) for every camera not named."""

    condition = models.ForeignKey(Condition, models.PROTECT, related_name="methods")
    camera = models.CharField(max_length=100, blank=True)
    method = models.ForeignKey(Method, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["condition", "camera"]
        constraints = [models.UniqueConstraint(fields=["condition", "camera"], name="condition_method_once_per_camera")]

    def __str__(self) -> str:
        return f"{self.condition}: {self.method}" + (f" ({self.camera})" if self.camera else "")
