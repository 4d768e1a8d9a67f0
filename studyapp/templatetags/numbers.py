"""Numbers as the report's tables write them."""

from collections.abc import Mapping
from datetime import timedelta
from math import isinf
from typing import Any, Literal

from django import template

register = template.Library()

NOTHING = "–"
MINUS = "−"


@register.filter
def signed(value: float | Literal[""] | None, digits: int) -> str:
    """A score: its sign always, a dash where there is none."""
    if value is None or value == "":  # a template's word for a missing key
        return NOTHING
    return f"{value:+.{digits}f}".replace("-", MINUS)


@register.filter
def percent(share: float) -> str:
    """A share of 1 as a whole percentage."""
    return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


@register.filter
def mean(metric: Mapping[str, Any], digits: int) -> str:
    """A metric's mean over contents; infinity where every picture equals its reference."""
    if metric["mean"] is not None:
        return f"{metric['mean']:.{digits}f}"
    return "∞" if metric["infinite"] else NOTHING


@register.filter
def decibels(psnr_db: float) -> str:
    """A PSNR; equal pictures have an infinite one."""
    return "∞" if isinf(psnr_db) else f"{psnr_db:.2f}"


@register.filter
def in_minutes(time: timedelta) -> str:
    """A span of time, in minutes with one decimal."""
    return f"{time.total_seconds() / 60:.1f}"
