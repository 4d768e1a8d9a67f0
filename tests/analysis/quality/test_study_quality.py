"""The quality of a study and its observers: published tables, slow readings, other implementations, refusals."""

import json
from itertools import combinations, permutations, product
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import chi2, power_divergence

from analysis.counts import count_showings, count_votes
from analysis.models.bradley_terry import fit
from analysis.models.fitting import fit_model
from analysis.quality.agreement import agreement
from analysis.quality.goodness import goodness
from analysis.quality.misfit import misfit
from analysis.quality.sides import left_share
from analysis.quality.study import INDEPENDENT, ONE_OBSERVER, quality
from analysis.quality.transitivity import transitivity
from analysis.quality.triads import chances_of_circular, circular_triads, most_circular
from analysis.scale import scale_votes
from analysis.votes import VotesError

COLUMNS = ["observer", "content", "left", "right", "vote"]


def a_study(seed: int, observers: int = 12, conditions: str = "abcde", ties: float = 0.0) -> pd.DataFrame:
    """Everybody judges all pairs of two contents, sides by chance."""
    rng = np.random.default_rng(seed)
    truth = dict(zip(conditions, np.linspace(-1, 1, len(conditions)), strict=True))
    told = []
    for observer, content, pair in product(range(observers), "cd", combinations(conditions, 2)):
        left, right = pair if rng.random() < 0.5 else pair[::-1]
        chosen = "left" if rng.random() < expit(truth[left] - truth[right]) else "right"
        told.append((f"o{observer}", content, left, right, "tie" if rng.random() < ties else chosen))
    return pd.DataFrame(told, columns=COLUMNS)


def preferring(wins: dict[str, int], observers: int) -> pd.DataFrame:
    """``wins["ab"]`` of the observers choose a over b, the others b over a."""
    rows = [
        (f"o{k}", "c", *pair, "left" if k < times else "right")
        for pair, times in wins.items()
        for k in range(observers)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_agreement_is_kendall_s_where_everybody_judged_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.quality.agreement.COUNTED_OUT", 0)
    m, n, told = 5, 4, {"ab": 5, "ac": 4, "ad": 3, "bc": 5, "bd": 2, "cd": 4}
    agreed = sum(comb(k, 2) + comb(m - k, 2) for k in told.values())
    found = agreement(preferring(told, m))
    assert found is not None
    assert found.u == pytest.approx(2 * agreed / (comb(m, 2) * comb(n, 2)) - 1)
    assert found.least == pytest.approx(-1 / m)  # for an odd number
    # Their equation for whole tables.
    statistic = 4 / (m - 2) * (agreed - comb(n, 2) * comb(m, 2) * (m - 3) / (m - 2) / 2)
    assert found.statistic == pytest.approx(statistic)
    assert not found.counted_out
    assert found.df == pytest.approx(comb(n, 2) * m * (m - 1) / (m - 2) ** 2)
    assert found.p_value == pytest.approx(chi2.sf(statistic, comb(n, 2) * m * (m - 1) / (m - 2) ** 2))


@pytest.mark.parametrize(
    ("told", "observers"), [({"ab": 5}, 5), ({"ab": 9}, 10), ({"ab": 1, "ac": 4, "bc": 3}, 4), ({"ab": 3, "ac": 2}, 3)]
)
def test_few_votes_agree_as_often_by_chance_as_coins_counted_one_by_one(told: dict[str, int], observers: int) -> None:
    found = agreement(preferring(told, observers))
    assert found is not None
    seen = sum(comb(k, 2) + comb(observers - k, 2) for k in told.values())
    fallen = [
        sum(comb(k, 2) + comb(observers - k, 2) for k in heads) >= seen
        for heads in product(*[[sum(coins) for coins in product((0, 1), repeat=observers)]] * len(told))
    ]
    assert found.p_value == pytest.approx(np.mean(fallen))
    assert found.counted_out


def test_votes_as_divided_as_can_be_have_a_p_of_one_and_no_hair_more() -> None:
    """Of all ways that these coins fall the chances add up to 1 + 2e-16."""
    cells = (2, 5, 10, 7, 2, 9, 9, 10, 3, 2, 10, 2, 7, 2, 4, 6, 6)
    rows = [
        (f"o{k}", f"c{cell}", "a", "b", "left" if k < votes // 2 else "right")
        for cell, votes in enumerate(cells)
        for k in range(votes)
    ]
    found = agreement(pd.DataFrame(rows, columns=COLUMNS))
    assert found is not None
    assert found.u == found.least
    assert 1.0 - 1e-12 < found.p_value <= 1.0


def test_agreement_of_unequal_cells_is_as_rare_as_it_says() -> None:
    """Every way that the coins of three cells can fall, against the approximation by three moments."""
    sizes = (3, 4, 6)
    ways = [
        (np.prod([comb(m, k) for m, k in zip(sizes, ks, strict=True)]), ks)
        for ks in product(*(range(m + 1) for m in sizes))
    ]
    for ks in ((3, 4, 6), (3, 3, 5), (2, 4, 4), (2, 2, 3)):
        rows = [
            (f"o{j}", f"c{c}", "a", "b", "left" if j < k else "right")
            for c, k in enumerate(ks)
            for j in range(sizes[c])
        ]
        found = agreement(pd.DataFrame(rows, columns=COLUMNS))
        excess = sum((2 * k - m) ** 2 for k, m in zip(ks, sizes, strict=True))
        exact = sum(
            w for w, other in ways if sum((2 * k - m) ** 2 for k, m in zip(other, sizes, strict=True)) >= excess
        )
        assert found is not None
        assert found.p_value == pytest.approx(exact / 2 ** sum(sizes), abs=0.06)


def test_agreement_of_two_in_each_cell_is_counted_exactly() -> None:
    found = agreement(preferring({"ab": 2, "ac": 0, "bc": 1}, 2))
    assert found is not None
    assert (found.u, found.statistic, found.p_value) == (pytest.approx(1 / 3), None, pytest.approx(4 / 8))
    assert agreement(preferring({"ab": 1, "ac": 1}, 1)) is None


def test_goodness_of_fit_is_scipy_s() -> None:
    wins, ties = count_votes(a_study(3, observers=30)).matrices()
    fitted = fit(wins)
    first, second = np.triu_indices(5, 1)
    total = wins[first, second] + wins[second, first]
    share = expit(fitted.scores[first] - fitted.scores[second])
    seen, expected = np.r_[wins[first, second], wins[second, first]], np.r_[total * share, total * (1 - share)]
    found = goodness(fitted, wins, ties)
    assert found.g2 == pytest.approx(power_divergence(seen, expected, lambda_="log-likelihood").statistic)
    assert (found.df, found.warning) == (10 - 4, None)
    assert found.p_value == pytest.approx(chi2.sf(found.g2, 6))
    assert found.least_expected == pytest.approx(expected.min())


def test_small_cells_are_warned_of() -> None:
    wins, ties = count_votes(a_study(3, observers=2)).matrices()
    found = goodness(fit(wins), wins, ties)
    assert found.warning is not None
    assert "χ² is rough" in found.warning


def test_transitivity_by_hand() -> None:
    # a over b .6, b over c .7; a over c .8 (all hold), .65 (strong broken), .55 (moderate too), .4 (all).
    for across, broken in (
        (8, ()),
        (6.5, ("strong",)),
        (5.5, ("moderate", "strong")),
        (4, ("weak", "moderate", "strong")),
    ):
        wins = np.array([[0, 6, across], [4, 0, 7], [10 - across, 3, 0]])
        found = transitivity(("a", "b", "c"), wins, np.zeros((3, 3)))
        assert found is not None
        assert tuple(kind for kind, share in found.violated.items() if share) == broken
        assert [one.kinds for one in found.broken] == ([broken] if broken else [])
        if broken and across > 5:
            assert (found.broken[0].names, found.broken[0].by) == (("a", "b", "c"), pytest.approx(0.7 - across / 10))
    assert transitivity(("a", "b"), np.ones((2, 2)), np.zeros((2, 2))) is None


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_transitivity_is_what_a_slow_reading_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins = rng.integers(0, 5, (6, 6)) * (1 - np.eye(6))
    wins[0, 1] = wins[1, 0] = 0  # a pair that nobody compared
    total, seen = wins + wins.T, {"weak": 0, "moderate": 0, "strong": 0}
    triples = [t for t in combinations(range(6), 3) if all(total[i, j] for i, j in combinations(t, 2))]
    for triple in triples:
        bad = set()
        for i, j, k in permutations(triple):
            one, two, across = (wins[a, b] / total[a, b] for a, b in ((i, j), (j, k), (i, k)))
            if one >= 0.5 and two >= 0.5:
                least = {"weak": 0.5, "moderate": min(one, two), "strong": max(one, two)}
                bad |= {kind for kind, limit in least.items() if across < limit}
        for kind in bad:
            seen[kind] += 1
    found = transitivity(tuple("abcdef"), wins, np.zeros((6, 6)))
    assert (found is None) == (not triples)
    if found is not None:
        assert {k: round(v * found.triples) for k, v in found.violated.items()} == seen
        assert found.triples == len(triples)


def test_votes_of_one_scale_break_no_more_triples_than_chance_does() -> None:
    counts = count_votes(a_study(8, observers=20))
    wins, ties = counts.matrices()
    fair = transitivity(counts.names, wins, ties, fit(wins))
    assert fair is not None
    assert fair.p_values is not None
    assert min(fair.p_values.values()) > 0.05
    # Four levels, and on each three conditions that go round.
    level = np.arange(12) // 3
    wins = np.where(level[:, np.newaxis] < level, 36.0, 4.0)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        wins[i::3, j::3][np.eye(4, dtype=bool)] = 30.0
        wins[j::3, i::3][np.eye(4, dtype=bool)] = 10.0
    np.fill_diagonal(wins, 0.0)
    foul = transitivity(tuple("abcdefghijkl"), wins, np.zeros((12, 12)), fit(wins))
    assert foul is not None
    assert foul.p_values is not None
    assert round(foul.violated["weak"] * foul.triples) == 4
    assert foul.broken[0].kinds == ("weak", "moderate", "strong")
    assert foul.p_values["weak"] < 0.05


def test_circular_triads_fall_as_kendall_and_babington_smith_tabled() -> None:
    five, six = (120, 120, 240, 240, 280, 24), (720, 960, 2240, 2880, 6240, 3648, 8640, 4800, 2640)
    assert chances_of_circular(5) == tuple(k / 2**10 for k in five)
    assert chances_of_circular(6) == tuple(k / 2**15 for k in six)
    assert len(chances_of_circular(8)) == most_circular(8) + 1 == 21
    assert sum(chances_of_circular(8)) == pytest.approx(1.0)


def circular_by_hand(beats: dict[tuple[str, str], bool]) -> int:
    """Threes in which each beats one of the others."""
    names = sorted({name for pair in beats for name in pair})
    over = {(a, b) if won else (b, a) for (a, b), won in beats.items()}
    return sum(
        {(a, b), (b, c), (c, a)} <= over or {(b, a), (c, b), (a, c)} <= over for a, b, c in combinations(names, 3)
    )


@given(st.lists(st.booleans(), min_size=20, max_size=20))
@settings(max_examples=25, deadline=None)
def test_zeta_over_two_contents(flips: list[bool]) -> None:
    beats = [dict(zip(combinations("abcde", 2), part, strict=True)) for part in (flips[:10], flips[10:])]
    rows = [
        ("o", f"c{k}", *pair, "left" if won else "right") for k, part in enumerate(beats) for pair, won in part.items()
    ]
    found = circular_triads(pd.DataFrame(rows, columns=COLUMNS))["o"]
    circular = sum(circular_by_hand(part) for part in beats)
    assert (found.triads, found.circular) == (20, circular)
    assert found.zeta == pytest.approx(1 - circular / 10)
    both = np.convolve(chances_of_circular(5), chances_of_circular(5))
    assert found.exact
    assert found.p_value == pytest.approx(both[: circular + 1].sum())


def test_triads_of_an_unfinished_tournament_have_the_moments_that_their_p_rests_on() -> None:
    pairs = [pair for pair in combinations("abcde", 2) if pair != ("a", "b")]
    counts = [circular_by_hand(dict(zip(pairs, told, strict=True))) for told in product((False, True), repeat=9)]
    rows = pd.DataFrame([("o", "c", *pair, "left") for pair in pairs], columns=COLUMNS)
    found = circular_triads(rows)["o"]
    assert (found.triads, found.circular, found.zeta, found.exact) == (7, 0, None, False)
    assert np.mean(counts) == found.triads / 4
    assert np.var(counts) == pytest.approx(found.triads * 3 / 16)
    assert found.p_value == pytest.approx(np.mean(np.array(counts) == 0), abs=0.05)


def test_a_pair_that_was_shown_again_counts_once_and_a_tie_not_at_all() -> None:
    rows = [
        ("o", "c", "a", "b", "left"),
        ("o", "c", "b", "a", "left"),
        ("o", "c", "b", "c", "left"),
        ("o", "c", "a", "c", "left"),
    ]
    assert circular_triads(pd.DataFrame(rows, columns=COLUMNS))["o"].circular == 0
    rows[2] = ("o", "c", "b", "c", "tie")
    assert circular_triads(pd.DataFrame(rows, columns=COLUMNS)) == {}


@pytest.mark.parametrize("ties", [0.0, 0.2])
def test_infit_and_outfit_are_read_off_vote_by_vote(ties: float) -> None:
    votes = a_study(4, ties=ties)
    counts = count_votes(votes)
    wins, tied = counts.matrices()
    fitted = fit(wins, ties=tied if ties else None, names=counts.names)
    found, score = misfit(counts, fitted), dict(zip(fitted.names, fitted.scores, strict=True))
    for k, observer in enumerate(counts.observers):
        residuals, variances = [], []
        for row in votes[votes["observer"] == observer].itertuples():
            half = (score[row.left] - score[row.right]) / 2
            weights = np.array([np.exp(half), np.exp(-half), fitted.nu or 0.0])
            chance = weights / weights.sum()
            mean = chance[0] - chance[1]
            variances.append(chance[0] + chance[1] - mean**2)
            residuals.append({"left": 1, "right": -1, "tie": 0}[str(row.vote)] - mean)
        squares = np.square(residuals)
        assert found.infit[k] == pytest.approx(squares.sum() / np.sum(variances))
        assert found.outfit[k] == pytest.approx(np.mean(squares / variances))


def test_who_turns_every_answer_round_fits_worst() -> None:
    votes = a_study(5)
    own = votes["observer"] == "o3"
    votes.loc[own, "vote"] = votes.loc[own, "vote"].map({"left": "right", "right": "left"})
    panel = quality(votes).panel
    worst = max(panel, key=lambda row: row.infit or 0.0)
    assert worst.screened.code == "o3"
    assert worst.infit is not None
    assert worst.infit > 1.2


def test_a_study_is_told_in_strict_json() -> None:
    votes = a_study(6, ties=0.1).assign(kind="main")
    same = votes.iloc[:6].assign(
        right=votes["left"], vote=["tie", "tie", "left", "right", "not_sure", "tie"], kind="same"
    )
    unsure = votes.iloc[:12].assign(vote="not_sure", content="e")
    found = quality(pd.concat([votes, same, unsure], ignore_index=True))
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["same"] == {"shown": 6, "shares": {"left": 1 / 6, "right": 1 / 6, "tie": 0.5, "not_sure": 1 / 6}}
    assert told["not_sure"] == 12
    assert told["not_sure_share"] == pytest.approx(12 / (12 + len(votes)))
    assert told["panel"][0]["code"] == "o0"
    assert told["panel"][0]["not_sure_share"] == pytest.approx(12 / (12 + 20))
    assert told["panel"][0]["same"]["shown"] == 6
    assert told["panel"][1]["same"] is None
    assert told["left_share"] == left_share(votes)
    assert told["notes"][0] == INDEPENDENT


def test_what_cannot_be_said_is_said_to_be_so() -> None:
    alone = quality(preferring({"ab": 1, "bc": 1}, 1))
    assert ONE_OBSERVER in alone.notes
    assert alone.no_scale is not None
    assert any(alone.no_scale in note for note in alone.notes)
    assert (alone.agreement, alone.goodness, alone.transitivity) == (None, None, None)
    assert alone.panel[0].infit is None
    nothing = quality(preferring({"ab": 1}, 2).assign(vote=""))
    assert (nothing.votes, nothing.panel, nothing.no_scale) == (0, (), "No vote counts yet.")
    with pytest.raises(VotesError, match="vote is not one of"):
        quality(preferring({"ab": 1}, 2).assign(vote="both"))


def test_nothing_is_said_of_sides_that_aren_t_known() -> None:
    votes = a_study(7).assign(side_known=False, vote="left")
    found = quality(votes)
    assert found.left_share is None
    assert all(row.screened.left_share is None for row in found.panel)
    assert "one_side" not in {flag for row in found.panel for flag in row.screened.flags}


def test_a_ladder_of_sure_steps_has_finite_numbers() -> None:
    """Sixteen levels, neighbours 47 to 1: the ends lie so far apart that 1 less a chance is nothing but rounding."""
    names = [f"q{k:02d}" for k in range(16)]
    rows = [
        (f"o{who:02d}", f"c{again}", names[k], names[k + 1], "right" if k % 12 == who and again == 0 else "left")
        for who in range(12) for k in range(15) for again in range(4)
    ]  # fmt: skip
    for last in ("left", "right"):
        ends = [*rows, ("o03", "c0", names[0], names[-1], last)]
        votes = pd.DataFrame(ends, columns=["observer", "content", "left", "right", "vote"])
        scale = scale_votes(votes, replicates=100, seed=1, checks=False)
        assert scale.fitted is not None
        assert np.ptp(scale.fitted.scores) > 40
        json.dumps(scale.as_json(), allow_nan=False)
        json.dumps(quality(votes).as_json(), allow_nan=False)
        judged = fit_model(count_showings(votes, scale.fitted.names))
        assert scale.fitted.deviance == pytest.approx(judged.deviance, rel=1e-6)


@pytest.mark.parametrize(("most", "said"), [(10, False), (29, False), (200, True)])
def test_one_who_cast_most_of_the_votes_is_told_of(most: int, said: bool) -> None:
    rng = np.random.default_rng(2)
    rows = [
        (f"o{who}", "c", "a", "b", rng.choice(["left", "right"]))
        for who in range(10) for _ in range(most if who == 4 else 10)
    ]  # fmt: skip
    notes = quality(pd.DataFrame(rows, columns=["observer", "content", "left", "right", "vote"])).notes
    assert any("One observer cast 69%" in note for note in notes) == said
