"""The scale of one set of votes: both questions side by side, as numbers and as JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.inference.equivalence import equivalence, margin_of_share
from analysis.scale import photographed, scale_votes

BEFORE = ("one", "other", "difference", "low", "high")


def drawn(observers: int = 15, contents: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(observers + contents)
    scores = np.array([0.8, 0.0, -0.8]) + rng.normal(0.0, 0.4, (contents, 3))
    total = 60 * observers
    left, content = rng.integers(0, 3, total), rng.integers(0, contents, total)
    right = (left + rng.integers(1, 3, total)) % 3
    vote = np.where(
        rng.random(total) < 1 / (1 + np.exp(scores[content, right] - scores[content, left])), "left", "right"
    )
    names, observer = np.array(["best", "mid", "worst"]), np.repeat(np.arange(observers), 60).astype(str)
    columns = {"observer": observer, "content": content.astype(str), "left": names[left], "right": names[right]}
    return pd.DataFrame({**columns, "vote": vote})


def test_both_questions_are_answered_and_named() -> None:
    made = scale_votes(drawn(), replicates=200, seed=1)
    told = json.loads(json.dumps(made.as_json(), allow_nan=False))
    assert (told["observers"], told["contents"], told["votes"]) == (15, 8, 900)
    assert told["intervals"]["question"].startswith("for these photos")
    assert told["intervals_contents"]["question"].startswith("for photos like these")
    assert (told["intervals_contents"]["observers"], told["intervals_contents"]["contents"]) == (15, 8)
    assert [row["condition"] for row in told["scores"]] == ["best", "mid", "worst"]
    for row in told["scores"]:
        assert row["low_contents"] <= row["low"] < row["score"] < row["high"] <= row["high_contents"]
    for row in told["differences"]:
        assert tuple(row)[:5] == BEFORE
        assert row["low_contents"] <= row["low"] < row["difference"] < row["high"] <= row["high_contents"]
        assert row["p"] <= row["p_holm"]
        assert row["p_contents"] <= row["p_contents_holm"]
        assert row["p"] <= row["p_contents"]
        assert row["equivalence"] is row["p_equivalence"] is None


def test_rank_and_letters_are_those_of_the_adjusted_tests() -> None:
    told = scale_votes(drawn(), replicates=200, seed=1).as_json()
    by_name = {row["condition"]: row for row in told["scores"]}
    assert any(row["p_holm"] < 0.05 for row in told["differences"])
    for question in ("", "_contents"):
        for row in told["differences"]:
            one, other = (set(by_name[row[side]][f"letters{question}"]) for side in ("one", "other"))
            assert (row[f"p{question}_holm"] > 0.05) == bool(one & other)
            if row[f"p{question}_holm"] <= 0.05:
                better, worse = by_name[row["one"]], by_name[row["other"]]
                assert better[f"rank_low{question}"] < worse[f"rank_low{question}"]
                assert better[f"rank_high{question}"] < worse[f"rank_high{question}"]
    assert told["said"].startswith("For these photos, at 95 % for all 3 pairs at once")
    assert told["said_contents"].startswith("For photos like these, at 95 % for all 3 pairs at once")


def test_one_content_has_scores_and_one_kind_of_interval() -> None:
    made = scale_votes(drawn(contents=1), replicates=200, seed=1)
    told = made.as_json()
    assert made.intervals is not None
    assert made.intervals_contents is None
    assert made.no_intervals_contents == (
        "No intervals for photos like these: 1 content: how contents differ can't be seen from fewer than two."
    )
    assert told["intervals_contents"] is told["said_contents"] is None
    assert told["scores"][0]["low"] is not None
    keys = ("low_contents", "high_contents", "rank_low_contents", "letters_contents")
    assert all(told["scores"][0][key] is None for key in keys)
    assert told["differences"][0]["p_contents_holm"] is None


def test_one_observer_has_scores_only() -> None:
    told = scale_votes(drawn(observers=1), replicates=200, seed=1).as_json()
    assert "fewer than two" in told["no_intervals"]
    for row in (*told["scores"], *told["differences"]):
        missing = {key for key, value in row.items() if value is None}
        assert {"low", "high", "low_contents", "high_contents"} <= missing


def test_photos_of_one_scene_hang_together() -> None:
    votes = drawn(contents=8)
    votes["scene"] = (votes["content"].astype(int) // 2).astype(str)
    made = scale_votes(votes, replicates=200, seed=1)
    alone = scale_votes(votes.assign(content=votes["scene"]).drop(columns="scene"), replicates=200, seed=1)
    assert made.contents == alone.contents == 4
    assert made.intervals_contents is not None
    assert alone.intervals_contents is not None
    np.testing.assert_allclose(made.intervals_contents.low, alone.intervals_contents.low)


def test_a_scene_without_a_name_is_its_content() -> None:
    votes = pd.DataFrame({"content": ["1", "2", "3", "3"], "scene": ["3", "3", "", None]})
    assert photographed(votes).tolist() == ["scene 3", "scene 3", "content 3", "content 3"]


def test_equivalence_is_tested_where_asked() -> None:
    made = scale_votes(drawn(), replicates=200, seed=1, equal_share=0.6)
    assert made.fitted is not None
    assert made.intervals_contents is not None
    told = {(row["one"], row["other"]): row for row in made.as_json()["differences"]}["best", "mid"]
    i, j = made.fitted.names.index("best"), made.fitted.names.index("mid")
    judged = [
        equivalence(told["difference"], spread.error[i, j], spread.freedom[i, j], margin=margin_of_share(0.6))
        for spread in made.intervals_contents.spreads
    ]
    assert len(judged) == 3, "of observers and contents, of observers, of votes"
    assert told["p_equivalence_contents"] == pytest.approx(max(one.p for one in judged))
    differ = max(one.p_different for one in judged) <= 0.05
    assert told["equivalence_contents"] == ("different" if differ else "undecided")
    assert told["p_equivalence"] <= told["p_equivalence_contents"]


def test_a_share_that_is_none_is_refused_before_any_work() -> None:
    with pytest.raises(ValueError, match=r"give one above \.5"):
        scale_votes(drawn(), replicates=200, seed=1, equal_share=1.2)


def test_the_seed_makes_the_numbers() -> None:
    one, again, other = (scale_votes(drawn(), replicates=200, seed=seed).as_json() for seed in (1, 1, 2))
    assert one == again
    assert one["scores"] != other["scores"]
