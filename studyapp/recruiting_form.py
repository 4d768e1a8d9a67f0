"""How a study finds its observers, as a researcher writes it down."""

import re
from typing import Any

from django import forms

from studyapp.models import Panel, PanelReturn, Study
from studyapp.recruiting import LIMITS, LONGEST, OF_PANEL, OF_STUDY, filled, problems_of, problems_of_groups
from studyapp.services.arrivals import GROUP_KEY
from studyapp.services.recruiting import recruiting_of

LINES = forms.Textarea(attrs={"rows": 4})
A_QUOTA = re.compile(r"(?P<name>.*\S)\s*=\s*(?P<quota>[0-9]{1,9})")
RETURNS = [(f"{key}_{outcome}", str(outcome), key) for outcome in PanelReturn.Outcome for key in ("code", "url")]
"""Field, outcome and key of each code and address."""


def _number_box(key: str) -> forms.NumberInput:
    least, most = LIMITS[key]
    return forms.NumberInput(attrs={"min": least, "max": most})


def _line_box(key: str) -> forms.TextInput:
    return forms.TextInput(attrs={"maxlength": LONGEST[key]})


class RecruitingForm(forms.Form):
    """Places, who may begin, the panel, and how long its ids are kept. `sections` says what stands together."""

    quota = forms.IntegerField(
        required=False, widget=_number_box("quota"), label="Sittings in all",
        help_text="Under way or finished. Empty: as many as come. When all are finished, the study pauses by itself.",
    )  # fmt: skip
    group_quotas = forms.CharField(
        required=False, widget=LINES, label="Sittings by group",
        help_text="One a line, as “DE = 50”. “others = 0” lets nobody in whose group isn’t listed; without such a "
        "line they are let in.",
    )  # fmt: skip
    invited_only = forms.BooleanField(
        required=False, label="Only with an invitation code", help_text="Nobody begins by the open link alone."
    )
    lab_networks = forms.CharField(
        required=False, widget=LINES, label="Addresses of a laboratory",
        help_text="One a line, as “192.0.2.0/24”: any number of sittings may begin there. Elsewhere, so many an hour "
        "by each address as the installation allows.",
    )  # fmt: skip
    kind = forms.ChoiceField(
        choices=[("", "Nobody, or a list of ours"), *Panel.Kind.choices], required=False, label="Who sends observers"
    )
    parameters = forms.CharField(
        required=False, widget=_line_box("parameters"), label="Parameters of its link",
        help_text="Those that are kept, with commas between. Prolific’s are known.",
    )  # fmt: skip
    person_parameter = forms.CharField(
        required=False, widget=_line_box("person_parameter"), label="The one that says who comes",
        help_text="Whoever comes back with the same one goes on where they were, on any device: it must not be a "
        "number that somebody could guess.",
    )  # fmt: skip
    group_parameter = forms.CharField(
        required=False, widget=_line_box("group_parameter"), label="The one that says of which group"
    )
    return_url = forms.CharField(
        required=False, widget=_line_box("return_url"), label="Address to return to",
        help_text="With {code}, {outcome}, {observer}, {session}, or a parameter as {PROLIFIC_PID}, filled in.",
    )  # fmt: skip
    keep_device_days = forms.IntegerField(
        required=False, widget=_number_box("keep_device_days"), label="Days to keep device data and panel ids",
        help_text="After a sitting’s end; then they are erased, and votes stay. Empty: as the installation says.",
    )  # fmt: skip

    def __init__(self, study: Study, data: Any = None) -> None:
        super().__init__(data)
        for field, outcome, key in RETURNS:
            label = f"{'Code' if key == 'code' else 'Address'}: {PanelReturn.Outcome(outcome).label}"
            self.fields[field] = forms.CharField(required=False, widget=_line_box(key), label=label)
        self.initial = written_down(recruiting_of(study))

    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        parts = {
            "Places": ["quota", "group_quotas"],
            "Who may begin": ["invited_only", "lab_networks"],
            "Panel": ["kind", "parameters", "person_parameter", "group_parameter", "return_url"],
            "What the panel is told": [field for field, _, _ in RETURNS],
            "How long it is kept": ["keep_device_days"],
        }
        return [(title, [self[name] for name in names]) for title, names in parts.items()]

    def clean_group_quotas(self) -> dict[str, int]:
        """Lines of name and number."""
        quotas: list[tuple[str, int]] = []
        for line in _lines(self.cleaned_data["group_quotas"]):
            if (read := A_QUOTA.fullmatch(line)) is None:
                raise forms.ValidationError(f"“{line}” isn’t read: write “DE = 50”.")
            quotas.append((read["name"], int(read["quota"])))
        if problems := list(problems_of_groups(quotas)):
            raise forms.ValidationError(problems)
        return dict(quotas)

    def clean_lab_networks(self) -> list[str]:
        """Lines of addresses."""
        return _lines(self.cleaned_data["lab_networks"])

    def clean_parameters(self) -> list[str]:
        """Names with commas between."""
        return [name.strip() for name in self.cleaned_data["parameters"].split(",") if name.strip()]

    def clean(self) -> dict[str, Any]:
        """What it says as a whole is checked as in a study file."""
        cleaned = super().clean() or self.cleaned_data
        for key, problem in problems_of(self.told()):
            self.add_error(_field_of(key), problem)
        return cleaned

    def told(self) -> dict[str, Any]:
        """The table that a study file would hold; what was not read is not in it."""
        said = {name: value for name, value in self.cleaned_data.items() if value is not None}
        plain = {name: said[name] for name in OF_STUDY if name in said}
        return {**plain, "panel": _panel_in(said)} if said.get("kind") else plain


def _panel_in(said: dict[str, Any]) -> dict[str, Any]:
    """The panel's table. Of Prolific the parameters are known, whatever stands in their fields."""
    known = ("parameters", "person_parameter") if said["kind"] == Panel.Kind.PROLIFIC else ()
    outcomes: dict[str, dict[str, str]] = {}
    for field, outcome, key in RETURNS:
        if said.get(field):
            outcomes.setdefault(outcome, {})[key] = said[field]
    told = {name: said[name] for name in OF_PANEL if name in said and name not in known}
    return {**told, "outcomes": outcomes}


def _field_of(key: str) -> str:
    """The field that a key of the table is written in."""
    returns = {f"panel.outcomes.{outcome}.{key}": field for field, outcome, key in RETURNS}
    return returns.get(key, key.removeprefix("panel."))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def written_down(told: dict[str, Any]) -> dict[str, Any]:
    """A study's recruiting as the form shows it."""
    panel = filled(told)["panel"] or {"group_parameter": GROUP_KEY, "outcomes": {}}
    returns = {field: panel["outcomes"].get(outcome, {}).get(key, "") for field, outcome, key in RETURNS}
    return {
        **told,
        **{name: panel[name] for name in OF_PANEL if name in panel},
        **returns,
        "group_quotas": "\n".join(f"{name} = {quota}" for name, quota in told.get("group_quotas", {}).items()),
        "lab_networks": "\n".join(told.get("lab_networks", [])),
        "parameters": ", ".join(panel.get("parameters", [])),
    }
