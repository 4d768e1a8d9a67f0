"""A scale as plain numbers, text and None: what JSON, tables and pages read."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from analysis.inference.comparisons import Comparisons, said
from analysis.inference.equivalence import Equivalence
from analysis.inference.intervals import NORMAL, Fitted, Intervals
from analysis.model_checks import Checks
from analysis.models.bradley_terry import BradleyTerryFit
from analysis.models.fitting import NO_PRIOR, TIES_SAID, Estimate, ModelFit
from analysis.models.newton import Floats
from analysis.models.outcomes import LOG_ODDS
from analysis.models.quasi import quasi_errors

if TYPE_CHECKING:
    from analysis.scale import Scale

IN_UNIT = ("score", "difference", "low", "high", "standard_error", "quasi_standard_error", "naive_standard_error")
QUESTIONS = ("", "_contents", "_naive")
MEASURED = {f"{key}{question}" for key in IN_UNIT for question in QUESTIONS}
"""Keys whose numbers are in the unit of the scores."""
QUASI_LIMIT = 100


def as_json(scale: "Scale") -> dict[str, Any]:
    """Plain numbers, text and None; scores highest first."""
    fitted = scale.fitted
    body = _counted(scale) | {"model": None, "said": None, "said_contents": None, "scores": [], "differences": []}
    if fitted is not None:
        body["model"] = _model(fitted, scale)
        body["said"] = _said(fitted, scale.comparisons)
        body["said_contents"] = _said(fitted, scale.comparisons_contents)
        body["scores"] = [_in_unit(row, scale) for row in _scores(scale, fitted)]
        body["differences"] = [_in_unit(row, scale) for row in _differences(scale, fitted)]
    return body | (scale.checks or Checks()).as_json(unit_size=scale.unit_size)


def ranked(fitted: Fitted) -> list[int]:
    """Indices of the conditions, highest score first; equal scores in the order of their names."""
    return sorted(range(len(fitted.names)), key=lambda k: (-float(fitted.scores[k]), fitted.names[k]))


def _counted(scale: "Scale") -> dict[str, Any]:
    return {
        "votes": scale.votes,
        "observers": scale.observers,
        "contents": scale.contents,
        "withheld": scale.withheld,
        "no_intervals": scale.no_intervals,
        "no_intervals_contents": scale.no_intervals_contents,
        "intervals": None if scale.intervals is None else _method(scale.intervals),
        "intervals_contents": None if scale.intervals_contents is None else _method(scale.intervals_contents),
        "equal_share": scale.equal_share,
    }


def _in_unit(row: dict[str, Any], scale: "Scale") -> dict[str, Any]:
    size = scale.unit_size
    return {k: v / size if k in MEASURED and v is not None and size != 1.0 else v for k, v in row.items()}


def _model(fitted: BradleyTerryFit | ModelFit, scale: "Scale") -> dict[str, Any]:
    told: dict[str, Any] = {"nu": fitted.nu, "deviance": fitted.deviance, "df": fitted.df}
    if isinstance(fitted, BradleyTerryFit):
        ties = TIES_SAID["none" if fitted.nu is None else "modelled"]
        ties = TIES_SAID["half"] if scale.fitting.ties == "half" else ties
        named = {"name": "Bradley-Terry" if fitted.nu is None else "Davidson", "unit": scale.unit or LOG_ODDS, **told}
        return named | {"position": None, "tie": None, "ties": ties, "prior": NO_PRIOR}
    untied = fitted.model == "Davidson" and fitted.tie is None  # which is Bradley-Terry's, as the other fit calls it
    return {
        **told,
        "name": "Bradley-Terry" if untied else fitted.model,
        "unit": scale.unit or fitted.unit,
        "nu": None if untied else fitted.nu,
        "position": _estimate(fitted.position, scale.unit_size),
        "tie": _estimate(fitted.tie),
        "ties": fitted.ties,
        "prior": fitted.prior,
    }


def _estimate(found: Estimate | None, unit_size: float = 1.0) -> dict[str, float] | None:
    return None if found is None else found.as_json(unit_size)


def _method(intervals: Intervals) -> dict[str, Any]:
    return {
        "method": intervals.method,
        "question": intervals.question,
        "level": intervals.level,
        "observers": intervals.observers,
        "contents": intervals.contents,
        "replicates": intervals.replicates,
        "degenerate_replicates": intervals.degenerate,
        "seed": intervals.seed,
    }


def _said(fitted: Fitted, compared: Comparisons | None) -> str | None:
    return None if compared is None else said(compared, fitted.names, fitted.scores)


def _scores(scale: "Scale", fitted: Fitted) -> list[dict[str, Any]]:
    quasi = {question: _quasi(found) for question, found in scale.answered()}
    rows = []
    for k in ranked(fitted):
        row: dict[str, Any] = {"condition": fitted.names[k], "score": float(fitted.scores[k])}
        for question, found in scale.answered():
            row |= _limits(found, question, k)
        row["naive_standard_error"] = float(np.sqrt(fitted.covariance[k, k]))
        row |= _places(scale.comparisons, "", k) | _places(scale.comparisons_contents, "_contents", k)
        for question, errors in quasi.items():
            row[f"quasi_standard_error{question}"] = None if errors is None else float(errors[k])
        rows.append(row | _naive(scale, k, k))
    return rows


def _quasi(found: Intervals | None) -> Floats | None:
    """None where no bars exist: two conditions, more than a plot can hold, or a negative quasi-variance.

    Errors of one difference and another may be read at other degrees of freedom: bars are of what the intervals reach.
    """
    if found is None or not 3 <= len(found.error) <= QUASI_LIMIT:
        return None
    reach = (found.difference_high - found.difference_low) / 2.0
    try:
        return quasi_errors(reach / ndtri((1.0 + found.level) / 2.0))[0]
    except (ValueError, ArithmeticError):
        return None


def _limits(intervals: Intervals | None, question: str, k: int) -> dict[str, float | None]:
    return {
        f"low{question}": None if intervals is None else float(intervals.low[k]),
        f"high{question}": None if intervals is None else float(intervals.high[k]),
        f"standard_error{question}": None if intervals is None else float(intervals.error[k]),
        f"freedom{question}": None if intervals is None else _freedom(intervals, k, k),
    }


def _freedom(intervals: Intervals, i: int, j: int) -> float | None:
    """Student's degrees of freedom; None where it is the normal distribution."""
    freedom = float(intervals.difference_freedom[i, j])
    return None if freedom >= NORMAL else freedom


def _naive(scale: "Scale", i: int, j: int) -> dict[str, float]:
    found = scale.naive
    if found is None:
        return {}
    low, high = (found.low[i], found.high[i]) if i == j else (found.difference_low[i, j], found.difference_high[i, j])
    return {"low_naive": float(low), "high_naive": float(high)}


def _places(compared: Comparisons | None, question: str, k: int) -> dict[str, Any]:
    low, high, letters = f"rank_low{question}", f"rank_high{question}", f"letters{question}"
    if compared is None:
        return {low: None, high: None, letters: None}
    lettered = None if compared.letters is None else compared.letters[k]
    return {low: int(compared.rank_low[k]), high: int(compared.rank_high[k]), letters: lettered}


def _differences(scale: "Scale", fitted: Fitted) -> list[dict[str, Any]]:
    order = ranked(fitted)
    return [_difference(scale, fitted, i, j) for place, i in enumerate(order) for j in order[place + 1 :]]


def _difference(scale: "Scale", fitted: Fitted, i: int, j: int) -> dict[str, Any]:
    return {
        "one": fitted.names[i],
        "other": fitted.names[j],
        "difference": float(fitted.scores[i] - fitted.scores[j]),
        **_tested(scale.intervals, scale.comparisons, "", i, j),
        **_tested(scale.intervals_contents, scale.comparisons_contents, "_contents", i, j),
        **_equal(scale.equivalence(i, j), ""),
        **_equal(scale.equivalence(i, j, contents=True), "_contents"),
        **_naive(scale, i, j),
    }


def _tested(
    intervals: Intervals | None, compared: Comparisons | None, question: str, i: int, j: int
) -> dict[str, float | None]:
    keys = [f"{key}{question}" for key in ("low", "high", "standard_error", "p")] + [f"p{question}_holm"]
    if intervals is None or compared is None:
        return dict.fromkeys([*keys, f"freedom{question}"])
    limits = intervals.difference_low, intervals.difference_high, intervals.difference_error
    row = {key: float(table[i, j]) for key, table in zip(keys, (*limits, compared.p, compared.p_holm), strict=True)}
    return {**row, f"freedom{question}": _freedom(intervals, i, j)}


def _equal(tested: Equivalence | None, question: str) -> dict[str, Any]:
    return {
        f"equivalence{question}": None if tested is None else tested.verdict,
        f"p_equivalence{question}": None if tested is None else tested.p,
    }
