"""Metrics against people: scipy as judge, small cases by hand, and what has no number."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.special import expit
from scipy.stats import kendalltau, pearsonr, spearmanr
from scipy.stats import t as student_t

from analysis.counts import count_votes
from analysis.metrics_against_people.agreed import NO_PAIR, TOO_FEW_FOR_LOGISTIC, Agreed, estimate
from analysis.metrics_against_people.comparison import AgainstPeople, metrics_against_people
from analysis.metrics_against_people.correlations import correlations, without_rounding
from analysis.metrics_against_people.stimuli import multiplicities, stimulus_scores
from analysis.metrics_against_people.table import TableError, read_metrics
from analysis.models.bradley_terry import fit

COLUMNS = ["observer", "content", "left", "right", "vote"]
TRUTH = {"c": (1.0, 0.4, -0.2, -1.2), "d": (-0.8, 0.9, 0.1, -0.2), "e": (0.6, 0.0, 0.3, -0.9)}


def a_study(observers: int = 12, ties: float = 0.0) -> pd.DataFrame:
    rng, told = np.random.default_rng(2), []
    for number in range(observers):
        for content, scores in TRUTH.items():
            for i, j in combinations(range(4), 2):
                chosen = "left" if rng.random() < expit(scores[i] - scores[j]) else "right"
                vote = "tie" if rng.random() < ties else chosen
                told.append((f"o{number}", content, "pqrs"[i], "pqrs"[j], vote))
    return pd.DataFrame(told, columns=COLUMNS)


def a_table(noise: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = [
        (c, "pqrs"[k], score + rng.normal(0, noise)) for c, scores in TRUTH.items() for k, score in enumerate(scores)
    ]
    return pd.DataFrame(rows, columns=["content", "condition", "sharpness"])


def one(found: AgainstPeople, scope: str, content: str | None = None, metric: str = "sharpness") -> Agreed:
    return next(told for told in found.agreed if (told.metric, told.scope, told.content) == (metric, scope, content))


@given(st.integers(0, 10_000), st.integers(3, 25))
@settings(max_examples=25, deadline=None)
def test_ranks_are_correlated_as_scipy_does(seed: int, points: int) -> None:
    rng = np.random.default_rng(seed)
    metric, scores = rng.integers(0, 6, points).astype(float), rng.integers(0, 5, (3, points)).astype(float)
    found = correlations(metric, scores)
    for k in range(3):
        if np.ptp(metric) and np.ptp(scores[k]):
            assert found.spearman[k] == pytest.approx(spearmanr(metric, scores[k])[0])
            assert found.kendall[k] == pytest.approx(kendalltau(metric, scores[k])[0])
        else:
            assert np.isnan(found.spearman[k])
            assert np.isnan(found.kendall[k])


def _four(x: np.ndarray, top: float, bottom: float, centre: float, width: float) -> np.ndarray:
    return bottom + (top - bottom) * expit((x - centre) / abs(width))


@pytest.mark.parametrize(
    "shape", [lambda x: np.tanh(x / 2), lambda x: x / 4, lambda x: np.tanh((x - 3) / 4), lambda x: -np.tanh(x)]
)
def test_the_logistic_map_is_found_as_by_least_squares(shape) -> None:
    rng = np.random.default_rng(6)
    metric = rng.normal(30, 4, 24)
    scores = shape(metric - 30) + rng.normal(0, 0.3, 24)
    searched = []
    for centre in (26, 30, 36):
        for width in (0.5, 2.0, 8.0):
            try:
                best, _ = curve_fit(_four, metric, scores, p0=[scores.max(), scores.min(), centre, width], maxfev=4000)
            except RuntimeError:
                continue
            searched.append(abs(pearsonr(_four(metric, *best), scores)[0]))
    found = float(correlations(metric, scores[np.newaxis]).pearson_logistic[0])
    assert found == pytest.approx(max(searched), abs=3e-3)
    assert found >= abs(pearsonr(metric, scores)[0]) - 1e-3


@pytest.mark.parametrize("ties", [0.0, 0.2])
def test_stimuli_have_the_scores_of_their_own_content(ties: float) -> None:
    votes = a_study(ties=ties)
    weights = multiplicities(12, 5, seed=3)
    stimuli = stimulus_scores(votes, weights)
    for content, rows in votes.groupby("content"):
        counts = count_votes(rows)
        wins, tied = counts.matrices()
        alone = fit(wins, ties=tied if ties else None).scores
        at = [k for k, name in enumerate(stimuli.content) if name == content]
        assert stimuli.scores[0, at] == pytest.approx(alone)
    # Who was drawn twice counts twice: replicate 1 of content c, observer by observer.
    order = sorted(set(votes["observer"]))
    again = pd.concat(
        [votes[votes["observer"] == name] for name, k in zip(order, weights[:, 1], strict=True) for _ in range(int(k))]
    )
    counts = count_votes(again[again["content"] == "c"])
    wins, tied = counts.matrices()
    assert stimuli.scores[1, :4] == pytest.approx(fit(wins, ties=tied if ties else None).scores, abs=1e-5)


def test_pooled_and_within_and_by_content_are_what_scipy_says() -> None:
    votes, table = a_study(), a_table()
    found = metrics_against_people(votes, table, replicates=100)
    stimuli = stimulus_scores(votes, np.ones((12, 1)))
    scores, metric = stimuli.scores[0], table["sharpness"].to_numpy()
    assert one(found, "pooled").spearman.value == pytest.approx(spearmanr(metric, scores)[0])
    less = table["sharpness"] - table.groupby("content")["sharpness"].transform("mean")
    assert one(found, "within").kendall.value == pytest.approx(kendalltau(less, scores)[0])
    assert one(found, "content", "d").spearman.value == pytest.approx(spearmanr(metric[4:8], scores[4:8])[0])
    assert one(found, "content", "d").missing == {"pearson_logistic": TOO_FEW_FOR_LOGISTIC}
    assert one(found, "pooled").stimuli == 12


def test_intervals_are_of_the_observer_bootstrap() -> None:
    votes, table = a_study(), a_table()
    found = one(metrics_against_people(votes, table, replicates=200, seed=9), "pooled").spearman
    stimuli = stimulus_scores(votes, multiplicities(12, 200, 9))
    drawn = [spearmanr(table["sharpness"], without_rounding(scores))[0] for scores in stimuli.scores[1:]]
    reach = student_t.ppf(0.975, 11) * np.sqrt(12 / 11) * np.std(drawn, ddof=1)
    assert found.value is not None
    assert found.low == pytest.approx(found.value - reach)
    assert found.high == pytest.approx(min(1.0, found.value + reach))
    again = one(metrics_against_people(votes, table, replicates=200, seed=9), "pooled").spearman
    assert again == found


def test_limits_stay_where_the_number_can_be() -> None:
    numbers = np.array([0.5, 0.0, 0.9, 0.6, 0.1])
    assert estimate(numbers, observers=10, level=0.95, least=0.0).high == 1.0
    assert estimate(numbers, observers=10, level=0.95, least=0.0).low == 0.0
    assert estimate(np.array([0.5, 0.4, np.nan]), observers=10, level=0.95).low is None


def test_pairs_that_metric_and_people_pick_by_hand() -> None:
    votes = [("a", "b", 3, 1), ("b", "c", 2, 2), ("a", "c", 1, 3)]
    rows = [
        (f"o{k}", "c", one, other, "left" if k < times else "right")
        for one, other, times, rest in votes
        for k in range(times + rest)
    ]
    table = pd.DataFrame(
        {"content": "c", "condition": list("abc"), "good": [3.0, 2.0, 1.0], "colour_deviation": [3.0, 2.0, 1.0]}
    )
    found = metrics_against_people(pd.DataFrame(rows, columns=COLUMNS), table)
    told = one(found, "content", "c", "good")
    assert (told.pairs, told.picked.value) == (2, 0.5)  # a over b, not c over a; b and c are even
    assert one(found, "content", "c", "colour_deviation").picked.value == 0.5
    worst = found.disagreements["good"]
    assert [(w.people, w.by_metric, w.votes_people, w.votes_metric, w.value_people, w.value_metric) for w in worst] == [
        ("c", "a", 3, 1, 1.0, 3.0)
    ]
    assert worst[0].strength == pytest.approx(2 / np.sqrt(4) * 2 / np.sqrt((1 + 1 + 4) / 3))
    assert [(w.people, w.by_metric) for w in found.disagreements["colour_deviation"]] == [("a", "b")]
    assert found.less_is_better == ("colour_deviation",)


def test_what_grows_with_a_metric_does_not_change_what_it_picks() -> None:
    votes, table = a_study(), a_table()
    plain = one(metrics_against_people(votes, table, replicates=100), "pooled")
    grown = table.assign(sharpness=np.exp(3 * table["sharpness"]))
    bent = one(metrics_against_people(votes, grown, replicates=100), "pooled")
    assert (bent.spearman, bent.kendall, bent.picked) == (plain.spearman, plain.kendall, plain.picked)


def test_a_value_that_is_not_finite_is_said_and_not_guessed() -> None:
    table = a_table().assign(psnr_db=[np.inf, np.nan, *range(10)], none=np.nan)
    found = metrics_against_people(a_study(), table, replicates=100)
    told = one(found, "pooled", metric="psnr_db")
    assert (told.stimuli, told.not_finite, told.pairs <= 18 - 5) == (10, 2, True)
    nothing = one(found, "pooled", metric="none")
    assert (nothing.stimuli, nothing.not_finite, nothing.pairs) == (0, 12, 0)
    assert nothing.picked.value is None
    assert nothing.missing["picked"] == NO_PAIR
    assert found.disagreements["none"] == ()
    json.dumps(found.as_json(), allow_nan=False)


def test_contents_without_scores_are_named_and_few_observers_get_no_intervals() -> None:
    votes = a_study(observers=4)
    lost = (votes["content"] == "e") & ((votes["left"] == "s") | (votes["right"] == "s"))
    votes.loc[lost, "vote"] = votes.loc[lost, "left"].map(lambda name: "right" if name == "s" else "left")
    found = metrics_against_people(votes, a_table())
    assert "e" in found.withheld
    assert "never won: s" in found.withheld["e"]
    assert any(note.startswith("No intervals: 4 observers, and") for note in found.notes)
    assert one(found, "pooled").spearman.low is None
    assert one(found, "content", "e").stimuli == 0
    assert one(found, "content", "e").pairs > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("content,psnr_db\nc,1\n", "line 1: the header lacks condition"),
        ("content,condition\nc,p\n", "line 1: no metric beside content and condition"),
        ("content,condition,ssim\nc,p,.5\nc,q,high\n", "line 3, column ssim: 'high' is no number"),
        ("content,condition,ssim\nc,p,.5\nc,p,.6\n", "line 3: a second row of content 'c', condition 'p'"),
        ("content,condition,ssim\nc,p\n", "line 2: 2 cells where the header has 3"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(TableError, match=said):
        read_metrics(tmp_path / "metrics.csv")


def test_a_table_is_read_with_what_has_no_value(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("content,condition,psnr_db,why\nc,p,inf,\nc,q,,not aligned\nc,r,31.5,\n")
    table = read_metrics(tmp_path / "metrics.csv")
    assert list(table) == ["content", "condition", "psnr_db"]
    assert table["psnr_db"].tolist() == pytest.approx([np.inf, np.nan, 31.5], nan_ok=True)


def test_tables_that_do_not_meet_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no row of the metrics is of a stimulus that was voted on.*content 'c'"):
        metrics_against_people(a_study(), a_table().assign(content=a_table()["content"] + "2"))
    with pytest.raises(ValueError, match="has two rows for"):
        metrics_against_people(a_study(), pd.concat([a_table(), a_table()]))


@pytest.mark.parametrize("seed", range(6))
def test_equal_scores_share_a_rank_whatever_conditions_are_called(seed: int) -> None:
    """As many wins in rounds of all pairs are one score; a fit gives them 1e-16 apart, in the order of the names."""
    rng, conditions = np.random.default_rng(seed), np.array(list("abcde"))
    pairs = list(combinations(range(5), 2)) * 3
    left_wins, metric = rng.random(len(pairs)) < 0.5, rng.normal(size=5)
    won = np.bincount([pair[not left] for pair, left in zip(pairs, left_wins, strict=True)], minlength=5)
    judged = spearmanr(metric, won)[0], kendalltau(metric, won)[0]
    for _ in range(8):
        called = rng.permutation(conditions)
        rows = [
            (f"o{k // 10}", "c", called[one], called[other], "left" if left else "right")
            for k, ((one, other), left) in enumerate(zip(pairs, left_wins, strict=True))
        ]
        votes = pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])
        told = metrics_against_people(votes, pd.DataFrame({"content": "c", "condition": called, "q": metric}))
        assert (told.agreed[0].spearman.value, told.agreed[0].kendall.value) == pytest.approx(judged)
