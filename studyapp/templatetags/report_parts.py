"""Parts of a report's page that plain templates can't say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

DOI = re.compile(r"doi:(10\.(?:[^\s;,()]|\([^\s;,()]*\))+)")  # one of Elsevier's may hold a year in parentheses


@register.filter
def cell_class(columns: Sequence[Mapping[str, Any]], place: int) -> SafeString:
    """The class of a body's cell, as an attribute; none for text."""
    column = columns[place]
    if column["is_text"]:
        return mark_safe("")
    return format_html(' class="number{}"', " group-start" if column["starts_group"] else "")


@register.filter
def urlize_dois(text: str) -> SafeString:
    """Text with its DOIs as links, and nothing else in it markup."""
    linked, last = [], 0
    for found in DOI.finditer(text):
        linked += [conditional_escape(text[last : found.start()])]
        linked += [format_html('<a href="https://doi.org/{}">{}</a>', found[1], found[0])]
        last = found.end()
    return mark_safe("".join([*linked, conditional_escape(text[last:])]))  # noqa: S308  # every part is escaped above
