"""The design report: what a study, as designed, will show, cost and find, before anybody has looked."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, TypeVar

import numpy as np
from django.core.cache import cache

from analysis.planning import interval_width, log_odds, power_of, standard_error, votes_needed
from studyapp.charts import curves
from studyapp.design.cells import pair, pair_count
from studyapp.design.schedule import Design, counts, slot
from studyapp.models import Study
from studyapp.services.minutes import seconds_around, seconds_of
from studyapp.services.plan_warnings import Facts, warnings_of
from studyapp.services.schedules import Numbered, design_of, numbered
from studyapp.simulation.outlook import Expected, Showings, Supposed, expect, showings

LEVEL, ALPHA, POWER = 0.95, 0.05, 0.8
SEED = 1
KEEP_S = 24 * 3600
NU_WITH_TIES = 0.3
"""Davidson's ν that is supposed where a study takes ties, as `simulate_observers` does."""
STUDIES = ((12, 100), (30, 40), (60, 12))
"""Up to so many conditions: so many simulated studies, which a page can wait for. Beyond, the formula stands alone."""
CURVE_TO = 200
"""The curve goes on to twice the number of observers, but not beyond this many: each is a slot to derive."""


PAIRS_SHOWN = 60
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What the report is to suppose.

    Attributes:
        observers: Who finish, and whose votes count.
        share: The smallest preference worth finding, as the better one's share of the votes.
        pay_per_hour: In whatever currency.
        lost: Share of those invited who leave or are screened out, 0 to 0.9.
        spread: Standard deviation of scores from one observer to the next, log-odds.
        design_effect: For the formula: by how much the variance is larger than of independent votes.
    """

    observers: int = 20
    share: float = 0.6
    pay_per_hour: float = 12.0
    lost: float = 0.1
    spread: float = 0.3
    design_effect: float = 1.7


def plan_of(study: Study, asked: Asked) -> dict[str, Any]:
    """The report as plain data. The same design and wishes give the same numbers.

    Raises:
        ValueError: No schedule can be derived; says why.
    """
    rows = numbered(study)
    design = design_of(study, rows)
    numbers = curve(asked.observers)
    nu = NU_WITH_TIES if study.allow_tie else 0.0
    shown, simulated = _simulated(design, numbers, Supposed(log_odds(asked.share), nu, asked.spread))
    told = {
        "study": {"name": study.name, "policy_version": study.policy_version, "seed": study.seed},
        "asked": asdict(asked),
        "sitting": _sitting(design, study),
        "coverage": _coverage(design, shown, asked.observers),
        "connection": _connection(shown, asked.observers, rows),
        "exposures": _exposures(shown.of_first(asked.observers), rows),
        "simulated": {
            "studies": _studies(design), "seed": SEED, "level": LEVEL, "nu": nu, "observer_sd": asked.spread,
            "points": [asdict(point) for point in simulated],
        },
        "formula": _formula(design, asked, numbers, nu),
        "cost": _cost(design, study, asked),
    }  # fmt: skip
    return {**told, "warnings": list(warnings_of(_facts(study, design, asked, told)))}


def curve(observers: int) -> list[int]:
    """The numbers of observers that are simulated: from a quarter of those asked for to twice as many, if they are few.

    >>> curve(20), curve(4), curve(300)
    ([5, 10, 20, 30, 40], [3, 4, 6, 8], [75, 150, 300])
    """
    wanted = {max(min(3, observers), round(observers * times)) for times in (0.25, 0.5, 1, 1.5, 2)}
    return sorted(number for number in wanted if number <= max(CURVE_TO, observers))


def _studies(design: Design) -> int:
    return next((studies for most, studies in STUDIES if design.conditions <= most), 0)


def _simulated(design: Design, numbers: Sequence[int], supposed: Supposed) -> tuple[Showings, list[Expected]]:
    """The schedule and the simulated studies on it, from the cache where they were made before."""
    studies = _studies(design)
    shown = _kept(lambda: _shown(design, max(numbers)), design, max(numbers))
    if not studies:
        return shown, []
    asked = (design, list(numbers), supposed, studies, SEED)
    return shown, _kept(lambda: expect(shown, numbers, supposed, studies=studies, seed=SEED), *asked)


def _shown(design: Design, sittings: int) -> Showings:
    slots = [slot(design, index) for index in range(sittings)]
    return showings(slots, design.conditions, len(design.contents))


def _kept(make: Callable[[], T], *asked: object) -> T:
    """What follows from ``asked`` alone, made once a day."""
    key = f"plan-{hashlib.sha256(repr(asked).encode()).hexdigest()}"
    found: T | None = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, timeout=KEEP_S)
    return found


def _sitting(design: Design, study: Study) -> dict[str, Any]:
    kinds = counts(design)
    trials = kinds.main + kinds.gold + kinds.same + kinds.repeat
    return {
        **asdict(kinds), "trials": trials, "practice": study.practice_trials, "around_s": seconds_around(study),
        "minutes": seconds_of(study, trials) / 60,
    }  # fmt: skip


def _coverage(design: Design, shown: Showings, observers: int) -> dict[str, Any]:
    """How much of all there is (each pair on each content) is seen, and after how many sittings all of it is."""
    pairs, contents = pair_count(design.conditions), len(design.contents)
    cells = pairs * contents
    first_seen = _first_seen(shown)
    all_seen = int(first_seen.max()) + 1 if len(first_seen) == cells else ceil(cells / counts(design).main)
    seen = int((first_seen < observers).sum())
    return {
        "pairs": pairs, "contents": contents, "cells": cells, "seen": seen, "share": seen / cells,
        "sittings_until_all": all_seen,
    }  # fmt: skip


def _first_seen(shown: Showings) -> Any:
    """For each cell that is shown at all, the first slot that shows it."""
    cells, places = np.unique(shown.pair * shown.contents + shown.content, return_index=True)
    return shown.observer[places] if len(cells) else np.zeros(0, dtype=np.intp)


def _connection(shown: Showings, observers: int, rows: Numbered) -> dict[str, Any]:
    """After how many sittings all conditions are tied to one another, and which are apart after those asked for."""
    groups = list(range(shown.conditions))
    apart, connected_after = groups, None
    for index, left, right in zip(shown.observer.tolist(), shown.left.tolist(), shown.right.tolist(), strict=True):
        old, new = groups[left], groups[right]
        groups = [new if group == old else group for group in groups]
        if index < observers:
            apart = groups
        if len(set(groups)) == 1:
            connected_after = index + 1
            break
    names = [condition.name for condition in rows.conditions[: shown.conditions]]
    parts = [[name for name, group in zip(names, apart, strict=True) if group == part] for part in sorted(set(apart))]
    return {"connected_after": connected_after, "apart": parts if len(parts) > 1 else []}


def _exposures(shown: Showings, rows: Numbered) -> dict[str, Any]:
    """How often each pair, condition and content will have been shown in main trials."""
    n, contents = shown.conditions, shown.contents
    pairs = pair_count(n)
    by_pair = np.bincount(shown.pair, minlength=pairs)
    first_left = np.bincount(shown.pair[shown.left < shown.right], minlength=pairs)
    left, right = np.bincount(shown.left, minlength=n), np.bincount(shown.right, minlength=n)
    names = [condition.name for condition in rows.conditions]
    by_cell = np.bincount(shown.pair * contents + shown.content, minlength=pairs * contents)
    return {
        "pairs": [
            {"one": names[one], "other": names[other], "shown": int(by_pair[k]), "one_left": int(first_left[k])}
            for k, (one, other) in enumerate(pair(number, n) for number in range(pairs))
        ],
        "conditions": [
            {"condition": names[k], "shown": int(left[k] + right[k]), "left": int(left[k]), "right": int(right[k])}
            for k in range(n)
        ],
        "contents": [
            {"content": content.name, "shown": int(times)}
            for content, times in zip(rows.contents, np.bincount(shown.content, minlength=contents), strict=True)
        ],
        "range": {"pair": _range(by_pair), "content": _range(np.bincount(shown.content, minlength=contents)),
                  "condition": _range(left + right), "cell": _range(by_cell)},
    }  # fmt: skip


def _range(numbers: Any) -> dict[str, int]:
    return {"least": int(numbers.min()), "most": int(numbers.max())}


def _formula(design: Design, asked: Asked, numbers: Sequence[int], nu: float) -> dict[str, Any]:
    """The textbook's answer: one condition ahead of equal others, votes spread evenly, a design effect for the rest."""
    n, main, pairs = design.conditions, counts(design).main, pair_count(design.conditions)
    effect = asked.design_effect * (1 + nu / 2)  # a tie says nothing of which is better; near-equal: ν of 2 + ν votes
    one = votes_needed(asked.share, n, power=POWER, alpha=ALPHA, design_effect=effect)
    every = votes_needed(asked.share, n, power=POWER, alpha=ALPHA / pairs, design_effect=effect)
    errors = {
        number: standard_error(number * main / pairs, n, share=asked.share, design_effect=effect) for number in numbers
    }
    return {
        "design_effect": effect,
        "power": POWER,
        "votes": one,
        "observers": ceil(one / main),
        "votes_all_contrasts": every,
        "observers_all_contrasts": ceil(every / main),
        "points": [
            {
                "observers": number,
                "width": interval_width(error, level=LEVEL),
                "power": power_of(log_odds(asked.share), error, alpha=ALPHA),
            }
            for number, error in errors.items()
        ],
    }


def _cost(design: Design, study: Study, asked: Asked) -> dict[str, Any]:
    """Everybody who is invited is paid for a whole sitting."""
    invited = ceil(round(asked.observers / (1 - asked.lost), 6))
    minutes = _sitting(design, study)["minutes"]
    return {
        "invited": invited,
        "hours": invited * minutes / 60,
        "each": asked.pay_per_hour * minutes / 60,
        "pay": invited * asked.pay_per_hour * minutes / 60,
    }


def _facts(study: Study, design: Design, asked: Asked, told: dict[str, Any]) -> Facts:
    points = told["simulated"]["points"]
    here = next((point for point in points if point["observers"] == asked.observers), None)
    return Facts(
        observers=asked.observers,
        share=asked.share,
        power=here["power"] if here else None,
        enough_from=next((point["observers"] for point in points if point["power"] >= POWER), None),
        most_simulated=max((point["observers"] for point in points), default=0),
        without_scores=here["without_scores"] if here else 0.0,
        contents=len(design.contents),
        scenes=len({content.scene for content in design.contents}),
        conditions=design.conditions,
        pairs=told["coverage"]["pairs"],
        cells=told["coverage"]["cells"],
        unseen=told["coverage"]["cells"] - told["coverage"]["seen"],
        sittings_until_all=told["coverage"]["sittings_until_all"],
        main=told["sitting"]["main"],
        trials=told["sitting"]["trials"],
        trials_asked=study.trials_per_session,
        minutes=told["sitting"]["minutes"],
        gold=told["sitting"]["gold"],
        repeat=told["sitting"]["repeat"],
        apart=told["connection"]["apart"],
    )


def page_of(plan: dict[str, Any]) -> dict[str, Any]:
    """What the page shows beside the plain data: its figure, its table, and the number asked for in it."""
    simulated, formula = plan["simulated"]["points"], plan["formula"]["points"]
    by_number = {point["observers"]: point for point in simulated}
    main = plan["sitting"]["main"]
    rows = [
        {"formula": point, "simulated": by_number.get(point["observers"]), "votes": point["observers"] * main}
        for point in formula
    ]
    lines = {
        name: [(point["observers"], point["width"]) for point in points if point["width"] is not None]
        for name, points in (("simulated", simulated), ("formula", formula))
    }
    return {
        "rows": rows,
        "here": next(row for row in rows if row["formula"]["observers"] == plan["asked"]["observers"]),
        "figure": curves({name: line for name, line in lines.items() if line}),
        "difference": log_odds(plan["asked"]["share"]),
        "most_observers": formula[-1]["observers"],
        "pairs_shown": plan["exposures"]["pairs"][:PAIRS_SHOWN],
        "pairs_hidden": max(0, plan["coverage"]["pairs"] - PAIRS_SHOWN),
    }
