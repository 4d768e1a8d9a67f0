"""What a sitting went through beside its trials."""

from django.db import models

from studyapp.models.observer import StudySession


class SessionStep(models.Model):
    """One page around the trials that was done, with what was told on it; done once, the first telling stands.

    What an observer tells about themselves stands in `Observer.background`; here only in a lab, where others may share
    that row.
    """

    class Name(models.TextChoices):
        SCREEN = "screen"
        COLOUR = "colour"
        CALIBRATION = "calibration"
        ACUITY = "acuity"
        BACKGROUND = "background"
        INSTRUCTIONS = "instructions"
        QUESTIONS = "questions"

    session = models.ForeignKey(StudySession, models.PROTECT, related_name="steps")
    name = models.CharField(max_length=16, choices=Name)
    part = models.PositiveIntegerField(default=1, help_text="The vision tests have several pages, counted from 1.")
    told = models.JSONField(default=dict, blank=True)
    done_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["session", "id"]
        constraints = [models.UniqueConstraint(fields=["session", "name", "part"], name="session_step_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.part} of {self.session}"
