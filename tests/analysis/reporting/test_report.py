"""The whole report: counts that add up, strict JSON, words where numbers are withheld, figures, command line."""

import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import choix
import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.preference import preferences
from analysis.reporting.metric_means import metric_means
from analysis.reporting.report import SIMULATED_STAMP, report


def _votes(n: int = 3, observers: int = 12, each: int = 20, ties: float = 0.1, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    total = observers * each
    left = rng.integers(0, n, total)
    right = (left + rng.integers(1, n, total)) % n
    vote = rng.choice(["left", "right", "tie"], total, p=[(1 - ties) / 2, (1 - ties) / 2, ties])
    names = np.array([f"method {k}" for k in range(n)])
    return pd.DataFrame(
        {
            "observer": np.repeat(np.arange(observers), each).astype(str),
            "content": rng.integers(0, 4, total).astype(str),
            "left": names[left],
            "right": names[right],
            "vote": vote,
        }
    )


def test_counts_add_up_and_the_json_is_strict() -> None:
    votes = _votes()
    votes["kind"] = ["practice"] * 7 + ["main"] * (len(votes) - 7)
    votes.loc[10:14, "vote"] = "not_sure"
    said = json.loads(report(votes, replicates=200).to_json(), parse_constant=pytest.fail)
    assert said["counts"]["rows"] == 240
    assert said["counts"]["votes"] == 240 - 7 - 5
    assert {item["reason"]: item["rows"] for item in said["counts"]["left_out"]} == {"practice": 7, "not_sure": 5}
    assert sum(said["counts"]["answers"].values()) == 240 - 7
    assert sum(pair["votes"] for pair in said["pairs"]) == said["counts"]["votes"]
    assert sum(pair["not_sure"] for pair in said["pairs"]) == 5
    assert sum(item["score"] for item in said["scale"]["scores"]) == pytest.approx(0.0, abs=1e-9)
    assert len(said["scale"]["differences"]) == 3
    assert said["scale"]["model"]["name"] == "Davidson"
    assert said["stamp"] is None


def test_scores_are_choix_s(shared: Callable[[str], Path]) -> None:
    file = shared("votes/pwcmp-tmo/ex3_tmo_cmp_data.csv")
    rows = pd.read_csv(file)
    names = sorted({*rows["condition_A"], *rows["condition_B"]})
    place = {name: k for k, name in enumerate(names)}
    won = [
        (place[a], place[b]) if chosen else (place[b], place[a])
        for a, b, chosen in zip(rows["condition_A"], rows["condition_B"], rows["is_A_selected"], strict=True)
    ]
    judged = choix.ilsr_pairwise(len(names), won, tol=1e-12, max_iter=1_000)
    printed = _printed(["scale", str(file), "--json", "--replicates", "100"])
    scores = {item["condition"]: item["score"] for item in json.loads(printed)["scale"]["scores"]}
    np.testing.assert_allclose([scores[name] for name in names], judged - judged.mean(), atol=1e-6)


def _printed(arguments: list[str]) -> str:
    from contextlib import redirect_stdout

    with redirect_stdout(io.StringIO()) as out:
        assert main(arguments) == 0
    return out.getvalue()


def test_the_command_prints_both_public_sets(shared: Callable[[str], Path]) -> None:
    text = _printed(["scale", str(shared("votes/pwcmp-tmo/ex3_tmo_cmp_data.csv")), "--replicates", "100"])
    assert "1,213 votes by 18 observers on 5 contents" in text
    assert text.index("irawan05") < text.index("mantiuk08")
    text = _printed(["scale", str(shared("votes/pwcmp-lightfield/lf_quality_pwcmps.csv")), "--replicates", "100"])
    assert "26,580 votes by 29 observers on 14 contents" in text
    assert "Reference" in text


def test_bad_input_ends_in_2_and_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", str(tmp_path / "none.csv")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    with pytest.raises(SystemExit) as ended:
        main(["scale", "votes.csv", "--replicates", "5"])
    assert ended.value.code == 2


def test_unconnected_votes_withhold_scores_but_not_shares_and_metrics() -> None:
    votes = pd.DataFrame(
        {
            "observer": ["o", "p"],
            "content": ["1", "1"],
            "left": ["a", "b"],
            "right": ["b", "a"],
            "vote": ["left", "right"],
        }
    )
    told = {"psnr_db": 20.0, "ssim": 0.9, "ms_ssim": 0.9, "colour_deviation": 4.0, "noise_amplification": 3.0}
    metrics = pd.DataFrame([{"content": "1", "condition": "a", **told}])
    said = report(votes, metrics=metrics).as_json()
    assert said["scale"]["scores"] == []
    assert "never lost: a" in said["scale"]["withheld"]
    assert any("withheld" in note for note in said["notes"])
    assert said["pairs"][0]["share_one"] == 1.0
    assert {name: said["metrics"][0][name]["mean"] for name in told} == told


def test_a_condition_of_the_study_without_votes_is_named() -> None:
    said = report(_votes(), conditions=["method 0", "method 1", "method 2", "never shown"]).as_json()
    assert "never shown" in said["scale"]["withheld"]


def test_no_votes_at_all() -> None:
    made = report(_votes().iloc[:0])
    assert made.votes == 0
    json.loads(made.to_json(), parse_constant=pytest.fail)


def test_an_adaptive_study_is_called_one() -> None:
    made = report(_votes().assign(policy_version="adaptive-1"), replicates=100)
    assert made.adaptive
    assert made.as_json()["adaptive"] is True
    assert any(note.startswith("This study was adaptive") for note in made.notes)
    balanced = report(_votes().assign(policy_version="balanced-1"), replicates=100)
    assert not balanced.adaptive
    assert not any("adaptive" in note for note in (*balanced.notes, *report(_votes(), replicates=100).notes))


def test_simulated_votes_count_only_when_asked_and_stamp_the_report() -> None:
    votes = _votes().assign(simulated=True)
    assert report(votes).votes == 0
    made = report(votes, include_simulated=True, replicates=100)
    assert made.simulated
    assert made.as_json()["stamp"] == SIMULATED_STAMP
    mixed = votes.assign(simulated=[True] * 40 + [False] * 200)
    assert not report(mixed, replicates=100).simulated


def test_each_camera_has_its_own_scale() -> None:
    votes = _votes(each=60).assign(camera=["iphone", "sony"] * 360)
    made = report(votes, replicates=100)
    assert list(made.cameras) == ["iphone", "sony"]
    assert sum(scale.votes for scale in made.cameras.values()) == made.votes
    assert report(votes.assign(camera="iphone"), replicates=100).cameras == {}


def test_metric_means_count_what_they_leave_out() -> None:
    table = pd.DataFrame(
        {
            "content": list("12345"),
            "condition": ["a"] * 5,
            "psnr_db": [20.0, 22.0, math.inf, None, None],
            "ssim": [0.8, 0.9, 1.0, None, None],
            "ms_ssim": [0.8, 0.9, 1.0, None, None],
            "why": [None, None, None, "not aligned", "not applicable"],
            "colour_deviation": [4.0, 6.0, 0.0, 2.0, None],
            "noise_amplification": [3.0, -math.inf, None, 5.0, None],
            "flaws_why": ["", "", "nothing flat", "", "not applicable"],
        }
    )
    psnr, ssim, _, colour, noise = metric_means(table, ["a"])
    assert (psnr.mean, psnr.contents, psnr.infinite) == (21.0, 2, 1)
    assert psnr.missing == {"not aligned": 1, "not applicable": 1}
    assert (ssim.mean, ssim.infinite) == (pytest.approx(0.9), 0)
    assert (colour.mean, colour.contents, colour.missing) == (3.0, 4, {"not applicable": 1})
    assert (noise.mean, noise.contents, noise.infinite) == (4.0, 2, 1)
    assert noise.missing == {"nothing flat": 1, "not applicable": 1}
    with pytest.raises(ValueError, match="lack the column"):
        metric_means(table.drop(columns="ssim"), ["a"])
    with pytest.raises(ValueError, match="two rows"):
        metric_means(pd.concat([table, table]), ["a"])


def test_preferences_do_not_depend_on_the_side() -> None:
    votes = _votes()
    turned = votes.rename(columns={"left": "right", "right": "left"})
    turned["vote"] = turned["vote"].map({"left": "right", "right": "left", "tie": "tie"})
    assert preferences(votes) == preferences(turned)
    assert all(sum(pair.shares) == pytest.approx(1.0) for pair in preferences(votes))
    assert all(pair.for_one >= pair.for_other for pair in preferences(votes))
