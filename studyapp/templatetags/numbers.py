"""Numbers as the report's tables write them."""

from collections.abc import Mapping
from datetime import timedelta
from math import inf, isinf
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
def written(value: float | None, metric: str) -> str:
    """A metric of one picture, or its mean, as short as a contact sheet wants it."""
    if value is None:
        return NOTHING
    return {"psnr_db": decibels, "noise_amplification": gain, "colour_deviation": "{:.1f}".format}.get(
        metric, "{:.3f}".format
    )(value)


@register.filter
def head(mean_of: Mapping[str, Any]) -> str:
    """A mean in the head of a contact sheet; infinite where every value is."""
    if mean_of["mean"] is None and mean_of["infinite"]:
        return written(-inf if mean_of["metric"] == "noise_amplification" else inf, mean_of["metric"])
    return written(mean_of["mean"], mean_of["metric"])


@register.filter
def gain(decibels: float) -> str:
    """How much stronger, in decibels; nothing that is left is minus infinity."""
    return f"{MINUS}∞" if isinf(decibels) else signed(decibels, 1)


@register.filter
def decibels(psnr_db: float) -> str:
    """A PSNR; equal pictures have an infinite one."""
    return "∞" if isinf(psnr_db) else f"{psnr_db:.2f}"


@register.filter
def in_minutes(time: timedelta) -> str:
    """A span of time, in minutes with one decimal."""
    return f"{time.total_seconds() / 60:.1f}"
