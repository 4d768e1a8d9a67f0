"""How often people preferred one condition to another, pair by pair, before any model."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Preference:
    """All answers on one pair, whichever side each condition stood on.

    Attributes:
        one: The condition of the pair with more votes (the alphabet decides a draw).
        votes: Votes for one, for the other, and ties together: what the shares are shares of.
        not_sure: Answers "not sure", in no share.
        observers: How many observers voted.
    """

    one: str
    other: str
    for_one: int
    for_other: int
    ties: int
    not_sure: int
    observers: int

    @property
    def votes(self) -> int:
        """Votes that count: for one, for the other, ties."""
        return self.for_one + self.for_other + self.ties

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares for one, ties, and for the other; they sum to 1 if there are votes, and are 0 if there are none."""
        total = max(self.votes, 1)
        return self.for_one / total, self.ties / total, self.for_other / total


def preferences(votes: pd.DataFrame, not_sure: pd.DataFrame | None = None) -> list[Preference]:
    """Count the answers of every pair that was shown.

    Args:
        votes: Columns ``observer``, ``left``, ``right``, ``vote`` (left, right or tie).
        not_sure: The same columns, of answers "not sure".
    Returns:
        One entry per pair, the clearest preference first.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"observer": ["o", "p"], "left": ["a", "b"], "right": ["b", "a"],
        ...     "vote": ["right", "left"]})
        >>> [(p.one, p.other, p.shares) for p in preferences(rows)]
        [('b', 'a', (1.0, 0.0, 0.0))]
    """
    parts = [votes] if not_sure is None else [votes, not_sure]
    rows = pd.concat([part[["observer", "left", "right", "vote"]] for part in parts], ignore_index=True)
    if rows.empty:
        return []
    rows["first"] = rows[["left", "right"]].min(axis=1)
    rows["second"] = rows[["left", "right"]].max(axis=1)
    rows["winner"] = rows["left"].where(rows["vote"] == "left", rows["right"])
    found = [_preference(str(a), str(b), group) for (a, b), group in rows.groupby(["first", "second"])]
    return sorted(found, key=lambda pair: (-pair.shares[0] + pair.shares[2], pair.one, pair.other))


def _preference(first: str, second: str, rows: pd.DataFrame) -> Preference:
    decided = rows[rows["vote"].isin(["left", "right"])]
    wins = int((decided["winner"] == first).sum())
    losses = len(decided) - wins
    ties = int((rows["vote"] == "tie").sum())
    not_sure = int((rows["vote"] == "not_sure").sum())
    observers = int(rows.loc[rows["vote"] != "not_sure", "observer"].nunique())
    one, other = (first, second) if wins >= losses else (second, first)
    return Preference(one, other, max(wins, losses), min(wins, losses), ties, not_sure, observers)
