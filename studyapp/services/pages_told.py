"""What sittings told on their pages around the pairs, as a query reads it."""

from django.db.models import FloatField, OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast

from studyapp.models import SessionStep

Name = SessionStep.Name


def measured_text(key: str) -> Subquery:
    """A text of a sitting's measured screen."""
    return _one(_measured(), Cast(KeyTextTransform(key, "told"), TextField()))


def measured_number(key: str) -> Subquery:
    """A number of a sitting's measured screen."""
    return _one(_measured(), Cast(KeyTextTransform(key, "told"), FloatField()))


def rings_text(key: str) -> Subquery:
    """A text of what a sitting's rings told when they were done."""
    return _one(_done(), Cast(KeyTextTransform(key, KeyTransform("result", "told")), TextField()))


def rings_number(key: str) -> Subquery:
    """A number of what a sitting's rings told when they were done."""
    return _one(_done(), Cast(KeyTextTransform(key, KeyTransform("result", "told")), FloatField()))


def _measured() -> QuerySet[SessionStep]:
    return SessionStep.objects.filter(session=OuterRef("pk"), name=Name.CALIBRATION).order_by()


def _done() -> QuerySet[SessionStep]:
    """The last ring of a sitting, with which is kept what all of them told."""
    return SessionStep.objects.filter(session=OuterRef("pk"), name=Name.ACUITY, told__has_key="result").order_by()


def _one(rows: QuerySet[SessionStep], value: Cast) -> Subquery:
    return Subquery(rows.annotate(value=value).values("value")[:1])
