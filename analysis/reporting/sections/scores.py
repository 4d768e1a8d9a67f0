"""Scores, their differences, and the votes behind them."""

from collections.abc import Iterator, Sequence
from functools import partial

from analysis.reporting.document import Block, Column, Plot, Table, Told, Words
from analysis.reporting.figures.bars import CAMERA_PAIRS_SHOWN, PAIRS_SHOWN, PairVotes, camera_bars, preference_bars
from analysis.reporting.figures.forest import ForestRow, score_forest
from analysis.reporting.figures.matrix import PairDifference, difference_matrix
from analysis.reporting.forms import NARROW, Cell
from analysis.reporting.sections.said import fitted, for_these, known, limits, sample, simulated
from analysis.wording import counted

CONTENTS = "_contents"
"""The suffix of limits that resample contents, too."""


CLAIMS = (
    "The claim that one condition is preferred to another rests on these: bars that overlap above can still differ "
    "here. Where p (Holm), which knows that all pairs are looked at together, is above .05, the votes don’t decide, "
    "even if the pair’s own interval leaves out 0."
)
NO_CLAIMS = (
    "Without intervals nothing tells these differences from chance; no claim that one condition is preferred to "
    "another can rest on them."
)


def scores(told: Told) -> Iterator[Block]:
    """The scale, as a table and a figure, or why it is withheld."""
    scale = told["scale"]
    if not scale["scores"]:
        if told["counts"]["votes"]:
            yield Words(scale["withheld"] or "", "warning", lead="Scores are withheld.")
        return
    if told["adaptive"]:
        yield Words(
            "At least half of each sitting’s pairs were balanced, the others chosen where votes had decided least: "
            "read intervals as a little too short.", "note", lead="Adaptive.",
        )  # fmt: skip
    yield _score_table(told)
    rows = [_forest_row(row) for row in scale["scores"]]
    both = known(scale["scores"], f"low{CONTENTS}")
    bars = "Thick bars: intervals for these photos; thin ones: for photos like these. " if both else ""
    yield Plot(
        "scores",
        f"Scores in natural log-odds, mean zero, best first; higher is preferred. {bars}{_how(told)}",
        "Scores with intervals; the numbers are in the table above",
        partial(score_forest, rows, **simulated(told)),
    )
    for why in (scale["no_intervals"], scale["no_intervals_contents"]):
        if why:
            yield Words(why, "note")


def _score_table(told: Told) -> Table:
    scale = told["scale"]
    rows = scale["scores"]
    columns = [Column("Condition", "condition"), Column("Score", "score", "signed")]
    cells = [[row["condition"], row["score"]] for row in rows]
    for column, added in (*_intervals(told, rows), *_extras(rows, SCORE_EXTRAS)):
        columns.append(column)
        cells = [[*line, cell] for line, cell in zip(cells, added, strict=True)]
    said = f"Scores in {scale['model']['unit']}, best first. {_how(told)}{_tested(told)}"
    return Table("scores", said, tuple(columns), tuple(tuple(line) for line in cells))


SCORE_EXTRAS = (
    ("Rank, best", ("rank_low_contents", "rank_low"), "count"),
    ("Rank, worst", ("rank_high_contents", "rank_high"), "count"),
    ("Not told apart", ("letters_contents", "letters"), "text"),
)
"""Columns that a scale may have besides: title, keys of its rows (the first that is known is shown), form."""
DIFFERENCE_EXTRAS = (
    ("p", ("p_contents", "p"), "p"),
    ("p (Holm)", ("p_contents_holm", "p_holm"), "p"),
    ("Equally good", ("equivalence_contents", "equivalence"), "text"),
)
TESTED = " Ranks and letters hold {question}, all pairs at once."
P_VALUES = " p-values hold {question}."


def _intervals(told: Told, rows: Sequence[Told]) -> Iterator[tuple[Column, list[Cell]]]:
    """Of both questions, where they are answered."""
    level = f"{told['level']:.0%}".replace("%", f"{NARROW}%")
    if known(rows, "low"):
        yield Column(f"{level} interval, these photos", "interval", "interval"), [limits(row) for row in rows]
    if known(rows, f"low{CONTENTS}"):
        yield Column("photos like these", "interval_contents", "interval"), [limits(row, CONTENTS) for row in rows]


def _extras(
    rows: Sequence[Told], extras: Sequence[tuple[str, tuple[str, ...], str]]
) -> Iterator[tuple[Column, list[Cell]]]:
    for title, keys, form in extras:
        key = next((key for key in keys if known(rows, key)), None)
        if key is not None:
            yield Column(title, key, form), [row.get(key) for row in rows]


def _tested(told: Told, said: str = TESTED) -> str:
    """Which question the tests answer; empty where there are none."""
    scale = told["scale"]
    if not known(scale["differences"], "p_holm"):
        return ""
    answered = "p_contents_holm" if known(scale["differences"], "p_contents_holm") else "p_holm"
    of = scale["intervals_contents" if answered == "p_contents_holm" else "intervals"]
    return said.format(question=of["question"].split(":")[0])


def _how(told: Told) -> str:
    said = fitted(told["scale"])
    return f"{sample(told)}; {said}."


def _forest_row(row: Told) -> ForestRow:
    low, high = limits(row) or (None, None)
    low_contents, high_contents = limits(row, CONTENTS) or (None, None)
    return ForestRow(row["condition"], row["score"], low, high, low_contents, high_contents)


def pairs(told: Told) -> Iterator[Block]:
    """The votes pair by pair."""
    rows = told["pairs"]
    if not rows:
        return
    left_out = max(0, len(rows) - PAIRS_SHOWN)
    cut = _cut(left_out)
    yield Plot(
        "preferences",
        f"Votes for each pair, first where people who decided agreed most; dashed: half of all votes. {sample(told)}; "
        f"plain shares, no model, no intervals.{cut}",
        "Shares of votes for each pair; the numbers are in the table below",
        partial(preference_bars, [_votes(row) for row in rows], **simulated(told)),
    )
    columns = [
        Column("First", "first"), Column("Second", "second"), Column("first", "share_first", "share", "Share"),
        Column("ties", "share_tie", "share", "Share"), Column("second", "share_second", "share", "Share"),
        Column("first", "for_first", "count", "Votes"), Column("ties", "ties", "count", "Votes"),
        Column("second", "for_second", "count", "Votes"), Column("Observers", "observers", "count"),
        Column("Not sure", "not_sure", "count"),
    ]  # fmt: skip
    keys = ("one", "other", "share_one", "share_tie", "share_other", "for_one", "ties", "for_other", "observers")
    yield Table(
        "preferences",
        f"Preferences, pair by pair: plain shares of the votes that count. {sample(told)}.",
        tuple(columns),
        tuple((*(row[key] for key in keys), row["not_sure"]) for row in rows),
    )


def _cut(left_out: int) -> str:
    """That pairs are not drawn."""
    if not left_out:
        return ""
    pairs = "pair is" if left_out == 1 else f"{left_out} pairs are"
    return f" The least clear {pairs} not drawn."


def _votes(row: Told) -> PairVotes:
    return PairVotes(row["one"], row["other"], row["for_one"], row["ties"], row["for_other"])


def cameras(told: Told) -> Iterator[Block]:
    """Each camera with a scale and a distribution of its own."""
    parts = told["cameras"]
    if not parts:
        return
    yield from _distribution(told)
    order = [row["condition"] for row in told["scale"]["scores"]] or told["conditions"]
    by_camera = [{row["condition"]: row for row in part["scale"]["scores"]} for part in parts]
    columns = [Column("Condition", "condition")]
    for place, part in enumerate(parts, start=1):
        columns += [
            Column("score", f"score_{place}", "signed", part["camera"]),
            Column("interval", f"interval_{place}", "interval", part["camera"]),
        ]
    rows = [
        (name, *(cell for of in by_camera for cell in (of.get(name, {}).get("score"), limits(of.get(name, {})))))
        for name in order
    ]
    numbers = "; ".join(
        f"{part['camera']}: {counted(part['scale']['votes'], 'vote')} by "
        f"{counted(part['scale']['observers'], 'observer')}"
        for part in parts
    )
    intervals = for_these(*(part["scale"] for part in parts))
    said = f"Scores camera by camera, each on a scale of its own, mean zero; {intervals}. {numbers}."
    yield Table("cameras", said, tuple(columns), tuple(rows))
    for part in parts:
        if part["scale"]["withheld"]:
            yield Words(f"{part['camera']}: scores are withheld. {part['scale']['withheld']}", "note")


def _distribution(told: Told) -> Iterator[Block]:
    tables = told.get("camera_pairs") or ()
    if not tables:
        return
    order = [(row["one"], row["other"]) for row in told["pairs"]]
    drawn = {part["camera"]: _in_order(part["pairs"], order) for part in tables}
    left_out = max(0, len(order) - CAMERA_PAIRS_SHOWN)
    cut = _cut(left_out)
    yield Plot(
        "cameras",
        "Distribution of the votes of each pair, camera by camera (as Figure 7 of Ignatov et al. 2017 for its user "
        f"study); dashed: half of all votes. {sample(told)}; plain shares, no model, no intervals.{cut}",
        "Shares of votes for each pair and camera",
        partial(camera_bars, drawn, **simulated(told)),
    )


def _in_order(rows: Sequence[Told], order: Sequence[tuple[str, str]]) -> list[PairVotes]:
    """The same pairs for every camera, each the same way round; a pair without votes is empty."""
    there = {frozenset((row["one"], row["other"])): row for row in rows}
    found = []
    for one, other in order:
        row = there.get(frozenset((one, other)))
        if row is None:
            found.append(PairVotes(one, other, 0, 0, 0))
        elif row["one"] == one:
            found.append(_votes(row))
        else:
            found.append(PairVotes(one, other, row["for_other"], row["ties"], row["for_one"]))
    return found


def differences(told: Told) -> Iterator[Block]:
    """All pairwise differences, on which claims rest."""
    scale = told["scale"]
    rows = scale["differences"]
    if not rows:
        return
    yield Words(CLAIMS if known(rows, "low") else NO_CLAIMS, "note")
    yield _difference_table(told)
    for said in (scale.get("said_contents"), scale.get("said")):
        if said:
            yield Words(said)
    if len(rows) == 1:
        return
    key = "p_contents_holm" if known(rows, "p_contents_holm") else "p_holm"
    below = "; below the diagonal p, adjusted by Holm for all pairs, bold at .05 or less" if known(rows, key) else ""
    drawn = [PairDifference(row["one"], row["other"], row["difference"], row.get(key)) for row in rows]
    names = [row["condition"] for row in scale["scores"]]
    yield Plot(
        "differences",
        f"All pairs, best first: above the diagonal the score of the row minus that of the column{below}. {_how(told)}"
        f"{_tested(told, P_VALUES)}",
        "Differences of scores of all pairs; the numbers are in the table above",
        partial(difference_matrix, names, drawn, **simulated(told)),
    )


def _difference_table(told: Told) -> Table:
    rows = told["scale"]["differences"]
    columns = [
        Column("First", "first"), Column("Second", "second"), Column("First − second", "difference", "signed"),
    ]  # fmt: skip
    cells = [[row["one"], row["other"], row["difference"]] for row in rows]
    for column, added in (*_intervals(told, rows), *_extras(rows, DIFFERENCE_EXTRAS)):
        columns.append(column)
        cells = [[*line, _said(cell)] for line, cell in zip(cells, added, strict=True)]
    each = " Each interval has its level by itself." if known(rows, "low") else ""
    said = f"All pairwise differences of scores, natural log-odds. {_how(told)}{each}{_tested(told, P_VALUES)}"
    return Table("differences", said, tuple(columns), tuple(tuple(line) for line in cells))


def _said(value: Cell) -> Cell:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
