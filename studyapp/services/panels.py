"""The way back to a panel: the code and the address that tell it what became of somebody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.db import transaction

from studyapp.models import Panel, PanelReturn, Study, StudySession
from studyapp.services.arrivals import panel_of

Outcome = PanelReturn.Outcome
OURS = ("observer", "session", "outcome", "code")
FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class WayBack:
    """What the last page shows: a code to copy, an address to go on to; either may be empty."""

    code: str = ""
    url: str = ""


def way_back(study: Study, outcome: str, *, told: Mapping[str, str], session: StudySession | None = None) -> WayBack:
    """How somebody goes back who completed the study, or was turned away from it.

    Args:
        told: What the panel sent along; ``session.panel`` of who has a sitting.
    """
    panel = panel_of(study)
    given = panel.returns.filter(outcome=outcome).first() if panel.pk else None
    code, template = (given.code, given.url or panel.return_url) if given else ("", panel.return_url)
    if outcome == Outcome.COMPLETED:
        code, template = code or study.completion_code, template or study.completion_url
    ours = {
        "observer": session.observer.code if session else "",
        "session": str(session.pk) if session else "",
        "outcome": outcome,
        "code": code,
    }
    needs_code = "{code}" in template and not code
    return WayBack(code, "" if needs_code else filled(template, {**told, **ours}))


def filled(template: str, values: Mapping[str, str]) -> str:
    """An address with its fields filled in, each as one piece of a path or a query; what isn't known is empty."""
    return FIELD.sub(lambda field: quote(values.get(field[1], ""), safe=""), template)


def problems_of_template(template: str, parameters: list[str]) -> list[str]:
    """Why a template leads nowhere, or could be made to lead somebody elsewhere."""
    if not template:
        return []
    try:
        where = urlsplit(template)
    except ValueError as error:
        return [f"This is no address: {error}."]
    problems = []
    if where.scheme not in ("http", "https") or not where.netloc:
        problems.append("An address begins with https:// and the panel's name.")
    elif FIELD.search(where.netloc):
        problems.append("No field may stand before the first / of the address: a link could then lead anywhere.")
    unknown = set(FIELD.findall(template)) - {*OURS, *parameters}
    problems += [f"{{{name}}} is none of the fields {', '.join((*OURS, *parameters))}." for name in sorted(unknown)]
    return problems


@transaction.atomic
def set_panel(study: Study, told: Mapping[str, object] | None, returns: Mapping[str, tuple[str, str]]) -> None:
    """Describe the panel of a study anew, with code and address per outcome; None takes the description away."""
    if told is None:
        Panel.objects.filter(study=study).delete()
        return
    panel, _ = Panel.objects.update_or_create(study=study, defaults=dict(told))
    panel.returns.all().delete()
    PanelReturn.objects.bulk_create(
        PanelReturn(panel=panel, outcome=outcome, code=code, url=url)
        for outcome, (code, url) in returns.items()
        if code or url
    )
