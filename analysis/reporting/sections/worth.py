"""What the votes are worth as a whole, and how far metrics go with them, where the report was given these numbers.

``quality`` is ``analysis.quality.study.Quality.as_json``, ``against_people`` is
``analysis.metrics_against_people.comparison.AgainstPeople.as_json``; a report without them has no such section.
"""

from collections.abc import Iterator
from typing import Any

from analysis.model_checks import FIT
from analysis.quality.study import INDEPENDENT, ONE_OBSERVER
from analysis.reporting.document import Block, Column, Pair, Pairs, Side, Table, Told, Words
from analysis.reporting.forms import NARROW, share, written
from analysis.reporting.sections.pictures import METRICS
from analysis.reporting.sections.said import natural, sample
from analysis.wording import counted, listed

SCOPES = {"within": "within contents", "pooled": "as they are"}
NAMES = {
    "psnr_db": "PSNR",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "colour_deviation": "Colour deviation",
    "noise_amplification": "Noise amplification",
}
IN_SENTENCES = {**NAMES, "colour_deviation": "colour deviation", "noise_amplification": "noise amplification"}
AS_WRITTEN = {key: (title, form) for key, title, form, _ in METRICS}
NO_ESTIMATE = {"value": None, "low": None, "high": None}
ESTIMATES = (
    ("Spearman’s ρ", "spearman", "signed"),
    ("Kendall’s τ", "kendall", "signed"),
    ("Pearson’s r, mapped", "pearson_logistic", "two"),
)


def votes(told: Told) -> Iterator[Block]:
    """Agreement and transitivity, in a table of statistics and in words."""
    found = told.get("quality")
    if not found or not told["counts"]["votes"]:
        return
    rows = [*_agreement(found["agreement"]), *_transitivity(found["transitivity"]), *_known(found.get("panel") or [])]
    if rows:
        of_chi2 = any(df is not None for _, _, df, *_ in rows)
        columns = (
            Column("What", "what"), Column("Value", "value", "two"), Column("df", "df", "df"), Column("p", "p", "p"),
            Column("Says", "says"),
        )  # fmt: skip
        yield Table(
            "quality",
            f"What the votes are worth. {sample(told)}. Votes taken as independent, which those of one observer are "
            "not: true p-values are larger. No intervals.",
            tuple(column for column in columns if of_chi2 or column.key != "df"),
            tuple(row if of_chi2 else (*row[:2], *row[3:]) for row in rows),
        )
    for note in found["notes"]:
        if (note == INDEPENDENT and rows) or note.startswith((FIT, ONE_OBSERVER)):  # the caption, other sections say it
            continue
        yield Words(note, "note")


def _agreement(found: dict[str, Any] | None) -> Iterator[tuple[Any, ...]]:
    if found is not None:
        exact = found.get("counted_out")
        says = f"0 as coins fall, 1 where all agree; {counted(found['cells'], 'pair')} of a content"
        says += "; chances of coins counted out" if exact else ""
        yield "Kendall’s u", found["u"], None if exact else found["df"], found["p_value"], says


def _known(panel: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Pairs whose answer was known beforehand, and pairs that were shown twice, of all observers together."""
    gold, passed, repeats, alike = (
        sum(row.get(name) or 0 for row in panel) for name in ("gold", "gold_passed", "repeats", "consistent")
    )
    if gold:
        says = f"share of {counted(gold, 'pair')} with a known answer; who doesn’t look gets .50 at most"
        yield "Gold pairs answered rightly", passed / gold, None, None, says
    if repeats:
        says = f"share of {counted(repeats, 'pair')} shown twice"
        yield "Repeated pairs answered alike", alike / repeats, None, None, says


def _transitivity(found: dict[str, Any] | None) -> Iterator[tuple[Any, ...]]:
    for kind, broken in (found or {"violated": {}})["violated"].items():
        p = None if found is None or found["p_values"] is None else found["p_values"][kind]
        says = f"share of {counted(found['triples'], 'triple')} breaking the {kind} rule" if found else ""
        yield f"{kind.capitalize()} transitivity broken", broken, None, p, says


def metrics(told: Told) -> Iterator[Block]:
    """How far each metric goes with people, stimulus by stimulus."""
    found = told.get("against_people")
    if not found:
        return
    by_scope = {(one["metric"], one["scope"]): one for one in found["agreed"] if one["scope"] in SCOPES}
    rows = [
        (
            NAMES.get(one["metric"], one["metric"]),
            SCOPES[one["scope"]],
            one["stimuli"],
            *(cell for _, name, _ in ESTIMATES for cell in _estimate(one.get(name, NO_ESTIMATE))),
            *(_estimate(one["picked"]) if one["scope"] == "within" else (None, None)),
        )
        for metric in dict.fromkeys(one["metric"] for one in found["agreed"])
        for one in (by_scope[metric, scope] for scope in SCOPES if (metric, scope) in by_scope)
    ]
    if not any(one["stimuli"] or one["picked"]["value"] is not None for one in found["agreed"]):
        yield Words("Nothing is held against a metric: no content has scores, and no pair was decided.", "note")
        return
    level = f"{found['level']:.0%}".replace("%", f"{NARROW}%")
    how = (
        f"{level} intervals by observer bootstrap, {found['replicates']:,} replicates, for these photos"
        if found["replicates"]
        else "no intervals"
    )
    yield Table(
        "agreement",
        "Metrics against people: rank correlations with the scores that each content has by itself, of stimuli less "
        "the mean of their content, as scores compare conditions of one content only, and of stimuli as they are; "
        "Pearson’s r after the monotone logistic map that suits them best, without its sign, from 8 stimuli on; and "
        "the share of decided pairs where the metric picks what people chose (one half is a coin’s). "
        f"{sample(told)}; {how}.{_less(found['less_is_better'])}",
        (
            Column("Metric", "metric"),
            Column("Stimuli are", "scope"),
            Column("Stimuli", "stimuli", "count"),
            *(
                column
                for title, key, form in (*ESTIMATES, ("Picks", "picked", "two"))
                for column in (
                    Column("value", key, form, title),
                    Column("interval", f"{key}_interval", "interval", title),
                )
            ),
        ),
        tuple(rows),
    )
    yield from _by_content(told, found["agreed"])
    for note in found["notes"]:
        yield Words(note, "note")


def _by_content(told: Told, agreed: list[dict[str, Any]]) -> Iterator[Table]:
    """Content by content; nothing where there is one, or no number for any."""
    by_content: dict[str, dict[str, dict[str, Any]]] = {}
    for one in agreed:
        if one["scope"] == "content":
            by_content.setdefault(one["content"], {})[one["metric"]] = one
    metrics = list(dict.fromkeys(one["metric"] for one in agreed))
    keys = ("spearman", "picked")
    rows = [
        (content, *(of.get(metric, {}).get(key, NO_ESTIMATE)["value"] for metric in metrics for key in keys))
        for content, of in sorted(by_content.items(), key=lambda pair: natural(pair[0]))
    ]
    if len(rows) < 2 or not any(value is not None for row in rows for value in row[1:]):
        return
    yield Table(
        "agreement_contents",
        "Metrics against people, content by content: Spearman’s ρ between metric and scores of its conditions, from "
        f"3 on, and the share of its decided pairs where the metric picks what people chose. {sample(told)}; few "
        "conditions and votes each. What intervals there are stand in the report’s JSON, with Kendall’s τ.",
        (
            Column("Content", "content"),
            *(
                Column(title, f"{metric}_{key}", form, NAMES.get(metric, metric))
                for metric in metrics
                for title, key, form in (("ρ", "spearman", "signed"), ("picks", "picked", "two"))
            ),
        ),
        tuple(rows),
    )


def _less(names: list[str]) -> str:
    if not names:
        return ""
    picked = listed([NAMES.get(name, name) for name in names])
    return f" Picks take less for better in {picked}; correlations keep their sign."


def _estimate(one: dict[str, Any]) -> tuple[Any, Any]:
    limits = None if one["low"] is None or one["high"] is None else (one["low"], one["high"])
    return one["value"], limits


def disagreements(told: Told) -> Iterator[Block]:
    """The pairs where metric and people part most: their pictures, where there are any at hand, and a table of them."""
    found = told.get("against_people")
    rows = [one for of in (found["disagreements"].values() if found else ()) for one in of[:3]]
    if rows:
        yield Pairs(tuple(_pair(of) for of in _by_pair(rows)))
        yield Table(
            "disagreements",
            "Where metric and people part most, up to three pairs a metric: people chose the one, the metric the "
            f"other. {sample(told)}; plain votes, no model, no intervals.",
            (
                Column("Metric", "metric"),
                Column("Content", "content"),
                Column("People chose", "people"),
                Column("Metric chose", "by_metric"),
                Column("people’s", "votes_people", "count", "Votes for"),
                Column("metric’s", "votes_metric", "count", "Votes for"),
            ),
            tuple(
                (
                    NAMES.get(one["metric"], one["metric"]),
                    *(one[key] for key in ("content", "people", "by_metric", "votes_people", "votes_metric")),
                )
                for one in rows
            ),
        )


def _by_pair(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What several metrics say of one pair together: it is shown once."""
    pairs: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        pairs.setdefault((row["content"], row["people"], row["by_metric"]), []).append(row)
    return list(pairs.values())


def _pair(of: list[dict[str, Any]]) -> Pair:
    """What people chose, then what the metrics chose."""
    one = of[0]
    metrics = listed([IN_SENTENCES.get(row["metric"], row["metric"]) for row in of])
    return Pair(
        one["content"],
        (_side(of, "people", one["people"], "people"), _side(of, "metric", one["by_metric"], metrics)),
        f"{counted(one['ties'], 'tie')} besides" if one["ties"] else "",
    )


def _side(of: list[dict[str, Any]], whose: str, condition: str, chosen_by: str) -> Side:
    """One picture with its votes and what each metric says of it; ``whose`` is what their keys end in."""
    votes, decided = of[0][f"votes_{whose}"], of[0]["votes_people"] + of[0]["votes_metric"]
    values = []
    for row in of:
        title, form = AS_WRITTEN.get(row["metric"], (row["metric"], "four"))
        values.append((title, written(row[f"value_{whose}"], form)))
    return Side(
        condition, chosen_by, f"{votes:,} of {counted(decided, 'vote')}, {share(votes / decided)}", tuple(values)
    )
