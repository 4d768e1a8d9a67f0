"""Conditions of a study as one table: a row for each, a column for the method of each camera."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from unfold.admin import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget

from enhancement.admin.skin import ReadOnly, TabularInline, shown
from enhancement.models import Method
from studyapp.admin.ownership import Owned
from studyapp.models import Condition, ConditionMethod, Study
from studyapp.services.drafts import conditions_settled

if TYPE_CHECKING:
    ConditionModelForm = forms.ModelForm[Condition]
    ConditionFormSet = forms.BaseInlineFormSet[Condition, Study, "ConditionForm"]
else:
    ConditionModelForm = forms.ModelForm
    ConditionFormSet = PaginationInlineFormSet


class ConditionForm(ConditionModelForm):
    """A condition with its methods; ``cameras`` are the columns: first "", for every camera not named."""

    cameras: tuple[str, ...] = ("",)

    class Meta:
        model = Condition
        fields = ("name", "worse_than")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = {row.camera: row.method_id for row in self.instance.methods.all()} if self.instance.pk else {}
        for number, camera in enumerate(self.cameras):
            self.initial.setdefault(column(number), there.get(camera))

    def clean(self) -> dict[str, Any]:
        """A condition without any method could show nothing."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(told.get(column(number)) for number in range(len(self.cameras))):
            self.add_error(column(0), "Choose a method.")
        worse_than = told.get("worse_than")
        if worse_than is not None and worse_than == self.instance:
            self.add_error("worse_than", "It can't lose to itself.")
        return told

    def write_methods(self) -> None:
        """The methods as the columns say."""
        self.instance.methods.all().delete()
        ConditionMethod.objects.bulk_create(
            ConditionMethod(condition=self.instance, camera=camera, method=method)
            for number, camera in enumerate(self.cameras)
            if (method := self.cleaned_data[column(number)])
        )


def column(number: int) -> str:
    """The field that holds the method for the camera of this number."""
    return f"method_{number}"


def form_for(study: Study | None) -> type[ConditionForm]:
    """The form with a column for every camera of the study's test set, where there is more than one."""
    named = study.testset.contents.values_list("camera", flat=True) if study else []
    cameras = sorted(set(named))
    cameras = ["", *cameras] if len(cameras) > 1 else [""]
    compared = study.conditions.filter(worse_than=None) if study else Condition.objects.none()
    columns: dict[str, Any] = {column(number): _method_field(camera) for number, camera in enumerate(cameras)}
    worse_than = forms.ModelChoiceField(
        compared, required=False, widget=UnfoldAdminSelectWidget(), label="Must lose to", empty_label="– (compared)"
    )
    return type("ConditionForm", (ConditionForm,), {**columns, "worse_than": worse_than, "cameras": tuple(cameras)})


def _method_field(camera: str) -> "forms.ModelChoiceField[Method]":
    return forms.ModelChoiceField(
        Method.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        label=f"Method for {camera}" if camera else "Method",
        empty_label="as in “Method”" if camera else "–",
    )


class Conditions(ConditionFormSet):
    """Numbered in the order in which they were added; removed together with their methods."""

    def clean(self) -> None:
        """A gold condition can't outlive the one it must lose to."""
        super().clean()
        removed = {form.instance.pk for form in self.deleted_forms}
        for form in self.forms:
            kept = form not in self.deleted_forms and hasattr(form, "cleaned_data")
            if kept and (better := form.cleaned_data.get("worse_than")) and better.pk in removed:
                raise ValidationError(f"{form.instance.name} must lose to {better.name}; remove or change both.")

    def save_new(self, form: ConditionForm, commit: bool = True) -> Condition:
        last = self.instance.conditions.aggregate(last=Max("position"))["last"]
        form.instance.position = 0 if last is None else last + 1
        made = super().save_new(form, commit=commit)
        form.write_methods()
        return made

    def save_existing(self, form: ConditionForm, obj: Condition, commit: bool = True) -> Condition:
        kept = super().save_existing(form, obj, commit=commit)
        form.write_methods()
        return kept

    def delete_existing(self, obj: Condition, commit: bool = True) -> None:
        obj.gold.update(worse_than=None)
        obj.methods.all().delete()
        super().delete_existing(obj, commit=commit)


def proposed_conditions(request: HttpRequest) -> list[dict[str, Any]]:
    """A condition for each method that has run on the test set in the address; an empty one where there is none."""
    asked = request.GET.get("testset", "")
    ran = Method.objects.filter(stimuli__content__testset=int(asked)).distinct() if asked.isdecimal() else []
    # What is made worse on purpose must lose to another, which only a person can name.
    return [{"name": str(method), column(0): method.pk} for method in ran if method.kind != "degraded"] or [{}]


class ConditionsInline(Owned, TabularInline[Condition, Study]):
    """Conditions while they can still be changed."""

    study_path = "study"
    model = Condition
    formset = Conditions  # type: ignore[assignment]
    extra = 2
    hide_title = True
    verbose_name_plural = "conditions (one that must lose to another stands in gold pairs only)"

    def get_extra(self, request: HttpRequest, obj: Study | None = None, **kwargs: Any) -> int:
        return len(proposed_conditions(request)) + 1 if obj is None and request.method == "GET" else self.extra

    def get_fields(self, request: HttpRequest, obj: Study | None = None) -> Any:
        return ["name", *(column(number) for number in range(len(form_for(obj).cameras))), "worse_than"]

    def get_formset(self, request: HttpRequest, obj: Study | None = None, **kwargs: Any) -> Any:
        made = super().get_formset(request, obj, form=form_for(obj), **kwargs)
        # Django refuses to remove a row that others point to; here they go with it.
        made.form = type("RemovableForm", (made.form,), {"hand_clean_DELETE": lambda form: None})
        return made

    def has_add_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return super().has_add_permission(request, obj) and (obj is None or not conditions_settled(obj))


class SettledConditionsInline(Owned, ReadOnly, TabularInline[Condition, Study]):
    """Conditions once renderings rest on them."""

    study_path = "study"
    model = Condition
    hide_title = True
    fields = ("name", "by_camera", "must_lose_to")
    readonly_fields = fields
    verbose_name_plural = "conditions (settled: renderings were made of them)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Condition]:
        return super().get_queryset(request).prefetch_related("methods__method").select_related("worse_than")

    @shown("Methods")
    def by_camera(self, condition: Condition) -> str:
        named = (f"{row.method} ({row.camera})" if row.camera else str(row.method) for row in condition.methods.all())
        return ", ".join(named)

    @shown("Must lose to")
    def must_lose_to(self, condition: Condition) -> str:
        return condition.worse_than.name if condition.worse_than else "– (compared)"


class SeenConditionsInline(SettledConditionsInline):
    """Conditions for who may see the study and not change it."""

    verbose_name_plural = "conditions"
