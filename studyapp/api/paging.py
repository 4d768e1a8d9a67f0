"""Long lists a page at a time: each page says where the next one begins, however much is added meanwhile."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query, Schema
from ninja.errors import HttpError

from studyapp.services.tables import Table
from studyapp.services.text_files import json_rows

Told = TypeVar("Told")
Of = TypeVar("Of", bound=Model)

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
After = Annotated[str, Query(description="“next” of the page before; empty for the first page.")]


class Page(Schema, Generic[Told]):
    """Some of a list."""

    items: list[Told]
    next: str | None


def page_of(rows: "QuerySet[Of]", tell: Callable[[Of], dict[str, Any]], *, limit: int, after: str) -> dict[str, Any]:
    """Models by their number, from the lowest."""
    found = list(rows.filter(beyond(("pk",), after)).order_by("pk")[: limit + 1])
    last = str(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [tell(row) for row in found[:limit]], "next": last}


def page_of_table(table: Table, held: Q, key: Sequence[str], *, limit: int, after: str) -> dict[str, Any]:
    """Rows of a file of the export, in its order; ``key`` names the columns that a row is found again by."""
    rows = table.query().filter(held, beyond(table.order, after))
    items = list(json_rows(table.columns, rows[: limit + 1]))
    last = "-".join(str(items[limit - 1][name]) for name in key) if len(items) > limit else None
    return {"items": items[:limit], "next": last}


def beyond(order: Sequence[str], after: str) -> Q:
    """What comes after a row in this order.

    Raises:
        HttpError: It isn't what `next` said.
    """
    if not after:
        return Q()
    told = after.split("-")
    if len(told) != len(order) or not all(
        number.isascii() and number.isdigit() and len(number) < 19 for number in told
    ):
        raise HttpError(422, f"after={after!r} is not what `next` of a page said; leave it out for the first page.")
    found, same = Q(), Q()
    for name, number in zip(order, map(int, told), strict=True):
        found |= same & Q(**{f"{name}__gt": number})
        same &= Q(**{name: number})
    return found
