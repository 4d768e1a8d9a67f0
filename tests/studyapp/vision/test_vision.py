"""Plates and rings: what they show is what they say, and the colours are those that the tested eye confuses."""

import re

import numpy as np
import pytest

from studyapp.vision import plates, rings

RGB_OF_LMS = np.linalg.inv(plates.LMS_OF_RGB)


@pytest.mark.parametrize(("kind", "missing"), [("protan", 0), ("deutan", 1)])
def test_who_lacks_the_cone_sees_one_colour(kind: str, missing: int) -> None:
    figure, ground = (plates.LMS_OF_RGB @ colour for colour in plates.colours(kind, strength=1.0))
    others = [cone for cone in range(3) if cone != missing]
    assert figure[others] == pytest.approx(ground[others])
    assert abs(figure[missing] / ground[missing] - 1) > 0.1, "and who has it sees two"


@pytest.mark.parametrize("kind", sorted(set(plates.KINDS)))
@pytest.mark.parametrize("strength", plates.STRENGTHS)
def test_every_colour_can_be_shown(kind: str, strength: float) -> None:
    for colour in plates.colours(kind, strength):
        assert colour.min() >= 0
        assert colour.max() * (1 + plates.JITTER) <= 1


@pytest.mark.parametrize("part", range(1, len(plates.KINDS) + 1))
def test_dots_do_not_touch_and_fill_the_figure(part: int) -> None:
    dots = plates.plate(7, part)
    places = np.array([(dot.x, dot.y, dot.radius) for dot in dots])
    apart = np.hypot(*(places[:, None, axis] - places[None, :, axis] for axis in (0, 1)))
    apart -= places[:, None, 2] + places[None, :, 2]
    assert apart[~np.eye(len(dots), dtype=bool)].min() > 0.3
    assert len(dots) > 200
    assert 0.1 < np.mean([dot.is_figure for dot in dots]) < 0.5


def test_lightness_does_not_betray_the_digit() -> None:
    """On the plate that tests for it, a deuteranope's remaining cones see figure and ground spread alike."""
    seen: dict[bool, list[float]] = {True: [], False: []}
    for dot in plates.plate(7, part=2):
        linear = [((int(dot.colour[n : n + 2], 16) / 255 + 0.055) / 1.055) ** 2.4 for n in (1, 3, 5)]
        seen[dot.is_figure].append(float((plates.LMS_OF_RGB @ linear)[0]))
    figure, ground = np.array(seen[True]), np.array(seen[False])
    assert abs(figure.mean() - ground.mean()) < 0.3 * ground.std()


def test_a_seed_draws_the_same_again_and_another_something_else() -> None:
    assert plates.svg(1, 1) == plates.svg(1, 1) != plates.svg(2, 1)
    assert rings.ways(1) == rings.ways(1)
    assert len({rings.ways(seed) for seed in range(30)}) > 20


@pytest.mark.parametrize(
    ("seen", "passed"),
    [("23456", True), ("2n456", True), ("2nn56", False), ("n3456", False), ("nnnnn", False)],
)
def test_the_control_and_all_but_one(seen: str, passed: bool) -> None:
    assert plates.passed(list(seen), "23456") is passed


@pytest.mark.parametrize(("good", "finest", "passed"), [(8, 1, True), (6, 2, True), (5, 3, False), (1, None, False)])
def test_rings_down_to_two_pixels(good: int, finest: int | None, passed: bool) -> None:
    shown = rings.ways(3)
    seen = [*shown[:good], *["none"] * (8 - good)]
    assert rings.finest_px(seen, shown) == finest
    assert rings.passed(seen, shown) is passed


@pytest.mark.parametrize("gap", [1, 2, 3, 6])
@pytest.mark.parametrize("way", rings.WAYS)
def test_a_ring_is_as_the_standard_has_it(gap: int, way: str) -> None:
    """Outer diameter five gaps, stroke one gap; all edges on whole pixels."""
    drawn = rings.svg(gap, way, side_px=rings.ACROSS * gap)
    radius, stroke, middle = (
        float(re.findall(rf'<circle.* {name}="([\d.]+)"', drawn)[0]) for name in ("r", "stroke-width", "cx")
    )
    assert (2 * radius + stroke, stroke) == (5 * gap, gap)
    edges = [middle + sign * (radius + half * stroke / 2) for sign in (-1, 1) for half in (-1, 1)]
    assert all(edge == int(edge) for edge in edges)
    top, height = (float(found) for found in re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn)[0])
    assert (top, height, top + height / 2) == (3 * gap, gap, middle)
    assert f"rotate({rings.TURNS[way]} " in drawn
