"""What a check of the installation is, and how a table of them is run on a live system.

Checks of rows look at one snapshot of the database, so that what is in flight is seen whole or not at all; checks of
files look at rows that never change, in small batches and outside of any transaction. Nothing here takes a lock.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

KEPT_PER_CHECK = 20
BATCH = 500
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Violation:
    """A promise that doesn't hold at one place."""

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.remedy}"


@dataclass(frozen=True)
class Look:
    """What a check is told, and where it tells how far it is.

    Attributes:
        quick: Leave the insides of files alone.
        now: When the verification began.
        seen: Called with how many more were looked at.
        note: Called with something worth knowing that breaks no promise.
    """

    quick: bool
    now: datetime
    seen: Callable[[int], None]
    note: Callable[[str], None]


@dataclass(frozen=True)
class Check:
    """One promise of the design, and how it is looked after.

    Attributes:
        name: In a few words.
        promise: The sentence that must hold.
        unit: What is looked at, in the plural.
        total: How many of them there are, for the progress bar.
        find: Yields what breaks the promise.
        reads_files: Looks into the picture store: takes long, and stays outside the snapshot.
    """

    name: str
    promise: str
    unit: str
    total: Callable[[], int]
    find: Callable[[Look], Iterator[Violation]]
    reads_files: bool = False


@dataclass
class Outcome:
    """How one check went; of many violations the first ones are kept, and all are counted."""

    check: Check
    looked: int = 0
    broken: int = 0
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Watch:
    """What a terminal shows meanwhile: ``begin`` with a check and how many it looks at, ``seen`` as it goes on."""

    begin: Callable[[Check, int], None] = lambda check, total: None
    seen: Callable[[int], None] = lambda count: None


def run_checks(checks: Sequence[Check], *, quick: bool = False, watch: Watch | None = None) -> list[Outcome]:
    """Run checks of rows in one snapshot, then those of files; outcomes in the order of the table."""
    watch, now = watch or Watch(), timezone.now()
    outcomes = {}
    for reads_files in (False, True):
        with nullcontext() if reads_files else snapshot():
            for check in checks:
                if check.reads_files == reads_files:
                    outcomes[check.name] = _run(check, quick, now, watch)
    return [outcomes[check.name] for check in checks]


def _run(check: Check, quick: bool, now: datetime, watch: Watch) -> Outcome:
    outcome = Outcome(check)

    def seen(count: int) -> None:
        outcome.looked += count
        watch.seen(count)

    watch.begin(check, check.total())
    for violation in check.find(Look(quick, now, seen, outcome.notes.append)):
        outcome.broken += 1
        if outcome.broken <= KEPT_PER_CHECK:
            outcome.violations.append(violation)
    return outcome


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the database for all that is read inside, without a lock that a voter would wait for."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        # Not Django's transaction: ours begin by taking the one write lock.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def in_batches(rows: QuerySet[Row], size: int = BATCH) -> Iterator[Row]:
    """Rows by primary key, a few at a time: neither a cursor nor a transaction is held meanwhile."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield from batch
        last = batch[-1].pk


def all_that(rows: QuerySet[Row], what: str, remedy: str) -> Iterator[Violation]:
    """A violation for each of the rows, which a query has found to be wrong."""
    for row in in_batches(rows):
        yield Violation(label(row), what, remedy)


def label(row: Model) -> str:
    """Where a row is found: its table in words, and its number."""
    return f"{row._meta.verbose_name} {row.pk}"
