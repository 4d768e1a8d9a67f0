"""Reports of little, of much and of nothing: no empty column, no claim without a reason, one trial is a trial."""

import itertools
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.reporting.document import Document, Words, document
from analysis.reporting.figures.bars import PairVotes, preference_bars
from analysis.reporting.figures.scatter import ScatterPanel, ScatterPoint, metric_scatter
from analysis.reporting.figures.sheet import settle
from analysis.reporting.methods import methods
from analysis.reporting.sections.order import SECTIONS
from analysis.reporting.whole import whole_report
from tests.analysis.reporting.made import metrics, votes

NAMES = ("auto", "dped", "original")
LONG = tuple(f"retuned-tone-curve-with-local-contrast-and-{k:02}" for k in range(12))


def seen(rows: pd.DataFrame, names: Sequence[str] = NAMES) -> tuple[Document, dict[str, Any]]:
    found = whole_report(rows, metrics=metrics(tuple(names)), conditions=names, replicates=100)
    return document(found, SECTIONS, title="x"), found


def words(made: Document, section: str) -> str:
    blocks = next((blocks for name, _, blocks in made.sections if name == section), ())
    return " ".join(block.text if isinstance(block, Words) else block.caption for block in blocks)


@cache
def of_one_observer() -> tuple[Document, dict[str, Any]]:
    return seen(votes(NAMES, observers=1, each=60))


def test_nobody_came_yet() -> None:
    made, found = seen(votes(NAMES).head(0))
    names = [name for name, *_ in made.sections]
    assert names == ["counted", "metrics", "methods", "references"]
    said = dict(methods(found))
    assert said["Exclusions."] == "Nothing was shown to anybody yet."
    assert "Ford 1957" not in said["Model."]


def test_one_observer_has_no_intervals_no_claims_and_the_reason() -> None:
    made, found = of_one_observer()
    for name in ("scores", "differences"):
        table = next(table for table in made.tables if table.name == name)
        assert not [column for column in table.columns if column.form == "interval"]
        assert "Each interval" not in table.caption
    assert "No intervals: 1 observer: how observers differ" in words(made, "scores")
    assert "no claim that one condition is preferred to another can rest on them" in words(made, "differences")
    assert words(made, "observers").startswith("One observer only")
    assert "observers" not in [plot.name for plot in made.plots]
    assert not {"Differences.", "Screening."} & set(dict(methods(found)))


def test_each_test_without_a_robust_p_says_why() -> None:
    made, found = of_one_observer()
    said = words(made, "tests")
    for row in found["scale"]["tests"]:
        assert row["robust"] is None
        assert row["no_robust"]
    assert (
        "Does the side matter? No p with observers as the sample: 1 observer: a robust standard error takes 6." in said
    )


def test_two_conditions_have_one_difference_and_no_matrix_of_it() -> None:
    made, _ = seen(votes(NAMES[:2], observers=6), NAMES[:2])
    assert "differences" in [table.name for table in made.tables]
    assert "differences" not in [plot.name for plot in made.plots]


def test_all_ties_are_called_ties() -> None:
    made, found = seen(votes(NAMES, observers=6).assign(vote="tie"))
    assert "every vote is a tie" in found["scale"]["withheld"]
    assert words(made, "camps") == "Nothing is said of camps: 0 observers with decided votes, and 10 are needed."
    assert "agreement" not in [table.name for table in made.tables]
    assert "Nothing is held against a metric" in words(made, "against-people")


def test_a_condition_that_was_never_compared_is_named_and_nothing_is_said_of_pooled_scores() -> None:
    made, found = seen(votes(NAMES, observers=6), (*NAMES, "forgotten"))
    assert "forgotten" in found["scale"]["withheld"]
    assert "ticks:" not in next(plot.caption for plot in made.plots if plot.name == "photos")


def test_one_of_everything_is_said_in_the_singular() -> None:
    rows = votes(NAMES, observers=3, each=8).assign(kind="main")
    left_out = rows.head(4).assign(kind=["practice", "gold", "repeat", "same"])
    made, found = seen(pd.concat([rows, left_out], ignore_index=True))
    found |= {"devices": [{"kind": "", "width_px": 1, "height_px": 1, "pixel_ratio": 1.0, "sittings": 1}]}
    made = document(found, SECTIONS, title="x")
    said = dict(methods(found))["Exclusions."]
    assert "1 practice trial, 1 gold trial, whose answer is known beforehand, 1 repeated trial, which measures" in said
    body = str(made.as_json())
    nouns = "votes|trials|observers|contents|sittings|pairs|answers|photos"
    plural = rf"(?<![\d.,:/-])\b1 (?:[a-z]+ )?(?:{nouns})\b"
    assert not re.findall(plural, body)
    assert not re.search(r"\(s\)", body)


def test_reasons_that_contents_share_are_said_once() -> None:
    made, _ = of_one_observer()
    said = words(made, "against-people")
    assert said.count("No finite scores exist") <= 2


def test_names_of_pairs_do_not_touch_however_long() -> None:
    rng = np.random.default_rng(1)
    names = [f"{name} of the second series, in daylight" for name in LONG]
    pairs = [PairVotes(names[k % 12], names[(k + 1) % 12], *map(int, rng.integers(1, 9, 3))) for k in range(24)]
    figure = preference_bars(pairs)
    settle(figure)
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    boxes = sorted(boxes, key=lambda box: -box.y0)
    assert all(above.y0 >= below.y1 for above, below in itertools.pairwise(boxes))


@pytest.mark.parametrize("names", [LONG, NAMES])
def test_a_legend_of_long_names_stays_on_the_sheet(names: tuple[str, ...]) -> None:
    points = tuple(ScatterPoint(name, float(k), float(k)) for k, name in enumerate(names))
    figure = metric_scatter([ScatterPanel("PSNR, dB", points)])
    settle(figure)
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_scores_of_many_conditions_on_few_photos_stand_across() -> None:
    made, _ = seen(votes(LONG[:9], observers=8, each=80), LONG[:9])
    table = next(table for table in made.tables if table.name == "photos")
    assert [column.title for column in table.columns] == ["Condition", "0", "1", "2", "3", "4"]
    assert len(table.rows) == 9
