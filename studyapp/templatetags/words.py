"""Words for the scripts of observers' pages: they have none of their own."""

import json

from django import template
from django.utils.translation import get_language, ngettext

register = template.Library()

SAMPLES = {"ar": {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}, "zh-hans": {"other": 2}}
"""A number of each plural category that a language has, by the names of Unicode's CLDR; most have these two:"""
ONE_AND_OTHER = {"one": 1, "other": 2}


@register.simple_tag
def plural_forms(one: str, more: str) -> str:
    """Every plural form of a sentence about ``{n}`` things, as JSON by category; trial/words.js chooses among them."""
    samples = SAMPLES.get(get_language() or "en", ONE_AND_OTHER)
    return json.dumps({category: ngettext(one, more, n) for category, n in samples.items()}, ensure_ascii=False)
