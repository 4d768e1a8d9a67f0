"""The bar above every researchers' page: its sections, and which of them a page stands in."""

from dataclasses import dataclass

from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from studyapp.services.access import may_train

register = template.Library()

# Title: the name of the address that the link leads to, and how the addresses of the pages in the section begin.
SECTIONS = {
    "Studies": ("studies", ("/studies/",)),
    "Library": ("library", ("/library/", "/testsets/", "/contents/", "/methods/", "/stimuli/")),
    "Jobs": ("jobs", ("/jobs/",)),
}
FOR_TRAINERS = {"Training": ("training", ("/training/",))}
FOR_STAFF = {"Admin": ("admin:index", ("/admin/",))}


@dataclass(frozen=True)
class Section:
    """A link in the bar."""

    title: str
    address: str
    is_here: bool


@register.filter
def sections(request: HttpRequest) -> list[Section]:
    """The sections that the person who asks may see."""
    training = FOR_TRAINERS if may_train(request.user) else {}
    shown = {**SECTIONS, **training, **(FOR_STAFF if request.user.is_staff else {})}
    return [
        Section(title, address, request.path.startswith(beginnings))
        for title, (name, beginnings) in shown.items()
        if (address := _address(name))
    ]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
