"""A study as it is written down: in the admin's form, or in a TOML file."""

import tomllib
from typing import TYPE_CHECKING, Any

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from studyapp.definition import DEFAULT_INSTRUCTIONS, misread_texts
from studyapp.models import Study, StudyText
from studyapp.services.definitions import as_toml
from studyapp.services.practice import problems_of_practice
from studyapp.services.texts import current_text, translations
from studyapp.session_settings import misread_questions

if TYPE_CHECKING:
    StudyModelForm = forms.ModelForm[Study]
else:
    StudyModelForm = forms.ModelForm


LABELS = {
    "testset": "Test set",
    "policy_version": "Which pairs",
    "completion_url": "Completion address",
    "screen_min_width_px": "Least width of the window, in pixels",
    "colour_test": "Colour plates",
    "acuity_test": "Rings with a gap",
    "ask_background": "Ask for age band, vision, expertise and gender",
    "break_every": "A break after so many pairs",
    "minutes_left": "Say how long it still takes",
}
_SHARE = "A share of a sitting's trials, 0 to 0.5"
HELP = {
    "testset": "Where it holds photos of several cameras, the table of conditions gets a column for each once the "
    "study is saved, so that a method can differ by camera. A TOML file can say the same at once.",
    "trials_per_session": "Pairs that one observer answers in a sitting.",
    "gold_share": f"{_SHARE}: pairs whose better side is known. It needs a condition that must lose to another.",
    "repeat_share": f"{_SHARE}: pairs shown once more with sides swapped, to see how consistent an observer is.",
    "same_share": f"{_SHARE}: a picture against itself, to see a preference for a side.",
    "strata": "With photos of several cameras, say: each sitting then holds pairs of every camera in proportion to its "
    "photos. Where empty, that is so only over many sittings.",
    "policy_version": "Balanced shows every pair alike. Adaptive shows half of a sitting's pairs alike and takes the "
    "others where the votes so far decide least: with many conditions and many votes that can save some, but "
    "intervals get a little too short. docs/adaptive.md shows by how much.",
    "seed": "The whole schedule follows from it. The one here was drawn by chance.",
    "screen_check": "Window, browser zoom and steps of brightness; it says what to mend, and is stored.",
    "screen_required": "Nobody goes on before everything is mended; the zoom alone, which is a guess, holds nobody.",
    "colour_test": "Five plates drawn here. A screening, no diagnosis; stored with the sitting.",
    "acuity_test": "Rings that get smaller: by visual angle for who holds a bank card to the screen, else in pixels. "
    "A screening, no diagnosis.",
    "vision_required": "Who doesn't pass the tests above is thanked and not asked; the place goes to another.",
    "ask_background": "All optional, stored with the observer.",
    "practice_trials": "Pairs before those that count; never counted.",
    "break_every": "0 for none. Pairs of practice don't count. A break is a calm page; observers go on when they like.",
    "lab_mode": "Before each sitting the supervisor writes down station, display, light and the observer's code.",
    "completion_code": "Shown with thanks at the end, for a recruiting panel.",
    "completion_url": "Where the end page leads, for a recruiting panel.",
}


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The list as lines; what was sent stays as it was sent."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The lines that say something."""
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lines differ."""
        return bool((initial or []) != self.clean(data))


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

    translations = forms.CharField(
        required=False,
        label="In other languages",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="For observers who read another language: a table for each, as under [texts] in docs/protocol.md: "
        '[de], then instructions = "…", and question = "…" and consent = "…". Where the text above changes, '
        "its translations are offered again once they are changed here too.",
    )
    practice_contents = LinesField(
        help_text="Names of contents, one a line, that are kept for practice and examples. They never occur in "
        "trials that count."
    )
    examples = LinesField(help_text="Of those, the ones that the instructions show as examples, one a line.")
    closing_questions = LinesField(
        help_text="One a line, each optional. “Why?” asks for a text, “Glasses? | yes | no” for a choice, "
        "“Tired? | 1-5 | not at all | very” for a number on a scale."
    )

    def clean_closing_questions(self) -> list[str]:
        """Each line is a question."""
        lines: list[str] = self.cleaned_data["closing_questions"]
        if problems := list(misread_questions(lines)):
            raise forms.ValidationError(problems)
        return lines

    def clean(self) -> dict[str, Any]:
        """Contents that are named are there, and some are left."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        testset = told.get("testset") or (self.instance.testset if self.instance.pk else None)
        if testset is not None and "practice_contents" in told:
            names = ("practice_contents", "examples", "practice_trials")
            asked = Study(testset=testset, **{name: told[name] for name in names if name in told})
            for problem in problems_of_practice(asked):
                self.add_error("practice_contents", problem)
        return told

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        study = self.instance if self.instance.pk else None
        for kind, default in ((StudyText.Kind.INSTRUCTIONS, DEFAULT_INSTRUCTIONS), (StudyText.Kind.CONSENT, "")):
            text = current_text(study, kind) if study else None
            self.initial.setdefault(str(kind), text.text if text else "" if study else default)
        self.initial.setdefault("translations", as_toml(translations(study)) if study else "")

    def clean_translations(self) -> dict[str, dict[str, str]]:
        """The texts by language and kind."""
        try:
            told: dict[str, dict[str, str]] = tomllib.loads(self.cleaned_data["translations"])
        except ValueError as error:
            raise forms.ValidationError(f"This can't be read: {error}") from error
        if problems := list(misread_texts(told)):
            raise forms.ValidationError(problems)
        return told


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
        except ValueError as error:
            raise forms.ValidationError(f"This is not a TOML file: {error}") from error
