"""What screening changes, both ways side by side."""

import json
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.quality.screening import screen
from analysis.quality.sensitivity import Sensitivity, sensitivity
from analysis.scale import scale_votes

COLUMNS = ["observer", "content", "left", "right", "vote"]


def a_study(left_clickers: int, observers: int = 15) -> pd.DataFrame:
    """All pairs of three contents; the last observers choose the left side, where the worse one stands for them."""
    rng = np.random.default_rng(1)
    told = []
    for number, content, (a, b) in product(range(observers), "cde", combinations("pqrs", 2)):
        clicks = number >= observers - left_clickers
        left, right = (b, a) if clicks or rng.random() < 0.5 else (a, b)
        chance = 1.0 if clicks else expit(ord(right) - ord(left))
        told.append((f"o{number:02}", content, left, right, "left" if rng.random() < chance else "right"))
    return pd.DataFrame(told, columns=COLUMNS)


def found_in(rows: pd.DataFrame) -> Sensitivity:
    return sensitivity(rows, screen(rows), replicates=100, seed=3)


def test_both_scales_are_those_of_the_votes_with_and_without() -> None:
    rows = a_study(left_clickers=2)
    found = found_in(rows)
    assert found.left_out["one_side"] == ("o13", "o14")
    assert found.votes_left_out == 36
    kept = rows[~rows["observer"].isin(["o13", "o14"])]
    for scale, votes in ((found.everybody, rows), (found.unflagged, kept)):
        alone = scale_votes(votes, replicates=100, seed=3)
        assert alone.fitted is not None
        assert scale.fitted is not None
        assert scale.fitted.scores == pytest.approx(alone.fitted.scores)
        assert scale.observers == votes["observer"].nunique()
    by = found.unflagged.fitted.scores - found.everybody.fitted.scores  # type: ignore[union-attr]
    assert found.largest is not None
    assert abs(found.largest.by) == pytest.approx(np.abs(by).max())
    assert [one.condition for one in found.changes] == ["pqrs"[k] for k in np.argsort(-np.abs(by))]
    assert found.words.startswith("2 of 15 observers are flagged. Without them the score of ")
    assert found.words.endswith("the order stays.")
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["votes_left_out"] == 36


def test_observers_may_be_numbers() -> None:
    """A table made in a notebook: what is found of its observers is what is found of their codes."""
    rows = a_study(left_clickers=2)
    numbered = rows.assign(observer=rows["observer"].str[1:].astype(int) + 10)
    found = found_in(numbered)
    assert found.left_out["one_side"] == ("23", "24")
    assert found.votes_left_out == 36
    assert found.unflagged.observers == 13
    coded = found_in(numbered.assign(observer=numbered["observer"].astype(str)))
    assert found.as_json() == coded.as_json()


def test_an_order_that_turns_is_named() -> None:
    rows = a_study(left_clickers=8)
    screening = screen(rows)
    found = sensitivity(rows, screening, replicates=100)
    assert ("p", "s") in found.order_changes
    assert "the order turns round of p and q" in found.words


def test_where_nobody_is_flagged_there_is_one_result() -> None:
    found = found_in(a_study(left_clickers=0))
    assert found.everybody is found.unflagged
    assert found.words == "No observer is flagged, so there is one result."
    assert found.largest is not None
    assert found.largest.by == 0.0


def test_scores_that_only_the_flagged_hold_together_are_missed_in_words() -> None:
    rows = [("o", "c", "a", "b", "left")] * 12 + [("p", "c", "a", "b", "right")] * 2
    told = pd.DataFrame(rows, columns=COLUMNS)
    found = found_in(told)
    assert found.changes == ()
    assert "Without them there are no scores." in found.words
