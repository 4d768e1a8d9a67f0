"""The library at a glance: each test set with some pictures, what is in it, and what is being made of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from enhancement.models import Content, Job, Method, Stimulus, TestSet
from enhancement.services.jobs import OPEN

TESTSETS_PER_PAGE = 24
THUMBNAILS = 4


@dataclass
class Card:
    """A test set on the library's page.

    Attributes:
        whole: Methods with a picture of every content that they can have one of.
        partial: Methods with some, and how many.
        jobs: How many of its jobs are in each state; ended well doesn't count, nor what was asked for again since.
    """

    testset: TestSet
    contents: int
    scenes: int
    references: int
    cameras: list[str] = field(default_factory=list)
    thumbnails: list[Content] = field(default_factory=list)
    whole: list[Method] = field(default_factory=list)
    partial: list[tuple[Method, int]] = field(default_factory=list)
    jobs: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Library:
    """A page of cards."""

    cards: list[Card]
    page: "Page[TestSet]"


def library(testsets: QuerySet[TestSet], page: str | None) -> Library:
    """The test sets, the newest first; each page takes the same number of queries, however much there is."""
    shown = Paginator(_counted(testsets.order_by("-pk")), TESTSETS_PER_PAGE).get_page(page)
    cards = {testset.pk: _card(testset) for testset in shown}
    _add_contents(cards)
    _add_methods(cards)
    for pk, states in jobs_by_testset(list(cards)).items():
        cards[pk].jobs = states
    return Library(list(cards.values()), shown)


def _counted(testsets: QuerySet[TestSet]) -> QuerySet[TestSet]:
    return testsets.annotate(
        number=Count("contents"),
        scenes=Count("contents__scene", distinct=True),
        references=Count("contents", filter=~Q(contents__reference_sha256="")),
    )


def _card(testset: Any) -> Card:
    return Card(testset, testset.number, testset.scenes, testset.references)


def _add_contents(cards: dict[int, Card]) -> None:
    """The cameras, and the first pictures by name."""
    contents = Content.objects.filter(testset__in=cards)
    for pk, camera in contents.order_by("camera").values_list("testset", "camera").distinct():
        if camera:
            cards[pk].cameras.append(camera)
    place = Window(RowNumber(), partition_by=F("testset"), order_by="name")
    for content in contents.annotate(place=place).filter(place__lte=THUMBNAILS).order_by("testset", "name"):
        cards[content.testset_id].thumbnails.append(content)


def _add_methods(cards: dict[int, Card]) -> None:
    made = Stimulus.objects.filter(content__testset__in=cards).order_by("method__name", "method__version")
    rows = list(made.values_list("content__testset", "method").annotate(number=Count("pk")))
    methods = Method.objects.in_bulk({method for _, method, _ in rows})
    for pk, method_pk, number in rows:
        card, method = cards[pk], methods[method_pk]
        wanted = card.references if method.kind == "reference" else card.contents
        if number >= wanted:
            card.whole.append(method)
        else:
            card.partial.append((method, number))


def jobs_by_testset(testsets: Sequence[int]) -> dict[int, Counter[str]]:
    """How many jobs of each test set are open or have failed; of what was asked for more than once the last counts."""
    rows = Job.objects.filter(params__testset__in=testsets).order_by("pk").values_list("kind", "params", "state")
    states: dict[int, Counter[str]] = defaultdict(Counter)
    for params, state in last_of_each(rows):
        if state in (*OPEN, Job.State.FAILED):
            states[params["testset"]][state] += 1
    return states


def last_of_each(rows: Iterable[tuple[str, dict[str, Any], str]]) -> list[tuple[dict[str, Any], str]]:
    """Parameters and state of the last job of each kind that was asked for the very same."""
    latest = {(kind, str(sorted(params.items()))): (params, state) for kind, params, state in rows}
    return list(latest.values())
