"""That something of a sitting was erased, and why; never what it was."""

from django.db import models

from studyapp.models.observer import StudySession


class Erasure(models.Model):
    """What told of a sitting's device, and who it was for the panel, is gone. Its votes are where they were."""

    class Why(models.TextChoices):
        DUE = "due", "the time to keep it was over"
        WITHDRAWN = "withdrawn", "the observer withdrew"

    session = models.OneToOneField(StudySession, models.CASCADE, related_name="erasure")
    why = models.CharField(max_length=10, choices=Why)
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.session}: {self.get_why_display()}"
