"""Studies: made, prepared, opened, paused, closed."""

import tomllib
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, URLField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from enhancement.admin.skin import (
    ModelAdmin,
    ReadOnly,
    TabularInline,
    form_page,
    page_button,
    page_url,
    shown,
    who,
)
from studyapp.admin.conditions import (
    ConditionsInline,
    SeenConditionsInline,
    SettledConditionsInline,
    proposed_conditions,
)
from studyapp.admin.forms import HELP, LABELS, StudyForm, TomlForm
from studyapp.admin.next_steps import next_step_of
from studyapp.admin.ownership import Owned
from studyapp.admin.steering import Steered, tell
from studyapp.definition import StudyProblemError, define
from studyapp.design.schedule import policy_of
from studyapp.models import Study, StudySession, StudyText, Vote
from studyapp.services.access import may, studies_for
from studyapp.services.drafts import conditions_settled, design_settled, write_text, write_translations
from studyapp.services.studies import create_study, has_votes
from studyapp.services.texts import current_text
from studyapp.session_settings import SETTINGS

ASKED = ("question", "language", "allow_tie", "allow_not_sure", "allow_correction")
DESIGN = ("trials_per_session", "gold_share", "repeat_share", "same_share", "policy_version", "strata", "seed")
SESSION = tuple(SETTINGS)
MADE_BY_SERVICES = ("observers_link", "pages", "state_shown", "created_at", "opened_at", "closed_at")


class TextsInline(Owned, ReadOnly, TabularInline[StudyText, Study]):
    """Every version of every text."""

    study_path = "study"
    model = StudyText
    hide_title = True
    fields = ("kind", "version", "language", "text", "created_at")
    readonly_fields = fields
    ordering = ("kind", "-version")
    verbose_name_plural = "texts, by version"
    classes = ("collapse",)


@admin.register(Study)
class StudyAdmin(Steered, Owned, ModelAdmin[Study]):
    """What observers were asked and shown stays as it was once a study has votes."""

    study_path = "pk"
    list_display = (
        "name",
        "state_shown",
        "testset_shown",
        "owner",
        "conditions_count",
        "sessions_count",
        "votes_count",
    )
    list_select_related = ("testset", "owner")
    search_fields = ("name", "code", "question")
    actions_list = ("from_toml",)
    change_form_outer_before_template = "admin/studyapp/next_step.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Study]:
        counts = {
            "compared": Count("conditions", filter=Q(conditions__worse_than=None)),
            "sittings": _number_of(StudySession.objects.filter(study=OuterRef("pk"), simulated=False)),
            "votes": _number_of(
                Vote.objects.filter(trial__session__study=OuterRef("pk"), trial__session__simulated=False)
            ),
        }
        rows: QuerySet[Study] = super().get_queryset(request).annotate(**counts)
        return rows

    def get_form(self, request: HttpRequest, obj: Study | None = None, change: bool = False, **kwargs: Any) -> Any:
        if not self._texts_settled(request, obj):
            kwargs["form"] = StudyForm
        kwargs |= {"labels": LABELS, "help_texts": HELP}
        return super().get_form(request, obj, change, **kwargs)

    def _texts_settled(self, request: HttpRequest, study: Study | None) -> bool:
        return study is not None and (has_votes(study) or not self.has_change_permission(request, study))

    def get_fieldsets(self, request: HttpRequest, obj: Study | None = None) -> Any:
        texts = (
            ("instructions_shown", "consent_shown")
            if self._texts_settled(request, obj)
            else ("instructions", "consent", "translations")
        )
        first = ("name", "owner", "testset")
        return (
            (None, {"fields": (*first, "state_shown", "observers_link", "pages") if obj else first}),
            ("What observers are asked", {"fields": (*ASKED, *texts)}),
            ("Design", {"fields": DESIGN}),
            ("The session around the trials", {"fields": SESSION, "classes": ("collapse",)}),
            (
                "Around it",
                {"fields": ("lease_minutes", "seconds_per_trial", "completion_code", "completion_url")},
            ),
            *([("Times", {"fields": ("created_at", "opened_at", "closed_at")})] if obj else []),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Study | None = None) -> tuple[str, ...]:
        always = (*MADE_BY_SERVICES, "instructions_shown", "consent_shown")
        if obj is not None and design_settled(obj):
            return (*always, "name", "testset", *ASKED, *DESIGN, *SESSION)
        return (*always, "testset") if obj is not None and conditions_settled(obj) else always

    def get_inlines(self, request: HttpRequest, obj: Study | None) -> list[Any]:
        if obj is None:
            return [ConditionsInline]
        if conditions_settled(obj):
            return [SettledConditionsInline, TextsInline]
        return [ConditionsInline if self.has_change_permission(request, obj) else SeenConditionsInline, TextsInline]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a superuser makes a study somebody else's; for others whatever a page sends as owner is not read."""
        if db_field.name == "owner":
            kwargs["initial"] = who(request).pk
            kwargs["disabled"] = not who(request).is_superuser
            if kwargs["disabled"]:
                theirs = Q(pk=who(request).pk) | Q(studies__in=studies_for(who(request), to="change"))
                kwargs["queryset"] = User.objects.filter(theirs).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_list_filter(self, request: HttpRequest) -> Any:
        return ("state", "testset", "owner") if who(request).is_superuser else ("state", "testset")

    def has_change_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        if obj is None or not super().has_change_permission(request, obj):
            return super().has_change_permission(request, obj)
        return obj.state != Study.State.CLOSED and may(who(request), obj, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Study | None = None) -> bool:
        return False

    def get_formset_kwargs(self, request: HttpRequest, obj: Study, inline: Any, prefix: str) -> dict[str, Any]:
        """A study that is begun from a test set's page begins with the methods that have run on it."""
        told: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "GET" and obj.pk is None and isinstance(inline, ConditionsInline):
            told["initial"] = proposed_conditions(request)
        return told

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        study = rest.get("obj")
        if study is not None:
            may_steer = self.has_steer_permission(request, str(study.pk))
            context = {**context, "next_step": next_step_of(study), "study": study, "may_steer": may_steer}
        return super().render_change_form(request, context, *args, **rest)

    def response_add(self, request: HttpRequest, obj: Study, post_url_continue: str | None = None) -> HttpResponse:
        """To the study's own page, which says what comes next."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"{obj} is made.")
        return redirect(page_url(obj))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A vote may come between the page and its saving; then nothing of it is saved, and the page says so."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except StudyProblemError as problem:
            tell(request, problem)
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Study, form: Any, change: bool) -> None:
        obj.policy_version = policy_of(obj.policy_version, obj.strata)
        if change:  # what the form doesn't hold may have been changed meanwhile: the study closed, or paused when full
            columns = {field.name for field in Study._meta.concrete_fields}
            obj.save(update_fields=(columns & set(form.changed_data)) | {"policy_version"})
        else:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for kind in StudyText.Kind:
            if kind in form.cleaned_data:
                write_text(form.instance, kind, form.cleaned_data[kind])
        told = form.cleaned_data.get("translations", {})
        if told != tomllib.loads(form.initial.get("translations", "")):
            write_translations(form.instance, told)

    @shown("State", label={"draft": "default", "open": "success", "paused": "warning", "closed": "info"})
    def state_shown(self, study: Study) -> str:
        return study.state

    @shown("Test set", ordering="testset__name")
    def testset_shown(self, study: Study) -> str:
        return f"{study.testset} (simulated)" if study.testset.simulated else study.testset.name

    @shown("Conditions", ordering="compared")
    def conditions_count(self, study: Study) -> int:
        count: int = study.compared  # type: ignore[attr-defined]
        return count

    @shown("Sittings", ordering="sittings")
    def sessions_count(self, study: Study) -> int:
        count: int = study.sittings  # type: ignore[attr-defined]
        return count

    @shown("Votes", ordering="votes")
    def votes_count(self, study: Study) -> int:
        count: int = study.votes  # type: ignore[attr-defined]
        return count

    @shown("Observers' link")
    def observers_link(self, study: Study) -> str:
        address = reverse("welcome", args=(study.code,))
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, address)

    @shown("Report")
    def pages(self, study: Study) -> str:
        address = reverse("study", args=(study.pk,))
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, address)

    @shown("Instructions")
    def instructions_shown(self, study: Study) -> str:
        return _text(study, StudyText.Kind.INSTRUCTIONS)

    @shown("Consent")
    def consent_shown(self, study: Study) -> str:
        return _text(study, StudyText.Kind.CONSENT)

    @page_button("New study from TOML", permission="add", icon="upload_file")
    def from_toml(self, request: HttpRequest) -> HttpResponse:
        form = TomlForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            told, name = form.cleaned_data["definition"]
            try:
                study = create_study(define(told, name), who(request))
            except StudyProblemError as wrong:
                for problem in wrong.problems:
                    form.add_error("definition", problem)
            else:
                messages.success(request, f"{study} is made, and its jobs are asked for. Open it once they are done.")
                return redirect(page_url(study))
        lead = "It is yours, and the workers begin at once to make what it needs."
        return form_page(self, request, form, title="New study from TOML", lead=lead, submit="Make the study")


def _text(study: Study, kind: StudyText.Kind) -> str:
    current = current_text(study, kind)
    if current is None:
        return "–"
    return format_html('<div class="whitespace-pre-wrap">{}</div>', current.text)


def _number_of(rows: QuerySet[Any]) -> Subquery:
    """How many, counted apart: two joins in one query would count each row as often as the other has rows."""
    counted = rows.order_by().annotate(number=Func("pk", function="COUNT")).values("number")
    return Subquery(counted, output_field=IntegerField())
