"""``compare``: two conditions by name, or with ``--metrics`` every metric against people."""

import argparse
import json
from pathlib import Path
from typing import Any

from analysis.commands.arguments import add_bootstrap, add_votes, require_real, share
from analysis.commands.scale_text import paragraph
from analysis.commands.tables import aligned, number
from analysis.layouts import lookalikes
from analysis.metrics_against_people.agreed import CONTENT, Estimate
from analysis.metrics_against_people.comparison import AgainstPeople, metrics_against_people
from analysis.metrics_against_people.table import read_metrics
from analysis.preference import Preference, preferences
from analysis.reporting.report import ADAPTIVE, SIMULATED_STAMP, cast_adaptively, resampling_notes
from analysis.scale import Scale, scale_votes
from analysis.votes import VotesError, read_votes, sift
from analysis.wording import counted, sample_said

HELP = "one condition against another, with intervals and p; or metrics against people"
DISAGREEMENTS_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``compare`` takes."""
    add_votes(parser)
    add_bootstrap(parser)
    parser.add_argument("names", nargs="*", metavar="CONDITION", help="the two to compare; none with --metrics")
    parser.add_argument(
        "--margin", type=share, help="up to which share of preferences they count as equally good, as 55%%"
    )
    parser.add_argument("--metrics", type=Path, help="CSV file: content, condition and a column for each metric")
    parser.add_argument(
        "--less-is-better", nargs="+", metavar="METRIC", help="metrics whose small values are the good ones"
    )


def run(asked: argparse.Namespace) -> str:
    """What ``compare`` prints."""
    if asked.metrics is not None and not asked.names:
        return _metrics(asked)
    if asked.metrics is not None or len(asked.names) != 2:
        raise ValueError("name two conditions, or give --metrics METRICS.csv and no condition")
    return _conditions(asked, *asked.names)


def _conditions(asked: argparse.Namespace, one: str, other: str) -> str:
    votes = read_votes(asked.votes, asked.layout)
    sifted = sift(votes, include_simulated=asked.include_simulated)
    require_real(asked.votes, sifted)
    known = sorted({*sifted.fitted["left"], *sifted.fitted["right"]})
    for name in (one, other):
        _require_compared(name, known)
    if one == other:
        raise VotesError(f"{one!r} is named twice; name two conditions")
    if asked.margin is not None and asked.margin <= 0.5:
        raise ValueError(f"--margin {asked.margin:g} must be above 50%: it is the share of the better one")
    ran = {"replicates": asked.replicates, "seed": asked.seed, "equal_share": asked.margin, "checks": False}
    scale = scale_votes(sifted.fitted, **ran)
    pair = next((p for p in preferences(sifted.fitted, sifted.not_sure) if {p.one, p.other} == {one, other}), None)
    simulated = "simulated" in sifted.fitted and bool(sifted.fitted["simulated"].any())
    adaptive = cast_adaptively(sifted.fitted)
    body = _as_json(scale, pair, one, other) | {"stamp": SIMULATED_STAMP if simulated else None, "adaptive": adaptive}
    body["notes"] = [*([ADAPTIVE] if adaptive else []), *resampling_notes(scale.intervals)]
    if asked.json:
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    parts = [f"*** {SIMULATED_STAMP} ***"] if simulated else []
    parts += [_as_text(scale, body, one, other), "\n".join(paragraph(f"· {note}") for note in body["notes"])]
    return "\n\n".join(part for part in parts if part)


def _require_compared(name: str, known: list[str]) -> None:
    if name not in known:
        near = lookalikes([name], known).get(name)
        meant = f" Was {near!r} meant?" if near else ""
        raise VotesError(f"no vote that counts compares condition {name!r}.{meant} There are {', '.join(known)}")


def _as_json(scale: Scale, pair: Preference | None, one: str, other: str) -> dict[str, Any]:
    told = scale.as_json()
    kept = ("votes", "observers", "contents", "withheld", "no_intervals", "no_intervals_contents", "model")
    body = {name: told[name] for name in (*kept, "intervals", "intervals_contents", "equal_share")}
    found = next((row for row in told["differences"] if {row["one"], row["other"]} == {one, other}), None)
    body["comparison"] = None if found is None else _turned(found, one)
    body["said"] = _verdicts(scale, one, other)
    body["votes_on_the_pair"] = None if pair is None else _counted(pair, one)
    return body


def _turned(row: dict[str, Any], one: str) -> dict[str, Any]:
    """A row of differences as seen from ``one``."""
    if row["one"] == one:
        return row
    body = {**row, "one": row["other"], "other": row["one"], "difference": -row["difference"]}
    for question in ("", "_contents"):
        low, high = row[f"low{question}"], row[f"high{question}"]
        body[f"low{question}"] = None if high is None else -high
        body[f"high{question}"] = None if low is None else -low
    return body


def _verdicts(scale: Scale, one: str, other: str) -> dict[str, str | None]:
    if scale.fitted is None:
        return {"these": None, "contents": None}
    i, j = (scale.fitted.names.index(name) for name in (one, other))
    told = {"these": scale.equivalence(i, j), "contents": scale.equivalence(i, j, contents=True)}
    return {question: None if found is None else found.said(one, other) for question, found in told.items()}


def _counted(pair: Preference, one: str) -> dict[str, int]:
    straight = pair.one == one
    return {
        "for_one": pair.for_one if straight else pair.for_other,
        "for_other": pair.for_other if straight else pair.for_one,
        "ties": pair.ties,
        "not_sure": pair.not_sure,
        "observers": pair.observers,
    }


def _as_text(scale: Scale, body: dict[str, Any], one: str, other: str) -> str:
    lines = [f"{one} against {other}: {sample_said(scale.votes, scale.observers, scale.contents)}"]
    cast = body["votes_on_the_pair"]
    if cast is None:
        lines.append("  no vote compares the two with each other; others compare them by way of third conditions")
    else:
        lines.append(
            f"  on this pair {cast['for_one']} for {one}, {cast['for_other']} for {other}, "
            f"{counted(cast['ties'], 'tie')}, {cast['not_sure']} not sure, by {counted(cast['observers'], 'observer')}"
        )
    row = body["comparison"]
    if row is None:
        return "\n".join([*lines, f"  Scores are withheld. {scale.withheld}"])
    lines.append(f"  difference {row['difference']:+.3f} natural log-odds")
    for question, why in (("", scale.no_intervals), ("_contents", scale.no_intervals_contents)):
        lines += _answered(body, row, question, why)
    return "\n".join(lines)


def _answered(body: dict[str, Any], row: dict[str, Any], question: str, why: str | None) -> list[str]:
    made = body[f"intervals{question}"]
    if made is None:
        return [f"  {why}"] if why else []
    low, high = row[f"low{question}"], row[f"high{question}"]
    adjusted = f"{row[f'p{question}_holm']:.3g} with Holm over all pairs"
    lines = [
        f"  {made['question']}",
        f"    {made['level']:.0%} interval {low:+.3f} to {high:+.3f}; p = {row[f'p{question}']:.3g}, {adjusted}",
    ]
    verdict = body["said"]["contents" if question else "these"]
    return lines + ([f"    {verdict} p of equivalence {row[f'p_equivalence{question}']:.3g}"] if verdict else [])


def _metrics(asked: argparse.Namespace) -> str:
    votes, table = read_votes(asked.votes, asked.layout), read_metrics(asked.metrics)
    unknown = sorted(set(asked.less_is_better or ()) - set(table.columns))
    if unknown:
        raise ValueError(f"--less-is-better names {', '.join(unknown)}, which {asked.metrics} has no column for")
    said = {"replicates": asked.replicates, "seed": asked.seed, "include_simulated": asked.include_simulated}
    if asked.less_is_better:
        said["less_is_better"] = tuple(asked.less_is_better)
    require_real(asked.votes, sift(votes, include_simulated=asked.include_simulated))
    try:
        found = metrics_against_people(votes, table, **said)
    except ValueError as error:
        raise ValueError(f"{asked.metrics} against {asked.votes}: {error}") from error
    if asked.json:
        return json.dumps(found.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
    return _metrics_as_text(found)


def _metrics_as_text(found: AgainstPeople) -> str:
    header = ["metric", "scope", "stimuli", "not finite", "Spearman", "Kendall τ-b", "Pearson, logistic", "picks"]
    rows = [
        [
            one.metric,
            one.content if one.scope == CONTENT and one.content is not None else f"({one.scope})",
            str(one.stimuli),
            str(one.not_finite),
            *(_with_limits(part) for part in (one.spearman, one.kendall, one.pearson_logistic)),
            f"{_with_limits(one.picked)} of {one.pairs}",
        ]
        for one in found.agreed
    ]
    parts = [f"Metrics against {found.observers} observers\n{aligned([header, *rows], text=2)}"]
    for metric, told in found.disagreements.items():
        lines = [
            f"  {one.content}: people {one.people} ({one.votes_people} to {one.votes_metric}), "
            f"{metric} {one.by_metric} "
            f"({one.value_metric:.4g} against {one.value_people:.4g})"
            for one in told[:DISAGREEMENTS_SHOWN]
        ]
        parts += ["\n".join([f"Where {metric} and people disagree most", *lines])] if lines else []
    return "\n\n".join([*parts, *(["\n".join(f"· {note}" for note in found.notes)] if found.notes else [])])


def _with_limits(told: Estimate) -> str:
    if told.low is None or told.high is None:
        return number(told.value)
    return f"{number(told.value)} ({told.low:.2f} to {told.high:.2f})"
