"""Storing how a study finds its observers, and writing it down again (studyapp/recruiting.py)."""

from typing import Any

from django.db import transaction

from studyapp.models import Panel, Study
from studyapp.recruiting import OF_PANEL, OF_STUDY, RETURN_KEYS, Told, filled
from studyapp.services.panels import set_panel
from studyapp.services.quotas import set_quotas

BESIDE_QUOTAS = ("invited_only", "lab_networks", "keep_device_days")
PAYS = ("return_url", "outcomes")
"""What of a panel pays people."""


@transaction.atomic
def set_recruiting(study: Study, told: Told) -> None:
    """Recruit for a study as a table without problems says; what it doesn't name is as if nothing had been said."""
    whole = filled(told)
    for name in BESIDE_QUOTAS:
        setattr(study, name, whole[name])
    study.save(update_fields=BESIDE_QUOTAS)
    set_quotas(study, whole["quota"], whole["group_quotas"])
    panel = whole["panel"] or {"outcomes": {}}
    returns = {name: (of.get("code", ""), of.get("url", "")) for name, of in panel["outcomes"].items()}
    set_panel(study, {name: panel[name] for name in OF_PANEL} if whole["panel"] else None, returns)


def recruiting_of(study: Study) -> dict[str, Any]:
    """What a researcher would have written to recruit as the study does; nothing of what is off or known anyway."""
    told = {name: getattr(study, name) for name in OF_STUDY}
    told = {name: value for name, value in told.items() if value not in (None, False, {}, [])}
    panel = Panel.objects.filter(study=study).prefetch_related("returns").first()
    return told if panel is None else {**told, "panel": _panel_told(panel)}


def _panel_told(panel: Panel) -> dict[str, Any]:
    told = {name: getattr(panel, name) for name in OF_PANEL}
    if panel.kind == Panel.Kind.PROLIFIC:
        del told["parameters"], told["person_parameter"]
    outcomes = {one.outcome: {key: getattr(one, key) for key in RETURN_KEYS} for one in panel.returns.all()}
    return {**told, "outcomes": outcomes}


def recruiting_without_pay(study: Study) -> dict[str, Any]:
    """The same for whoever reviews the study: without the codes and addresses that pay people."""
    told = recruiting_of(study)
    if "panel" in told:
        told["panel"] = {name: value for name, value in told["panel"].items() if name not in PAYS}
    return told
