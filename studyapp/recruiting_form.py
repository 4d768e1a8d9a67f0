"""How a study finds its observers, as a researcher writes it down."""

from typing import Any

from django import forms

from studyapp.models import Panel, PanelReturn, Study
from studyapp.services.arrivals import OTHERS, PROLIFIC_KEYS, PROLIFIC_RETURN
from studyapp.services.crowds import MOST_NETWORKS, problem_of_network
from studyapp.services.panels import problems_of_template

LINES = forms.Textarea(attrs={"rows": 4})


class RecruitingForm(forms.Form):
    """Places, who may begin, the panel, and how long its ids are kept. `sections` says what stands together."""

    quota = forms.IntegerField(
        required=False, min_value=1, max_value=1_000_000, label="Sittings in all",
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
        required=False, max_length=500, label="Parameters of its link",
        help_text="Those that are kept, with commas between. Prolific’s are known.",
    )  # fmt: skip
    person_parameter = forms.CharField(
        required=False, max_length=60, label="The one that says who comes",
        help_text="Whoever comes back with the same one goes on where they were, on any device: it must not be a "
        "number that somebody could guess.",
    )  # fmt: skip
    group_parameter = forms.CharField(required=False, max_length=60, label="The one that says of which group")
    return_url = forms.CharField(
        required=False, max_length=500, label="Address to return to",
        help_text="With {code}, {outcome}, {observer}, {session}, or a parameter as {PROLIFIC_PID}, filled in.",
    )  # fmt: skip
    keep_device_days = forms.IntegerField(
        required=False, min_value=1, max_value=36_500, label="Days to keep device data and panel ids",
        help_text="After a sitting’s end; then they are erased, and votes stay. Empty: as the installation says.",
    )  # fmt: skip

    def __init__(self, study: Study, data: Any = None) -> None:
        super().__init__(data)
        for outcome in PanelReturn.Outcome:
            code = forms.CharField(required=False, max_length=80, label=f"Code: {outcome.label}")
            url = forms.CharField(required=False, max_length=500, label=f"Address: {outcome.label}")
            self.fields |= {f"code_{outcome}": code, f"url_{outcome}": url}
        self.initial = written_down(study)

    def sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        returns = [f"{what}_{outcome}" for outcome in PanelReturn.Outcome for what in ("code", "url")]
        parts = {
            "Places": ["quota", "group_quotas"],
            "Who may begin": ["invited_only", "lab_networks"],
            "Panel": ["kind", "parameters", "person_parameter", "group_parameter", "return_url"],
            "What the panel is told": returns,
            "How long it is kept": ["keep_device_days"],
        }
        return [(title, [self[name] for name in names]) for title, names in parts.items()]

    def clean_group_quotas(self) -> dict[str, int]:
        """Lines of name and number."""
        quotas: dict[str, int] = {}
        for line in _lines(self.cleaned_data["group_quotas"]):
            name, _, number = (part.strip() for part in line.rpartition("="))
            if not name or not number.isdecimal() or len(name) > 80:
                raise forms.ValidationError(f"“{line}” isn’t read: write “DE = 50”.")
            if name.casefold() in (known.casefold() for known in quotas):
                raise forms.ValidationError(f"{name} stands there twice.")
            quotas[OTHERS if name.casefold() == OTHERS else name] = int(number)
        return quotas

    def clean_lab_networks(self) -> list[str]:
        """Lines of addresses."""
        networks = _lines(self.cleaned_data["lab_networks"])
        if len(networks) > MOST_NETWORKS:
            raise forms.ValidationError(f"{len(networks)} addresses: {MOST_NETWORKS} at most.")
        if problems := [problem for one in networks if (problem := problem_of_network(one))]:
            raise forms.ValidationError(problems)
        return networks

    def clean(self) -> dict[str, Any]:
        """Prolific's own parameters and address are filled in; those of another panel must hang together."""
        told = super().clean() or self.cleaned_data
        told["parameters"] = [name.strip() for name in told.get("parameters", "").split(",") if name.strip()]
        if told.get("kind") == Panel.Kind.PROLIFIC:
            told |= {"parameters": list(PROLIFIC_KEYS), "person_parameter": PROLIFIC_KEYS[0]}
            told["return_url"] = told.get("return_url") or PROLIFIC_RETURN
        elif told.get("person_parameter") and told["person_parameter"] not in told["parameters"]:
            self.add_error("person_parameter", "It must be one of the parameters that are kept.")
        for name in ("return_url", *(f"url_{outcome}" for outcome in PanelReturn.Outcome)):
            for problem in problems_of_template(told.get(name, ""), told["parameters"]):
                self.add_error(name, problem)
        return told

    def panel(self) -> dict[str, Any] | None:
        """The panel's columns; None where there is none."""
        names = ("kind", "parameters", "person_parameter", "group_parameter", "return_url")
        return {name: self.cleaned_data[name] for name in names} if self.cleaned_data["kind"] else None

    def returns(self) -> dict[str, tuple[str, str]]:
        """Code and address of each outcome."""
        told = self.cleaned_data
        return {str(outcome): (told[f"code_{outcome}"], told[f"url_{outcome}"]) for outcome in PanelReturn.Outcome}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def written_down(study: Study) -> dict[str, Any]:
    """A study's recruiting as the form shows it."""
    panel = Panel.objects.filter(study=study).prefetch_related("returns").first()
    told: dict[str, Any] = {
        "quota": study.quota,
        "group_quotas": "\n".join(f"{name} = {quota}" for name, quota in study.group_quotas.items()),
        "invited_only": study.invited_only,
        "lab_networks": "\n".join(study.lab_networks),
        "keep_device_days": study.keep_device_days,
        "group_parameter": "group",
    }
    if panel is None:
        return told
    for given in panel.returns.all():
        told |= {f"code_{given.outcome}": given.code, f"url_{given.outcome}": given.url}
    names = ("kind", "person_parameter", "group_parameter", "return_url")
    return {**told, **{name: getattr(panel, name) for name in names}, "parameters": ", ".join(panel.parameters)}
