"""Test sets: loaded by a job, looked at, and methods run on them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from enhancement.admin import uploads
from enhancement.admin.forms import LoadForm, RunMethodsForm
from enhancement.admin.next_steps import next_step_of
from enhancement.admin.skin import (
    ModelAdmin,
    ReadOnly,
    TabularInline,
    confirmed,
    form_page,
    leave_dialog,
    page_button,
    page_url,
    shown,
    who,
)
from enhancement.models import Content, Stimulus, TestSet
from enhancement.services.imports import request_testset
from enhancement.services.measure import request_measurements
from enhancement.services.stimuli import request_stimuli
from enhancement.services.testsets import is_frozen


class ContentsInline(ReadOnly, TabularInline[Content, TestSet]):
    """What is in a test set, by name and number."""

    model = Content
    fields = ("name", "scene", "camera", "input_size", "reference_size", "stimuli_count")
    readonly_fields = fields
    ordering = ("name",)
    per_page = 50
    hide_title = True
    verbose_name_plural = "contents"
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Content]:
        return super().get_queryset(request).annotate(stimuli_there=Count("stimuli"))

    @shown("Input")
    def input_size(self, content: Content) -> str:
        return f"{content.input_width_px} × {content.input_height_px} px"

    @shown("Reference")
    def reference_size(self, content: Content) -> str:
        if not content.reference_sha256:
            return "none"
        return f"{content.reference_width_px} × {content.reference_height_px} px"

    @shown("Stimuli")
    def stimuli_count(self, content: Content) -> int:
        count: int = content.stimuli_there  # type: ignore[attr-defined]
        return count


@admin.register(TestSet)
class TestSetAdmin(ModelAdmin[TestSet]):
    """Made by a worker of photos from a browser or a folder; frozen once stimuli exist."""

    list_display = ("name", "contents_count", "cameras", "state", "photos", "created_at")
    list_filter = ("simulated",)
    search_fields = ("name", "note")
    fields = ("name", "note", "simulated", "source", "created_at", "created_by")
    readonly_fields = ("source", "created_at", "created_by")
    inlines = (ContentsInline,)
    show_add_link = False
    actions_list = ("add_photos", "load")
    actions_detail = ("run_methods",)
    actions_row = ("run_methods",)
    change_form_outer_before_template = "admin/enhancement/next_step.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TestSet]:
        stimuli = Stimulus.objects.filter(content__testset=OuterRef("pk"))
        named = Prefetch("contents", Content.objects.only("testset", "camera"))
        return super().get_queryset(request).annotate(frozen=Exists(stimuli)).prefetch_related(named)

    def has_change_permission(self, request: HttpRequest, obj: TestSet | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not is_frozen(obj))

    def has_delete_permission(self, request: HttpRequest, obj: TestSet | None = None) -> bool:
        return False

    def has_run_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Running a method adds stimuli; the test set itself doesn't change."""
        return request.user.has_perm("enhancement.add_stimulus")

    @shown("Contents")
    def contents_count(self, testset: TestSet) -> int:
        return len(testset.contents.all())

    @shown("Cameras")
    def cameras(self, testset: TestSet) -> str:
        return ", ".join(sorted({content.camera for content in testset.contents.all()})) or "–"

    @shown("Photos", ordering="simulated")
    def photos(self, testset: TestSet) -> str:
        return "simulated" if testset.simulated else "real"

    @shown("State", label={"frozen": "info", "may change": "warning"})
    def state(self, testset: TestSet) -> str:
        return "frozen" if testset.frozen else "may change"  # type: ignore[attr-defined]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        testset = TestSet.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        told = {"next_step": next_step_of(testset, request), "testset": testset} if testset else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **told})

    def get_urls(self) -> list[Any]:
        return [*uploads.urls(self), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """From the browser first: most people's photos are not on the server."""
        return uploads.new_page(self, request)

    @page_button("Load from the server", permission="add", icon="folder_open")
    def load(self, request: HttpRequest) -> HttpResponse:
        """Loading is a job: a web request doesn't decode hundreds of photos."""
        form = LoadForm(request.POST or None)
        if form.is_valid():
            job = request_testset(**form.cleaned_data, by=who(request))
            messages.success(request, f"{job} is asked for. Should a photo be bad, this page will name it.")
            return redirect(page_url(job))
        lead = "A worker reads every photo. If any is bad, its report names each one, and nothing is stored."
        return form_page(self, request, form, title="Load a test set from the server", lead=lead, submit="Load")

    @page_button("Add photos", permission="add", icon="add_photo_alternate")
    def add_photos(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:enhancement_testset_add")

    @confirmed(
        "Run methods…",
        "The workers make the stimuli that are missing, then the metrics.",
        permission="run",
        form=RunMethodsForm,
        icon="play_arrow",
    )
    def run_methods(self, request: HttpRequest, form: RunMethodsForm, object_id: str) -> HttpResponse:
        testset = get_object_or_404(TestSet, pk=object_id)
        asked = [request_stimuli(testset, method, who(request)) for method in form.cleaned_data["methods"]]
        jobs = [job for job in asked if job is not None]
        measure = request_measurements(testset, who(request), after=jobs)
        if measure is None:
            messages.info(request, "Nothing to do: every stimulus and its metrics are there.")
            return leave_dialog(request, page_url(testset))
        messages.success(request, f"Asked for: {', '.join(str(job) for job in [*jobs, measure])}.")
        return leave_dialog(request, page_url(testset))
