"""Votes from a file: several layouts in, one canonical table out, and what of it is fitted.

The canonical table has one row per exposure and the columns ``observer``, ``content``, ``left``, ``right`` and
``vote`` (``left``, ``right``, ``tie``, ``not_sure``, or empty where no answer was given), all text, and where they are
known ``session``, ``scene``, ``camera``, ``kind``, ``policy_version`` (text) and ``pilot``, ``simulated``,
``abandoned`` (booleans), ``use`` (``no`` where somebody decided to leave the sitting out), ``response_ms`` and
``gold_passed`` (as text, empty where nothing is known), ``side_known`` (boolean: False where a file says who won and
not on which side it stood).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.layouts import LAYOUTS, OPTIONAL, REQUIRED, Layout, VotesError, lookalikes
from analysis.text_tables import TableError, read_table
from analysis.wording import counted

__all__ = ["LAYOUTS", "LEFT_OUT", "OPTIONAL", "REQUIRED", "Sifted", "VotesError", "read_votes", "sift"]

KINDS = ("main", "practice", "gold", "repeat", "same")
ANSWERS = ("left", "right", "tie", "not_sure", "")

# Each row is left out for the first of these that holds, so the reasons add up to the rows left out.
LEFT_OUT_SAID: dict[str, tuple[str, str]] = {
    "practice": ("practice trial", "practice trials"),
    "gold": ("gold trial, whose answer is known beforehand", "gold trials, whose answer is known beforehand"),
    "repeat": ("repeated trial, which measures consistency", "repeated trials, which measure consistency"),
    "same": ("trial of a picture against itself", "trials of a picture against itself"),
    "pilot": ("vote of a pilot session", "votes of pilot sessions"),
    "simulated": ("simulated vote", "simulated votes"),
    "not_used": ("vote of a sitting left out by decision", "votes of sittings left out by decision"),
    "abandoned": ("trial abandoned without an answer", "trials abandoned without an answer"),
    "unanswered": ("trial shown but not answered yet", "trials shown but not answered yet"),
    "not_sure": (
        "answer “not sure”, which is reported but not fitted",
        "answers “not sure”, which are reported but not fitted",
    ),
}
"""Why a row is left out, of one row and of several."""

LEFT_OUT = {reason: several for reason, (_, several) in LEFT_OUT_SAID.items()}


@dataclass(frozen=True)
class Sifted:
    """Votes parted into what is fitted and what is left out.

    Attributes:
        fitted: Rows of main trials answered left, right or tie, of sessions that count.
        not_sure: Rows that would be fitted had the observer been sure.
        left_out: Rows left out per reason (the keys of ``LEFT_OUT``); only reasons that occur.
        rows: All rows.
    """

    fitted: pd.DataFrame
    not_sure: pd.DataFrame
    left_out: Mapping[str, int]
    rows: int


def read_votes(path: Path | str, layout: str | None = None) -> pd.DataFrame:
    """Read a CSV file of votes.

    Args:
        path: UTF-8, comma-separated, with a header line.
        layout: A key of ``LAYOUTS``; recognised by the header if not given.
    Returns:
        The canonical table.
    Raises:
        VotesError: Names the file, line and column, and what to do.
    """
    path = Path(path)
    try:
        table = read_table(path)
    except TableError as error:
        raise VotesError(str(error)) from error
    chosen = _layout(path, table, layout)
    return chosen.canonical(path, table)


def left_out_said(reason: str, rows: int) -> str:
    """So many rows, with the reason why they are left out.

    >>> left_out_said("practice", 1), left_out_said("practice", 1200)
    ('1 practice trial', '1,200 practice trials')
    """
    return counted(rows, *LEFT_OUT_SAID[reason])


def sift(votes: pd.DataFrame, *, include_simulated: bool = False) -> Sifted:
    """Part the rows into fitted and left out, counting each reason.

    Args:
        votes: The canonical table; only the columns of ``REQUIRED`` must be there.
        include_simulated: Whether simulated votes count; a report made so says it.
    Raises:
        VotesError: A column is missing, or an answer, a kind or a pair is not one.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"observer": ["o", "o"], "content": ["c", "c"], "left": ["a", "a"],
        ...     "right": ["b", "b"], "vote": ["left", "tie"], "kind": ["main", "gold"]})
        >>> dict(sift(rows).left_out)
        {'gold': 1}
    """
    _require_canonical(votes)
    reason = _reasons(votes, include_simulated=include_simulated)
    tally = reason.value_counts()
    return Sifted(
        fitted=votes[reason == ""].reset_index(drop=True),
        not_sure=votes[reason == "not_sure"].reset_index(drop=True),
        left_out={name: int(tally[name]) for name in LEFT_OUT if name in tally.index},
        rows=len(votes),
    )


def in_use(votes: pd.DataFrame) -> pd.DataFrame:
    """All rows but those of sittings that somebody has decided to leave out: no rule looks at those observers."""
    return votes[_column(votes, "use", "") != "no"]


def by_code(votes: pd.DataFrame) -> pd.DataFrame:
    """The same rows with observers as text, which codes are, also where a table has them as numbers.

    Raises:
        VotesError: A column is missing.
    Example:
        >>> rows = pd.DataFrame({"observer": [7], "content": ["c"], "left": ["a"], "right": ["b"], "vote": ["left"]})
        >>> by_code(rows)["observer"].tolist()
        ['7']
    """
    _require_columns(votes)
    return votes.assign(observer=votes["observer"].astype(str))


def _reasons(votes: pd.DataFrame, *, include_simulated: bool) -> "pd.Series[str]":
    kind = _column(votes, "kind", "main")
    holds = {name: kind == name for name in KINDS if name != "main"}
    holds["pilot"] = _column(votes, "pilot", False).astype(bool)
    holds["simulated"] = _column(votes, "simulated", False).astype(bool) & (not include_simulated)
    holds["not_used"] = _column(votes, "use", "") == "no"
    holds["abandoned"] = _column(votes, "abandoned", False).astype(bool)
    holds["unanswered"] = votes["vote"] == ""
    holds["not_sure"] = votes["vote"] == "not_sure"
    reason = pd.Series("", index=votes.index, dtype="str")
    for name in reversed(LEFT_OUT):
        reason = reason.mask(holds[name], name)
    return reason


def _column(votes: pd.DataFrame, name: str, default: object) -> "pd.Series":
    return votes[name] if name in votes.columns else pd.Series([default] * len(votes), index=votes.index)


def _require_columns(votes: pd.DataFrame) -> None:
    missing = [name for name in REQUIRED if name not in votes.columns]
    if missing:
        raise VotesError(f"the votes lack the column{'s' * (len(missing) > 1)} {', '.join(missing)}")


def _require_canonical(votes: pd.DataFrame) -> None:
    _require_columns(votes)
    checks: dict[str, Callable[[], pd.Series]] = {
        f"vote is not one of {', '.join(ANSWERS[:-1])} or empty": lambda: ~votes["vote"].isin(ANSWERS),
        f"kind is not one of {', '.join(KINDS)}": lambda: ~_column(votes, "kind", "main").isin(KINDS),
        "left and right are the same condition, which only trials of kind “same” may be": lambda: (
            (votes["left"] == votes["right"]) & (_column(votes, "kind", "main") == "main")
        ),
    }
    for complaint, check in checks.items():
        bad = check()
        if bad.any():
            row = int(bad.to_numpy().argmax())
            raise VotesError(f"row {row + 1} of the votes: {complaint} ({dict(votes.iloc[row][list(REQUIRED)])})")


def _layout(path: Path, table: pd.DataFrame, layout: str | None) -> Layout:
    if layout is not None and layout not in LAYOUTS:
        raise VotesError(f"no layout is called {layout!r}; there are {', '.join(LAYOUTS)}")
    if layout is not None:
        LAYOUTS[layout].require_columns(path, table)
        return LAYOUTS[layout]
    fitting = [known for known in LAYOUTS.values() if set(known.columns) <= set(table.columns)]
    if not fitting:
        raise VotesError(f"{path}, line 1: {_no_layout(list(table.columns))}")
    return fitting[0]


def _no_layout(header: list[str]) -> str:
    """What the header lacks, held against the layout that it comes nearest to."""
    share = {
        name: sum(column in header for column in known.columns) / len(known.columns) for name, known in LAYOUTS.items()
    }
    nearest = max(share, key=lambda name: share[name])
    lacking = [name for name in LAYOUTS[nearest].columns if name not in header]
    said = f"the header ({', '.join(header)}) fits no known layout. "
    if share[nearest] > 0:
        said += f"Nearest is {nearest}, which also needs {', '.join(lacking)}. "
        said += "".join(f"Was {column!r} meant as {name!r}? " for column, name in lookalikes(header, lacking).items())
    return said + "Known are " + "; ".join(f"{name}: {', '.join(known.columns)}" for name, known in LAYOUTS.items())
