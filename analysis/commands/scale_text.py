"""A scale as aligned tables for a terminal of 100 columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from analysis.commands.tables import aligned, number
from analysis.inference.intervals import THESE
from analysis.scale import Scale

PAIRS_SHOWN = 30
QUESTIONS = {"": "these photos", "_contents": "like these"}
LONGEST_NAME, LONGEST_LETTERS, WIDTH = 16, 8, 98


def scale_as_text(scale: Scale, *, all_pairs: bool = False) -> str:
    """Scores, differences, tests and the words; the reason where there are none.

    Args:
        scale: As `analysis.scale.scale_votes` makes it.
        all_pairs: Whether every difference is printed, or only the first ``PAIRS_SHOWN``.
    """
    if scale.fitted is None:
        return paragraph(f"Scores are withheld. {scale.withheld}")
    told = scale.as_json()
    parts = [_model(told), _scores(told), _differences(told, all_pairs=all_pairs), _equal(told, all_pairs=all_pairs)]
    parts += [_tests(told), "\n".join(paragraph(said) for said in (told["said"], told["said_contents"]) if said)]
    return "\n\n".join(part for part in parts if part)


def short_scale(scale: Scale) -> str:
    """Scores and their intervals alone, as one part of several."""
    return paragraph(f"  Scores are withheld. {scale.withheld}") if scale.fitted is None else _scores(scale.as_json())


def shortened(row_count: int, *, all_pairs: bool) -> tuple[int, str]:
    """How many rows of pairs are printed, and the line that says how to see the others.

    >>> shortened(666, all_pairs=False)
    (30, '\\n  … and 636 other pairs: --all-pairs prints them, --json has them')
    """
    if all_pairs or row_count <= PAIRS_SHOWN:
        return row_count, ""
    return PAIRS_SHOWN, f"\n  … and {row_count - PAIRS_SHOWN} other pairs: --all-pairs prints them, --json has them"


def probability(p: float | None) -> str:
    """A p-value in five characters.

    >>> probability(0.04321), probability(1e-9), probability(1.0), probability(None)
    ('.043', '<.001', '1', '–')
    """
    if p is None:
        return "–"
    if p < 0.001:
        return "<.001"
    return "1" if p >= 0.9995 else f"{p:.3f}".removeprefix("0")


def _model(told: dict[str, Any]) -> str:
    model = told["model"]
    lines = [f"{model['name']}, {model['unit']}"]
    if model["nu"]:
        lines.append(f"  ν = {model['nu']:.3f} (ties)")
    for name, key in (("advantage of the left side δ", "position"), ("tie parameter", "tie")):
        if model[key] is not None and not (key == "tie" and model["nu"] is not None):
            lines.append(f"  {name} = {model[key]['value']:+.3f}, naive s.e. {model[key]['naive_standard_error']:.3f}")
    lines.append(f"  ties: {model['ties']}; prior: {model['prior']}")
    return "\n".join(lines)


def _scores(told: dict[str, Any]) -> str:
    asked = [question for question in QUESTIONS if told[f"intervals{question}"] is not None]
    naive = any("low_naive" in row for row in told["scores"])
    header = ["condition", "score"]
    for question in asked:
        header += [QUESTIONS[question], "rank", "letters", "q.s.e."]
    header += ["naive"] * naive
    called = labels([row["condition"] for row in told["scores"]])
    rows = [[called[row["condition"]], *_score(row, asked, naive=naive)] for row in told["scores"]]
    lines = [f"Scores\n{aligned([header, *rows])}", *(_how(told[f"intervals{question}"]) for question in asked)]
    lines += [paragraph(f"  {told[key]}") for key in ("no_intervals", "no_intervals_contents") if told[key]]
    lines += ["  naive: votes taken as independent, too short wherever observers differ"] * naive
    if asked:
        lines.append(
            "  rank, letters: all pairs at once; same letter: no difference shown; q.s.e.: quasi-standard error"
        )
    return "\n".join(lines)


def _score(row: dict[str, Any], asked: list[str], *, naive: bool) -> list[str]:
    cells = [signed(row["score"])]
    for question in asked:
        low, high = row[f"rank_low{question}"], row[f"rank_high{question}"]
        cells += [_span(row, question), str(low) if low == high else f"{low}–{high}"]
        cells += [_letters(row[f"letters{question}"]), number(row[f"quasi_standard_error{question}"], ".3f")]
    return cells + ([_span(row, "_naive")] if naive else [])


def _letters(letters: str | None) -> str:
    return "–" if letters is None or len(letters) > LONGEST_LETTERS else letters


def _how(made: Mapping[str, Any]) -> str:
    drawn = f", {made['replicates']} replicates" if made["replicates"] else ""
    drawn += f", {made['degenerate_replicates']} degenerate" if made["degenerate_replicates"] else ""
    seed = f"; seed {made['seed']}" if made["replicates"] else ""
    short = QUESTIONS["" if made["question"] == THESE else "_contents"]
    return f"  {short}: {made['level']:.0%}, {made['method']}{drawn}{seed}"


def _span(row: dict[str, Any], question: str) -> str:
    low, high = row[f"low{question}"], row[f"high{question}"]
    return "–" if low is None else f"{signed(low)} to {signed(high)}"


def labels(names: Sequence[str]) -> dict[str, str]:
    """Names as tables hold them: the middle of a long one left out, where no other looks the same then.

    >>> list(labels(["StableLM-Tuned-Alpha (7B)", "Luminous Base Control", "Luminous Extra Control"]).values())
    ['StableLM…ha (7B)', 'Luminous Base Control', 'Luminous Extra Control']
    """
    half = LONGEST_NAME // 2
    short = {name: name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}" for name in names}
    seen = Counter(short.values())
    return {name: label if seen[label] == 1 else name for name, label in short.items()}


def signed(value: float) -> str:
    """Two digits and a sign; nothing is −0.00.

    >>> signed(-0.001), signed(1.256)
    ('+0.00', '+1.26')
    """
    return f"{round(value, 2) + 0.0:+.2f}"


def paragraph(said: str) -> str:
    """Words in lines of 98 characters."""
    return fill(said, WIDTH, subsequent_indent="  ", break_long_words=False)


def _differences(told: dict[str, Any], *, all_pairs: bool) -> str:
    asked = [question for question in QUESTIONS if told[f"intervals{question}"] is not None]
    naive = any("low_naive" in row for row in told["differences"])
    header = ["one", "other", "by"]
    for question in asked:
        header += [QUESTIONS[question], "p", "Holm"]
    header += ["naive"] * naive
    shown, more = shortened(len(told["differences"]), all_pairs=all_pairs)
    called = labels([row["condition"] for row in told["scores"]])
    rows = [
        [called[row["one"]], called[row["other"]], *_difference(row, asked, naive=naive)]
        for row in told["differences"][:shown]
    ]
    table = aligned([header, *rows], text=2)
    holm = "\n  Holm: p adjusted for all pairs at once" if asked else ""
    return f"Differences\n{table}{more}{holm}" if rows else ""


def _difference(row: dict[str, Any], asked: list[str], *, naive: bool) -> list[str]:
    cells = [signed(row["difference"])]
    for question in asked:
        cells += [_span(row, question), probability(row[f"p{question}"]), probability(row[f"p{question}_holm"])]
    return cells + ([_span(row, "_naive")] if naive else [])


def _equal(told: dict[str, Any], *, all_pairs: bool) -> str:
    asked = [question for question in QUESTIONS if told[f"intervals{question}"] is not None]
    if told["equal_share"] is None or not asked:
        return ""
    header = ["one", "other"]
    for question in asked:
        header += [QUESTIONS[question], "p"]
    shown, more = shortened(len(told["differences"]), all_pairs=all_pairs)
    called = labels([row["condition"] for row in told["scores"]])
    rows: list[list[str]] = []
    for row in told["differences"][:shown]:
        cells = [called[row["one"]], called[row["other"]]]
        for question in asked:
            cells += [row[f"equivalence{question}"] or "–", probability(row[f"p_equivalence{question}"])]
        rows.append(cells)
    share = f"{told['equal_share']:.3g}".removeprefix("0")
    said = f"As good as each other, up to a preference of {share}; p of two one-sided tests, each pair by itself"
    return f"{said}\n{aligned([header, *rows], text=2)}{more}"


def _tests(told: dict[str, Any]) -> str:
    header = ["question", "χ²", "df", "p, votes independent", "p, observers independent"]
    rows = [
        [
            test["question"],
            f"{test['statistic']:.2f}",
            str(test["df"]),
            probability(test["p"]),
            probability(None if test["robust"] is None else test["robust"]["p"]),
        ]
        for test in told["tests"]
    ]
    left = [paragraph(f"  {one['question']} Not tested: {one['why'].rstrip('.')}.") for one in told["untested"]]
    table = [aligned([header, *rows])] if rows else []
    return "\n".join(["Tests of the model", *table, *left]) if rows or left else ""
