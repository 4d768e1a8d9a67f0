"""Links as QR codes, drawn here: what a link opens is nobody else's to know."""

import segno
from django import template
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from studyapp.links import is_known_elsewhere

register = template.Library()

QUIET_ZONE = 4
"""Modules of white around a code, as ISO/IEC 18004 asks."""


@register.simple_tag
def qr_code(link: str, name: str) -> str:
    """A link, black on white in both themes; nothing for one that leads no other device to this machine."""
    if not link or not is_known_elsewhere(link):
        return ""
    drawn = segno.make_qr(link).svg_inline(border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True)
    svg = mark_safe(drawn)  # noqa: S308 - segno writes numbers and our colours
    return format_html('<span class="qr" role="img" aria-label="{}" data-link="{}">{}</span>', name, link, svg)
