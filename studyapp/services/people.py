"""The people of a laboratory: their roles, and the links by which they choose their passwords."""

from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from studyapp.roles import Role


class LastAdminError(Exception):
    """Nobody would be left who may give a role back."""


@transaction.atomic
def give_role(person: User, role: Role | str) -> None:
    """Make somebody an admin, a researcher or a viewer, and nothing else besides.

    Raises:
        LastAdminError: They are the only admin who may log in.
    """
    role = Role(role)
    if role != Role.ADMIN:
        refuse_without_admin(person)
    person.is_superuser = role == Role.ADMIN
    person.is_staff = role != Role.VIEWER
    person.save(update_fields=["is_superuser", "is_staff"])
    person.groups.remove(*person.groups.filter(name__in=Role.values))
    if role != Role.ADMIN:
        person.groups.add(Group.objects.get_or_create(name=role.value)[0])
    person.__dict__.pop("_role_names", None)


def refuse_without_admin(person: User) -> None:
    """Say so before the last admin stops being one.

    Raises:
        LastAdminError: Nobody else is an admin.
    """
    admins = User.objects.select_for_update().filter(is_superuser=True, is_active=True)
    if [admin.pk for admin in admins] == [person.pk]:
        raise LastAdminError(f"{person} is the only admin; make somebody else one first.")


def password_path(person: User) -> str:
    """Where a person chooses a password: for three days, and until they have. Whoever holds it is that person."""
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("password-set", args=(uid, default_token_generator.make_token(person)))
