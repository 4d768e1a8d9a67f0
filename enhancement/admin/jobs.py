"""Jobs: watched, cancelled, tried again."""

from collections.abc import Iterable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince

from enhancement.admin.skin import ModelAdmin, ReadOnly, confirmed, leave_dialog, link, page_url, shown
from enhancement.models import Job
from enhancement.services.jobs import ENDED_BADLY, OPEN, cancel_job, retry_job

COLOURS = {"queued": "warning", "running": "info", "done": "success", "failed": "danger", "cancelled": "default"}


@admin.register(Job)
class JobAdmin(ReadOnly, ModelAdmin[Job]):
    """The truth about work. Nothing here is deleted: stimuli name the job that made them."""

    list_display = (
        "label_shown", "state_shown", "progress", "error_shown", "kind", "queue", "attempt", "owner", "alive",
    )  # fmt: skip
    list_filter = ("state", "kind", "queue")
    list_fullwidth = True
    search_fields = ("label", "error")
    list_select_related = ("requested_by",)
    fieldsets = (
        (None, {"fields": ("label", "kind", "queue", "state_shown", "progress", "error_whole")}),
        ("Worker", {"fields": ("attempt", "owner", "alive")}),
        ("What was asked", {"fields": ("params", "waits_for", "awaited_by", "requested_by")}),
        ("Times", {"fields": ("created_at", "sent_at", "started_at", "heartbeat_at", "finished_at")}),
    )
    actions = ("cancel_selected", "retry_selected")
    actions_detail = ("cancel", "retry")

    def operable(self, request: HttpRequest) -> QuerySet[Job]:
        """The jobs that the person may cancel and retry: that changes the row, though nobody edits it."""
        jobs = self.get_queryset(request)
        return jobs if request.user.has_perm("enhancement.change_job") else jobs.none()

    def has_operate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether buttons are offered; for one job, whether they work on it. Others' aren't there."""
        if object_id is None:
            return request.user.has_perm("enhancement.change_job")
        get_object_or_404(self.get_queryset(request), pk=object_id)
        return self.operable(request).filter(pk=object_id).exists()

    @shown("Job", ordering="id")
    def label_shown(self, job: Job) -> str:
        return format_html('<span class="whitespace-nowrap">{}</span>', job)

    @shown("State", label=COLOURS, ordering="state")
    def state_shown(self, job: Job) -> str:
        return job.state

    @shown("Progress")
    def progress(self, job: Job) -> str:
        if not job.total_units:
            return "–"
        percent = 100 * job.done_units // job.total_units
        told = {"title": f"{job.done_units} of {job.total_units}", "description": f"{percent} %", "value": percent}
        return format_html('<div class="min-w-32">{}</div>', render_to_string("unfold/components/progress.html", told))

    @shown("Last heartbeat", ordering="heartbeat_at")
    def alive(self, job: Job) -> str:
        if job.heartbeat_at is None:
            return "–"
        if job.state != Job.State.RUNNING:
            return f"{timesince(job.heartbeat_at, depth=1)} ago"
        return f"{(timezone.now() - job.heartbeat_at).total_seconds():.0f} s ago"

    @shown("Error")
    def error_shown(self, job: Job) -> str:
        first, _, rest = job.error.partition("\n")
        short = first[:100] + " …" if rest or len(first) > 100 else first
        return format_html('<div class="break-words" style="width: 18rem">{}</div>', short) if short else "–"

    @shown("Error")
    def error_whole(self, job: Job) -> str:
        if not job.error:
            return "–"
        return format_html('<div class="whitespace-pre-wrap break-words">{}</div>', job.error)

    @shown("Waits for")
    def waits_for(self, job: Job) -> str:
        return _links(job.after.all())

    @shown("Awaited by")
    def awaited_by(self, job: Job) -> str:
        return _links(job.before.all())

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        ended = sum(cancel_job(job) for job in jobs.filter(pk__in=self.operable(request).values("pk")))
        messages.success(request, f"{ended} of {len(jobs)} cancelled; the others had already ended.")

    @admin.action(description="Retry", permissions=["operate"])
    def retry_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        queued = sum(retry_job(job) for job in jobs.filter(pk__in=self.operable(request).values("pk")))
        messages.success(
            request, f"{queued} of {len(jobs)} queued again; only failed and cancelled jobs can be retried."
        )

    @confirmed("Cancel", "What it has stored stays. It can be retried.", permission="operate", icon="stop")
    def cancel(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        job = get_object_or_404(self.operable(request), pk=object_id)
        if cancel_job(job):
            messages.success(request, f"{job} is cancelled.")
        else:
            messages.warning(request, f"{job} had already ended.")
        return leave_dialog(request, page_url(job))

    @confirmed(
        "Retry",
        "It is queued again, with the failed jobs that it waits for; what is already made isn't made twice.",
        permission="operate",
        icon="replay",
    )
    def retry(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        job = get_object_or_404(self.operable(request), pk=object_id)
        if retry_job(job):
            messages.success(request, f"{job} is queued again.")
        else:
            messages.warning(request, f"{job} has not failed and was not cancelled; there is nothing to retry.")
        return leave_dialog(request, page_url(job))

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[object]:
        """Only the buttons that can do something in the job's state."""
        state = Job.objects.values_list("state", flat=True).filter(pk=object_id).first()
        fits = {"cancel": state in OPEN, "retry": state in ENDED_BADLY}
        offered: list[object] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in offered if fits[action.action_name.rpartition("_")[2]]]  # type: ignore[attr-defined]


def _links(jobs: Iterable[Job]) -> str:
    return format_html_join(", ", "{}", ((link(job),) for job in jobs)) or "–"
