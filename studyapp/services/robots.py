"""A trap for programs that fill in every field of every form. No person sees it, or is slowed down by it."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

TRAP = "website"
"""The field's name: a bait."""


class RobotError(Exception):
    """The form was filled in as programs do; the message is for a person whose browser did it."""


def refuse_robot(request: HttpRequest) -> None:
    """Let nobody begin who has filled in what isn't shown.

    Raises:
        RobotError: There is something in the trap.
    """
    if request.POST.get(TRAP):
        raise RobotError(_("Your browser filled in a field that isn’t shown. Please press the button once more."))
