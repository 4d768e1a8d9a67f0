"""Simulated observers in the admin's lists: left out, until somebody asks for them."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

WITH, ONLY = "with", "only"


class SimulatedFilter(admin.SimpleListFilter):
    """Leaves out by default; ``simulated`` names the way from a row to the mark."""

    title = "simulated observers"
    parameter_name = "rehearsed"
    simulated: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Beside leaving them out."""
        return [(WITH, "With people"), (ONLY, "Alone")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The first one, that Django calls All, leaves them out here."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Left out"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """By key, so that a row that many simulated ones lead to is looked at once."""
        if self.value() == WITH:
            return queryset
        marked = queryset.model._default_manager.filter(**{self.simulated: True}).values("pk")
        return queryset.filter(pk__in=marked) if self.value() == ONLY else queryset.exclude(pk__in=marked)


def simulated_filter(path: str) -> type[SimulatedFilter]:
    """The filter for rows from which ``path`` leads to the mark of their sitting."""
    return type("SimulatedFilter", (SimulatedFilter,), {"simulated": path})


class SimulatedLeftOut:
    """Mixed into lists with that filter: "2 results of 5" would count what is left out."""

    show_full_result_count = False
