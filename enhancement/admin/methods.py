"""Methods: added by settings here, by weights through a worker."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from enhancement.admin.forms import SUFFIXES, CheckpointForm, NetworkForm, PlainMethodForm
from enhancement.admin.skin import ModelAdmin, form_page, page_button, page_url, shown, who
from enhancement.models import Job, Method
from enhancement.services.imports import request_checkpoint, request_network
from enhancement.services.methods import MethodProblemError, add_method


@admin.register(Method)
class MethodAdmin(ModelAdmin[Method]):
    """Settings and weights never change under a name and version: others make a new version."""

    list_display = ("__str__", "kind", "version", "stimuli_count", "weights", "created_at")
    list_filter = ("kind",)
    search_fields = ("name", "note")
    fields = ("name", "version", "kind", "settings", "weights_sha256", "note", "created_at")
    readonly_fields = ("name", "version", "kind", "settings", "weights_sha256", "created_at")
    actions_list = ("import_released", "add_network")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Method]:
        return super().get_queryset(request).annotate(stimuli_there=Count("stimuli"))

    def has_change_permission(self, request: HttpRequest, obj: Method | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not obj.stimuli.exists())

    def has_delete_permission(self, request: HttpRequest, obj: Method | None = None) -> bool:
        return False

    @shown("Stimuli", ordering="stimuli_there")
    def stimuli_count(self, method: Method) -> int:
        count: int = method.stimuli_there  # type: ignore[attr-defined]
        return count

    @shown("Weights")
    def weights(self, method: Method) -> str:
        return method.weights_sha256[:12] or "–"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A method without weights is checked and added at once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PlainMethodForm(request.POST or None)
        if form.is_valid():
            told = form.cleaned_data
            try:
                method = add_method(told["name"], told["kind"], told["settings"], note=told["note"])
            except MethodProblemError as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, f"{method} is there.")
                return redirect(page_url(method))
        lead = "A name that is taken gets a new version. Networks have buttons of their own on the list of methods."
        return form_page(self, request, form, title="Add a method", lead=lead, submit="Add")

    @page_button("Import released checkpoint", permission="add", icon="download")
    def import_released(self, request: HttpRequest) -> HttpResponse:
        form = CheckpointForm(request.POST or None)
        if form.is_valid():
            return self._asked(request, request_checkpoint(**form.cleaned_data, by=who(request)))
        lead = "The authors' TensorFlow files (DPED, Dong), read without TensorFlow, every checksum verified."
        return form_page(self, request, form, title="Import a released checkpoint", lead=lead, submit="Import")

    @page_button("Add a network", permission="add", icon="upload_file")
    def add_network(self, request: HttpRequest) -> HttpResponse:
        form = NetworkForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            told = dict(form.cleaned_data)
            weights = told.pop("weights").read()
            job = request_network(**told, weights=weights, suffix=SUFFIXES[told["kind"]], by=who(request))
            return self._asked(request, job)
        lead = "A worker loads it once; it becomes a method only if it runs."
        return form_page(self, request, form, title="Add a network", lead=lead, submit="Add")

    def _asked(self, request: HttpRequest, job: Job) -> HttpResponse:
        messages.success(request, f"{job} is asked for; should the file be wrong, this page will say why.")
        return redirect(page_url(job))
