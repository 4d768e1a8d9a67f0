"""With whom a study is shared."""

from django.conf import settings
from django.db import models

from studyapp.models.study import Study


class StudyMember(models.Model):
    """A person whom the owner lets see a study, or change it with them."""

    class May(models.TextChoices):
        SEE = "see", "see it and take its results away"
        CHANGE = "change", "change it and run it, too"

    study = models.ForeignKey(Study, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="shared_studies")
    may = models.CharField(max_length=8, choices=May, default=May.SEE)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "id"]
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="study_member_once")]

    def __str__(self) -> str:
        return f"{self.user} may {self.may} {self.study}"
