"""Copying a study: a draft that asks the same, of observers of its own."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.definition import COMPLETION_KEYS, StudyProblemError, define
from studyapp.models import Study
from studyapp.services.access import may
from studyapp.services.definitions import definition_of
from studyapp.services.recruiting import recruiting_of
from studyapp.services.studies import problems_of_conditions, write_study

LONGEST_NAME: int = Study._meta.get_field("name").max_length  # type: ignore[assignment]
COPY = re.compile(r" \(copy(?: \d+)?\)$")


class NameTakenError(StudyProblemError):
    """The owner has a study of this name; says one that is free."""


@transaction.atomic
def copy_study(study: Study, by: User, name: str) -> Study:
    """Make a draft that asks what a study asks: its definition as it stands, its seed drawn anew.

    It belongs to who copies. Sittings, votes, invitation codes and people stay where they are, and the workers are
    asked for nothing: until they are, the copy's conditions can be changed.

    Raises:
        NameTakenError: They have a study of this name.
        StudyProblemError: The study couldn't be made as it is, a draft without conditions for instance.
    """
    if Study.objects.filter(owner=by, name=name).exists():
        raise NameTakenError([f"You have a study called “{name}” already; “{free_name(name, by)}” is free."])
    if problems := problems_of_conditions(study):
        raise StudyProblemError(problems)
    told = {**definition_of(study), "name": name, **_what_pays(study, by)}
    del told["seed"]
    return write_study(define(told, study.name), by)


def _what_pays(study: Study, by: User) -> dict[str, Any]:
    """Codes and addresses to go back to, which a definition leaves out; nothing for who may not change the study."""
    if not may(by, study, "change"):
        return {}
    completion = {key: getattr(study, f"completion_{key}") for key in COMPLETION_KEYS}
    return {"recruiting": recruiting_of(study), "completion": completion}


def free_name(name: str, owner: User) -> str:
    """The name of a copy that its owner has given to no study yet: “Pets (copy)”, then “Pets (copy 2)”."""
    taken = set(Study.objects.filter(owner=owner).values_list("name", flat=True))
    plain = COPY.sub("", name)
    proposed = (plain[: LONGEST_NAME - len(ending)] + ending for ending in _endings())
    return next(name for name in proposed if name not in taken)


def _endings() -> Iterator[str]:
    yield " (copy)"
    yield from (f" (copy {number})" for number in count(2))
