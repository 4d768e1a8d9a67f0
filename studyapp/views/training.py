"""Training runs: asked for, watched, made into methods. Admins' alone, for recipes name files of the workers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enhancement.models import TrainingSample
from enhancement.services.files import DamagedFileError, read
from enhancement.services.methods import MethodProblemError
from enhancement.services.training import make_method, method_name, request_training
from studyapp.services.access import trainings_for
from studyapp.services.training_shown import rows_of, run_shown
from studyapp.training_form import TrainingForm
from studyapp.views.researcher import LoggedInRequest


@never_cache
@login_required
@require_safe
def runs_page(request: LoggedInRequest) -> HttpResponse:
    """Every run."""
    rows, page = rows_of(request.user, request.GET.get("page"))
    return render(request, "studyapp/researcher/training_runs.html", {"rows": rows, "page": page})


@never_cache
@login_required
@require_safe
def run_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """One run, live."""
    run = get_object_or_404(trainings_for(request.user), pk=pk)
    shown = run_shown(request.user, run, request.GET.get("sample"))
    context = {"told": shown, "run": run, "shown": shown.shown, "job": shown.shown.job, "method_name": method_name(run)}
    return render(request, "studyapp/researcher/training_run.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: LoggedInRequest) -> HttpResponse:
    """Ask for a run; a recipe that can't be followed comes back with each problem."""
    trainings_for(request.user)
    form = TrainingForm(request.POST, request.FILES) if request.method == "POST" else TrainingForm()
    if form.is_valid():
        run = request_training(form.checked, request.user)
        messages.success(request, f"{run} is asked for; it starts when a gpu worker is free.")
        return redirect("training-run", run.pk)
    status = 400 if form.errors else 200
    return render(request, "studyapp/researcher/training_new.html", {"form": form}, status=status)


@login_required
@require_POST
def make_it_a_method(request: LoggedInRequest, pk: int) -> HttpResponse:
    """A method of the run's newest checkpoint."""
    run = get_object_or_404(trainings_for(request.user), pk=pk)
    try:
        method = make_method(run)
    except (MethodProblemError, DamagedFileError) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{method} is a method now: run it on a test set, from the library.")
    return redirect("training-run", run.pk)


@login_required
@require_safe
def checkpoint(request: LoggedInRequest, pk: int) -> FileResponse:
    """The newest checkpoint, byte for byte."""
    run = get_object_or_404(trainings_for(request.user).exclude(checkpoint_sha256=""), pk=pk)
    if not default_storage.exists(stored := str(run.checkpoint_file)):
        raise Http404(f"{stored} is missing from the picture store; restore it from a backup.")
    name = f"{method_name(run)}-{run.checkpoint_step}.safetensors"
    return FileResponse(default_storage.open(stored, "rb"), as_attachment=True, filename=name)


@login_required
@require_safe
def sample(request: LoggedInRequest, pk: int) -> HttpResponse:
    """A sheet of samples; it never changes."""
    shown = get_object_or_404(TrainingSample.objects.filter(run__in=trainings_for(request.user)), pk=pk)
    try:
        picture = read(shown.file, shown.sha256)
    except DamagedFileError as error:
        raise Http404(str(error)) from error
    response = HttpResponse(picture, content_type="image/png")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
