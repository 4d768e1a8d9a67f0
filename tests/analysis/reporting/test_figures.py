"""Figures for print: every number in them, nothing outside or over each other, the same bytes again, read in grey."""

import io
import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from analysis.reporting.figures.bars import PAIRS_SHOWN, PairVotes, camera_bars, preference_bars
from analysis.reporting.figures.forest import ForestRow, score_forest
from analysis.reporting.figures.matrix import PairDifference, content_heat_map, difference_matrix
from analysis.reporting.figures.multiples import SmallScale, camp_scores, content_scales
from analysis.reporting.figures.people import (
    Device,
    ObserverPoint,
    SideCounts,
    device_panels,
    exposure_balance,
    observer_panels,
)
from analysis.reporting.figures.scatter import ScatterPanel, ScatterPoint, metric_scatter
from analysis.reporting.figures.sheet import HEIGHT_MOST_IN, MARKS, WIDTH_IN, as_png, as_svg, mark
from analysis.reporting.stamp import SIMULATED_STAMP

NAMES = ["original", "dped", "A method with a name that goes on and on", "$5^2$ {a_b}"]
RULES = ["one side", "hasty"]
CAMPS = ["camp 1, 70 % of the observers", "camp 2, 30 % of the observers"]


def draw_all(names: list[str], *, simulated: bool = False) -> dict[str, Figure]:
    """Every figure there is, of made numbers."""
    chance = random.Random(1)
    of_two = list(itertools.combinations(names, 2))
    pairs = [PairVotes(a, b, chance.randint(10, 60), chance.randint(0, 9), chance.randint(3, 40)) for a, b in of_two]
    rows = [
        ForestRow(name, -0.3 * k, -0.3 * k - 0.2, 0.2 - 0.3 * k, -0.3 * k - 0.5, 0.4 - 0.3 * k)
        for k, name in enumerate(names)
    ]
    apart = [PairDifference(a, b, 0.3, 0.04) for a, b in of_two]
    shares = {(f"photo {c}", name): chance.random() for c in range(6) for name in names}
    points = tuple(ScatterPoint(name, chance.random(), chance.gauss(0, 1), -1, 1) for name in names)
    people = [
        ObserverPoint(chance.random(), chance.random(), 2.0 + chance.random(), ("hasty",) * (k == 3)) for k in range(20)
    ]
    sides = [SideCounts(name, chance.randint(90, 110), chance.randint(90, 110)) for name in names]
    small = [SmallScale(f"photo {c}", {name: (chance.gauss(0, 1), 0.4) for name in names}) for c in range(6)]
    devices = [Device("phone-sized", 390, 844, 3.0), Device("desktop-sized", 1440, 900, 2.0)]
    return {
        "preferences": preference_bars(pairs, simulated=simulated),
        "cameras": camera_bars({"iphone": pairs, "sony": pairs}, simulated=simulated),
        "scores": score_forest(rows, simulated=simulated),
        "differences": difference_matrix(names, apart, simulated=simulated),
        "contents": content_heat_map([f"photo {c}" for c in range(6)], names, shares, simulated=simulated),
        "metrics": metric_scatter(
            [ScatterPanel("PSNR, dB", points), ScatterPanel("SSIM", points)], simulated=simulated
        ),
        "observers": observer_panels(people, RULES, simulated=simulated),
        "balance": exposure_balance(sides, dict.fromkeys(of_two, 40), simulated=simulated),
        "devices": device_panels(devices, simulated=simulated),
        "photos": content_scales(small, dict.fromkeys(names, 0.1), simulated=simulated),
        "camps": camp_scores(
            names, [dict.fromkeys(names, 0.2), dict.fromkeys(names, -0.3)], CAMPS, simulated=simulated
        ),
    }


EMPTY: dict[str, Callable[[], Figure]] = {
    "preferences": lambda: preference_bars([]),
    "cameras": lambda: camera_bars({}),
    "scores": lambda: score_forest([]),
    "differences": lambda: difference_matrix([], []),
    "contents": lambda: content_heat_map([], [], {}),
    "metrics": lambda: metric_scatter([ScatterPanel("PSNR, dB", ())]),
    "observers": lambda: observer_panels([], RULES),
    "balance": lambda: exposure_balance([], {}),
    "devices": lambda: device_panels([]),
    "photos": lambda: content_scales([], {}),
    "camps": lambda: camp_scores([], [], []),
}


def said(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_bars_hold_every_vote_count_between_first_and_second() -> None:
    pairs = [PairVotes("a", "b", 30, 10, 20), PairVotes("a", "c", 40, 0, 2)]
    figure = preference_bars(pairs)
    assert said(figure.axes[0]) == ["30  (50 %)", "10  (17 %)", "20  (33 %)", "40  (95 %)", "2"]
    firsts, seconds = ([label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes)
    assert (firsts, seconds) == (["first", "a", "a"], ["second", "b", "c"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "for the first of the row",
        "tie",
        "for the second of the row",
    ]


def test_cameras_are_panels_of_the_same_pairs() -> None:
    figure = camera_bars({"iphone": [PairVotes("a", "b", 3, 0, 1)], "sony": [PairVotes("a", "b", 0, 0, 0)]})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title for title in titles if title] == ["iphone (4 votes)", "sony (0 votes)"]


def test_the_forest_draws_both_intervals_and_says_them() -> None:
    figure = score_forest([ForestRow("a", 0.5, 0.3, 0.8, 0.1, 1.2), ForestRow("b", -0.5, -0.8, -0.3)])
    rows, numbers = figure.axes
    drawn = [
        tuple(np.round(np.asarray(line.get_xdata(), dtype=float), 2)) for line in rows.lines if line.get_linewidth() > 3
    ]
    assert drawn[:2] == [(0.3, 0.8), (-0.8, -0.3)]
    thin = [tuple(line.get_xdata()) for line in rows.lines if line.get_linewidth() == 0.9]
    assert thin[0] == (0.1, 1.2)
    assert [label.get_text() for label in numbers.get_yticklabels()] == [
        "+0.50  [+0.30, +0.80]  [+0.10, +1.20]", "−0.50  [−0.80, −0.30]",
    ]  # fmt: skip
    assert len(figure.legends) == 1
    assert score_forest([ForestRow("b", -0.5, -0.8, -0.3)]).legends == []


def test_the_matrix_holds_differences_above_and_p_below() -> None:
    figure = difference_matrix(["a", "b"], [PairDifference("a", "b", 0.75, 0.0004)])
    assert [(text.get_position(), text.get_text()) for text in figure.axes[0].texts] == [
        ((1, 0), "0.75"),
        ((0, 1), "< .001"),
    ]


def test_the_heat_map_holds_shares_and_leaves_empty_what_was_not_voted_on() -> None:
    figure = content_heat_map(["c"], ["a", "b"], {("c", "a"): 0.254})
    assert said(figure.axes[0]) == ["25"]


def test_balance_counts_sides_and_pairs() -> None:
    figure = exposure_balance([SideCounts("a", 7, 5), SideCounts("b", 5, 7)], {("b", "a"): 12})
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == [7, 5, 5, 7]
    assert said(figure.axes[1]) == ["12"]


def test_observers_are_counted_once_in_each_panel() -> None:
    people = [ObserverPoint(0.8, 0.5, 2.0), ObserverPoint(0.4, 0.9, 0.5, ("one side",)), ObserverPoint(None, 0.5, None)]
    panels = observer_panels(people, RULES).axes
    assert [sum(bar.get_height() for bar in axes.patches) for axes in panels[:3]] == [2, 3, 2]
    assert said(panels[3]) == [" 1", " 0"]


def test_devices_are_counted() -> None:
    one, two = Device("phone-sized", 390, 844, 3.0), Device("", None, None, None)
    kinds, ratios, _ = device_panels([one, one, two]).axes
    assert said(kinds) == ["2", "1"]
    assert said(ratios) == ["2"]


@pytest.mark.parametrize("kind", list(EMPTY))
def test_with_nothing_to_show_it_says_so(kind: str) -> None:
    figure = EMPTY[kind]()
    assert as_png(figure, 50).startswith(b"\x89PNG")
    assert figure.texts


def test_the_same_numbers_are_the_same_bytes_and_simulated_ones_are_stamped() -> None:
    again, stamped = draw_all(NAMES), draw_all(NAMES, simulated=True)
    for name, figure in draw_all(NAMES).items():
        svg = as_svg(figure)
        assert svg == as_svg(again[name]), name
        assert b"<dc:date>" not in svg
        assert SIMULATED_STAMP in [text.get_text() for text in stamped[name].texts], name
        assert SIMULATED_STAMP not in [text.get_text() for text in figure.texts], name


@pytest.mark.parametrize(
    "names", [NAMES, ["x" * 90, "b"], [f"method {k}" for k in range(16)]], ids=["odd", "long", "many"]
)
def test_each_fits_a_page_and_nothing_runs_over_its_edge(names: list[str]) -> None:
    for name, figure in draw_all(names).items():
        width, height = Image.open(io.BytesIO(as_png(figure, 40))).size
        assert (round(width / 40, 1), height / 40 <= HEIGHT_MOST_IN) == (WIDTH_IN, True), name
        box = figure.get_tightbbox()
        assert box.x0 >= -0.03, name
        assert box.x1 <= WIDTH_IN + 0.03, name
        assert box.y0 >= -0.03, name


@pytest.mark.parametrize("names", [NAMES, [f"method {k}" for k in range(16)]], ids=["odd", "many"])
def test_no_two_labels_of_an_axis_overlap(names: list[str]) -> None:
    for name, figure in draw_all(names).items():
        as_png(figure, 72)
        for axes in figure.axes:
            for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
                upright = [label for label in labels if label.get_rotation() in (0.0, 90.0) and label.get_text()]
                boxes = [label.get_window_extent() for label in upright if label.get_visible()]
                clash = [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]
                assert not clash, (name, [label.get_text() for label in upright])


def test_too_many_pairs_are_cut_at_a_page() -> None:
    pairs = [PairVotes(f"a{k}", "b", 3, 0, 1) for k in range(PAIRS_SHOWN + 5)]
    assert len(preference_bars(pairs).axes[0].get_yticklabels()) == PAIRS_SHOWN + 1


def test_marks_differ_in_shape_and_hatching_and_not_in_colour_alone() -> None:
    assert len({one.shape for one in MARKS}) == len({one.hatch for one in MARKS}) == len(MARKS)
    assert len({(mark(k).colour, mark(k).shape) for k in range(56)}) == 56


def test_the_bars_of_a_pair_differ_in_grey() -> None:
    def grey(colour: str) -> float:
        return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))

    first, tie, second = (
        bar.get_facecolor() for bar in preference_bars([PairVotes("a", "b", 5, 5, 5)]).axes[0].patches[:3]
    )
    greys = sorted(float(np.dot(colour[:3], (0.2126, 0.7152, 0.0722))) for colour in (first, tie, second))
    assert min(np.diff(greys)) > 0.12
    assert grey("white") == pytest.approx(1.0)
