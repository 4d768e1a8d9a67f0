"""What a researcher supposes of a study before it opens, checked."""

from collections.abc import Mapping
from typing import Any

from django import forms


class PlanForm(forms.Form):
    """The wishes of a design report; whatever isn't said stays as usual."""

    observers = forms.IntegerField(
        min_value=2, max_value=1000, initial=20, help_text="Who finish, and whose votes count."
    )
    preference = forms.FloatField(
        label="Smallest preference to find, %", min_value=51, max_value=99, initial=60,
        help_text="The better one’s share of the votes. 50 is no preference.",
    )  # fmt: skip
    pay = forms.FloatField(
        label="Pay an hour", min_value=0, max_value=10_000, initial=12, help_text="In your currency; 0 for volunteers."
    )
    lost = forms.FloatField(
        label="Lost, %", min_value=0, max_value=90, initial=10,
        help_text="Of those invited: who leave half-way or are screened out.",
    )  # fmt: skip
    spread = forms.FloatField(
        label="How tastes differ", min_value=0, max_value=3, initial=0.3,
        help_text="Standard deviation of scores between observers, in log-odds.",
    )  # fmt: skip
    design_effect = forms.FloatField(
        label="Design effect", min_value=1, max_value=10, initial=1.7,
        help_text="For the formula: 1 if all votes were independent; lab studies have 1.1 to 2.2.",
    )  # fmt: skip

    def __init__(self, told: Mapping[str, Any]) -> None:
        usual = {name: field.initial for name, field in self.base_fields.items()}
        super().__init__({**usual, **{name: value for name, value in told.items() if name in usual}})
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"id_{name}_helptext"

    @property
    def wishes(self) -> dict[str, Any]:
        """As `Asked` takes them; only of a valid form."""
        told = self.cleaned_data
        return {
            "observers": told["observers"],
            "share": told["preference"] / 100,
            "pay_per_hour": told["pay"],
            "lost": told["lost"] / 100,
            "spread": told["spread"],
            "design_effect": told["design_effect"],
        }
