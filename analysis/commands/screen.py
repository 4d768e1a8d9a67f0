"""``screen``: observers one by one, the quality of the study, and what leaving the flagged out changes."""

import argparse
import json
from typing import Any

from analysis.commands.arguments import add_bootstrap, add_votes, require_real
from analysis.commands.tables import aligned, number
from analysis.model_checks import Checks, check_side
from analysis.quality.camps import Camps, find_camps
from analysis.quality.screening import RULES
from analysis.quality.sensitivity import Sensitivity, sensitivity
from analysis.quality.study import ObserverQuality, Quality, quality
from analysis.quality.transitivity import KINDS
from analysis.reporting.report import SIMULATED_STAMP
from analysis.votes import in_use, read_votes, sift
from analysis.wording import counted, sample_said

HELP = "observers one by one, who is flagged by which rule, the quality of the study, and what screening changes"
BROKEN_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``screen`` takes."""
    add_votes(parser)
    add_bootstrap(parser)
    parser.add_argument("--camps", action="store_true", help="also test whether observers fall into two camps")


def run(asked: argparse.Namespace) -> str:
    """What ``screen`` prints."""
    rows, simulated = read_votes(asked.votes, asked.layout), asked.include_simulated
    sifted = sift(rows, include_simulated=simulated)
    require_real(asked.votes, sifted)
    rows = in_use(rows)
    found = quality(rows, include_simulated=simulated, seed=asked.seed)
    drawn = {"replicates": asked.replicates, "seed": asked.seed}
    changed = sensitivity(rows, found.screening, include_simulated=simulated, **drawn)
    votes = sifted.fitted
    camps = find_camps(votes, seed=asked.seed) if asked.camps else None
    side = check_side(votes) if len(votes) else Checks()
    stamped = "simulated" in votes and bool(votes["simulated"].any())
    if asked.json:
        return json.dumps(_as_json(found, changed, camps, side, stamped), indent=2, ensure_ascii=False, allow_nan=False)
    return as_text(found, changed, camps, side, stamped=stamped)


def as_text(found: Quality, changed: Sensitivity, camps: Camps | None, side: Checks, *, stamped: bool = False) -> str:
    """Everything as aligned tables for a terminal."""
    parts = [f"*** {SIMULATED_STAMP} ***"] if stamped else []
    parts += [_study(found, side), _panel(found), _flagged(found), _changed(changed)]
    parts += [f"Camps: {camps.words}"] if camps is not None else []
    parts.append("\n".join(f"· {note}" for note in found.notes))
    return "\n\n".join(part for part in parts if part)


def _as_json(found: Quality, changed: Sensitivity, camps: Camps | None, side: Checks, stamped: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"stamp": SIMULATED_STAMP if stamped else None}
    body |= {"quality": found.as_json(), "side": side.as_json(), "sensitivity": changed.as_json()}
    return body | {"camps": None if camps is None else camps.as_json()}


def _study(found: Quality, side: Checks) -> str:
    lines = [sample_said(found.votes, found.observers, found.contents)]
    if found.agreement is not None:
        agreed = found.agreement
        lines.append(f"  agreement u = {agreed.u:.3f} (least {agreed.least:.3f}, coins 0), p = {agreed.p_value:.3g}")
    if found.goodness is not None:
        good = found.goodness
        tested = "" if good.p_value is None else f", p = {good.p_value:.3g}"
        lines.append(f"  goodness of fit G² = {good.g2:.2f} on {good.df} degrees of freedom{tested}")
    lines += _transitivity(found)
    for test in side.tests:
        lines.append(f"  left side {number(found.left_share, '.1%')}, p = {test.p:.3g}")
    for why in side.untested.values():
        lines.append(f"  the advantage of the left side is not estimated: {why}")
    if found.same is not None:
        shares = ", ".join(f"{answer.replace('_', ' ')} {share:.0%}" for answer, share in found.same.shares.items())
        lines.append(f"  pictures beside themselves, {counted(found.same.shown, 'time')}: {shares}")
    if found.not_sure:
        lines.append(f"  not sure {counted(found.not_sure, 'time')}, {number(found.not_sure_share, '.1%')}")
    return "\n".join(lines)


def _transitivity(found: Quality) -> list[str]:
    told = found.transitivity
    if told is None:
        return []
    expected = told.expected or {}
    shares = [
        f"{kind} {told.violated[kind]:.1%}" + (f" (by chance {expected[kind]:.1%})" if expected else "")
        for kind in KINDS
    ]
    lines = [f"  transitivity broken in {counted(told.triples, 'triple')}: {', '.join(shares)}"]
    for one in told.broken[:BROKEN_SHOWN]:
        a, b, c = one.names
        ab, bc, ac = (f"{share:.0%}" for share in one.shares)
        lines.append(f"    {a} over {b} {ab}, {b} over {c} {bc}, {a} over {c} only {ac} ({', '.join(one.kinds)})")
    return lines


def _panel(found: Quality) -> str:
    header = [
        "observer",
        "flags",
        "answers",
        "left",
        "repeats",
        "gold",
        "dist_L",
        "infit",
        "outfit",
        "circular",
        "ζ",
        "ms",
    ]
    rows = [_row(one) for one in found.panel]
    return f"Observers\n{aligned([header, *rows], text=2)}" if rows else ""


def _row(one: ObserverQuality) -> list[str]:
    own, triads = one.screened, one.triads
    return [
        own.code,
        ", ".join(own.flags) or "–",
        str(own.answered),
        number(own.left_share, ".0%"),
        f"{own.consistent}/{own.repeats}" if own.repeats else "–",
        f"{own.gold_passed}/{own.gold}" if own.gold else "–",
        number(own.dist_l),
        number(one.infit),
        number(one.outfit),
        f"{triads.circular}/{triads.triads}" if triads is not None else "–",
        number(triads.zeta if triads is not None else None),
        number(own.median_response_ms, ".0f"),
    ]


def _flagged(found: Quality) -> str:
    lines = [
        f"  {rule}: {', '.join(codes)} – {RULES[rule].words}"
        for rule, codes in found.screening.by_rule.items()
        if codes
    ]
    return "\n".join(["Flagged", *lines]) if lines else "Nobody is flagged."


def _changed(changed: Sensitivity) -> str:
    rows = [
        [one.condition, f"{one.everybody:+.3f}", f"{one.unflagged:+.3f}", f"{one.by:+.3f}"] for one in changed.changes
    ]
    header = ["condition", "everybody", "unflagged", "change"]
    table = f"\n{aligned([header, *rows])}" if rows and changed.everybody is not changed.unflagged else ""
    return f"With and without the flagged\n  {changed.words}{table}"
