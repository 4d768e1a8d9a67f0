"""``python -m analysis`` as a shell runs it, into a real pipe; and what each command prints."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.__main__ import COMMANDS, main
from analysis.planning import standard_error, votes_needed
from analysis.quality.design_effect import design_effect
from analysis.quality.screening import screen
from analysis.quality.sensitivity import sensitivity
from analysis.quality.study import quality
from analysis.scale import scale_votes
from analysis.votes import read_votes

ROOT = Path(__file__).resolve().parents[2]
VOTES = "observer,session_id,scene,condition_A,condition_B,is_A_selected\n" + "".join(
    f"o{number % 6},1,c{number % 2},a,b,{0 if number % 3 else 1}\n" for number in range(36)
)


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    file = tmp_path / "votes.csv"
    file.write_text(VOTES)
    return file


def start(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    pipe, buffered = subprocess.PIPE, {**os.environ, "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-m", "analysis", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=buffered, stdout=pipe, stderr=pipe)


def test_it_works(votes: Path) -> None:
    said, complained = start("scale", votes, "--replicates", "100").communicate()
    assert b"36 votes by 6 observers on 2 contents" in said
    assert complained == b""


def test_a_reader_that_leaves_ends_it_quietly(votes: Path) -> None:
    for arguments in (("scale", votes, "--replicates", "100"), ("scale", votes, "--json"), ("--help",)):
        process = start(*arguments)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        with process.stderr as complained:
            assert complained.read() == b""
        assert process.wait() == 128 + signal.SIGPIPE


LIST = "winner,loser,observer,content\n" + "".join(
    f"{'abc'[k % 3]},{'abc'[(k + 1 + (k % 5 == 0)) % 3]},o{k % 12},c{k % 4}\n" for k in range(240)
)


@pytest.fixture
def winners(tmp_path: Path) -> Path:
    file = tmp_path / "winners.csv"
    file.write_text(LIST)
    return file


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(part) for part in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(part) for part in arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    return told.err


def test_screen_prints_quality_and_sensitivity(winners: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "screen", winners, "--json", "--replicates", "100", "--camps"))
    rows = read_votes(winners)
    assert told["quality"] == json.loads(json.dumps(quality(rows).as_json()))
    changed = sensitivity(rows, screen(rows), replicates=100)
    assert told["sensitivity"] == json.loads(json.dumps(changed.as_json()))
    assert told["camps"]["said"] is True
    text = said(capsys, "screen", winners, "--replicates", "100")
    assert text.startswith("240 votes by 12 observers on 4 contents\n  agreement u = ")
    assert "the votes don't say on which side each condition stood" in text
    assert "Nobody is flagged." in text
    assert text.count("\n  o1") == 3  # o1, o10, o11: one row each


def test_screen_leaves_out_who_is_not_used_as_a_report_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = "observer,session,content,scene,camera,left,right,vote,kind,pilot,simulated,abandoned,response_ms,use"
    lines = [
        f"o{who},{who},c{at},c{at},phone,a,b,{'left' if at else 'right'},main,false,false,false,{ms},{use}"
        for who, ms, use in ((1, 2000, "yes"), (2, 2500, "undecided"), (3, 100, "no"))
        for at in range(8)
    ]
    (tmp_path / "exposures.csv").write_text("\n".join([head, *lines]) + "\n")
    told = json.loads(said(capsys, "screen", tmp_path / "exposures.csv", "--json", "--replicates", "100"))
    assert (told["quality"]["observers"], told["quality"]["votes"]) == (2, 16)
    assert "o3" not in json.dumps(told)


def test_plan_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("plan", "--share", "60%", "0.75", "--conditions", "5", "--design-effect", "1", "--votes-each", "40")
    told = json.loads(said(capsys, *asked, "--json"))
    assert [plan["votes"] for plan in told["plans"]] == [votes_needed(0.6, 5), votes_needed(0.75, 5)] == [790, 130]
    assert [plan["observers"] for plan in told["plans"]] == [20, 4]
    assert [plan["standard_error"] for plan in told["plans"]] == [
        standard_error(79, 5, share=0.6), standard_error(13, 5, share=0.75),
    ]  # fmt: skip
    assert "60.0%" in said(capsys, *asked)
    shared = json.loads(said(capsys, *asked, "--contrasts", "10", "--json"))
    assert shared["plans"][0]["votes"] == votes_needed(0.6, 5, alpha=0.005)


def test_plan_takes_a_pilot_s_design_effect(winners: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "plan", winners, "--conditions", "3", "--json"))
    found = design_effect(read_votes(winners))
    assert told["pilot"] == {"effect": pytest.approx(found.effect), "observers": 12, "votes": 240, "conditions": 3}
    assert told["design_effect"] == pytest.approx(max(1.0, found.effect))
    assert told["plans"][0]["votes"] == votes_needed(0.6, 3, design_effect=max(1.0, found.effect))
    assert "12 observers of the pilot, which compared 3 conditions." in said(capsys, "plan", winners)


def test_plan_adds_the_votes_that_screening_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("plan", "--conditions", "5", "--design-effect", "1", "--votes-each", "40")
    (plan,) = json.loads(said(capsys, *asked, "--lost", "10%", "--json"))["plans"]
    assert (plan["votes"], plan["votes_cast"], plan["observers"]) == (790, 878, 22)
    told = said(capsys, *asked, "--lost", "0.1")
    assert "to be cast" in told
    assert "Lost to screening: 10.0% of observers or votes;" in told
    (plan,) = json.loads(said(capsys, *asked, "--json"))["plans"]
    assert (plan["votes"], plan["votes_cast"], plan["observers"]) == (790, 790, 20)
    assert "--lost adds them" in said(capsys, *asked)


def test_plan_says_what_observers_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Observers: give --votes-each" in said(capsys, "plan")
    assert "--votes-each" not in said(capsys, "plan", "--votes-each", "40")


def test_a_share_that_is_no_difference_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "plan", "--share", "60%", "50%", "--conditions", "5")
    assert "a share of 50 % is no difference; give one above or below" in told


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    columns = "observer,session,pilot,simulated,kind,content,scene,camera,abandoned,vote,left,right\n"
    rows = [f"o{k % 6},1,false,true,main,c{k % 2},,,false,{'left' if k % 3 else 'right'},a,b\n" for k in range(36)]
    file = tmp_path / "simulated.csv"
    file.write_text(columns + "".join(rows))
    return file


@pytest.mark.parametrize("asked", [("scale",), ("screen",), ("plan",), ("compare", "a", "b")])
def test_where_all_votes_are_simulated_the_way_to_count_them_is_named(
    simulated: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...]
) -> None:
    told = refused(capsys, asked[0], simulated, *asked[1:])
    assert f"{simulated}: no vote counts; left out: 36 simulated votes (--include-simulated counts them)" in told
    said(capsys, asked[0], simulated, *asked[1:], "--include-simulated")


def test_metrics_against_simulated_votes_alone_are_refused(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics.csv").write_text("content,condition,sharpness\nc0,a,1\n")
    assert "36 simulated votes" in refused(capsys, "compare", simulated, "--metrics", tmp_path / "metrics.csv")


def test_some_simulated_votes_left_out_name_the_option_too(simulated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated.write_text(simulated.read_text().replace("true", "false", 35))
    told = said(capsys, "scale", simulated, "--replicates", "100")
    assert "left out: 1 simulated vote (--include-simulated counts it)" in told


def test_a_condition_that_conditions_leaves_out_is_told_with_its_file(
    winners: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, "scale", winners, "--conditions", "a", "b")
    assert f"{winners}: its votes compare c, which --conditions doesn't name; name all" in told


def test_metrics_of_other_stimuli_are_told_with_their_file(
    winners: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("content,condition,sharpness\nelse,a,1\n")
    told = refused(capsys, "compare", winners, "--metrics", metrics)
    assert f"{metrics} against {winners}: no row of the metrics" in told


def test_blanks_around_a_metric_s_names_are_none_of_them(
    winners: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = tmp_path / "metrics.csv"
    cells = [f" c{c},{name} ,{c + k}" for c in range(4) for k, name in enumerate("abc")]
    metrics.write_text("content,condition,sharpness\n" + "\n".join(cells) + "\n")
    told = json.loads(said(capsys, "compare", winners, "--metrics", metrics, "--replicates", "100", "--json"))
    assert next(one for one in told["agreed"] if one["scope"] == "pooled")["stimuli"] == 12


def test_compare_tells_one_contrast_from_either_side(winners: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--replicates", "100", "--margin", "55%", "--json")
    there, back = (json.loads(said(capsys, "compare", winners, *names, *asked)) for names in ("ac", "ca"))
    scale = scale_votes(read_votes(winners), replicates=100, seed=1, equal_share=0.55)
    assert scale.fitted is not None
    assert scale.intervals is not None
    assert scale.intervals_contents is not None
    row, turned = there["comparison"], back["comparison"]
    assert row["difference"] == pytest.approx(scale.fitted.scores[0] - scale.fitted.scores[2])
    assert row["low"] == pytest.approx(scale.intervals.difference_low[0, 2])
    assert row["high_contents"] == pytest.approx(scale.intervals_contents.difference_high[0, 2])
    assert [turned[name] for name in ("difference", "low", "high", "low_contents")] == pytest.approx(
        [-row["difference"], -row["high"], -row["low"], -row["high_contents"]]
    )
    assert turned["p"] == row["p"]
    assert there["votes_on_the_pair"]["for_one"] == back["votes_on_the_pair"]["for_other"]
    text = said(capsys, "compare", winners, "a", "c", "--replicates", "100", "--margin", "55%")
    assert "for these photos" in text
    assert "for photos like these" in text
    assert "p of equivalence" in text


def test_compare_says_of_adaptive_votes_and_of_resamples_what_scale_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four of twelve observers ever chose b: some resamples lack all four."""
    columns = "observer,session,pilot,simulated,kind,content,scene,camera,abandoned,vote,left,right,policy_version\n"
    rows = [
        f"o{who:02},1,false,false,main,c{k % 2},,,false,{'right' if who < 4 and not k else 'left'},a,b,adaptive-1\n"
        for who in range(12)
        for k in range(4)
    ]
    (tmp_path / "votes.csv").write_text(columns + "".join(rows))
    asked = (("compare", tmp_path / "votes.csv", "a", "b"), ("scale", tmp_path / "votes.csv"))
    for text in (" ".join(said(capsys, *one).split()) for one in asked):
        assert "This study was adaptive" in text
        assert "of 1000 resamples of the observers had no finite scores" in text
    compared, scaled = (json.loads(said(capsys, *one, "--json")) for one in asked)
    assert compared["adaptive"] is True
    assert compared["notes"] == scaled["notes"][:2]
    assert all("resamples" in one["notes"][1] for one in (compared, scaled))


def test_compare_holds_metrics_against_people(
    winners: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = tmp_path / "metrics.csv"
    cells = [f"c{c},{name},{c + k},{'inf' if k else 30 + c}" for c in range(4) for k, name in enumerate("abc")]
    metrics.write_text("content,condition,sharpness,psnr_db\n" + "\n".join(cells) + "\n")
    asked = ("compare", winners, "--metrics", metrics, "--replicates", "100")
    told = json.loads(said(capsys, *asked, "--json", "--less-is-better", "sharpness"))
    assert told["less_is_better"] == ["sharpness"]
    assert {(one["metric"], one["scope"]) for one in told["agreed"]} >= {("sharpness", "pooled"), ("psnr_db", "within")}
    assert next(one for one in told["agreed"] if one["metric"] == "psnr_db")["not_finite"] == 8
    text = said(capsys, *asked)
    assert "Metrics against 12 observers" in text
    assert "Where sharpness and people disagree most" in text


def test_a_condition_that_was_never_compared_is_named(winners: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "compares condition 'd'. There are a, b, c" in refused(capsys, "compare", winners, "a", "d")
    assert "'a' is named twice" in refused(capsys, "compare", winners, "a", "a")
    assert "name two conditions" in refused(capsys, "compare", winners, "a")
    assert "must be above 50%" in refused(capsys, "compare", winners, "a", "b", "--margin", "40%")
    text = said(capsys, "scale", winners, "--conditions", "a", "b", "c", "d", "--replicates", "100")
    assert "no vote compares these groups with each other: a, b, c | d" in " ".join(text.split())


def test_one_observer_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "alone.csv").write_text("winner,loser\na,b\na,b\nb,a\n")
    assert "One observer only" in said(capsys, "screen", tmp_path / "alone.csv")
    assert "1 observer" in said(capsys, "compare", tmp_path / "alone.csv", "a", "b")
    assert "1 observer shows no design effect" in refused(capsys, "plan", tmp_path / "alone.csv")


@pytest.mark.parametrize(
    "asked",
    [
        ("plan", "--share", "1.2"),
        ("plan", "--conditions", "1"),
        ("plan", "--power", "high"),
        ("plan", "--design-effect", ".5"),
        ("plan", "--lost", "1"),
    ],
)
def test_a_number_out_of_range_is_refused(asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(asked))
    assert ended.value.code == 2
    assert "give a" in capsys.readouterr().err


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert "--json" in capsys.readouterr().out


TIED = "left,right,winner,observer,content\n" + "".join(
    f"{'abc'[k % 3]},{'abc'[(k + 1 + k % 2) % 3]},{('left', 'right', 'tie', 'left')[(k // 3) % 4]},o{k % 13},c{k % 4}\n"
    for k in range(312)
)


@pytest.fixture
def tied(tmp_path: Path) -> Path:
    file = tmp_path / "tied.csv"
    file.write_text(TIED)
    return file


def test_scale_prints_both_questions_tests_and_words(tied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "scale", tied, "--replicates", "100", "--naive", "--equal-share", "55%")
    for part in ("these photos", "like these", "rank", "letters", "q.s.e.", "Holm", "naive", "Tests of the model"):
        assert part in text
    for question in ("side matter?", "readily they tie?", "differ by content?", "say what people said?"):
        assert question in text
    assert "Davidson, natural log-odds" in text
    assert "up to a preference of .55" in text
    assert "For photos like these, at 95 % for all 3 pairs" in text
    assert "Intervals are for these photos" not in text  # both stand there
    assert max(len(line) for line in text.splitlines()) <= 120


def test_scale_prints_the_advantage_of_a_side_in_the_unit_of_the_scores(
    tied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("scale", tied, "--replicates", "100", "--position")
    found = [
        re.search(r"δ = (\S+), naive s\.e\. (\S+)", said(capsys, *asked, *unit)) for unit in ((), ("--unit", "jod"))
    ]
    log_odds, jod = ([float(number) for number in one.groups()] for one in found if one)
    assert abs(log_odds[0]) > 0.1
    assert jod == pytest.approx([number / math.log(3) for number in log_odds], abs=2e-3)


def test_scale_tells_json_what_it_prints(tied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "scale", tied, "--replicates", "100", "--json", "--by", "content"))
    whole = scale_votes(read_votes(tied), replicates=100, seed=1).as_json()
    assert told["scale"] == json.loads(json.dumps(whole))
    assert told["by"] == "content"
    assert [part["name"] for part in told["parts"]] == ["c0", "c1", "c2", "c3"]
    rows = read_votes(tied)
    alone = scale_votes(rows[rows["content"] == "c0"], replicates=100, seed=1, checks=False).as_json()
    assert told["parts"][0]["scale"] == json.loads(json.dumps(alone))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--model", "thurstone"), "Thurstone case V, JOD"),
        (("--model", "rao-kupper"), "Rao-Kupper, natural log-odds"),
        (("--prior", "gaussian", "--sd", "1"), "prior: Gaussian on each score, mean 0, sd 1"),
        (("--prior", "distances", "--ties", "half"), "prior: pwcmp's on distances"),
        (("--position",), "advantage of the left side δ"),
        (("--ties", "half"), "ties: half a win each way"),
        (("--unit", "jod"), "ln 3 log-odds"),
        (("--by", "content"), "Each part has its own zero"),
    ],
)
def test_scale_names_what_was_asked(
    tied: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], words: str
) -> None:
    assert words in said(capsys, "scale", tied, "--replicates", "100", *asked)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--model", "bradley-terry"), "count ties as half a win (--ties half)"),
        (("--prior", "distances"), "only as half a win (--ties half)"),
        (("--prior", "gaussian"), "--prior gaussian needs --sd"),
        (("--sd", "1"), "--sd belongs to --prior gaussian"),
        (("--prior", "distances", "--model", "davidson", "--ties", "half"), "goes with model thurstone alone"),
        (("--by", "camera"), "these votes name no camera; they can be parted by content"),
        (("--model", "thurstone", "--unit", "log-odds"), "no multiple of log-odds"),
        (("--model", "rao-kupper", "--unit", "jod"), "no share of decided votes"),
        (("--model", "thurstone", "--equal-share", "55%"), "leave out the other model"),
        (("--equal-share", "45%"), "give one above .5"),
    ],
)
def test_scale_refuses_what_does_not_go_together(
    tied: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], words: str
) -> None:
    assert words in refused(capsys, "scale", tied, "--replicates", "100", *asked)


def test_scale_without_sides_fits_none_and_says_so(winners: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "on which side each condition stood" in refused(capsys, "scale", winners, "--position")
    assert "Does the side matter? Not tested" in said(capsys, "scale", winners, "--replicates", "100")


def test_one_observer_and_nothing_fitted_have_their_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "alone.csv").write_text("winner,loser\na,b\na,b\nb,a\n")
    text = said(capsys, "scale", tmp_path / "alone.csv", "--model", "thurstone")
    assert "1 observer" in text
    assert "these photos" not in text
    (tmp_path / "none.csv").write_text("left,right,winner\na,b,left\na,b,left\n")
    text = said(capsys, "scale", tmp_path / "none.csv")
    assert text.count("Scores are withheld. No finite scores exist: never lost: a") == 1


def test_many_pairs_are_bounded_and_all_can_be_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [f"{k % 9},{(k % 9 + 1 + k % 8) % 9},o{k % 11},c{k % 3}\n" for k in range(720)]
    (tmp_path / "many.csv").write_text("winner,loser,observer,content\n" + "".join(cells))
    asked = ("scale", tmp_path / "many.csv", "--replicates", "100")
    text, whole = said(capsys, *asked), said(capsys, *asked, "--all-pairs")
    assert text.count("… and 6 other pairs: --all-pairs prints them") == 2
    assert "other pairs" not in whole
    assert len(whole.splitlines()) == len(text.splitlines()) + 10
