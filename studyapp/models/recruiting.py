"""How observers are found: invitation codes, and the panel that sends them and takes them back."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from studyapp.models.study import Study

LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is read or typed as another."""


def invitation_code() -> str:
    """About 59 random bits, in letters that can be typed from paper."""
    return "".join(secrets.choice(LETTERS) for _ in range(12))


class Invitation(models.Model):
    """A code that seats somebody; who comes back by it goes on where they were."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="invitations")
    code = models.CharField(max_length=24, unique=True, default=invitation_code)
    group = models.CharField(max_length=80, blank=True, help_text="The group whose quota it counts towards.")
    sittings = models.PositiveIntegerField(default=1, help_text="How many sittings may begin by it.")
    unlinked = models.PositiveIntegerField(
        default=0, help_text="Sittings that count as begun by it, but whose tie to it was erased."
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "id"]
        constraints = [models.CheckConstraint(condition=Q(sittings__gte=1), name="invitation_seats_somebody")]

    def __str__(self) -> str:
        return self.code


class Panel(models.Model):
    """Who sends observers to a study: what they send along, and where observers go back to."""

    class Kind(models.TextChoices):
        PROLIFIC = "prolific", "Prolific"
        OTHER = "other", "another panel"

    study = models.OneToOneField(Study, models.CASCADE, related_name="panel")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    parameters = models.JSONField(default=list, help_text="Names of the parameters of the link that are kept.")
    person_parameter = models.CharField(max_length=60, blank=True, help_text="The one that says who comes.")
    group_parameter = models.CharField(max_length=60, blank=True, help_text="The one that says of which group.")
    return_url = models.CharField(
        max_length=500, blank=True, help_text="A template; docs/recruiting.md names its fields."
    )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.study}"


class PanelReturn(models.Model):
    """How a panel is told what became of somebody: a code of its own, an address of its own, or both."""

    class Outcome(models.TextChoices):
        COMPLETED = "completed", "completed"
        SCREENED_OUT = "screened_out", "screened out"
        QUOTA_FULL = "quota_full", "no place left"
        NO_CONSENT = "no_consent", "did not agree"
        WITHDREW = "withdrew", "withdrew"

    panel = models.ForeignKey(Panel, models.CASCADE, related_name="returns")
    outcome = models.CharField(max_length=12, choices=Outcome)
    code = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=500, blank=True, help_text="A template, in place of the panel's.")

    class Meta:
        ordering = ["panel", "id"]
        constraints = [models.UniqueConstraint(fields=["panel", "outcome"], name="panel_return_once_per_outcome")]

    def __str__(self) -> str:
        return f"{self.outcome} for {self.panel}"
