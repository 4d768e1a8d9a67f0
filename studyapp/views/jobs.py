"""Jobs: watched, cancelled, tried again."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from enhancement.models import Job
from enhancement.services.jobs import cancel_job, retry_job
from studyapp.services.access import may_train
from studyapp.services.jobs_shown import ShownJob, job_shown, jobs_shown
from studyapp.views.researcher import LoggedInRequest

CANCELLED = "is cancelled. What it has stored stays; a retry makes only the rest."
CANCELLED_TRAINING = "is stopped. What it has learnt is kept, to be gone on with."
RETRIED = "is queued again."
HAD_ENDED = "had already ended; there was nothing to cancel."
NOT_ENDED = "has neither failed nor been cancelled; there is nothing to retry."


@never_cache
@login_required
@require_safe
def jobs_page(request: LoggedInRequest) -> HttpResponse:
    """What the workers do, have done and couldn't do."""
    only_failed = request.GET.get("only") == "failed"
    shown = jobs_shown(request.user, page=request.GET.get("page"), only_failed=only_failed)
    context = {"jobs": shown, "page": shown.page, "only_failed": only_failed}
    return render(request, "studyapp/researcher/jobs.html", context)


@never_cache
@login_required
@require_safe
def job_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """One job, with the whole reason where it failed."""
    return render(request, "studyapp/researcher/job.html", {"shown": _job(request, pk)})


@login_required
@require_POST
def cancel(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Stop a job; a worker on it ends with its unit."""
    shown = _job(request, pk)
    done = CANCELLED_TRAINING if shown.job.kind == "train" else CANCELLED
    return _operate(request, shown, cancel_job, done, HAD_ENDED)


@login_required
@require_POST
def retry(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Queue a failed or cancelled job again."""
    shown = _job(request, pk)
    return _operate(request, shown, retry_job, RETRIED, NOT_ENDED)


def _job(request: LoggedInRequest, pk: int) -> ShownJob:
    shown = job_shown(request.user, pk)
    if shown is None:
        raise Http404
    return shown


def _operate(
    request: LoggedInRequest, shown: ShownJob, change: Callable[[Job], bool], done: str, too_late: str
) -> HttpResponse:
    """Do it and say so on the page that was left; who may only look is told so."""
    if not shown.may_operate:
        messages.error(
            request, f"You may look at #{shown.job.pk}; who asked for it, or an admin, can cancel and retry it."
        )
    elif change(shown.job):
        messages.success(request, f"#{shown.job.pk} {shown.title} {done}")
    else:
        messages.warning(request, f"#{shown.job.pk} {shown.title} {too_late}")
    return _back(request, shown.job)


def _back(request: LoggedInRequest, job: Job) -> HttpResponse:
    """To the page that was left."""
    to = request.POST.get("to")
    if to == "training" and job.kind == "train" and may_train(request.user):
        return redirect("training-run", job.params["run"])
    return redirect("jobs") if to == "jobs" else redirect("job", job.pk)
