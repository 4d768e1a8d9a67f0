"""On what a pair was looked at: a trial tells it of its first showing, a vote of the moment in which it was given.

The two differ where a window was resized, a page zoomed, or a sitting went on with another device in between.
"""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Case, F, Q, Value, When

from studyapp.forms import DEVICE
from studyapp.models import Trial

OF_DEVICE: dict[str, Any] = {name: None if Trial._meta.get_field(name).null else "" for name in DEVICE}
"""The columns of a trial and of a vote that say it, and what stands there when it wasn't told, or was erased."""


def device_told(path: str = "") -> Q:
    """Whether the trial or vote at the end of a path says anything of it."""
    return reduce(or_, (_told(f"{path}{name}", nothing) for name, nothing in OF_DEVICE.items()))


def _told(column: str, nothing: str | None) -> Q:
    return Q(**{f"{column}__isnull": False}) if nothing is None else Q(**{f"{column}__gt": nothing})


def _changed(name: str, nothing: str | None) -> Q:
    return _told(name, nothing) & _told(f"vote__{name}", nothing) & ~Q(**{name: F(f"vote__{name}")})


SCREEN_CHANGED = Case(
    When(reduce(or_, (_changed(name, nothing) for name, nothing in OF_DEVICE.items())), then=Value(True)),
    When(device_told() & device_told("vote__"), then=Value(False)),
    default=Value(None),
    output_field=BooleanField(),
)
"""Of a trial: whether its vote tells another screen than its showing; nothing where not both tell one."""
