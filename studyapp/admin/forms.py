"""A study as it is written down: in the admin's form, or in a TOML file."""

import tomllib
from typing import TYPE_CHECKING, Any

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from studyapp.definition import DEFAULT_INSTRUCTIONS
from studyapp.models import Study, StudyText
from studyapp.services.sessions import current_text

if TYPE_CHECKING:
    StudyModelForm = forms.ModelForm[Study]
else:
    StudyModelForm = forms.ModelForm


LABELS = {"testset": "Test set", "policy_version": "Which pairs", "completion_url": "Completion address"}
_SHARE = "A share of a sitting's trials, 0 to 0.5"
HELP = {
    "testset": "Where it holds photos of several cameras, the table of conditions gets a column for each once the "
    "study is saved, so that a method can differ by camera. A TOML file can say the same at once.",
    "trials_per_session": "Pairs that one observer answers in a sitting.",
    "gold_share": f"{_SHARE}: pairs whose better side is known. It needs a condition that must lose to another.",
    "repeat_share": f"{_SHARE}: pairs shown once more with sides swapped, to see how consistent an observer is.",
    "same_share": f"{_SHARE}: a picture against itself, to see a preference for a side.",
    "policy_version": "Balanced shows every pair alike. Adaptive shows half of a sitting's pairs alike and takes the "
    "others where the votes so far decide least: with many conditions and many votes that can save some, but "
    "intervals get a little too short. docs/adaptive.md shows by how much.",
    "seed": "The whole schedule follows from it. The one here was drawn by chance.",
    "completion_code": "Shown with thanks at the end, for a recruiting panel.",
    "completion_url": "Where the end page leads, for a recruiting panel.",
}


class StudyForm(StudyModelForm):
    """A study that has no votes, with its texts."""

    instructions = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="A change makes a new version; what earlier observers saw is kept.",
    )
    consent = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="Where there is one, an observer must agree to it before the first pair.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = self.instance if self.instance.pk else None
        for kind, default in ((StudyText.Kind.INSTRUCTIONS, DEFAULT_INSTRUCTIONS), (StudyText.Kind.CONSENT, "")):
            text = current_text(study, kind) if study else None
            self.initial.setdefault(str(kind), text.text if text else "" if study else default)


class TomlForm(forms.Form):
    """A study as a researcher writes it down."""

    definition = forms.FileField(
        label="TOML file",
        widget=UnfoldAdminFileFieldWidget(),
        help_text="The same file that manage.py create_study takes; docs/protocol.md shows one.",
    )

    def clean_definition(self) -> tuple[dict[str, Any], str]:
        """The file's tables, and its name."""
        file = self.cleaned_data["definition"]
        try:
            return tomllib.loads(file.read().decode("utf-8")), file.name
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise forms.ValidationError(f"This is not a TOML file: {error}") from error
