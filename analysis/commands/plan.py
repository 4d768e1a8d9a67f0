"""``plan``: how many votes a study needs, by formula, with a pilot's design effect where there is a pilot."""

import argparse
import json
from dataclasses import dataclass
from math import ceil

from analysis.commands.arguments import add_votes, at_least_one, conditions, lost, require_real, share
from analysis.commands.tables import aligned
from analysis.planning import interval_width, standard_error, votes_needed, votes_per_pair
from analysis.quality.design_effect import DesignEffect, design_effect
from analysis.votes import read_votes, sift
from analysis.wording import counted

HELP = "votes that a study needs to find a preference; no file needed"
USUAL_DESIGN_EFFECT = 1.7
USUAL = "what lab studies usually show (1.06 to 2.2); give a pilot's votes or --design-effect"


@dataclass(frozen=True)
class Pilot:
    """What a pilot's votes tell of the study to come."""

    effect: DesignEffect
    conditions: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``plan`` takes."""
    add_votes(parser, optional=True)
    parser.add_argument(
        "--share", type=share, nargs="+", default=[0.6], help="of votes for the better one (default: 0.6)"
    )
    parser.add_argument("--conditions", type=conditions, default=2, help="how many are compared (default: 2)")
    parser.add_argument("--power", type=share, default=0.8, help="how likely it is to be found (default: 0.8)")
    parser.add_argument("--alpha", type=share, default=0.05, help="level of the two-sided test (default: 0.05)")
    parser.add_argument("--contrasts", type=int, default=1, help="how many are tested; alpha is shared among them")
    parser.add_argument("--votes-each", type=int, help="votes that one observer gives, to tell how many observers")
    parser.add_argument("--lost", type=lost, default=0.0, help="share of votes that screening leaves out (default: 0)")
    parser.add_argument(
        "--design-effect", type=at_least_one, help=f"≥ 1; default: the pilot's, or {USUAL_DESIGN_EFFECT} without one"
    )


def run(asked: argparse.Namespace) -> str:
    """What ``plan`` prints."""
    for name in ("contrasts", "votes_each"):
        if getattr(asked, name) is not None and getattr(asked, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} must be 1 or more")
    pilot = _pilot(asked)
    effect, source = _effect(asked, pilot)
    alpha = asked.alpha / asked.contrasts
    rows = [_row(asked, share, alpha, effect) for share in asked.share]
    if asked.json:
        body = {
            "conditions": asked.conditions,
            "power": asked.power,
            "alpha": asked.alpha,
            "contrasts": asked.contrasts,
            "lost": asked.lost,
            "design_effect": effect,
            "design_effect_from": source,
            "pilot": None if pilot is None else pilot.effect.as_json() | {"conditions": pilot.conditions},
            "plans": rows,
        }
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    return _as_text(asked, rows, effect, source)


def _pilot(asked: argparse.Namespace) -> Pilot | None:
    if asked.votes is None:
        return None
    votes = read_votes(asked.votes, asked.layout)
    # Pilot sittings count here: they are what the file is given for.
    kept = votes.assign(pilot=False) if "pilot" in votes else votes
    sifted = sift(kept, include_simulated=asked.include_simulated)
    require_real(asked.votes, sifted)
    return Pilot(design_effect(sifted.fitted), len({*sifted.fitted["left"], *sifted.fitted["right"]}))


def _effect(asked: argparse.Namespace, pilot: Pilot | None) -> tuple[float, str]:
    if asked.design_effect is not None:
        return asked.design_effect, "as given"
    if pilot is not None:
        people, compared = counted(pilot.effect.observers, "observer"), counted(pilot.conditions, "condition")
        return max(1.0, pilot.effect.effect), f"{people} of the pilot, which compared {compared}"
    return USUAL_DESIGN_EFFECT, USUAL


def _row(asked: argparse.Namespace, share: float, alpha: float, effect: float) -> dict[str, float | int | None]:
    said = {"power": asked.power, "alpha": alpha, "design_effect": effect}
    each, total = (wanted(share, asked.conditions, **said) for wanted in (votes_per_pair, votes_needed))
    error = standard_error(each, asked.conditions, share=share, design_effect=effect)
    cast = ceil(round(total / (1.0 - asked.lost), 6))
    return {
        "share": share,
        "votes_per_pair": each,
        "votes": total,
        "votes_cast": cast,
        "observers": None if asked.votes_each is None else -(-cast // asked.votes_each),
        "standard_error": error,
        "interval_width": interval_width(error),
    }


def _as_text(asked: argparse.Namespace, rows: list[dict[str, float | int | None]], effect: float, source: str) -> str:
    header = ["share", "votes per pair", "votes", *["to be cast"] * bool(asked.lost), "observers", "interval width"]
    told = [
        [
            f"{row['share']:.1%}",
            str(row["votes_per_pair"]),
            str(row["votes"]),
            *[str(row["votes_cast"])] * bool(asked.lost),
            "–" if row["observers"] is None else str(row["observers"]),
            f"{row['interval_width']:.2f}",
        ]
        for row in rows
    ]
    shared = "" if asked.contrasts == 1 else f" over {asked.contrasts} contrasts"
    untold = "" if asked.votes_each else "Observers: give --votes-each, the votes that one observer gives.\n"
    return (
        f"{asked.conditions} conditions in a balanced design, power {asked.power:.0%}, alpha {asked.alpha:g}{shared}\n"
        f"{aligned([header, *told], text=0)}\n"
        f"{untold}"
        f"Design effect {effect:.2f}: {source}.\n"
        "The formula takes one condition to get this share against each of the others, which are equal.\n"
        f"{_lost(asked.lost)}"
    )


def _lost(share: float) -> str:
    if not share:
        return "No votes are added for those that screening leaves out: --lost adds them."
    return f"Lost to screening: {share:.1%} of observers or votes; so many are to be cast that those needed are left."
