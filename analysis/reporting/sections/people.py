"""Who looked and how, what was shown how often, and on what."""

from collections.abc import Iterator
from functools import partial

from analysis.quality.study import ONE_OBSERVER
from analysis.reporting.document import Block, Column, Plot, Table, Told, Words
from analysis.reporting.figures.people import (
    Device,
    ObserverPoint,
    SideCounts,
    device_panels,
    exposure_balance,
    observer_panels,
)
from analysis.reporting.sections.said import for_these, limits, sample, simulated
from analysis.wording import counted


def observers(told: Told) -> Iterator[Block]:
    """Screening, blind to what was found: who is flagged by which rule, and the scores with and without them."""
    screening = told.get("screening")
    if not screening or not screening["observers"]:
        return
    if len(screening["observers"]) == 1:
        yield Words(ONE_OBSERVER)
        return
    short = {rule["rule"]: rule["short"] for rule in screening["rules"]}
    points = [
        ObserverPoint(
            one["likelihood"],
            one["left_share"],
            None if one["median_response_ms"] is None else one["median_response_ms"] / 1000.0,
            tuple(short[flag] for flag in one["flags"]),
        )
        for one in screening["observers"]
    ]
    yield Plot(
        "observers",
        f"{counted(len(points), 'observer')}: how likely their answers are under the others’ scores (geometric mean "
        "per vote), their share of left answers (dashed: one half), their median response times, and how many each "
        "rule of screening flags; no model, no intervals.",
        "How observers answered; the rules are in the table below",
        partial(observer_panels, points, list(short.values()), agreement="likelihood of answers", **simulated(told)),
    )
    yield Table(
        "screening",
        f"Rules of screening, none of which knows a condition, and how many of {counted(len(points), 'observer')} each "
        "flags. Nobody is left out of the scores for a flag.",
        (Column("An observer is flagged who", "rule"), Column("Observers", "observers", "count")),
        tuple((rule["meaning"], screening["by_rule"][rule["rule"]]) for rule in screening["rules"]),
    )
    yield from _with_and_without(told)


def _with_and_without(told: Told) -> Iterator[Block]:
    screening = told["screening"]
    without = screening["without_flagged"]
    if without is None:
        yield Words("Nobody is flagged: the scores without the flagged are the same.", "note")
        return
    if not without["scores"]:
        said = f"Without the {counted(screening['flagged'], 'flagged observer')} there are no scores."
        yield Words(f"{said} {without['withheld']}", "note")
        return
    others = {row["condition"]: row for row in without["scores"]}
    rows = [
        (
            row["condition"],
            row["score"],
            limits(row),
            others[row["condition"]]["score"],
            limits(others[row["condition"]]),
        )
        for row in told["scale"]["scores"]
        if row["condition"] in others
    ]
    flagged = counted(screening["flagged"], "flagged observer")
    yield Table(
        "screened",
        f"Scores of everybody, and without the {flagged}: {counted(without['votes'], 'vote')} by "
        f"{counted(without['observers'], 'observer')}. Natural log-odds, mean zero; "
        f"{for_these(told['scale'], without)}.",
        (
            Column("Condition", "condition"), Column("score", "score", "signed", "Everybody"),
            Column("interval", "interval", "interval", "Everybody"),
            Column("score", "score_without", "signed", "Without the flagged"),
            Column("interval", "interval_without", "interval", "Without the flagged"),
        ),
        tuple(rows),
    )  # fmt: skip


def shown(told: Told) -> Iterator[Block]:
    """How evenly conditions and pairs were shown, and on what devices."""
    if told.get("sides"):
        sides = [SideCounts(row["condition"], row["left"], row["right"]) for row in told["sides"]]
        counts = {(row["one"], row["other"]): row["votes"] + row["not_sure"] for row in told["pairs"]}
        yield Plot(
            "balance",
            "How often each condition stood on each side of the screen, and how often each pair was answered: answered "
            f"trials that count, “not sure” among them. {sample(told)}; plain counts, no model, no intervals.",
            "Answered trials of each condition by side, and of each pair",
            partial(exposure_balance, sides, counts, **simulated(told)),
        )
    if told.get("devices"):
        devices = [
            Device(one["kind"], one["width_px"], one["height_px"], one["pixel_ratio"])
            for one in told["devices"]
            for _ in range(one["sittings"])
        ]
        yield Plot(
            "devices",
            f"What was looked at on in {counted(len(devices), 'sitting')}, as the browser told with the first pair: a "
            "coarse kind by the size of the viewport, device pixels per CSS pixel, and the viewport. Plain counts.",
            "Devices by kind, pixel ratio and size",
            partial(device_panels, devices, **simulated(told)),
        )
