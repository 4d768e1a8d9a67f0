"""Sharing a study with people, and taking it back."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from studyapp.models import Study, StudyMember
from studyapp.roles import Role, role_of


class CantShareError(Exception):
    """The study can't be shared so; says why."""


def share_study(study: Study, person: User, may: str, by: User) -> StudyMember:
    """Let a person see a study, or change it too; said again, it changes what they may.

    Raises:
        CantShareError: It is theirs already, or as a viewer they could change nothing.
    """
    if person.pk == study.owner_id:
        raise CantShareError(f"{person} owns this study.")
    if may == StudyMember.May.CHANGE and role_of(person) in (Role.VIEWER, None):
        raise CantShareError(f"{person} is a viewer, and viewers change nothing. An admin can make them a researcher.")
    told = {"may": may}
    member, _ = StudyMember.objects.update_or_create(
        study=study, user=person, defaults=told, create_defaults={**told, "added_by": by}
    )
    return member


def unshare_study(study: Study, person: User) -> None:
    """Take it back; for somebody it wasn't shared with, nothing changes."""
    StudyMember.objects.filter(study=study, user=person).delete()


def people_to_share_with(study: Study) -> QuerySet[User]:
    """Who has a login, doesn't own the study, and isn't an admin, for admins see it anyway."""
    others = User.objects.filter(is_active=True, is_superuser=False).exclude(pk=study.owner_id)
    return others.order_by("username")
