"""What the side does: how often the left one is chosen, and pictures shown beside themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class SameShown:
    """Trials of a picture against itself: who doesn't look can't know, and who looks should find no difference.

    Attributes:
        shown: Trials answered.
        shares: Of ``left``, ``right``, ``tie`` and ``not_sure`` among them.
    """

    shown: int
    shares: Mapping[str, float]


SIDES_UNKNOWN = "the votes don't say on which side each condition stood"


def left_share(votes: pd.DataFrame) -> float | None:
    """Left answers among left and right ones; None where sides aren't known or nothing was decided.

    Args:
        votes: Rows that count (``votes.sift(…).fitted``); ties are passed over.
    Example:
        >>> rows = pd.DataFrame([("a", "b", "left")] * 3 + [("b", "a", "left"), ("a", "b", "right")],
        ...     columns=["left", "right", "vote"])
        >>> left_share(rows)
        0.8
    """
    decided = votes[votes["vote"].isin(("left", "right"))]
    return float((decided["vote"] == "left").mean()) if len(decided) and sides_known(decided) else None


def sides_known(votes: pd.DataFrame) -> bool:
    """Whether every vote tells which condition stood left.

    >>> sides_known(pd.DataFrame({"left": ["a"], "side_known": [False]})), sides_known(pd.DataFrame({"left": ["a"]}))
    (False, True)
    """
    return "side_known" not in votes or bool(votes["side_known"].all())


def same_shown(answered: pd.DataFrame) -> SameShown | None:
    """What was said of pictures beside themselves; None where none was shown.

    Args:
        answered: Answered rows with the columns ``kind`` and ``vote``.
    Example:
        >>> rows = pd.DataFrame([("same", "tie"), ("same", "left"), ("main", "left")], columns=["kind", "vote"])
        >>> same_shown(rows).shares["tie"]
        0.5
    """
    said = answered.loc[answered["kind"] == "same", "vote"]
    if said.empty:
        return None
    return SameShown(
        len(said), {answer: float((said == answer).mean()) for answer in ("left", "right", "tie", "not_sure")}
    )
