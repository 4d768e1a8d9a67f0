"""The hash that a report is kept under: of all that it rests on, so that the same needn't be made again."""

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from studyapp.models import Erasure, Panel, Rendering, Study, Trial, Vote
from studyapp.session_settings import SETTINGS

MADE_BY = ("phoropter", "numpy", "scipy", "pandas", "choix", "matplotlib", "typst")
"""Another version of these may give other numbers or another page."""
LAYOUT = 4
"""Of what this app adds to a report; one more where that changes without a new version of the program."""
TOLD_IN_WORDS = (*SETTINGS, "seed", "allow_correction", "lease_minutes", "quota", "group_quotas", "invited_only")
"""Settings that the methods in words tell; some may change while a study runs."""


def report_key(study: Study, *, include_simulated: bool = False) -> str:
    """Changes with whatever the report rests on: showings, votes, sittings, metrics, conditions, settings, software."""
    votes = votes_in(study, include_simulated=include_simulated).aggregate(
        number=Count("pk"), last=Max("pk"), corrected=Count("pk", filter=~Q(corrected_from=""))
    )
    sittings = study.sessions.all() if include_simulated else study.sessions.filter(simulated=False)
    flawed = Q(stimulus__measurement__colour_deviation__gte=0) | Q(stimulus__measurement__flaws_reason__gt="")
    measured = Rendering.objects.filter(raster__study=study).aggregate(
        rendered=Count("pk"), measured=Count("stimulus__measurement"), flawed=Count("pk", filter=flawed)
    )
    erased = Erasure.objects.filter(session__study=study).aggregate(number=Count("pk"), last=Max("erased_at"))
    told: dict[str, Any] = {
        "study": [study.pk, study.name, study.question, study.state, include_simulated, *compared(study)],
        "told": {name: getattr(study, name) for name in TOLD_IN_WORDS},
        "around": [study.texts.count(), *Panel.objects.filter(study=study).values_list("kind", flat=True)],
        "votes": votes,
        "shown": Trial.objects.filter(session__in=sittings, shown_at__isnull=False).count(),
        "measured": measured,
        "erased": [erased["number"], str(erased["last"])],
        "sessions": list(
            sittings.order_by("pk").values_list(
                "pk", "state", "pilot", "simulated", "decision__use", "decision__reason"
            )
        ),
        "software": [LAYOUT, _analysis(), *(_version(name) for name in MADE_BY)],
    }
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def votes_in(study: Study, *, include_simulated: bool) -> QuerySet[Vote]:
    """Votes that a report may tell of: a rehearsal's only where they were asked for."""
    votes = Vote.objects.filter(trial__session__study=study)
    return votes if include_simulated else votes.filter(trial__session__simulated=False)


def compared(study: Study) -> list[str]:
    """The conditions that get a score, in their order."""
    return list(study.conditions.filter(worse_than=None).values_list("name", flat=True))


@cache
def _analysis() -> str:
    """Hash of the analysis as it stands: a report that other code made is an old one, whatever its version."""
    made_by = hashlib.sha256()
    for path in sorted((settings.BASE_DIR / "analysis").rglob("*")):
        if path.suffix in (".py", ".typ"):
            made_by.update(path.read_bytes())
    return made_by.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
