"""What a researcher asks of a rehearsal, read from text: a truth and habits, each wrong word named."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from studyapp.simulation.choice import GOLD_GAP, spread_evenly
from studyapp.simulation.people import Habits


class AskedWrongError(ValueError):
    """Something that was asked for makes no sense; says what, and what would."""


def read_truth(told: str, names: Sequence[str], gold: Mapping[str, str], seed: int) -> dict[str, float]:
    """Scores of all conditions of a study, natural log-odds; those that are compared have mean zero.

    Args:
        told: A TOML file's name, or ``name=score,name=score``; empty for scores spread evenly, drawn from the seed.
        names: The conditions that are compared.
        gold: Worse condition → better one, for gold pairs; the worse one stands `GOLD_GAP` lower where nothing is told.
        seed: Of the rehearsal.

    Raises:
        AskedWrongError: A condition is missing, unknown, or no number.

    >>> read_truth("a=1, b=3", ["a", "b"], {"bad": "a"}, seed=1)
    {'a': -1.0, 'b': 1.0, 'bad': -5.0}
    """
    scores = _numbers(told, "truth") if told else spread_evenly(names, seed)
    if unknown := sorted(set(scores) - set(names) - set(gold)):
        raise AskedWrongError(f"The study has no condition {', '.join(unknown)}; it has {', '.join((*names, *gold))}.")
    if missing := [name for name in names if name not in scores]:
        raise AskedWrongError(f"The truth says nothing of {', '.join(missing)}.")
    middle = sum(scores[name] for name in names) / len(names)
    truth = {name: scores[name] - middle for name in names}
    for worse, better in gold.items():
        truth[worse] = scores[worse] - middle if worse in scores else truth[better] - GOLD_GAP
    return truth


def read_habits(told: str) -> Habits:
    """Habits as ``name=share,name=share``; those not named keep their usual share; ``none`` for none at all.

    Raises:
        AskedWrongError: An unknown habit, or no share.

    >>> read_habits("double=0.5").double
    0.5
    >>> read_habits("none") == Habits(**{habit.name: 0.0 for habit in fields(Habits)})
    True
    """
    known = [habit.name for habit in fields(Habits)]
    if told == "none":
        return Habits(**dict.fromkeys(known, 0.0))
    shares = _numbers(told, "habits") if told else {}
    if unknown := sorted(set(shares) - set(known)):
        raise AskedWrongError(f"There is no habit {', '.join(unknown)}; there are {', '.join(known)}.")
    try:
        return Habits(**shares)
    except ValueError as error:
        raise AskedWrongError(f"--habits: {error}") from error


def _numbers(told: str, role: str) -> dict[str, float]:
    """Names and numbers, from ``name=number,…`` or a TOML file of such lines."""
    pairs = _from_file(Path(told), role) if "=" not in told else _from_text(told, role)
    numbers = {name: _number(value, f"{role}: {name}") for name, value in pairs.items()}
    if not numbers:
        raise AskedWrongError(f"{role}: {told} names nothing.")
    return numbers


def _from_text(told: str, role: str) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for part in told.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign):
            raise AskedWrongError(f"{role}: {part.strip()!r} isn't name=number.")
        if name in pairs:
            raise AskedWrongError(f"{role}: {name} is named twice.")
        pairs[name] = value
    return pairs


def _from_file(place: Path, role: str) -> dict[str, object]:
    try:
        told = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AskedWrongError(f"{role}: {place} can't be read ({error}); give a TOML file or name=number,…") from error
    return told


def _number(value: object, what: str) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AskedWrongError(f"{what} must be a number, not {value!r}.")
    return number
