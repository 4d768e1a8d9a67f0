"""The lines of docs/analysis.md, run on a small made study: what the page shows is what comes out."""

import doctest
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import COMMANDS
from analysis.scale import scale_votes
from tests.analysis.inference.test_robust import drawn

PAGE = Path(__file__).resolve().parents[2] / "docs/analysis.md"
EXAMPLE = PAGE.parent / "example"
TRUTH = {"original": -0.8, "auto": 0.1, "dped": 0.7}


def made_study(folder: Path) -> None:
    """``votes.csv``: 12 observers, 6 photos, 3 conditions, every sixth vote a tie; ``metrics.csv`` beside it."""
    rng, names = np.random.default_rng(7), np.array(list(TRUTH))
    left, content = rng.integers(0, 3, 720), rng.integers(0, 6, 720)
    right = (left + rng.integers(1, 3, 720)) % 3
    scores = np.array(list(TRUTH.values())) + rng.normal(0.0, 0.2, (6, 3))
    chance = 1 / (1 + np.exp(scores[content, right] - scores[content, left]))
    winner = np.where(rng.random(720) < 1 / 6, "tie", np.where(rng.random(720) < chance, "left", "right"))
    columns = {"observer": np.repeat([f"o{k:02}" for k in range(12)], 60), "content": [f"photo{c}" for c in content]}
    votes = pd.DataFrame({**columns, "left": names[left], "right": names[right], "winner": winner})
    votes.to_csv(folder / "votes.csv", index=False)
    cells = [(f"photo{c}", name, round(20 + 3 * scores[c, k], 3)) for c in range(6) for k, name in enumerate(names)]
    pd.DataFrame(cells, columns=["content", "condition", "sharpness"]).to_csv(folder / "metrics.csv", index=False)


@pytest.mark.parametrize("name", ["votes.csv", "metrics.csv"])
def test_the_study_that_the_page_links_is_the_made_one(name: str, tmp_path: Path) -> None:
    made_study(tmp_path)
    assert (EXAMPLE / name).read_text() == (tmp_path / name).read_text()
    assert f"](example/{name})" in PAGE.read_text(encoding="utf-8")


def test_the_lines_of_the_page_give_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLE)
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 7
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    complaints: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert runner.run(test, out=complaints.append).failed == 0, "".join(complaints)


def test_the_page_names_every_command_and_key() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"python -m analysis {name}" in text
    told = scale_votes(drawn(12), replicates=100, seed=1, naive=True).as_json()
    keys = {*told, *told["model"], *told["scores"][0], *told["differences"][0], *told["tests"][0]}
    missing = {key for key in (key.removesuffix("_contents") for key in keys) if f"`{key}`" not in text}
    assert not missing
