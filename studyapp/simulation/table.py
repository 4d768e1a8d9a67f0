"""How a rehearsal ends: the truth beside what was recovered from the votes, and what happened on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studyapp.simulation.diary import Diary
from studyapp.simulation.rehearsal import Outcome


@dataclass(frozen=True)
class Recovered:
    """One condition: natural log-odds, mean zero; None where the votes give no score or no interval."""

    condition: str
    truth: float
    expected: float
    score: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """Whether the interval holds what such observers should give."""
        if self.low is None or self.high is None:
            return "no interval" if self.score is not None else "no score"
        return "yes" if self.low <= self.expected <= self.high else "NO"


def recovery(
    truth: Mapping[str, float], expected: Mapping[str, float], scores: Sequence[Mapping[str, float | str | None]]
) -> list[Recovered]:
    """One row per compared condition, the best by truth first; ``scores`` are those of a report's JSON."""
    found = {row["condition"]: row for row in scores}
    return [
        Recovered(
            name, truth[name], expected[name], *(_number(found.get(name), key) for key in ("score", "low", "high"))
        )
        for name in sorted(expected, key=lambda name: (-truth[name], name))
    ]


def _number(row: Mapping[str, float | str | None] | None, key: str) -> float | None:
    value = None if row is None else row[key]
    return None if value is None else float(value)


def recovery_lines(rows: Sequence[Recovered]) -> list[str]:
    """The table of scores, aligned."""
    wide = max(len("condition"), *(len(row.condition) for row in rows))
    head = f"{'condition':<{wide}}  {'truth':>7}  {'expected':>8}  {'score':>7}  {'95% low':>7}  {'high':>7}  held"
    return [
        head,
        *(
            f"{row.condition:<{wide}}  {row.truth:>+7.3f}  {row.expected:>+8.3f}  {_signed(row.score)}  "
            f"{_signed(row.low)}  {_signed(row.high)}  {row.verdict}"
            for row in rows
        ),
    ]


def _signed(value: float | None) -> str:
    return f"{'–':>7}" if value is None else f"{value:>+7.3f}"


def happened(outcome: Outcome, *, votes: int, unasked: int, rejected: int, seconds: float) -> list[tuple[str, str]]:
    """What was done and met, in words and numbers."""
    diaries = outcome.diaries

    def total(name: str) -> int:
        return sum(_size(getattr(diary, name)) for diary in diaries)

    left = sum(1 for diary in diaries if not diary.finished and not diary.problem)
    errors = ", ".join(f"{number} × {why}" for why, number in outcome.traffic.errors.most_common()) or "none"
    return [
        (
            "people",
            f"{len(diaries)}: {total('finished')} finished, {left} left for good, {_broken(diaries)} broken off",
        ),
        ("places given on", str(outcome.replaced)),
        ("votes acknowledged", f"{total('acknowledged')}; stored {votes}, of which {unasked} without a word"),
        ("sent twice", f"{total('doubles')}, {total('doubles_alike')} of them with one receipt"),
        ("second answers rejected", str(total("refused"))),
        ("late answers rejected", str(total("too_late"))),
        ("rejected events stored", str(rejected)),
        ("too fast", f"{total('too_fast')}, {total('too_fast_refused')} of them refused"),
        ("pages loaded again", str(total("reloads"))),
        ("tiles fetched", str(total("tiles"))),
        ("requests", f"{outcome.traffic.requests}, {outcome.traffic.sent_again} of them sent again"),
        ("HTTP errors", errors),
        ("seconds", f"{seconds:.1f}: {votes / seconds:.1f} votes a second" if seconds else "0"),
    ]


def _size(value: object) -> int:
    return len(value) if isinstance(value, list) else int(bool(value)) if isinstance(value, bool) else int(str(value))


def _broken(diaries: Sequence[Diary]) -> int:
    return sum(bool(diary.problem) for diary in diaries)
