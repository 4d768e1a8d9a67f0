"""How a study finds its observers, as plain tables: one set of keys and of checks, for the study file and the page.

`[recruiting]` in a study file is such a table, and the page's form makes one of what is written into it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studyapp.models import Panel, PanelReturn
from studyapp.services.arrivals import GROUP_KEY, OTHERS, PROLIFIC_KEYS, PROLIFIC_RETURN
from studyapp.services.crowds import problems_of_networks
from studyapp.services.panels import problems_of_template
from studyapp.study_file import misread_keys

Told = Mapping[str, Any]

KEYS: dict[str, type] = {
    "quota": int,
    "group_quotas": dict,
    "invited_only": bool,
    "lab_networks": list,
    "keep_device_days": int,
    "panel": dict,
}
PANEL_KEYS: dict[str, type] = {
    "kind": str,
    "parameters": list,
    "person_parameter": str,
    "group_parameter": str,
    "return_url": str,
    "outcomes": dict,
}
RETURN_KEYS: dict[str, type] = {"code": str, "url": str}

OF_STUDY = tuple(key for key in KEYS if key != "panel")
OF_PANEL = tuple(key for key in PANEL_KEYS if key != "outcomes")


def _room(model: type[Panel | PanelReturn], name: str) -> int:
    longest: int = model._meta.get_field(name).max_length  # type: ignore[assignment, union-attr]
    return longest


LIMITS = {"quota": (1, 1_000_000), "keep_device_days": (1, 36_500)}
MOST_OF_GROUP = LIMITS["quota"][1]
LONGEST_GROUP = 80
LONGEST = {
    "parameters": 500,  # all of them, with commas between
    **{name: _room(Panel, name) for name in ("person_parameter", "group_parameter", "return_url")},
    **{name: _room(PanelReturn, name) for name in RETURN_KEYS},
}


def misread(told: Told) -> list[str]:
    """What is wrong with the [recruiting] table of a study file; its meaning where types are right."""
    wrong_types = list(_misread_types(told))
    return wrong_types or [f"[recruiting] {key}: {problem}" for key, problem in problems_of(told)]


def _misread_types(told: Told) -> Iterator[str]:
    yield from misread_keys(told, KEYS, "recruiting")
    groups, panel = _table(told, "group_quotas"), _table(told, "panel")
    yield from misread_keys(groups, dict.fromkeys(groups, int), "recruiting.group_quotas")
    yield from misread_keys(panel, PANEL_KEYS, "recruiting.panel")
    outcomes = _table(panel, "outcomes")
    yield from misread_keys(outcomes, dict.fromkeys(PanelReturn.Outcome.values, dict), "recruiting.panel.outcomes")
    for name in outcomes:
        yield from misread_keys(_table(outcomes, name), RETURN_KEYS, f"recruiting.panel.outcomes.{name}")


def _table(told: Told, key: str) -> dict[str, Any]:
    """A table in a table; an empty one where there is none, or another thing."""
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def problems_of(told: Told) -> Iterator[tuple[str, str]]:
    """Why nobody could be recruited so: each problem with the key that it is about, dots between tables."""
    for key, (least, most) in LIMITS.items():
        if key in told and not least <= told[key] <= most:
            yield key, f"It must be from {least} to {most}, not {told[key]}."
    yield from (("group_quotas", problem) for problem in problems_of_groups(told.get("group_quotas", {}).items()))
    yield from (("lab_networks", problem) for problem in problems_of_networks(told.get("lab_networks", [])))
    if "panel" in told:
        yield from ((f"panel.{key}", problem) for key, problem in _problems_of_panel(told["panel"]))


def problems_of_groups(quotas: Iterable[tuple[str, int]]) -> Iterator[str]:
    """What is wrong with quotas by group."""
    seen: set[str] = set()
    for name, quota in quotas:
        if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_GROUP:
            yield f"{name!r} can't be a group: write a name of at most {LONGEST_GROUP} letters, in one line."
        if name.casefold() in seen:
            yield f"{name} stands there twice."
        if quota > MOST_OF_GROUP:
            yield f"{name}: {MOST_OF_GROUP} sittings at most."
        seen.add(name.casefold())


def _problems_of_panel(panel: Told) -> Iterator[tuple[str, str]]:
    kinds = Panel.Kind.values
    if panel.get("kind") not in kinds:
        yield "kind", f"It must be one of {', '.join(kinds)}: who sends the observers?"
        return
    whole = _filled_panel(panel)
    yield from (("parameters", problem) for problem in _problems_of_parameters(whole["parameters"]))
    for key in ("parameters", "person_parameter"):
        if key in panel and panel[key] != whole[key]:
            yield key, "Prolific’s are known: leave it out."
    if whole["person_parameter"] and whole["person_parameter"] not in whole["parameters"]:
        yield "person_parameter", "It must be one of the parameters that are kept."
    for place, key, text in _lines_of(whole):
        yield from ((place, problem) for problem in _problems_of_line(text, LONGEST[key]))
        if key.endswith("url"):
            yield from ((place, problem) for problem in problems_of_template(text, whole["parameters"]))


def _lines_of(panel: Told) -> Iterator[tuple[str, str, str]]:
    """The texts of a panel: where each stands, what it is, and what it says."""
    yield from ((key, key, panel[key]) for key in ("person_parameter", "group_parameter", "return_url"))
    for name, of in panel["outcomes"].items():
        yield from ((f"outcomes.{name}.{key}", key, text) for key, text in of.items())


def _problems_of_parameters(names: list[str]) -> Iterator[str]:
    for name in names:
        if "," in name or name != name.strip():
            yield f"{name!r} can't be a parameter: it holds a comma, or begins or ends with a space."
    yield from _problems_of_line(", ".join(names), LONGEST["parameters"])


def _problems_of_line(text: str, longest: int) -> Iterator[str]:
    if len(text) > longest:
        yield f"It is too long: {longest} letters at most, not {len(text)}."
    if not text.isprintable() or text != text.strip():
        yield "It must be one line, without invisible letters or spaces around it."


def _filled_panel(panel: Told) -> dict[str, Any]:
    """A panel with all keys: what isn't named is as the page proposes it, and Prolific's is Prolific's."""
    blank = {"parameters": [], "person_parameter": "", "group_parameter": GROUP_KEY, "return_url": "", "outcomes": {}}
    told = {**blank, **panel}
    if told["kind"] == Panel.Kind.PROLIFIC:
        told |= {"parameters": list(PROLIFIC_KEYS), "person_parameter": PROLIFIC_KEYS[0]}
        told["return_url"] = told["return_url"] or PROLIFIC_RETURN
    return told


def filled(told: Told) -> dict[str, Any]:
    """A table without problems with all of its keys, as it is stored; a study without one is recruited for by {}."""
    groups = told.get("group_quotas", {})
    return {
        "quota": told.get("quota"),
        "group_quotas": {OTHERS if name.casefold() == OTHERS else name: quota for name, quota in groups.items()},
        "invited_only": told.get("invited_only", False),
        "lab_networks": told.get("lab_networks", []),
        "keep_device_days": told.get("keep_device_days"),
        "panel": _filled_panel(told["panel"]) if "panel" in told else None,
    }
