"""Plain lists of winners, and the file, line and column of whatever is wrong in a file of votes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.counts import count_votes
from analysis.layouts import LAYOUTS, UNNAMED_OBSERVER
from analysis.models.bradley_terry import fit
from analysis.text_tables import line_of
from analysis.votes import VotesError, read_votes


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "votes.csv"
    file.write_text(text)
    return file


def test_evalica_s_votes_are_read_with_their_ties(shared: Callable[[str], Path]) -> None:
    votes = read_votes(shared("votes/evalica-llmfao/llmfao.csv"))
    assert votes["vote"].value_counts().to_dict() == {"tie": 3471, "left": 2911, "right": 2549}
    assert (votes["observer"].nunique(), votes["content"].nunique()) == (124, 13)
    counts = count_votes(votes)
    wins, ties = counts.matrices()
    assert len(counts.names) == 59
    assert wins.sum() + ties.sum() / 2 == 8931


def test_evalica_s_half_win_scores_come_from_its_simple_list(shared: Callable[[str], Path]) -> None:
    """Their golden Bradley-Terry scores count a tie as half a win each way."""
    folder = shared("votes/evalica-llmfao")
    golden = [line.split(",") for line in (folder / "simple-golden.csv").read_text().splitlines()]
    wanted = {item: float(score) for name, item, score in golden[1:] if name == "bradley_terry"}
    counts = count_votes(read_votes(folder / "simple.csv"))
    wins, ties = counts.matrices()
    found = fit(wins + ties / 2, names=counts.names)
    assert sorted(wanted, key=lambda name: wanted[name]) == [found.names[k] for k in found.scores.argsort()]


def test_a_list_of_winners_needs_nothing_else(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path, "winner,loser\na,b\na,b\nb,a\n"))
    wins, _ = count_votes(votes).matrices()
    assert wins.tolist() == [[0, 2], [1, 0]]
    assert set(votes["observer"]) == {UNNAMED_OBSERVER}
    assert not votes["side_known"].any()
    assert set(votes["vote"]) == {"left", "right"}


def test_a_list_of_winners_may_tell_observers_contents_and_ties(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path, "winner,loser,observer,content,tie\na,b,o,c,0\na,b,p,d,true\na,b,p,e,\n"))
    assert votes["vote"].tolist() == ["left", "tie", "left"]
    assert votes["observer"].tolist() == ["o", "p", "p"]
    assert votes["content"].tolist() == ["c", "d", "e"]


def test_a_winner_may_be_told_by_name(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path, "left,right,winner\na,b,a\na,b,b\nb,a,tie\nb,a,a\n"))
    assert votes["vote"].tolist() == ["left", "right", "tie", "right"]


def test_blanks_around_a_name_are_none_of_it(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path, "left,right,winner,observer,content\na ,b,a,o ,c\n b,a, b,o,\tc\n"))
    for name, cells in {
        "left": "ab",
        "right": "ba",
        "vote": ("left", "left"),
        "observer": "oo",
        "content": "cc",
    }.items():
        assert votes[name].tolist() == list(cells)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "left,right,winner\na,b,a\na,b,c\n",
            "line 3, column winner: 'c' must be one of left, right, tie .or, in every",
        ),
        ("left,right,winner\na,b,left\na,b,b\n", "line 3, column winner: 'b' must be one of left, right, tie"),
        ("left,right,winner\na,left,a\n", "line 2, column winner: 'a' must be one of left, right, tie"),
        ("left,right,winner\na,tie,a\n", "line 2, column winner: 'a' must be one of left, right, tie"),
        ("winner,loser,observer\na,b,o\na,b,\n", "line 3, column observer: '' is empty"),
        ("winner,loser,worker\na,b, \n", "line 2, column worker: '' is empty"),
        ("left,right,winner,prompt\na,b,tie,\n", "line 2, column prompt: '' is empty"),
        (
            "winer,loser\na,b\n",
            "Nearest is winner-list, which also needs winner. Was 'winer' meant as 'winner'?",
        ),
        ("winner,loser,obsrver\na,b,o\n", "line 1: unknown column 'obsrver'; rename it 'observer'"),
        ("winner,loser\na,b\na,a\n", "line 3, column loser: 'a' compares a condition with itself"),
        ("winner,loser,tie\na,b,perhaps\n", "line 2, column tie: 'perhaps' must be one of true, 1, yes"),
        ("left,right,winner\na,b,left\na,b,both\n", "line 3, column winner: 'both' must be one of left, right, tie"),
        ("winner,loser\na,b\na\n", "line 3: 1 cells where the header has 2"),
        ("winner,loser\na,b\na,b,c\n", "line 3: 3 cells where the header has 2"),
        ('winner,loser\n"a\nz",b\n"",b\n', "line 4, column winner: '' is empty"),
        ('winner,loser\na,b\n"a,b\n', "look for a quote that is never closed"),
        ("winner,loser,loser\na,b,c\n", "line 1: the header names column 'loser' twice"),
        ("winner,loser\na,b\0\n", "line 2: holds a NUL byte"),
        ("winner,loser,observer,trial\na,b,o,1\na,b,p,1\nb,a,o,1\n", "line 4: contradicts line 2.*observer o, trial 1"),
        ("winner,loser,observer,trial,tie\na,b,o,1,1\na,b,o,1,1\n", "line 3: repeats line 2"),
        ("worker,id,left,right,winner\no,1,a,b,left\no,1,a,b,left\n", "line 3: repeats line 2"),
        ("worker,id,left,right,winner\no,1,a,b,left\no,1,a,b,tie\n", "line 3: contradicts line 2"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(VotesError, match=said):
        read_votes(written(tmp_path, text))


def test_a_trial_without_its_number_is_no_contradiction(tmp_path: Path) -> None:
    assert len(read_votes(written(tmp_path, "winner,loser,observer,trial\na,b,o,\nb,a,o,\n"))) == 2


def test_one_broken_line_among_many_is_found(tmp_path: Path) -> None:
    lines = [f"o{k % 40},c{k % 12},a{k % 5},b{k % 7},left" for k in range(50_000)]
    broken = lines.copy()
    broken[43_210] = "o1,c1,a1,b1,lef"
    text = "observer,content,left,right,winner\n{}\n"
    with pytest.raises(VotesError, match="line 43212, column winner: 'lef'"):
        read_votes(written(tmp_path, text.format("\n".join(broken))))
    broken[43_210] = "o1,c1,a1"
    with pytest.raises(VotesError, match="line 43212: 3 cells"):
        read_votes(written(tmp_path, text.format("\n".join(broken))))
    broken[43_210] = "o1,c1,a1,b1,left"
    assert len(read_votes(written(tmp_path, text.format("\n".join(broken))))) == 50_000


def test_a_row_s_line_counts_the_lines_inside_its_cells(tmp_path: Path) -> None:
    file = written(tmp_path, 'winner,loser\n"a\n\nz",b\nc,d\n')
    assert [line_of(file, row) for row in range(2)] == [2, 5]


def test_no_layout_shadows_another() -> None:
    for name, layout in LAYOUTS.items():
        fits = [other for other, known in LAYOUTS.items() if set(known.columns) <= set(layout.columns)]
        assert fits[0] == name
