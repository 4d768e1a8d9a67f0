"""``scale``: scores with intervals, differences, tests and preferences pair by pair, as tables or as JSON."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.commands.arguments import above_zero, add_bootstrap, add_votes, require_real, share, simulated_said
from analysis.commands.scale_text import labels, paragraph, scale_as_text, short_scale, shortened
from analysis.commands.tables import aligned
from analysis.models.chosen import Fitting
from analysis.models.outcomes import MODELS
from analysis.quality.sides import sides_known
from analysis.reporting.report import ADAPTIVE, POOLING, SIMULATED_STAMP, THESE_PHOTOS, Report, report
from analysis.scale import Scale, scale_votes
from analysis.votes import VotesError, left_out_said, read_votes, sift
from analysis.wording import counted, listed, sample_said

HELP = "scores with intervals for both questions, all differences, tests of the model, and preferences pair by pair"
PARTS = ("content", "scene", "camera")
OWN_ZERO = "Each part has its own zero: compare differences between parts, not scores."
FEWEST_REPLICATES = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``scale`` takes."""
    add_votes(parser)
    add_bootstrap(parser)
    parser.add_argument(
        "--conditions", nargs="+", metavar="NAME", help="all that were compared (default: those that were voted on)"
    )
    fitted = parser.add_argument_group("the fit")
    fitted.add_argument("--model", choices=list(MODELS), help="default: davidson, which is Bradley-Terry without ties")
    fitted.add_argument("--position", action="store_true", help="fit an advantage of the left side with the scores")
    fitted.add_argument("--ties", choices=("modelled", "half"), default="modelled", help="half: half a win each way")
    fitted.add_argument("--prior", choices=("none", "gaussian", "distances"), default="none", help="distances: pwcmp's")
    fitted.add_argument("--sd", type=above_zero, help="of the Gaussian prior, in the unit of the scores")
    told = parser.add_argument_group("what is told")
    told.add_argument("--by", choices=PARTS, help="one scale per part besides")
    told.add_argument("--unit", choices=("log-odds", "jod"), help="default: the model's own")
    told.add_argument("--naive", action="store_true", help="also intervals that take votes as independent")
    told.add_argument("--equal-share", type=share, help="up to which share two are equally good, as 55%%: tests it")
    told.add_argument("--all-pairs", action="store_true", help="print every pair, however many")


def run(asked: argparse.Namespace) -> str:
    """What ``scale`` prints."""
    try:
        return _told(asked)
    except ValueError as error:  # the models name their options as Python has them
        raise ValueError(str(error).replace('ties="half"', "--ties half")) from error


def _told(asked: argparse.Namespace) -> str:
    fitting = _fitting(asked)
    rows = read_votes(asked.votes, asked.layout)
    sifted = sift(rows, include_simulated=asked.include_simulated)
    require_real(asked.votes, sifted)
    votes = sifted.fitted
    _require_named(asked, votes)
    own = fitting != Fitting() or asked.naive or asked.equal_share is not None
    made = report(
        rows,
        conditions=asked.conditions,
        replicates=FEWEST_REPLICATES if own else asked.replicates,
        seed=asked.seed,
        include_simulated=asked.include_simulated,
        checks=not own,
    )
    if own:
        made = _refitted(made, votes, asked, fitting)
    parts = {} if asked.by is None else _parts(votes, asked.by, asked, fitting)
    if asked.unit is not None:
        in_unit = {name: _in_unit(part, asked.unit) for name, part in parts.items()}
        made, parts = replace(made, scale=_in_unit(made.scale, asked.unit)), in_unit
    return _as_json(made, parts, asked.by) if asked.json else as_text(made, parts, all_pairs=asked.all_pairs)


def as_text(made: Report, parts: Mapping[str, Scale] | None = None, *, all_pairs: bool = False) -> str:
    """The report as aligned tables for a terminal."""
    told = [f"*** {SIMULATED_STAMP} ***"] if made.simulated else []
    told += [_counted(made), scale_as_text(made.scale, all_pairs=all_pairs)]
    told += [f"{name}: {part.votes} votes by {part.observers}\n{short_scale(part)}" for name, part in _listed(parts)]
    # Both questions are answered in the tables, so the note on the one would mislead.
    notes = [note for note in made.notes if note != THESE_PHOTOS and not note.startswith("Scores are withheld")]
    notes += [OWN_ZERO] * bool(parts)
    told += [_preferred(made, all_pairs=all_pairs), "\n".join(paragraph(f"· {note}") for note in notes)]
    return "\n\n".join(part for part in told if part)


def _listed(parts: Mapping[str, Scale] | None) -> list[tuple[str, Scale]]:
    return [] if parts is None else list(parts.items())


def _fitting(asked: argparse.Namespace) -> Fitting:
    model = asked.model or ("thurstone" if asked.prior == "distances" else "davidson")
    if asked.prior == "gaussian" and asked.sd is None:
        raise ValueError("--prior gaussian needs --sd: its standard deviation, in the unit of the scores")
    if asked.sd is not None and asked.prior != "gaussian":
        raise ValueError("--sd belongs to --prior gaussian")
    return Fitting(model, asked.position, asked.ties, asked.prior, asked.sd)


def _refitted(made: Report, votes: pd.DataFrame, asked: argparse.Namespace, fitting: Fitting) -> Report:
    """The report with another scale in it."""
    _require_sides(votes, fitting)
    scale = scale_votes(votes, names=made.conditions, **_asked(asked, fitting))
    cameras = _parts(votes, "camera", asked, fitting) if made.cameras else {}
    notes = [*([ADAPTIVE] if made.adaptive else []), *([POOLING] if scale.fitted is not None else [])]
    return replace(made, scale=scale, cameras=cameras, notes=tuple(notes), replicates=asked.replicates)


def _require_named(asked: argparse.Namespace, votes: pd.DataFrame) -> None:
    if asked.conditions is None:
        return
    unnamed = sorted({*votes["left"], *votes["right"]} - {*asked.conditions})
    if unnamed:
        raise VotesError(
            f"{asked.votes}: its votes compare {listed(unnamed)}, which --conditions doesn't name; "
            "name all that were compared, or leave --conditions out"
        )


def _require_sides(votes: pd.DataFrame, fitting: Fitting) -> None:
    if fitting.position and not sides_known(votes):
        raise VotesError("--position: these votes don't say on which side each condition stood; leave it out")


def _asked(asked: argparse.Namespace, fitting: Fitting) -> dict[str, Any]:
    drawn: dict[str, Any] = {"replicates": asked.replicates, "seed": asked.seed, "fitting": fitting}
    return drawn | {"naive": asked.naive, "equal_share": asked.equal_share}


def _parts(votes: pd.DataFrame, by: str, asked: argparse.Namespace, fitting: Fitting) -> dict[str, Scale]:
    if by not in votes.columns:
        known = ", ".join(name for name in PARTS if name in votes.columns)
        raise VotesError(f"--by {by}: these votes name no {by}; they can be parted by {known}")
    ran = _asked(asked, fitting) | {"checks": False}
    return {str(name) or f"(no {by})": scale_votes(rows, **ran) for name, rows in votes.groupby(by)}


def _in_unit(scale: Scale, unit: str) -> Scale:
    if unit == "jod":
        return scale.in_jod()
    if scale.fitting.model == "thurstone":
        raise ValueError("--unit log-odds: Thurstone's scores are in JOD, which are no multiple of log-odds")
    return scale


def _as_json(made: Report, parts: Mapping[str, Scale], by: str | None) -> str:
    if by is None:
        return made.to_json()
    told = [{"name": name, "scale": part.as_json()} for name, part in parts.items()]
    body = made.as_json() | {"by": by, "parts": told}
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)


def _counted(made: Report) -> str:
    lines = [sample_said(made.votes, made.observers, made.contents)]
    for reason, rows in made.left_out.items():
        lines.append(f"  left out: {simulated_said(rows) if reason == 'simulated' else left_out_said(reason, rows)}")
    if made.answers["tie"]:
        lines.append(f"  {counted(made.answers['tie'], 'of the votes is a tie', 'of the votes are ties')}")
    decided = made.answers["left"] + made.answers["right"]
    if made.sides_known and decided:
        lines.append(f"  left side chosen {made.answers['left'] / decided:.1%}")
    return "\n".join(lines)


def _preferred(made: Report, *, all_pairs: bool) -> str:
    header = ["one", "other", "for one", "tie", "for other", "votes", "observers"]
    shown, more = shortened(len(made.pairs), all_pairs=all_pairs)
    called = labels(made.conditions)
    rows = [
        [
            called[pair.one],
            called[pair.other],
            *(f"{part:.1%}" for part in pair.shares),
            str(pair.votes),
            str(pair.observers),
        ]
        for pair in made.pairs[:shown]
    ]
    return f"Preferences, the clearest first\n{aligned([header, *rows], text=2)}{more}" if rows else ""
