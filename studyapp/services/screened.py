"""Observers of a study as it stands, screened blind: `analysis.quality.screening` on the exposures of the export."""

from typing import Any

from django.core.cache import cache

from analysis.quality.screening import RULES, Screened, Screening, screen
from analysis.votes import in_use
from studyapp.models import Study
from studyapp.services.report_keys import report_key
from studyapp.services.reports import votes_of

KEEP_S = 3600


def screening_of(study: Study, *, simulated: bool = False) -> Screening:
    """Who is flagged by which rule, of people, or of simulated observers. Made again once there are new votes.

    Sittings that are left out by decision are no yardstick for others, as in the report.
    """
    key = f"screening-{report_key(study, include_simulated=simulated)}"
    made: Screening | None = cache.get(key)
    if made is None:
        rows = in_use(votes_of(study, include_simulated=simulated))
        made = screen(rows[rows["simulated"].astype(bool) == simulated], include_simulated=simulated)
        cache.set(key, made, timeout=KEEP_S)
    return made


def screening_page(screening: Screening) -> dict[str, Any]:
    """What a page shows of it: those who are flagged, each with the words of their rules."""
    flagged = [one for one in screening.observers if one.flags]
    return {
        "observers": len(screening.observers),
        "flagged": [{"observer": one, "reasons": _reasons(one)} for one in flagged],
        "rules": [rule.words for rule in RULES.values()],
    }


def _reasons(one: Screened) -> list[str]:
    return [RULES[flag].words for flag in one.flags]
