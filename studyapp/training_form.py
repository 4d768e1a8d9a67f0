"""What a recipe is sent by: a text, or a file."""

from typing import Any

from django import forms

from enhancement.nn.training.recipe import Recipe, RecipeError
from enhancement.services.training import recipe_from

MOST_BYTES = 100_000
RELEASED = """\
# The recipe of the released code (Ignatov et al., ICCV 2017). docs/training.md has every key.
name = "mine"
patches = "patches"              # a store, or DPED's published patches, on the worker's machine
seed = 1
steps = 20000
batch = 50
learning_rate = 5e-4

[network]
architecture = "dped"            # or "dong", "johnson"
blocks = 4
channels = 64

[losses]
definition = "released"          # or "paper"

[backbone]
weights = "vgg19-dcbb9e9d.pth"   # on the worker's machine too
layer = "relu5_4"
"""


class TrainingForm(forms.Form):
    """A recipe; the file goes before the text."""

    recipe = forms.CharField(
        label="Recipe (TOML)",
        initial=RELEASED,
        max_length=MOST_BYTES,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "class": "mono", "autocomplete": "off"}),
        help_text="Paths are the gpu worker’s; relative ones are meant from its DATA_DIR.",
    )
    file = forms.FileField(
        label="Or a file", required=False, help_text="Taken instead of the text. Relative paths as above."
    )

    def clean(self) -> dict[str, Any]:
        """The recipe, each of its problems a line."""
        told: dict[str, Any] = self.cleaned_data
        file, field = told.get("file"), "file" if told.get("file") else "recipe"
        if field in self.errors:
            return told
        try:
            text = file.read(MOST_BYTES + 1).decode("utf-8") if file else told.get("recipe", "")
        except UnicodeDecodeError:
            raise forms.ValidationError({field: "This is not a text in UTF-8."}) from None
        if len(text) > MOST_BYTES:
            raise forms.ValidationError({field: "This is too long for a recipe."})
        try:
            told["checked"] = recipe_from(text)
        except RecipeError as error:
            raise forms.ValidationError({field: str(error).splitlines()}) from error
        return told

    @property
    def checked(self) -> Recipe:
        """The recipe, once the form is valid."""
        recipe: Recipe = self.cleaned_data["checked"]
        return recipe
