"""How the files of a study are read from the database: columns with a type and a place, and rows by the sitting.

Which columns there are stands in `pair_tables` and `sitting_tables`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.expressions import Combinable

from studyapp.models import Decision, RejectedVote, SessionStep, Study, StudySession, Trial

Kind = Literal["text", "integer", "number", "boolean", "time"]
Row = tuple[Any, ...]

ROWS_AT_ONCE = 4000
UNDECIDED = Decision.Answer.UNDECIDED.value


@dataclass(frozen=True)
class Column:
    """One column: its type, and the path, condition or expression that fills it."""

    kind: Kind
    source: "str | Q | Combinable"

    def expression(self) -> Combinable:
        """As a query takes it."""
        if isinstance(self.source, Q):
            return ExpressionWrapper(self.source, BooleanField())
        return F(self.source) if isinstance(self.source, str) else self.source


@dataclass(frozen=True)
class Table:
    """Rows of one model about the sittings of a study.

    Attributes:
        of_session: The path from a row to its sitting.
        order: Within a study; begins with the sitting.
        holds: Which rows are in it.
    """

    model: type[Trial | StudySession | SessionStep | RejectedVote]
    of_session: str
    order: tuple[str, ...]
    columns: Mapping[str, Column]
    holds: Q = field(default_factory=Q)

    def query(self, *first: str, of: Iterable[str] | None = None) -> "QuerySet[Any, Row]":
        """The rows as tuples: ``first`` are paths, then come the named columns, all of them where none are named."""
        names = self.columns if of is None else of
        wanted = {f"column_{name}": self.columns[name].expression() for name in names}
        rows = self.model._default_manager.filter(self.holds).order_by(*self.order)
        return rows.annotate(**wanted).values_list(*first, *wanted)

    def told_by_sitting(self, name: str) -> str:
        """The path from the sitting to a column that all its rows share; nothing for other columns."""
        source, beginning = self.columns[name].source, f"{self.of_session}__"
        return source.removeprefix(beginning) if isinstance(source, str) and source.startswith(beginning) else ""


def sittings_of(study: Study, *, include_simulated: bool = False) -> QuerySet[StudySession]:
    """The sittings that a study's files tell of: who withdrew is in none, who is simulated where asked for."""
    kept = study.sessions.exclude(state=StudySession.State.WITHDRAWN).order_by("pk")
    return kept if include_simulated else kept.filter(simulated=False)


def batches(table: Table, study: Study, *names: str, include_simulated: bool = False) -> Iterator[list[Row]]:
    """All rows of a study, those of some sittings at a time, in the order of sittings.

    Each query is over at once: a download that takes an hour holds no cursor, transaction or snapshot for an hour,
    and no more than a few thousand rows of memory. What a sitting is told to have done is of one moment. What its rows
    share is asked once for each sitting, which spares the database half of its joins.
    """
    wanted = names or tuple(table.columns)
    shared = {name: path for name in wanted if (path := table.told_by_sitting(name))}
    own = [name for name in wanted if name not in shared]
    found = ("", *shared, "", *own)
    # The slice is cut off again below: so a single name gives a tuple, too.
    pick = itemgetter(slice(0, 0), *map(found.index, wanted))
    at_once = max(1, ROWS_AT_ONCE // study.trials_per_session)
    sittings = sittings_of(study, include_simulated=include_simulated).values_list("pk", *shared.values())
    last = 0
    while told := {sitting[0]: sitting for sitting in sittings.filter(pk__gt=last)[:at_once]}:
        last = max(told)
        rows = table.query(table.of_session, of=own).filter(**{f"{table.of_session}__in": list(told)})
        if made := [pick(told[row[0]] + row)[1:] for row in rows]:
            yield made
