"""What a researcher decided about a sitting."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from studyapp.models.observer import StudySession


class Decision(models.Model):
    """Whether to pay for a sitting, and whether to use it: two decisions, and neither follows from the other.

    Paying changes nothing in the data. A sitting that isn't used is left out of scores, for a reason that is told.
    """

    class Answer(models.TextChoices):
        UNDECIDED = "undecided"
        YES = "yes"
        NO = "no"

    session = models.OneToOneField(StudySession, models.CASCADE, related_name="decision")
    pay = models.CharField(max_length=10, choices=Answer, default=Answer.UNDECIDED)
    use = models.CharField(max_length=10, choices=Answer, default=Answer.UNDECIDED)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it isn't used.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(use="no") | ~Q(reason=""), name="decision_no_has_a_reason")]

    def __str__(self) -> str:
        return f"pay {self.pay}, use {self.use}: {self.session}"
