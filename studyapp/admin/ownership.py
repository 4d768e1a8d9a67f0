"""Whose study it is: researchers see and change in the admin what the one door (services/access.py) lets them."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from enhancement.admin.skin import who
from studyapp.models import Study
from studyapp.services.access import studies_for

Row = TypeVar("Row", bound=Model)


def owned(rows: QuerySet[Row], request: HttpRequest, path: str) -> QuerySet[Row]:
    """The rows of the studies that the person sees; every row for an admin. ``path`` leads from a row to its study."""
    if who(request).is_superuser:
        return rows
    # By key, because a join would count an observer once for each sitting.
    of_theirs = rows.model._default_manager.filter(theirs(request, path))
    return rows.filter(pk__in=of_theirs.values("pk"))


def theirs(request: HttpRequest, path: str) -> Q:
    """What of a row may be counted: all for an admin, else what belongs to the studies that the person sees."""
    return Q() if who(request).is_superuser else Q(**{f"{path}__in": studies_for(who(request)).values("pk")})


class Owned:
    """Mixed into pages and tables of what belongs to a study; ``study_path`` leads from a row to it."""

    study_path: str

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lists, pages, searches and actions all start here."""
        return owned(super().get_queryset(request), request, self.study_path)  # type: ignore[misc]


class OwnStudiesFilter(admin.RelatedFieldListFilter):
    """Offers the studies that the list may hold rows of; the names of others are nobody's business."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices of the sidebar."""
        return [(str(study.pk), str(study)) for study in owned(Study.objects.all(), request, "pk")]
