"""The schedule of a study as a file, from which `studyapp.design.derivation` gives every sitting's trials again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import Any

from studyapp.models import Study, Trial
from studyapp.models.observer import Lane
from studyapp.services.schedules import design_of, lane_of, numbered
from studyapp.services.tables import sittings_of

SITTINGS_AT_ONCE = 200


def schedule_pieces(study: Study, *, include_simulated: bool = False) -> Iterator[str]:
    """The file, a sitting a line."""
    head = json.dumps(_design_told(study, include_simulated=include_simulated), indent=2, ensure_ascii=False)
    yield head.removesuffix("\n}") + ',\n  "sittings": ['
    for number, sitting in enumerate(_sittings(study, include_simulated=include_simulated)):
        yield ("," if number else "") + "\n    " + json.dumps(sitting, ensure_ascii=False)
    yield "\n  ]\n}\n"


def _design_told(study: Study, *, include_simulated: bool) -> dict[str, Any]:
    """What follows from a seed, and the batches, which follow from none."""
    rows = numbered(study)
    design = design_of(study, rows)
    lanes = [lane for lane in Lane.values if include_simulated or lane != Lane.SIMULATED]
    return {
        "derive": "studyapp.design.derivation.derive(schedule), or python -m studyapp.design BUNDLE.zip",
        "design": asdict(design),
        "conditions": [condition.name for condition in rows.conditions],
        "practice": {
            "trials": study.practice_trials,
            "contents": [asdict(content) for content in rows.keys[len(design.contents) :]],
        },
        "batches": [
            {"lane": batch.lane, "number": batch.number, "pairs": batch.pairs}
            for batch in study.batches.filter(lane__in=lanes)
        ],
    }


def _sittings(study: Study, *, include_simulated: bool) -> Iterator[dict[str, Any]]:
    """Which places each sitting was given: that depends on who came and left, and follows from nothing but itself.

    Kept, too, what a sitting gave back: it was laid out with it.
    """
    rows = sittings_of(study, include_simulated=include_simulated).values_list(
        "pk", "observer__code", "pilot", "simulated", "state", "slot__number", "slot__batch__number"
    )
    last = 0
    while found := list(rows.filter(pk__gt=last)[:SITTINGS_AT_ONCE]):
        last = found[-1][0]
        given = _given([row[0] for row in found])
        for session, observer, pilot, simulated, state, slot, batch in found:
            yield {
                "session": session,
                "observer": observer,
                "lane": str(lane_of(pilot=pilot, simulated=simulated)),
                "state": state,
                "slot": slot,
                "batch": batch,
                "given": given.get(session, []),
            }


def _given(sessions: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The places of each sitting by their slots, with the batch that a slot draws on, in the order of the list."""
    main = Trial.objects.filter(session__in=sessions, slot__isnull=False).order_by("session", "slot__number", "place")
    rows = main.values_list("session", "slot__number", "slot__batch__number", "place")
    return {
        session: [
            {"slot": slot, "batch": batch, "places": [row[3] for row in places]}
            for (slot, batch), places in groupby(of_one, itemgetter(1, 2))
        ]
        for session, of_one in groupby(rows, itemgetter(0))
    }
