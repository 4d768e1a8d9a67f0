"""The layouts that votes come in, and how each becomes the canonical table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.text_tables import line_of

REQUIRED = ("observer", "content", "left", "right", "vote")
OPTIONAL = (
    *("session", "scene", "camera", "kind", "pilot", "simulated", "abandoned", "use"),
    *("response_ms", "gold_passed", "policy_version"),
)

BOOLEANS = {"true": True, "false": False}
YES = ("true", "1", "yes")
NO = ("false", "0", "no", "")
SIDES = ("left", "right", "tie")

UNNAMED_OBSERVER = "(observer not told)"
"""All votes of a file that doesn't say who cast them: one observer, so that nothing is said of how observers differ."""
UNNAMED_CONTENT = "(content not told)"
LISTED = {"observer": ("observer", "worker"), "content": ("content", "prompt")}
"""Columns by which a list may tell who voted on what; the first that is there is read."""


class VotesError(ValueError):
    """Votes that can't be read; says where and what to do."""


@dataclass(frozen=True)
class Layout:
    """One way to write votes down.

    Attributes:
        columns: What its header must hold; a header may hold more.
        values: Columns whose cells must be of a fixed set.
        adapt: The table as text to the canonical table, once it has been checked.
        may_be_empty: Of ``columns``, those whose cells may be empty.
        optional: Columns that are read where they are there.
        identity: Columns that together name one trial, where all of them are there; no trial may stand twice.
        listed: Whether it may tell observers and contents by the columns of ``LISTED``.
        respell: The table with another known spelling of its answers made the usual one, before it is checked.
        also: What else a cell of ``values`` may be, for whoever got it wrong.
    """

    columns: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    adapt: Callable[[pd.DataFrame], pd.DataFrame]
    may_be_empty: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    listed: bool = False
    respell: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    also: str = ""

    def require_columns(self, path: Path, table: pd.DataFrame) -> None:
        """Raise, naming what the header lacks."""
        missing = [name for name in self.columns if name not in table.columns]
        if missing:
            raise VotesError(f"{path}, line 1: the header lacks {', '.join(missing)}; was another layout meant?")

    def canonical(self, path: Path, table: pd.DataFrame) -> pd.DataFrame:
        """Check every cell that matters, then adapt; blanks around a cell are none of it."""
        self._require_spelling(path, table)
        table = table.apply(lambda column: column.str.strip())
        table = table if self.respell is None else self.respell(table)
        told = [name for name in _told(table).values() if name is not None] if self.listed else []
        for name in (*self.columns, *told):
            if name not in self.may_be_empty:
                _complain(path, table, name, table[name] == "", "is empty; fill it in or remove the line")
        for name, allowed in self.values.items():
            if name in table.columns:
                said = f"must be one of {', '.join(value or '(empty)' for value in allowed)}{self.also}"
                _complain(path, table, name, ~table[name].isin(allowed), said)
        adapted = self.adapt(table)
        same = (adapted["left"] == adapted["right"]) & (adapted["kind"] != "same" if "kind" in adapted else True)
        _complain(path, table, self.columns[-1], same, "compares a condition with itself; remove the line")
        self._require_once(path, table)
        return adapted

    def _require_spelling(self, path: Path, table: pd.DataFrame) -> None:
        """A column that may be missing is missed in silence, so one that only looks like it is refused."""
        missing = [name for name in self.optional if name not in table.columns]
        unknown = [name for name in table.columns if name not in (*self.columns, *self.optional)]
        for name, meant in lookalikes(unknown, missing).items():
            raise VotesError(f"{path}, line 1: unknown column {name!r}; rename it {meant!r}, or remove it")

    def _require_once(self, path: Path, table: pd.DataFrame) -> None:
        keys = list(self.identity)
        if not keys or not set(keys) <= set(table.columns):
            return
        again = (table.duplicated(keys) & (table[keys] != "").all(axis=1)).to_numpy()
        if not again.any():
            return
        at = int(again.argmax())
        same = (table[keys] == table.loc[at, keys]).all(axis=1).to_numpy()
        first, cells = int(same.argmax()), [name for name in {*self.columns, *self.values} if name in table]
        told = "repeats" if all(table[name].iloc[at] == table[name].iloc[first] for name in cells) else "contradicts"
        named = ", ".join(f"{name} {table[name].iloc[at]}" for name in keys)
        raise VotesError(
            f"{path}, line {line_of(path, at)}: {told} line {line_of(path, first)}, which is the same trial ({named}); "
            "keep one of them"
        )


def lookalikes(given: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Names that look as if others were meant.

    >>> lookalikes(["obsever", "age"], ["observer", "content"])
    {'obsever': 'observer'}
    """
    found = {name: get_close_matches(name.strip().lower(), wanted, n=1, cutoff=0.8) for name in given}
    return {name: near[0] for name, near in found.items() if near}


def _complain(path: Path, table: pd.DataFrame, column: str, bad: "pd.Series[bool]", said: str) -> None:
    if bad.any():
        at = int(bad.to_numpy().argmax())
        value, line = table[column].iloc[at], line_of(path, at)
        more = f" (and {int(bad.sum()) - 1} lines more)" if bad.sum() > 1 else ""
        raise VotesError(f"{path}, line {line}, column {column}: {value!r} {said}{more}")


def _phoropter(table: pd.DataFrame) -> pd.DataFrame:
    canonical = table[["observer", "session", "content", "scene", "camera", "left", "right", "vote", "kind"]].copy()
    for name in ("pilot", "simulated", "abandoned"):
        canonical[name] = table[name].map(BOOLEANS).astype(bool)
    for name in ("response_ms", "gold_passed"):  # for screening; older files may lack them
        if name in table.columns:
            canonical[name] = table[name]
    canonical["use"] = table["use"] if "use" in table.columns else ""
    if "policy_version" in table:
        canonical["policy_version"] = table["policy_version"]
    return canonical


def _pwcmp(table: pd.DataFrame) -> pd.DataFrame:
    return _pwcmp_tmo(table.rename(columns={"session": "session_id"}))


def _pwcmp_tmo(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "observer": table["observer"],
            "content": table["scene"],
            "left": table["condition_A"],
            "right": table["condition_B"],
            "vote": table["is_A_selected"].map({"1": "left", "0": "right"}),
            "session": table["session_id"],
            "scene": table["scene"],
        }
    )


def _pwcmp_lightfield(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "observer": table["observer"],
            "content": table["scene"],
            "left": _distortion(table, "1"),
            "right": _distortion(table, "2"),
            "vote": table["selected"].map({"1": "left", "2": "right"}),
            "session": table["session"],
            "scene": table["scene"],
        }
    )


def _sided(table: pd.DataFrame) -> pd.DataFrame:
    """Lists as evalica reads them: left, right and which of them won."""
    return _listed(table).assign(left=table["left"], right=table["right"], vote=table["winner"])


def _winner_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Winners by the name of their condition told by their side; as they are where names and sides may be confused."""
    left, right, winner = table["left"], table["right"], table["winner"]
    if winner.isin(("left", "right")).any() or pd.concat([left, right]).isin(SIDES).any():
        return table
    return table.assign(winner=winner.mask(winner == right, "right").mask(winner == left, "left"))


def _winners(table: pd.DataFrame) -> pd.DataFrame:
    """Winner and loser. Their sides aren't told: the winner is put left in every other row, and the column says so."""
    left = pd.Series(np.arange(len(table)) % 2 == 0, index=table.index)
    tied = table["tie"].isin(YES) if "tie" in table else pd.Series(False, index=table.index)
    return _listed(table).assign(
        left=table["winner"].where(left, table["loser"]),
        right=table["loser"].where(left, table["winner"]),
        vote=left.map({True: "left", False: "right"}).mask(tied, "tie"),
        side_known=False,
    )


def _listed(table: pd.DataFrame) -> pd.DataFrame:
    """Who voted on what, as far as a list tells."""
    unnamed = {"observer": UNNAMED_OBSERVER, "content": UNNAMED_CONTENT}
    told = {role: unnamed[role] if name is None else table[name] for role, name in _told(table).items()}
    return pd.DataFrame(told, index=table.index)


def _told(table: pd.DataFrame) -> dict[str, str | None]:
    return {role: next((name for name in known if name in table), None) for role, known in LISTED.items()}


def _distortion(table: pd.DataFrame, side: str) -> "pd.Series[str]":
    """A distortion and its level make a condition; the undistorted reference is level 0 and has no other level."""
    named = table[f"dist_type{side}"] + " " + table[f"dist_level{side}"]
    return named.mask(named == "Reference 0", "Reference")


LAYOUTS: dict[str, Layout] = {
    "phoropter": Layout(
        columns=(
            *("observer", "session", "pilot", "simulated", "kind", "content", "scene", "camera"),
            *("abandoned", "vote", "left", "right"),
        ),
        values={
            "kind": ("main", "practice", "gold", "repeat", "same"),
            "pilot": ("true", "false"),
            "simulated": ("true", "false"),
            "abandoned": ("true", "false"),
            "vote": ("left", "right", "tie", "not_sure", ""),
        },
        adapt=_phoropter,
        may_be_empty=("scene", "camera", "vote"),
        identity=("session", "position"),
    ),
    "pwcmp": Layout(
        columns=("observer", "session", "scene", "condition_A", "condition_B", "is_A_selected"),
        values={"is_A_selected": ("1", "0")},
        adapt=_pwcmp,
    ),
    "pwcmp-tmo": Layout(
        columns=("observer", "session_id", "scene", "is_A_selected", "condition_A", "condition_B"),
        values={"is_A_selected": ("1", "0")},
        adapt=_pwcmp_tmo,
    ),
    "pwcmp-lightfield": Layout(
        columns=("observer", "session", "scene", "selected", "dist_type1", "dist_level1", "dist_type2", "dist_level2"),
        values={"selected": ("1", "2")},
        adapt=_pwcmp_lightfield,
        identity=("session", "observer", "trial"),
    ),
    "sided-list": Layout(
        columns=("left", "right", "winner"),
        values={"winner": SIDES},
        adapt=_sided,
        listed=True,
        respell=_winner_by_side,
        also=" (or, in every line, the line's left or right condition by name, or tie)",
        optional=("observer", "worker", "content", "prompt", "id"),
        identity=("worker", "id"),
    ),
    "winner-list": Layout(
        columns=("winner", "loser"),
        values={"tie": (*YES, *NO)},
        adapt=_winners,
        listed=True,
        optional=("observer", "worker", "content", "prompt", "tie", "trial"),
        identity=("observer", "trial"),
    ),
}
