"""Who clicked without looking: values per observer, and who is flagged by which rule, blind to what was found.

*Blind*: no rule knows what a condition is or what a study would like to find. Sides, repeats and times are the
observer's own; gold answers were fixed before; the rule ``disagrees`` holds an observer against the other
observers, and to rename the conditions changes nothing.

Each rule that is a test has a level of its own, and the levels of all add up to less than 5 %: by Bonferroni's
inequality no more of the observers who do look are flagged, by all rules together, as far as each holds its level. The
tests are exact and so hold it with few trials too, but for ``disagrees``, which takes the others' scores as known and
flags 1 to 2 % of such observers (docs/statistics.md). Where there is too little to say anything, nobody is flagged.

Nothing is left out in silence: :func:`with_and_without` gives both sets of votes, for both results.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest, hypergeom

from analysis.quality.outliers import Outlyingness, outlyingness
from analysis.votes import by_code, sift


@dataclass(frozen=True)
class Rule:
    """One reason to flag an observer.

    Attributes:
        words: What it says of them.
        threshold: Flagged at or below it. Two rules ask for a size besides, so that no trifle of thousands of votes
            flags anybody: ``ONE_SIDE_SHARE`` and ``DIST_L_LIMIT``.
        unit: ``p`` for a level, ``ms`` for a time.
    """

    words: str
    threshold: float
    unit: str


FAMILY_LEVEL = 0.05
DIST_L_LIMIT = 1.5
ONE_SIDE_SHARE = 0.75

Tried = tuple[int, int, float | None]
"""How many trials, how many of them rightly, and a p-value; None where there is nobody to be held against."""
NONE: Tried = (0, 0, None)

RULES: dict[str, Rule] = {
    "one_side": Rule("chose one side three times of four or more, and not by chance", 0.005, "p"),
    "inconsistent": Rule("contradicted themselves on repeated pairs more often than the others", 0.01, "p"),
    "gold": Rule("missed more of the pairs with a known answer than the others", 0.02, "p"),
    "disagrees": Rule("answers are far less likely than the others' (dist_L above 1.5), and not by chance", 0.01, "p"),
    "hasty": Rule("answered half of the pairs too fast to have looked at both pictures", 600.0, "ms"),
}


@dataclass(frozen=True)
class Screened:
    """One observer; what can't be said is None.

    Attributes:
        code: The observer.
        answered: Trials answered, of any kind but practice.
        left_share: Left answers among left and right ones; ``left_p`` exact, two-sided, against one half.
        repeats: Repeated pairs answered both times, ``consistent`` of them alike; ``repeats_p`` one-sided.
        gold: Gold pairs answered, ``gold_passed`` of them rightly; ``gold_p`` one-sided.
        dist_l: Interquartile ranges below the lower quartile of log-likelihood; ``dist_l_p`` by simulation.
        log_likelihood: Per vote, under the others' scores.
        median_response_ms: Over the trials answered.
        flags: Keys of ``RULES``.
    """

    code: str
    answered: int
    left_share: float | None
    left_p: float | None
    repeats: int
    consistent: int
    repeats_p: float | None
    gold: int
    gold_passed: int
    gold_p: float | None
    dist_l: float | None
    dist_l_p: float | None
    log_likelihood: float | None
    median_response_ms: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Screening:
    """All observers, by code.

    Attributes:
        observers: One record each.
        scaled: What scores ``dist_l`` rests on, in words.
    """

    observers: tuple[Screened, ...]
    scaled: str

    @property
    def flagged(self) -> tuple[str, ...]:
        """Codes of the observers whom any rule flags."""
        return tuple(one.code for one in self.observers if one.flags)

    @property
    def by_rule(self) -> Mapping[str, tuple[str, ...]]:
        """Codes by rule, every rule named."""
        return {name: tuple(one.code for one in self.observers if name in one.flags) for name in RULES}


@dataclass(frozen=True)
class BothWays:
    """The same rows with everybody and without those who are flagged, for a result of each."""

    everybody: pd.DataFrame
    unflagged: pd.DataFrame
    left_out: Mapping[str, tuple[str, ...]]


def screen(rows: pd.DataFrame, *, include_simulated: bool = False) -> Screening:
    """Screen the observers of a study.

    Args:
        rows: Exposures: the canonical table of ``analysis.votes``, or the columns of an export. ``kind``,
            ``session``, ``response_ms`` and ``gold_passed`` are used where they are there.
        include_simulated: Whether simulated observers are screened, or left aside as pilot sessions are.
    Raises:
        VotesError: A column is missing, or an answer, a kind or a pair is not one.
    Source:
        ``one_side``: Clopper and Pearson's exact binomial test 1934, doi:10.1093/biomet/26.4.404. ``inconsistent``
        and ``gold``: Fisher's exact test 1934, against all other observers. ``disagrees``: see
        ``analysis.quality.outliers``.
        ``hasty``: two fixations of some 200 ms (Rayner 1998, doi:10.1037/0033-2909.124.3.372) and a key press.
    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame([("o", "c", "a", "b", "left")] * 12,
        ...     columns=["observer", "content", "left", "right", "vote"])
        >>> screen(rows).observers[0].flags
        ('one_side',)
    """
    rows = by_code(rows)
    rows = rows.assign(vote=rows["vote"].fillna(""))
    answered = answered_rows(rows, include_simulated=include_simulated)
    outlying = outlyingness(sift(rows, include_simulated=include_simulated).fitted)
    repeats, gold = _against_others(_repeats(answered)), _against_others(_gold(answered))
    observers = []
    for code, own in answered.groupby("observer", sort=True):
        values: dict[str, Any] = {
            **_sides(own["vote"] if _sided(own) else own["vote"].iloc[:0]),
            **dict(zip(("repeats", "consistent", "repeats_p"), repeats.get(str(code), NONE), strict=True)),
            **dict(zip(("gold", "gold_passed", "gold_p"), gold.get(str(code), NONE), strict=True)),
            **_outlying(outlying, str(code)),
            "median_response_ms": _median_ms(own),
        }
        observers.append(Screened(code=str(code), answered=len(own), **values, flags=_flags(values)))
    return Screening(tuple(observers), outlying.scaled)


def with_and_without(rows: pd.DataFrame, screening: Screening) -> BothWays:
    """The rows of everybody, and those without the observers who are flagged: make a result of each and show both.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame([("o", "c", "a", "b", "left")] * 12 + [("p", "c", "a", "b", "right")],
        ...     columns=["observer", "content", "left", "right", "vote"])
        >>> both = with_and_without(rows, screen(rows))
        >>> len(both.everybody), len(both.unflagged), both.left_out["one_side"]
        (13, 1, ('o',))
    """
    rows = by_code(rows)
    flagged = rows["observer"].isin(screening.flagged)
    return BothWays(rows, rows[~flagged].reset_index(drop=True), screening.by_rule)


def answered_rows(rows: pd.DataFrame, *, include_simulated: bool) -> pd.DataFrame:
    """Answered exposures of the sittings that count, but for practice."""
    kept = rows[rows["vote"] != ""]
    kept = kept.assign(kind=kept.get("kind", "main"))
    for mark in ("pilot", *(() if include_simulated else ("simulated",))):
        if mark in kept:
            kept = kept[~kept[mark].astype(bool)]
    return kept[kept["kind"] != "practice"]


def _sided(own: pd.DataFrame) -> bool:
    """Whether it is known which condition stood on which side."""
    return "side_known" not in own or bool(own["side_known"].all())


def _sides(votes: "pd.Series[str]") -> dict[str, float | None]:
    left, right = int((votes == "left").sum()), int((votes == "right").sum())
    if not left + right:
        return {"left_share": None, "left_p": None}
    return {"left_share": left / (left + right), "left_p": float(binomtest(left, left + right, 0.5).pvalue)}


def _repeats(answered: pd.DataFrame) -> pd.DataFrame:
    """Repeated pairs: ``observer``, and whether they were answered ``rightly``, that is as the first time."""
    sitting = "session" if "session" in answered else "observer"
    names = np.sort(answered[["left", "right"]].to_numpy(dtype=str), axis=1).reshape(-1, 2)
    chosen = answered["left"].where(answered["vote"] == "left", answered["right"])
    told = answered.assign(first=names[:, 0], second=names[:, 1], said=chosen.mask(answered["vote"] == "tie", ""))
    told = told[told["vote"] != "not_sure"]
    key = [*dict.fromkeys((sitting, "observer")), "content", "first", "second"]
    before, again = (told.loc[told["kind"] == kind, [*key, "said"]] for kind in ("main", "repeat"))
    paired = again.merge(before.drop_duplicates(key), on=key, suffixes=("_again", ""))
    return pd.DataFrame({"observer": paired["observer"], "rightly": paired["said_again"] == paired["said"]})


def _gold(answered: pd.DataFrame) -> pd.DataFrame:
    """Gold pairs: ``observer``, and whether they were answered ``rightly``."""
    if "gold_passed" not in answered:
        return pd.DataFrame({"observer": [], "rightly": []})
    gold = answered[answered["kind"] == "gold"]
    passed = gold["gold_passed"].map(lambda told: told is True or str(told).lower() == "true")
    return pd.DataFrame({"observer": gold["observer"], "rightly": passed.astype(bool)})


def _against_others(trials: pd.DataFrame) -> dict[str, Tried]:
    """By observer, with Fisher's exact p that somebody like the others does no better."""
    own = trials.groupby("observer")["rightly"].agg(["size", "sum"]).astype(int)
    every, right = int(own["size"].sum()), int(own["sum"].sum())
    p_values = np.atleast_1d(hypergeom.cdf(own["sum"], every, right, own["size"]))
    return {
        str(code): (int(number), int(rightly), float(p) if number < every else None)
        for code, number, rightly, p in zip(own.index, own["size"], own["sum"], p_values, strict=True)
    }


def _outlying(outlying: Outlyingness, code: str) -> dict[str, float | None]:
    names = {"dist_l": outlying.distance, "dist_l_p": outlying.p_value, "log_likelihood": outlying.log_likelihood}
    if code not in outlying.observers:
        return dict.fromkeys(names)
    k = outlying.observers.index(code)
    return {name: float(found[k]) if np.isfinite(found[k]) else None for name, found in names.items()}


def _median_ms(own: pd.DataFrame) -> float | None:
    if "response_ms" not in own:
        return None
    times = pd.to_numeric(own["response_ms"], errors="coerce").dropna()
    return float(times.median()) if len(times) else None


def _flags(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The rules that a record breaks; a value that isn't known breaks none."""
    one_side = abs((0.5 if values["left_share"] is None else values["left_share"]) - 0.5) >= ONE_SIDE_SHARE - 0.5
    told = {
        "one_side": values["left_p"] if one_side else None,
        "inconsistent": values["repeats_p"],
        "gold": values["gold_p"],
        "disagrees": values["dist_l_p"] if (values["dist_l"] or 0.0) > DIST_L_LIMIT else None,
        "hasty": values["median_response_ms"],
    }
    return tuple(name for name, rule in RULES.items() if told[name] is not None and told[name] <= rule.threshold)
