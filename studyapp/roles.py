"""The three roles, and what each may do.

A role is a group, a row that people are put into; what it may is the table below, so that a right for a new model is a
line here and never a row that an older installation lacks (docs/decisions/roles.md).
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db import models


class Role(models.TextChoices):
    """Who somebody is in this laboratory. An admin is Django's superuser: there is nothing that they may not."""

    ADMIN = "admin", "Admin: everything, with the library and the people"
    RESEARCHER = "researcher", "Researcher: makes and runs studies, with the shared library"
    VIEWER = "viewer", "Viewer: reads the studies that are shared with them, and changes nothing"


LIBRARY = ("testset", "content", "method", "stimulus", "alignment", "measurement", "job")
SITTINGS = ("observer", "slot", "studysession", "trial", "vote", "rejectedvote")

RIGHTS: dict[str, frozenset[str]] = {
    Role.RESEARCHER: frozenset(
        [
            *(f"enhancement.view_{model}" for model in LIBRARY),
            *(f"studyapp.view_{model}" for model in (*SITTINGS, "study", "studytext", "condition", "conditionmethod")),
            *(f"studyapp.{verb}_study" for verb in ("add", "change")),
            *(f"studyapp.{verb}_condition" for verb in ("add", "change", "delete")),
        ]
    ),
    # What is shared with a viewer is found by the door (services/access.py); there is no right to more than that.
    Role.VIEWER: frozenset(),
}


class RoleBackend(ModelBackend):
    """Logs people in as Django does, and gives them the rights of their role."""

    def get_group_permissions(self, user_obj: User | AnonymousUser, obj: Any = None) -> set[str]:
        """The rights of the groups' own rows, and of the role by this table."""
        told: set[str] = super().get_group_permissions(user_obj, obj)
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return told
        return told.union(*(RIGHTS.get(name, frozenset()) for name in _groups_of(user_obj)))


def _groups_of(user: User | AnonymousUser) -> list[str]:
    """The names of a person's groups, asked for once a request."""
    known: dict[str, list[str]] = user.__dict__
    if "_role_names" not in known:
        known["_role_names"] = list(user.groups.values_list("name", flat=True))
    return known["_role_names"]


def role_of(user: User | AnonymousUser) -> Role | None:
    """A person's role; None where an admin has given none, which leaves them what a viewer has."""
    if user.is_superuser:
        return Role.ADMIN
    return next((role for role in (Role.RESEARCHER, Role.VIEWER) if role in _groups_of(user)), None)
