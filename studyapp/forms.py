"""What the observer's page sends, checked."""

from collections.abc import Mapping
from typing import Any

from django import forms

from studyapp.models import Study, Trial, Vote
from studyapp.models.trial import Answer

DEVICE = ("device_pixel_ratio", "viewport_width_px", "viewport_height_px", "browser_zoom", "gamut", "drawer", "stacked")
LOOKED = (
    "response_ms",
    "hidden_ms",
    "max_zoom",
    "one_to_one_ms",
    "inspected_left",
    "inspected_right",
    "offset_px",
    "flips",
    "reloads",
    "first_painted",
    "break_ms",
)
TOO_SOON_MS = 200


class ToldForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own class takes none at run time
    """A model's fields, checked one by one. The row is written elsewhere, and the database holds its constraints."""

    def _post_clean(self) -> None:
        """What each column can hold; Django would also ask the database about each constraint, with every vote."""
        for column in self.instance._meta.fields:
            try:
                column.run_validators(self.cleaned_data.get(column.name))
            except forms.ValidationError as wrong:
                self.add_error(column.name, wrong)


class ShownForm(ToldForm):
    """On what a pair was painted, and on what it stood when it was answered."""

    class Meta:
        model = Trial
        fields = DEVICE


class VoteForm(ToldForm):
    """An answer, how the pair was looked at, and which answer this one corrects."""

    corrects = forms.ChoiceField(choices=[("", ""), *Answer.choices], required=False)

    class Meta:
        model = Vote
        fields = ("answer", *LOOKED)

    def __init__(self, told: Mapping[str, Any], study: Study) -> None:
        """The study says which answers it takes."""
        super().__init__(told)
        self.study = study

    def looked(self) -> dict[str, object]:
        """The columns of the vote beside its answer."""
        return {name: self.cleaned_data[name] for name in LOOKED}

    def clean_response_ms(self) -> int:
        """The page holds an answer back that comes sooner than anybody can have looked; so does the server."""
        response_ms: int = self.cleaned_data["response_ms"]
        if response_ms < TOO_SOON_MS:
            raise forms.ValidationError(
                f"An answer within {TOO_SOON_MS} ms of painting isn't one; this one came after {response_ms} ms."
            )
        return response_ms

    def clean_answer(self) -> str:
        """The study may not offer ties and not-sures."""
        answer: str = self.cleaned_data["answer"]
        study = self.study
        if (answer == "tie" and not study.allow_tie) or (answer == "not_sure" and not study.allow_not_sure):
            raise forms.ValidationError(f"This study doesn't take the answer {answer!r}.")
        return answer
