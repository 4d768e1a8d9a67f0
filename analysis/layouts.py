"""The layouts that votes come in, and how each becomes the canonical table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

REQUIRED = ("observer", "content", "left", "right", "vote")
OPTIONAL = (
    *("session", "scene", "camera", "kind", "pilot", "simulated", "abandoned", "use"),
    *("response_ms", "gold_passed", "policy_version"),
)

HEADER_LINES = 1
BOOLEANS = {"true": True, "false": False}


class VotesError(ValueError):
    """Votes that can't be read; says where and what to do."""


@dataclass(frozen=True)
class Layout:
    """One way to write votes down.

    Attributes:
        columns: What its header must hold; a header may hold more.
        values: Columns whose cells must be of a fixed set.
        adapt: The table as text to the canonical table, once it has been checked.
    """

    columns: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    adapt: Callable[[pd.DataFrame], pd.DataFrame]
    may_be_empty: tuple[str, ...] = ()

    def require_columns(self, path: Path, table: pd.DataFrame) -> None:
        """Raise, naming what the header lacks."""
        missing = [name for name in self.columns if name not in table.columns]
        if missing:
            raise VotesError(f"{path}, line 1: the header lacks {', '.join(missing)}; was another layout meant?")

    def canonical(self, path: Path, table: pd.DataFrame) -> pd.DataFrame:
        """Check every cell that matters, then adapt."""
        for name in self.columns:
            if name not in self.may_be_empty:
                _complain(path, table, name, table[name] == "", "is empty; fill it in or remove the line")
        for name, allowed in self.values.items():
            said = f"must be one of {', '.join(value or '(empty)' for value in allowed)}"
            _complain(path, table, name, ~table[name].isin(allowed), said)
        adapted = self.adapt(table)
        same = (adapted["left"] == adapted["right"]) & (adapted["kind"] != "same" if "kind" in adapted else True)
        _complain(path, table, self.columns[-1], same, "compares a condition with itself; remove the line")
        return adapted


def _complain(path: Path, table: pd.DataFrame, column: str, bad: "pd.Series[bool]", said: str) -> None:
    if bad.any():
        at = int(bad.to_numpy().argmax())
        value, line = table[column].iloc[at], at + 1 + HEADER_LINES
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
    ),
}
