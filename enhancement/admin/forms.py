"""What the admin asks for where a row alone won't do."""

from pathlib import Path
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from enhancement.admin.skin import DialogForm
from enhancement.classical import auto, degraded, external
from enhancement.classical.settings import Range
from enhancement.methods import METHODS
from enhancement.models import Method, TestSet
from enhancement.services.testsets import is_frozen

CLASSICAL = {"auto": auto.SETTINGS, "degraded": degraded.SETTINGS}
SUFFIXES = {kind: ".onnx" if kind == "onnx" else ".safetensors" for kind, made in METHODS.items() if made.weights}


def _note() -> forms.CharField:
    return forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Where it comes from, and what a reader of the report must know.",
    )


def _name(model: type[TestSet] | type[Method]) -> forms.SlugField:
    return forms.SlugField(
        max_length=80,
        widget=UnfoldAdminTextInputWidget(),
        help_text=f"Letters, digits, - and _; the {model._meta.verbose_name} is called so in studies and exports.",
    )


class ServerPathField(forms.CharField):
    """A whole path on the machine of the workers, who alone look whether it is there."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(widget=UnfoldAdminTextInputWidget(), **rest)

    def clean(self, value: Any) -> str:
        told: str = super().clean(value)
        if told and not Path(told).is_absolute():
            raise forms.ValidationError(f"{told} is not a whole path; write it from / on.")
        return told


class TestSetForm(forms.Form):
    """What a test set is called, and what is told of its photos."""

    __test__ = False

    name = _name(TestSet)
    camera = forms.CharField(
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="What took the photos, e.g. iPhone X, where folders or a manifest don't say.",
    )
    simulated = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        label="The phone's photos are simulated",
        help_text="Said on every page that shows them.",
    )
    note = _note()

    def clean_name(self) -> str:
        """Refused here, so that nobody waits for a job to say so."""
        name: str = self.cleaned_data["name"]
        testset = TestSet.objects.filter(name=name).first()
        if testset is not None and is_frozen(testset):
            raise forms.ValidationError(
                f"Test set {name} has stimuli, so its contents stay as they are; take a new name."
            )
        return name


class LoadForm(TestSetForm):
    """A test set from photos on the server."""

    path = ServerPathField(
        label="Folder or CSV file",
        help_text="On the server: a folder of photos, a folder that holds input/ and reference/ or is laid out as "
        "DPED's, or a CSV manifest.",
    )
    reference = ServerPathField(
        required=False,
        label="Folder of reference photos",
        help_text="Where they lie apart; paired with the others by file name.",
    )
    field_order = ("name", "path", "reference", "camera", "simulated", "note")


class UploadForm(TestSetForm):
    """A test set from photos that a browser has sent; which folder is which, where several lie side by side."""

    inputs = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput())
    references = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput())
    field_order = ("name", "camera", "simulated", "note")

    def clean_inputs(self) -> str:
        return _folder_name(self.cleaned_data["inputs"])

    def clean_references(self) -> str:
        return _folder_name(self.cleaned_data["references"])


def _folder_name(told: str) -> str:
    """One name, not a path that leads somewhere."""
    if told in (".", "..") or "/" in told or "\0" in told:
        raise forms.ValidationError("Choose one of the upload's own folders.")
    return told


def _known_settings() -> str:
    """What may be set, kind by kind, with defaults."""
    told = {kind: ", ".join(map(_told, ranges.items())) for kind, ranges in CLASSICAL.items()}
    sizes = " or ".join(f'"{size}"' for size in external.SIZES)
    told["external"] = f'"folder", its absolute path on the server; "size", {sizes} (the first by default)'
    told["original, reference"] = "none"
    listed = format_html_join("", '<li class="mt-1"><strong>{}</strong>: {}</li>', told.items())
    first = 'A JSON object; what it leaves out stays at its default. For example {"folder": "/photos/edited"}.'
    return format_html("{}<ul>{}</ul>", first, listed)


def _told(setting: tuple[str, Range]) -> str:
    name, known = setting
    return f'"{name}" {known.default:g} ({known.low:g}\u2013{known.high:g})'


def _settings(help_text: str) -> forms.JSONField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
    return forms.JSONField(required=False, initial=dict, widget=widget, help_text=help_text)


class PlainMethodForm(forms.Form):
    """A method that needs no weights."""

    name = _name(Method)
    kind = forms.ChoiceField(
        choices=[(kind, f"{kind}: {made.title}") for kind, made in METHODS.items() if not made.weights],
        widget=UnfoldAdminSelectWidget(),
    )
    settings = _settings(_known_settings())
    note = _note()

    def clean_settings(self) -> dict[str, Any]:
        """An object; nothing said means none."""
        settings = self.cleaned_data["settings"]
        if settings is None:
            return {}
        if not isinstance(settings, dict):
            raise forms.ValidationError('Write a JSON object, e.g. {"strength": 0.5}.')
        return settings


class NetworkForm(PlainMethodForm):
    """A method from a file of weights; the worker looks into it."""

    kind = forms.ChoiceField(
        choices=[(kind, f"{METHODS[kind].title}, {suffix}") for kind, suffix in SUFFIXES.items()],
        widget=UnfoldAdminSelectWidget(),
    )
    settings = _settings(
        'A JSON object. For networks: "device", "auto" (the default), "cpu" or "cuda"; '
        'for ONNX: "range" of its pixels, "0-1" (the default), "0-255" or "-1-1".'
    )
    weights = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(),
        help_text="A .safetensors checkpoint of this program, or an .onnx file. Pickles are never loaded.",
    )
    field_order = ("name", "kind", "weights", "settings", "note")

    def clean(self) -> dict[str, Any]:
        """The ending goes with the kind."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        kind, weights = told.get("kind"), told.get("weights")
        if kind and weights and Path(weights.name).suffix.lower() != SUFFIXES[kind]:
            self.add_error(
                "weights", f"{weights.name} doesn't end in {SUFFIXES[kind]}, as a method of kind {kind} needs."
            )
        return told


class CheckpointForm(forms.Form):
    """One of the authors' released TensorFlow checkpoints, on the server."""

    name = _name(Method)
    index = ServerPathField(
        label="The checkpoint's .index file", help_text="On the server, with its .data-… file beside it."
    )
    note = _note()

    def clean_index(self) -> str:
        """Named with or without its ending, as TensorFlow does."""
        index: str = self.cleaned_data["index"]
        return index if index.endswith(".index") else f"{index}.index"


class RunMethodsForm(DialogForm):
    """Which methods to run on a test set."""

    methods = forms.ModelMultipleChoiceField(
        Method.objects.all(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        label="Methods",
        help_text="Stimuli that are already there stay; metrics follow by themselves.",
    )
