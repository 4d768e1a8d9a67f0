"""Do the library's rows keep their promises: provenance, frozen methods, jobs and what they made."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from enhancement.models import Content, Job, Measurement, Method, Stimulus, TestSet
from enhancement.services.stimuli import missing
from enhancement.services.verification import Check, Look, Violation, all_that, in_batches, label

SHA256 = r"^[0-9a-f]{64}$"
REMAKE = "what it shows can't be vouched for: delete no row, load the test set under another name and make it anew"
REPORT = "the database was changed by hand, or this is a fault of the program: restore a backup, and report it"
BEATS_MISSED = 4
"""How many times longer than ``JOB_STALE_S`` or ``JOB_RESEND_S`` a job may wait before nobody can be tending it."""


def provenance(look: Look) -> Iterator[Violation]:
    """Each stimulus says from what, by what, and on what it was made."""
    rows = Stimulus.objects.select_related("content", "method", "job")
    for stimulus in in_batches(rows):
        lacking = [name for name in ("code_version", "device", "dtype") if not getattr(stimulus, name)]
        if lacking:
            yield Violation(label(stimulus), f"its provenance lacks {', '.join(lacking)}", REMAKE)
        if stimulus.method.kind != "external" and stimulus.source_sha256 != _source_of(stimulus):
            yield Violation(label(stimulus), "it was made from another photo than its content's", REMAKE)
        if (wrong := _wrong_job(stimulus)) and stimulus.job_id is not None:
            yield Violation(label(stimulus), wrong, REPORT)
        look.seen(1)
    yield from all_that(
        Stimulus.objects.filter(~Q(source_sha256__regex=SHA256) | Q(seconds__lt=0)),
        "its source's hash isn't a sha256, or it took less than no time",
        REMAKE,
    )


def _source_of(stimulus: Stimulus) -> str:
    content = stimulus.content
    return content.reference_sha256 if stimulus.method.kind == "reference" else content.input_sha256


def _wrong_job(stimulus: Stimulus) -> str:
    job = stimulus.job
    if job is None:
        return ""
    if (job.params.get("testset"), job.params.get("method")) != (stimulus.content.testset_id, stimulus.method_id):
        return f"job {job.pk}, which it names, was for something else"
    if not 1 <= stimulus.attempt <= job.attempt:
        return f"it was made in attempt {stimulus.attempt} of job {job.pk}, which had {job.attempt}"
    return ""


def methods(look: Look) -> Iterator[Violation]:
    """A stimulus carries the settings and weights that it was made with; its method must still have them."""
    for method in in_batches(Method.objects.all()):
        made = method.stimuli.order_by().values_list("settings", "weights_sha256").distinct()
        if any(told != (method.settings, method.weights_sha256) for told in made):
            what = "its settings or weights changed after stimuli were made with it"
            yield Violation(f"method {method}", what, "put them back, and add the changed ones as a new version")
        look.seen(1)


def once(look: Look) -> Iterator[Violation]:
    """One stimulus of a content by a method, one measurement of a stimulus."""
    for content, method, count in (
        Stimulus.objects.order_by().values_list("content", "method").annotate(n=Count("pk")).filter(n__gt=1)
    ):
        yield Violation(f"content {content} by method {method}", f"{count} stimuli, where one may be", REPORT)
    for stimulus, count in (
        Measurement.objects.order_by().values_list("stimulus").annotate(n=Count("pk")).filter(n__gt=1)
    ):
        yield Violation(f"stimulus {stimulus}", f"{count} measurements, where one may be", REPORT)
    look.seen(Stimulus.objects.count() + Measurement.objects.count())


def job_states(look: Look) -> Iterator[Violation]:
    """The row of a job says what it may say in its state."""
    jobs, states = Job.objects.all(), Job.State
    over = [states.DONE, states.FAILED, states.CANCELLED]
    for wrong, what in (
        (
            Q(state=states.RUNNING) & (Q(owner="") | Q(heartbeat_at=None) | Q(attempt=0)),
            "it runs without owner or beat",
        ),
        (Q(state__in=over, finished_at=None), "it has ended, but not when"),
        (Q(state=states.DONE) & (~Q(error="") | Q(attempt=0)), "it is done, but has an error or no attempt"),
        (Q(state=states.FAILED, error=""), "it failed without a reason"),
        (~Q(state__in=states.values), "its state is none that there is"),
        (Q(deaths__gt=F("attempt")), "more workers died on it than took it"),
        (Q(state=states.DONE) & Exists(_unfinished_before()), "it was done before what it waited for"),
    ):
        yield from all_that(jobs.filter(wrong), what, REPORT)
    look.seen(jobs.count())


def _unfinished_before() -> QuerySet[Job]:
    return Job.objects.filter(before=OuterRef("pk")).exclude(state=Job.State.DONE)


def jobs_alive(look: Look) -> Iterator[Violation]:
    """What runs beats or is about to be taken up again; what may start is rung for."""
    silent = look.now - timedelta(seconds=BEATS_MISSED * settings.JOB_STALE_S)
    running = Job.objects.filter(state=Job.State.RUNNING)
    remedy = "start `manage.py tend_jobs` and the workers, or cancel it"
    yield from all_that(running.filter(heartbeat_at__lt=silent), "its worker is dead and nobody took it up", remedy)
    unheard = look.now - timedelta(seconds=BEATS_MISSED * (settings.JOB_RESEND_S + settings.JOB_STALE_S))
    unrung = Q(sent_at__lt=unheard) | Q(sent_at=None, created_at__lt=unheard)
    waiting = Job.objects.filter(state=Job.State.QUEUED).exclude(Exists(_unfinished_before()))
    # A retried job is as old as when it was first asked for: what has just ended tells how long it can have waited.
    ended = Job.objects.aggregate(last=Max("finished_at"), beat=Max("heartbeat_at"))
    busy = any(at is not None and at > unheard for at in ended.values())
    if not busy:
        yield from all_that(waiting.filter(unrung), "it may start, but nobody rings for it", remedy)
    look.seen(running.count() + waiting.count())


def jobs_done(look: Look) -> Iterator[Violation]:
    """A job that is done has made all that it was asked for."""
    for job in in_batches(Job.objects.filter(state=Job.State.DONE, kind__in=("stimuli", "measure"))):
        lacking = _lacking(job)
        if lacking:
            yield Violation(str(job), f"it is done, but {lacking}", "ask for the same again: it makes what is missing")
        look.seen(1)


def _lacking(job: Job) -> str:
    testset = TestSet.objects.filter(pk=job.params.get("testset")).first()
    if testset is None:
        return "its test set is gone"
    if job.kind == "measure":
        # What was made while it ran is the next one's.
        made = Stimulus.objects.filter(content__testset=testset, created_at__lt=job.started_at, measurement=None)
        return f"{made.count()} stimuli have no metrics" if made.exists() else ""
    method = Method.objects.filter(pk=job.params.get("method")).first()
    if method is None:
        return "its method is gone"
    without = missing(testset, method)
    return f"{without.count()} contents have no stimulus by {method}" if without.exists() else ""


def testsets(look: Look) -> Iterator[Violation]:
    """Contents are complete, and not added once stimuli exist."""
    half = Q(reference_sha256="") ^ Q(reference_file="")
    yield from all_that(Content.objects.filter(half), "its reference has a file without hash, or the reverse", REPORT)
    bad = ~Q(input_sha256__regex=SHA256) | Q(input_width_px=0) | Q(input_height_px=0)
    yield from all_that(Content.objects.filter(bad), "its input has no hash or no size", REPORT)
    look.seen(Content.objects.count())


ROW_CHECKS = (
    Check(
        "contents complete",
        "A content has its input's hash and size, and a reference with both file and hash or none.",
        "contents",
        Content.objects.count,
        testsets,
    ),
    Check(
        "provenance complete",
        "Every stimulus says from which photo, by which method, code and device it was made, in which attempt.",
        "stimuli",
        Stimulus.objects.count,
        provenance,
    ),
    Check(
        "methods frozen",
        "A method's settings and weights never change once a stimulus was made with it.",
        "methods",
        Method.objects.count,
        methods,
    ),
    Check(
        "results once",
        "A result is stored once: no stimulus twice, no measurement twice.",
        "results",
        lambda: Stimulus.objects.count() + Measurement.objects.count(),
        once,
    ),
    Check(
        "job rows",
        "A job's row is the truth about it, and says so in every state.",
        "jobs",
        Job.objects.count,
        job_states,
    ),
    Check(
        "jobs alive",
        "A running job beats or is taken up again, and one that may start is rung for.",
        "open jobs",
        lambda: Job.objects.filter(state__in=["queued", "running"]).count(),
        jobs_alive,
    ),
    Check(
        "jobs complete",
        "A job that is done has stored every result that it was asked for.",
        "done jobs",
        lambda: Job.objects.filter(state="done", kind__in=("stimuli", "measure")).count(),
        jobs_done,
    ),
)
