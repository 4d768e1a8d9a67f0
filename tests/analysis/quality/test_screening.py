"""Screening: the published outliers, each rule by hand, its level for clean observers, and that it is blind."""

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binom, hypergeom

from analysis.quality.outliers import outlyingness
from analysis.quality.screening import (
    FAMILY_LEVEL,
    ONE_SIDE_SHARE,
    RULES,
    Screened,
    Screening,
    _against_others,
    _sides,
    screen,
    with_and_without,
)  # fmt: skip
from analysis.quality.study import quality
from analysis.votes import VotesError, read_votes, sift

Row = dict[str, Any]


def rows(*told: Row) -> pd.DataFrame:
    usual = {"observer": "o", "content": "c", "left": "a", "right": "b", "vote": "left", "kind": "main"}
    return pd.DataFrame([usual | row for row in told])


def one(screening: Screening, code: str) -> Screened:
    return next(observer for observer in screening.observers if observer.code == code)


def a_study(seed: int, observers: int = 30, clickers: int = 0) -> pd.DataFrame:
    """Observers who look, each at 40 pairs, 4 repeats and 4 gold pairs; the last of them click by chance."""
    rng = np.random.default_rng(seed)
    truth = dict(zip("abcde", np.linspace(-1, 1, 5), strict=True)) | {"bad": -5.0}
    told = []
    for number in range(observers):
        looks = number < observers - clickers

        def chosen(left: str, right: str, looks: bool = looks) -> str:
            share = expit(truth[left] - truth[right]) if looks else 0.5
            return "left" if rng.random() < share else "right"

        shown = [(f"c{k}", *pair) for k in range(4) for pair in combinations("abcde", 2)]
        shown = [(c, *(pair if rng.random() < 0.5 else pair[::-1])) for c, *pair in shown]
        for c, left, right in shown:
            told.append((f"o{number}", c, left, right, chosen(left, right), "main", None))
        for c, left, right in shown[::10]:
            told.append((f"o{number}", c, right, left, chosen(right, left), "repeat", None))
        for k in range(4):
            left, right = ("a", "bad") if k % 2 else ("bad", "a")
            vote = chosen(left, right)
            told.append((f"o{number}", f"c{k}", left, right, vote, "gold", {"left": left, "right": right}[vote] == "a"))
    columns = ["observer", "content", "left", "right", "vote", "kind", "gold_passed"]
    return pd.DataFrame(told, columns=columns).assign(response_ms=3000)


def test_the_published_outliers_of_tone_mapping(shared: Callable[[str], Path]) -> None:
    told = json.loads(shared("reference/known_answers.json").read_text())["pwcmp_tmo_screening"]
    screening = screen(read_votes(shared("votes/pwcmp-tmo/ex3_tmo_cmp_data.csv")))
    found = {observer.code: observer.dist_l for observer in screening.observers}
    for code, distance in (told["dist_L"] | told["next_highest"]).items():
        assert found[code] == pytest.approx(distance, abs=2e-3)
    assert screening.flagged == ("M02", "bab")
    assert screening.by_rule["disagrees"] == ("M02", "bab")


def test_who_chose_one_side_is_flagged_from_nine_answers_on() -> None:
    # 2 / 2⁸ = .0078 and 2 / 2⁹ = .0039, against a level of .005.
    assert one(screen(rows(*[{}] * 8)), "o").flags == ()
    screening = screen(rows(*[{}] * 9))
    assert one(screening, "o").left_p == pytest.approx(2 / 2**9)
    assert one(screening, "o").left_share == 1.0
    assert one(screening, "o").flags == ("one_side",)
    assert screening.by_rule == {"one_side": ("o",), "inconsistent": (), "gold": (), "disagrees": (), "hasty": ()}


def test_a_lean_of_thousands_of_votes_flags_nobody() -> None:
    lean = one(screen(rows(*[{}] * 700, *[{"vote": "right"}] * 300)), "o")
    assert lean.left_p is not None
    assert lean.left_p < 1e-30
    assert lean.flags == ()


def test_a_repeat_is_held_against_the_first_showing() -> None:
    first, again = {"left": "a", "right": "b"}, {"left": "b", "right": "a", "kind": "repeat"}
    told = []
    for code, second in (("steady", "right"), ("other", "right"), ("clicks", "left")):
        told += [{**first, "observer": code, "content": f"c{k}"} for k in range(8)]
        told += [{**again, "observer": code, "content": f"c{k}", "vote": second} for k in range(8)]
    screening = screen(rows(*told))
    steady, clicks = one(screening, "steady"), one(screening, "clicks")
    assert (steady.repeats, steady.consistent, clicks.repeats, clicks.consistent) == (8, 8, 8, 0)
    assert clicks.repeats_p == pytest.approx(hypergeom.pmf(0, 24, 16, 8))
    assert "inconsistent" in clicks.flags
    assert screening.by_rule["inconsistent"] == ("clicks",)


def test_ties_repeated_are_consistent_and_doubt_is_passed_over() -> None:
    swapped = {"left": "b", "right": "a", "kind": "repeat"}
    told = [{"vote": "tie"}, {**swapped, "vote": "tie"}, {"content": "d"}, {**swapped, "content": "d", "vote": "tie"}]
    told += [{"content": "e", "vote": "not_sure"}, {**swapped, "content": "e"}]
    found = one(screen(rows(*told)), "o")
    assert (found.repeats, found.consistent) == (2, 1)


def test_gold_pairs_are_held_against_the_others() -> None:
    gold = {"kind": "gold", "right": "bad"}
    told = [{**gold, "observer": f"o{k}", "gold_passed": "true"} for k in range(20) for _ in range(3)]
    told += [{**gold, "observer": "misses", "vote": "right", "gold_passed": passed} for passed in ("false", "", "true")]
    screening = screen(rows(*told))
    misses = one(screening, "misses")
    assert (misses.gold, misses.gold_passed) == (3, 1)
    # Both misses of 63 answers fall on three given trials: 3·2 / (63·62).
    assert misses.gold_p == pytest.approx(6 / (63 * 62))
    assert screening.flagged == ("misses",)


def test_half_of_the_answers_too_fast_is_hasty() -> None:
    told = [{"observer": code, "response_ms": time} for code, time in (("fast", 599), ("fast", 300), ("fast", 9000))]
    told += [{"observer": "calm", "response_ms": time} for time in (601, 601, "", 200)]
    screening = screen(rows(*told))
    assert (one(screening, "fast").median_response_ms, one(screening, "calm").median_response_ms) == (599, 601)
    assert screening.flagged == ("fast",)


def test_what_cannot_be_said_flags_nobody() -> None:
    found = one(screen(rows({"vote": "not_sure"})), "o")
    assert found == Screened("o", 1, None, None, 0, 0, None, 0, 0, None, None, None, None, None, ())
    assert screen(rows({"vote": None})).observers == ()


def test_sittings_that_never_count_are_left_aside() -> None:
    told = rows(*[{}] * 9).assign(pilot=True)
    assert screen(told).observers == ()
    told = rows(*[{}] * 9).assign(simulated=True)
    assert screen(told).observers == ()
    assert screen(told, include_simulated=True).flagged == ("o",)
    assert screen(rows(*[{"kind": "practice"}] * 9)).observers == ()


def test_an_export_is_screened_by_all_rules(tmp_path: Path) -> None:
    told = a_study(1).assign(session="1", pilot="false", simulated="false", scene="", camera="", abandoned="false")
    told["gold_passed"] = told["gold_passed"].map({True: "true", False: "false"}).fillna("")
    told.to_csv(tmp_path / "votes.csv", index=False)
    found = screen(read_votes(tmp_path / "votes.csv")).observers[0]
    assert (found.answered, found.repeats, found.gold, found.median_response_ms) == (48, 4, 4, 3000)
    assert found.gold_passed == 4


def test_votes_come_with_and_without_the_flagged() -> None:
    told = rows(*[{}] * 9, {"observer": "p"})
    both = with_and_without(told, screen(told))
    assert (len(both.everybody), both.unflagged["observer"].tolist()) == (10, ["p"])
    assert both.left_out["one_side"] == ("o",)


def test_a_table_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(VotesError, match="vote is not one of"):
        screen(rows({"vote": "both"}))


def test_observers_may_be_numbers() -> None:
    """Of the same answers the same is found, also by the rule that holds observers against each other."""
    told = a_study(seed=1, clickers=3)
    numbered = told.assign(observer=told["observer"].str[1:].astype(int) + 10)  # two digits: sorted alike as text
    screening = screen(numbered.assign(observer=numbered["observer"].astype(str)))
    assert screening.by_rule["disagrees"]
    assert screen(numbered) == screening
    assert len(with_and_without(numbered, screening).unflagged) < len(numbered)
    assert outlyingness(sift(numbered).fitted).observers == tuple(map(str, range(10, 40)))
    assert quality(numbered).as_json() == quality(numbered.assign(observer=numbered["observer"].astype(str))).as_json()


def test_the_levels_add_up_to_less_than_the_family_s() -> None:
    assert sum(rule.threshold for rule in RULES.values() if rule.unit == "p") < FAMILY_LEVEL


@pytest.mark.parametrize("answers", [1, 8, 9, 20, 40, 150])
def test_the_rule_of_sides_holds_its_level(answers: int) -> None:
    def flagged(left: int) -> bool:
        found = _sides(pd.Series(["left"] * left + ["right"] * (answers - left)))
        assert found["left_p"] is not None
        assert found["left_share"] is not None
        return found["left_p"] <= RULES["one_side"].threshold and abs(found["left_share"] - 0.5) >= ONE_SIDE_SHARE - 0.5

    chance = sum(binom.pmf(left, answers, 0.5) for left in range(answers + 1) if flagged(left))
    assert chance <= RULES["one_side"].threshold


@given(st.integers(1, 12), st.integers(1, 200), st.data())
@settings(max_examples=100, deadline=None)
def test_the_rules_of_repeats_and_gold_hold_their_level(own: int, others: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, own + others))
    level, chance = RULES["gold"].threshold, 0.0
    for passed in range(max(0, right - others), min(own, right) + 1):
        told = [True] * passed + [False] * (own - passed)
        told += [True] * (right - passed) + [False] * (others - right + passed)
        trials = pd.DataFrame({"observer": ["o"] * own + ["p"] * others, "rightly": told})
        p_value = _against_others(trials)["o"][2]
        assert p_value is not None
        chance += hypergeom.pmf(passed, own + others, right, own) * (p_value <= level)
    assert chance <= level + 1e-12


def test_of_clean_observers_hardly_one_in_twenty_is_flagged() -> None:
    flagged = sum(len(screen(a_study(seed)).flagged) for seed in range(8))
    assert flagged <= FAMILY_LEVEL * 8 * 30


def test_chance_clickers_are_found() -> None:
    found = screen(a_study(5, clickers=4)).flagged
    assert {"o26", "o27", "o28", "o29"} & set(found)
    assert len(set(found) - {"o26", "o27", "o28", "o29"}) <= 1


def test_screening_is_blind_to_what_the_conditions_are() -> None:
    told = a_study(6, clickers=3)
    names = {"a": "e", "b": "a", "c": "bad", "d": "b", "e": "c", "bad": "d"}
    renamed = told.assign(left=told["left"].map(names), right=told["right"].map(names))
    before, after = screen(told), screen(renamed)
    assert [observer.flags for observer in before.observers] == [observer.flags for observer in after.observers]
    for one_before, one_after in zip(before.observers, after.observers, strict=True):
        assert one_before.dist_l == pytest.approx(one_after.dist_l, abs=1e-4)
