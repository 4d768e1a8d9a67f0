"""Photos and metrics: who won on which photo, and what the metrics say beside people."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from analysis.reporting.document import Block, Column, Plot, Table, Told, Words
from analysis.reporting.figures.matrix import CONTENTS_SHOWN, content_heat_map
from analysis.reporting.figures.scatter import ScatterPanel, ScatterPoint, metric_scatter
from analysis.reporting.forms import Cell
from analysis.reporting.sections.said import fitted, limits, natural, sample, simulated
from analysis.wording import counted, ended, listed

METRICS = (
    ("psnr_db", "PSNR, dB", "two", "against the reference"),
    ("ssim", "SSIM", "four", "against the reference"),
    ("ms_ssim", "MS-SSIM", "four", "against the reference"),
    ("colour_deviation", "Colour, ΔE00", "two", "against the input"),
    ("noise_amplification", "Noise, dB", "gain", "against the input"),
)
"""Each metric: key, name with unit, form, what it is measured against."""
INFINITE = {"psnr_db": "∞", "noise_amplification": "−∞"}


def contents(told: Told) -> Iterator[Block]:
    """Share of votes won on each photo."""
    rows = told.get("content_shares") or ()
    if not rows:
        return
    conditions = _order(told)
    shares = {(row["content"], row["condition"]): row["share"] for row in rows}
    ordered, left_out = _most_split(rows)
    cut = f" Drawn are the {CONTENTS_SHOWN} where conditions are farthest apart; {counted(left_out, 'is', 'are')} not."
    yield Plot(
        "contents",
        "Share of its votes that each condition won on each content, a tie half a vote for each; hatched: no votes. "
        f"{sample(told)}; plain shares, no model, no intervals; few votes a cell.{cut if left_out else ''}",
        "Share of votes that each condition won on each content",
        partial(content_heat_map, ordered, conditions, shares, **simulated(told)),
    )


def _order(told: Told) -> list[str]:
    ranked = [row["condition"] for row in told["scale"]["scores"]]
    return ranked or list(told["conditions"])


def _most_split(rows: Sequence[Told]) -> tuple[list[str], int]:
    """Contents by name; of too many those whose shares are farthest apart."""
    spread: dict[str, list[float]] = {}
    for row in rows:
        spread.setdefault(row["content"], []).append(row["share"])
    apart = sorted(spread, key=lambda name: (min(spread[name]) - max(spread[name]), name))
    return sorted(apart[:CONTENTS_SHOWN], key=natural), max(0, len(apart) - CONTENTS_SHOWN)


def metrics(told: Told) -> Iterator[Block]:
    """Metrics beside scores: DPED's table with the column it never had, all means, and one against the other."""
    if not told["metrics"]:
        return
    yield _paper_table(told)
    yield _mean_table(told)
    yield Words(
        "PSNR, SSIM and MS-SSIM are means over contents, against the reference photo on the part where both overlap. "
        "Colour (mean CIEDE2000 after a blur) and noise (in flat places) are against the input that a picture was made "
        "from: how far it has gone from it, not whether for the better.", "note",
    )  # fmt: skip
    for said in missing_metrics(told["metrics"]):
        yield Words(said, "note")
    panels = _panels(told)
    if any(panel.points for panel in panels):
        yield Plot(
            "metrics",
            "Scores over the mean of each metric, a point per condition; few points, so agreement is to be seen, not "
            f"tested. {sample(told)}; {fitted(told['scale'], both=False)}.",
            "Scores against metrics; the numbers are in the tables above",
            partial(metric_scatter, panels, **simulated(told)),
        )


def _ordered(rows: Sequence[Told], order: Sequence[str]) -> list[Told]:
    """The compared conditions in the order of their scores, then those of gold pairs."""
    by_name = {row["condition"]: row for row in rows}
    return [by_name[name] for name in [*order, *(name for name in by_name if name not in order)] if name in by_name]


def _mean(metric: Mapping[str, Any], name: str) -> Cell:
    if metric["mean"] is None and metric["infinite"]:
        return INFINITE.get(name, "∞")
    return metric["mean"]


def _paper_table(told: Told) -> Table:
    """PSNR, SSIM and score per camera, as DPED's Table 1 with a column more; all cameras at once where there is one."""
    by_camera = {part["camera"]: part["scale"]["scores"] for part in told["cameras"]}
    parts = [
        (part["camera"], part["metrics"], by_camera.get(part["camera"], ()))
        for part in told.get("camera_metrics") or ()
    ] or [("", told["metrics"], told["scale"]["scores"])]
    columns = [Column("Condition", "condition")]
    for place, (camera, _, _) in enumerate(parts, start=1):
        end = f"_{place}" if len(parts) > 1 else ""
        columns += [
            Column("PSNR, dB", f"psnr_db{end}", "two", camera), Column("SSIM", f"ssim{end}", "four", camera),
            Column("Score", f"score{end}", "signed", camera),
        ]  # fmt: skip
    rows = [
        (row["condition"], *_paper_cells(row["condition"], parts)) for row in _ordered(told["metrics"], _order(told))
    ]
    return Table(
        "paper",
        "PSNR and SSIM, means over contents with a value, as in Table 1 of Ignatov et al. 2017, and beside them the "
        f"score that people gave: natural log-odds, mean zero within {'each camera' if len(parts) > 1 else 'all'}. "
        f"{sample(told)}; {fitted(told['scale'])}.",
        tuple(columns),
        tuple(rows),
    )


def _paper_cells(name: str, parts: Sequence[tuple[str, Sequence[Told], Sequence[Told]]]) -> Iterator[Cell]:
    for _, means, scores in parts:
        mean = next((row for row in means if row["condition"] == name), None)
        yield None if mean is None else _mean(mean["psnr_db"], "psnr_db")
        yield None if mean is None else _mean(mean["ssim"], "ssim")
        yield next((row["score"] for row in scores if row["condition"] == name), None)


def _mean_table(told: Told) -> Table:
    gold = {name for name, of in told.get("study", {}).get("conditions", {}).items() if of["gold_only"]}
    columns = [Column("Condition", "condition"), *(Column(title, key, form, of) for key, title, form, of in METRICS)]
    rows = [
        (
            f"{row['condition']} (gold pairs only)" if row["condition"] in gold else row["condition"],
            *(_mean(row[key], key) for key, *_ in METRICS),
        )
        for row in _ordered(told["metrics"], _order(told))
    ]
    said = "Means of the metrics over the contents with a finite value. No model, no intervals."
    return Table("metrics", said, tuple(columns), tuple(rows))


def _panels(told: Told) -> list[ScatterPanel]:
    means = {row["condition"]: row for row in told["metrics"]}
    panels = []
    for key, title, *_ in METRICS:
        points = []
        for row in told["scale"]["scores"]:
            mean = means.get(row["condition"], {}).get(key, {}).get("mean")
            if mean is not None:
                points.append(ScatterPoint(row["condition"], mean, row["score"], *(limits(row) or (None, None))))
        panels.append(ScatterPanel(title, tuple(points)))
    return panels


def missing_metrics(rows: Sequence[Told]) -> list[str]:
    """Why metrics lack contents, in sentences; a reason that several conditions share is said once."""
    whom: dict[tuple[str, str, int], list[str]] = {}
    said = []
    for row in rows:
        name = row["condition"]
        for what, why, number in _missing(row):
            whom.setdefault((what, why, number), []).append(name)
        if infinite := row["psnr_db"]["infinite"]:
            said.append(f"{name} equals the reference on {counted(infinite, 'content')}; that PSNR is not in the mean.")
        if infinite := row["noise_amplification"]["infinite"]:
            said.append(f"{name} has no noise left on {counted(infinite, 'content')}; its −∞ dB are not in the mean.")
    return [_lacks(names, what, number, why) for (what, why, number), names in whom.items()] + said


def _missing(row: Told) -> Iterator[tuple[str, str, int]]:
    """What a condition lacks, why, on how many contents; what has no colour deviation has neither flaw."""
    flaws = row["colour_deviation"]["missing"]
    noise = row["noise_amplification"]["missing"]
    yield from (("PSNR or SSIM", why, number) for why, number in row["ssim"]["missing"].items())
    yield from (("colour deviation or noise amplification", why, number) for why, number in flaws.items())
    yield from (("noise amplification", why, number) for why, number in noise.items() if why not in flaws)


def _lacks(names: list[str], what: str, number: int, why: str) -> str:
    has = "has" if len(names) == 1 else "have"
    return f"{listed(names)} {has} no {what} on {counted(number, 'content')}: {ended(why)}"
