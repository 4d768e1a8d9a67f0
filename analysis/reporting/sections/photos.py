"""A scale for each photo, and whether photos, cameras, sides and ties matter."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from analysis.model_checks import FIT, NO_SUCH_TEST, PARTS, RATIO
from analysis.reporting.document import Block, Column, Plot, Table, Told, Words
from analysis.reporting.figures.multiples import SmallScale, content_scales, scales_shown
from analysis.reporting.forms import NARROW, signed
from analysis.reporting.sections.said import natural, sample, simulated
from analysis.wording import counted, ended, first_of, listed

ACROSS_UP_TO = 8
"""With more conditions a table has a row per score: columns would be too narrow for their names."""
HEADS_UP_TO = 64
"""Letters of contents that fit at the head of a table."""
NORMAL_95 = 1.959964
LEVEL = 0.05


def scales(told: Told) -> Iterator[Block]:
    """Scores photo by photo, those that have none named with the reason."""
    parts = sorted(told.get("by_content") or (), key=lambda part: natural(part["content"]))
    fitted = [part for part in parts if part["scores"]]
    if len(parts) < 2:
        return
    if fitted:
        yield _figure(told, fitted)
        yield _table(told, fitted)
    for reason, names in _withheld(parts).items():
        yield Words(f"{first_of(names, 'other content')}: {reason}", "note")


def _withheld(parts: list[Told]) -> Mapping[str, list[str]]:
    """Names of contents without scores, by reason."""
    reasons: dict[str, list[str]] = {}
    for part in parts:
        if not part["scores"]:
            reasons.setdefault(part["withheld"], []).append(part["content"])
    return reasons


def _figure(told: Told, fitted: list[Told]) -> Plot:
    pooled = {row["condition"]: row["score"] for row in told["scale"]["scores"]}
    order = pooled or dict.fromkeys(told["conditions"], float("nan"))
    small = [SmallScale(part["content"], {row["condition"]: _bar(row) for row in part["scores"]}) for part in fitted]
    cut = max(0, len(small) - scales_shown(len(order)))
    ticks = "; ticks: scores over all contents" if pooled else ""
    return Plot(
        "photos",
        f"A scale for each content by itself, natural log-odds, mean zero in each{ticks}. {sample(told)}; "
        f"{_model(fitted)}, maximum likelihood; bars: 95{NARROW}% intervals as if votes were independent, which those "
        "of one observer are not, so they are too short."
        + (f" {counted(cut, 'other content')} not drawn; the table below has all." if cut else ""),
        "Scores photo by photo; the numbers are in the table below",
        partial(content_scales, small, order, **simulated(told)),
    )


def _bar(row: Told) -> tuple[float, float]:
    return row["score"], NORMAL_95 * row["naive_standard_error"]


def _model(fitted: list[Told]) -> str:
    return f"{listed(sorted({part['model'] for part in fitted}))} model"


def _table(told: Told, fitted: list[Told]) -> Table:
    order = [row["condition"] for row in told["scale"]["scores"]] or list(told["conditions"])
    if len(order) <= ACROSS_UP_TO:
        columns, rows = _wide(order, fitted)
    else:
        is_short = len(fitted) <= ACROSS_UP_TO and sum(len(part["content"]) for part in fitted) <= HEADS_UP_TO
        columns, rows = _turned(order, fitted) if is_short else _long(fitted)
    said = (
        f"Scores content by content, natural log-odds, mean zero in each. {sample(told)}; {_model(fitted)}, maximum "
        f"likelihood; no intervals for other observers: each content has few votes, {_few(fitted)}."
    )
    return Table("photos", said, tuple(columns), tuple(rows))


def _few(fitted: list[Told]) -> str:
    """How many votes the contents have."""
    votes = [part["votes"] for part in fitted]
    return f"{min(votes):,} to {max(votes):,}" if min(votes) < max(votes) else f"{votes[0]:,}"


def _wide(order: list[str], fitted: list[Told]) -> tuple[list[Column], list[tuple[Any, ...]]]:
    columns = [
        Column("Content", "content"), Column("Votes", "votes", "count"),
        *(Column(name, f"score_{place}", "signed", "Score") for place, name in enumerate(order, start=1)),
    ]  # fmt: skip
    rows = []
    for part in fitted:
        scores = {row["condition"]: row["score"] for row in part["scores"]}
        rows.append((part["content"], part["votes"], *(scores.get(name) for name in order)))
    return columns, rows


def _turned(order: list[str], fitted: list[Told]) -> tuple[list[Column], list[tuple[Any, ...]]]:
    """Conditions down, contents across."""
    columns = [Column("Condition", "condition")]
    columns += [Column(part["content"], f"score_{place}", "signed", "Score") for place, part in enumerate(fitted, 1)]
    scores = [{row["condition"]: row["score"] for row in part["scores"]} for part in fitted]
    return columns, [(name, *(of.get(name) for of in scores)) for name in order]


def _long(fitted: list[Told]) -> tuple[list[Column], list[tuple[Any, ...]]]:
    columns = [
        Column("Content", "content"), Column("Condition", "condition"), Column("Votes on it", "votes", "count"),
        Column("Score", "score", "signed"), Column("naive standard error", "naive_standard_error", "two"),
    ]  # fmt: skip
    keys = ("condition", "score", "naive_standard_error")
    cells = ((part["content"], part["votes"], *(row[key] for key in keys)) for part in fitted for row in part["scores"])
    return columns, [(content, name, votes, score, error) for content, votes, name, score, error in cells]


def tests(told: Told) -> Iterator[Block]:
    """Tests of the model: what one scale for all leaves out."""
    scale, cameras = told["scale"], told.get("between_cameras") or {"tests": [], "untested": []}
    rows = [*scale["tests"], *cameras["tests"]]
    if rows:
        yield _tests_table(told, rows)
    if any(row["question"] == PARTS.format(by="content") and _told_apart(row) for row in rows):
        yield Words(
            "Scores differ by content: the scale of all is a mean over these, and single photos rank otherwise."
        )
    for row in rows:
        if row["estimate"]:
            yield Words(
                f"Advantage of the left side: {signed(row['estimate']['value'])} log-odds, standard error "
                f"{row['estimate']['naive_standard_error']:.3f} if votes are independent."
            )
    rough = ((told.get("quality") or {}).get("goodness") or {}).get("warning")
    if rough and any(row["question"] == FIT for row in rows):
        yield Words(f"{FIT} {ended(rough)}", "note")
    for row in [*scale["untested"], *cameras["untested"]]:
        yield Words(f"{row['question']} Not tested: {ended(row['why'])}", "note")
    for row in rows:
        if row["no_robust"] not in (None, NO_SUCH_TEST):
            yield Words(f"{row['question']} No p with observers as the sample: {ended(row['no_robust'])}", "note")
        if row["method"] != RATIO:
            yield Words(f"{row['question']} Tested by {ended(row['method'])}", "note")


def _told_apart(row: Told) -> bool:
    """Whether a test rejects at .05, with observers as the sample where that can be said."""
    p: float | None = (row["robust"] or row)["p"]
    return p is not None and p <= LEVEL


def _tests_table(told: Told, rows: list[Told]) -> Table:
    return Table(
        "tests",
        f"Whether more than one scale is needed. {sample(told)}. A p for independent votes is too small where "
        "observers differ, as votes of one observer hang together; one for independent observers allows for that, and "
        "where there is no such test stands a dash.",
        (
            Column("Question", "question"), Column("χ²", "statistic", "two"), Column("df", "df", "count"),
            Column("votes", "p", "p", "p, independent"), Column("observers", "p_robust", "p", "p, independent"),
        ),
        tuple(
            (row["question"], row["statistic"], row["df"], row["p"], row["robust"] and row["robust"]["p"])
            for row in rows
        ),
    )  # fmt: skip
