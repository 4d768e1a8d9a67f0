"""Fits by part: each as if by itself, pooled as if parts were unknown, and reasons where there are no scores."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.counts import count_showings
from analysis.models.fitting import fit_model
from analysis.models.parts import POOLED, fit_each
from analysis.votes import read_votes, sift


def _votes(seed: int = 1, rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    left = rng.integers(0, 4, rows)
    return pd.DataFrame(
        {
            "observer": rng.integers(0, 9, rows).astype(str),
            "content": rng.choice(["door", "tree"], rows),
            "camera": rng.choice(["phone", "other"], rows),
            "left": left.astype(str),
            "right": ((left + rng.integers(1, 4, rows)) % 4).astype(str),
            "vote": rng.choice(["left", "right", "tie"], rows),
        }
    )


@pytest.mark.parametrize("by", ["content", "camera"])
def test_each_part_is_fitted_as_if_by_itself(by: str) -> None:
    votes = _votes()
    each = fit_each(votes, by, "rao-kupper", position=True)
    assert each.pooled.name == POOLED
    assert each.pooled.votes == len(votes) == sum(part.votes for part in each.parts)
    for part, rows in [(each.pooled, votes), *((p, votes[votes[by] == p.name]) for p in each.parts)]:
        judged = fit_model(count_showings(rows), "rao-kupper", position=True)
        assert part.fitted is not None
        np.testing.assert_array_equal(part.fitted.scores, judged.scores)
        assert part.observers == rows["observer"].nunique()


def test_real_contents_have_scores_or_a_reason(shared: Callable[[str], Path]) -> None:
    votes = sift(read_votes(shared("votes/pwcmp-tmo/ex3_tmo_cmp_data.csv"))).fitted
    each = fit_each(votes, "content", "thurstone")
    assert len(each.parts) == 5
    assert all((part.fitted is None) != (part.withheld is None) for part in each.parts)
    assert each.pooled.fitted is not None
    assert each.pooled.fitted.unit.startswith("JOD")


def test_a_part_without_scores_says_why_and_the_others_stand() -> None:
    votes = _votes()
    votes = votes[(votes["content"] != "tree") | ((votes["vote"] == "left") & (votes["left"] < votes["right"]))]
    door, tree = fit_each(votes, "content").parts
    assert door.fitted is not None
    assert tree.fitted is None
    assert tree.withheld is not None
    assert "never lost: 0; never won: 3" in tree.withheld
    assert fit_each(votes, "content", prior="gaussian", sd=1.0).parts[1].fitted is not None


def test_weights_go_with_their_votes() -> None:
    votes = _votes()
    weights = np.random.default_rng(2).uniform(0.5, 2.0, len(votes))
    tree = fit_each(votes, "content", weights=weights).parts[1]
    rows = (votes["content"] == "tree").to_numpy()
    assert tree.fitted is not None
    judged = fit_model(count_showings(votes[rows], weights=weights[rows]))
    np.testing.assert_array_equal(tree.fitted.scores, judged.scores)
    assert tree.fitted.weights == "per vote"
    nobody = dict.fromkeys(votes["observer"], 0.0)
    assert fit_each(votes, "content", weights=nobody).pooled.withheld == "No vote counts yet."


def test_a_column_that_isnt_there_is_named() -> None:
    with pytest.raises(ValueError, match="no column 'lens'; there are observer, content"):
        fit_each(_votes(), "lens")
