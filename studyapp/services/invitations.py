"""Invitation codes: made, listed, written to a file."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, F, Q, QuerySet

from studyapp.models import Invitation, Study, StudySession

MOST_AT_ONCE = 5000


class BadNumberError(ValueError):
    """No invitations, or more than anybody can mean."""


def make_invitations(
    study: Study, number: int, *, sittings: int = 1, group: str = "", by: User | None = None
) -> list[Invitation]:
    """Make codes; each seats one person, unless said otherwise.

    Raises:
        BadNumberError: Fewer than one, or more than `MOST_AT_ONCE`, of codes or of sittings.
    """
    for what, value in (("codes", number), ("sittings by a code", sittings)):
        if not 1 <= value <= MOST_AT_ONCE:
            raise BadNumberError(f"{value} {what}: give 1 to {MOST_AT_ONCE}.")
    made = (Invitation(study=study, sittings=sittings, group=group.strip(), made_by=by) for _ in range(number))
    return Invitation.objects.bulk_create(made)


def listed(study: Study) -> QuerySet[Any]:
    """Every code with how many sittings it has seated (``used``) and how many of them are finished."""
    holding = Q(seated__state__in=StudySession.HOLDING)
    return study.invitations.annotate(
        used=Count("seated", filter=holding) + F("unlinked"),
        finished=Count("seated", filter=Q(seated__state="finished")),
    ).order_by("pk")


def lines_of(study: Study, link: str) -> Iterator[list[str]]:
    """The list as rows of a table: code, link, group, sittings, used."""
    yield ["code", "link", "group", "sittings", "used"]
    for one in listed(study).iterator():
        yield [one.code, f"{link}?invitation={one.code}", one.group, str(one.sittings), str(one.used)]
