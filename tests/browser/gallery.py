"""Studies in every state that a page can show: for looking at all pages, and for the test that walks them."""

from typing import Any

from django.utils import timezone

from enhancement.models import Job, TestSet
from enhancement.services.methods import add_method
from studyapp.definition import Definition
from studyapp.models import Study, StudySession
from studyapp.services.studies import close_study, create_study, open_study, pause_study
from tests.browser.around import pages_of_sittings, study_around
from tests.studyapp.factories import (
    answer,
    answer_all,
    make_draft,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
    waver,
)
from tests.training import make_run

PASSWORD = "only-for-looking"
LIKED = {"original": 0.0, "auto": 0.6, "reference": 1.1, "degraded": -1.5}
CONDITIONS = ("original", "auto", "reference")
LONG = "retuned-tone-curve-with-local-contrast"


def build() -> dict[str, str]:
    """Make everything; where observers stand whom no link on a researcher's page leads to."""
    ada = make_user(is_staff=True, is_superuser=True, first_name="Ada", last_name="Lovelace", email="ada@example.org")
    newcomer = make_user("newcomer")
    for user in (ada, newcomer):
        user.set_password(PASSWORD)
        user.save()
    tiny = make_testset(contents=4, cameras=("iPhone X", "Xperia Z"), simulated=True)
    TestSet.objects.create(name="empty")
    TestSet.objects.filter(pk=make_testset("no-method-yet", contents=2).pk).update(note="Shot in Kyoto, May 2025.")
    lively = _lively(ada, tiny)
    _with_few_votes(make_study(ada, testset=tiny, conditions=CONDITIONS, name="A few votes, no fit yet"))
    make_study(ada, testset=tiny, conditions=CONDITIONS, name="Open, nobody came yet")
    paused = make_study(ada, testset=tiny, conditions=CONDITIONS, name="Paused over the holidays")
    pause_study(paused)
    closed = make_study(ada, testset=tiny, conditions=CONDITIONS, name="Closed with simulated votes only")
    for number in range(12):
        answer_all(sit(closed, simulated=True), waver(number, LIKED))
    close_study(closed)
    _many_conditions(ada, tiny)
    make_run(ada)
    draft = _being_prepared(ada)
    around = study_around(ada, tiny)
    places = _sittings(lively) | _turned_away(ada, tiny)
    for language in ("en", "ar", "de"):
        places |= {f"{language}-{name}": path for name, path in pages_of_sittings(around, language).items()}
    codes = {
        "open": lively.code,
        "around": around.code,
        "paused": paused.code,
        "closed": closed.code,
        "draft": draft.code,
    }
    return {**places, **{f"welcome-{state}": f"/s/{code}/" for state, code in codes.items()}}


def _lively(ada: Any, tiny: TestSet) -> Study:
    """Votes enough for scores, on two cameras, with everything that a study can ask and tell."""
    study = make_study(
        ada, testset=tiny, conditions=(*CONDITIONS, "degraded"), name="Does anybody prefer the retouched photo?",
        trials_per_session=10, gold_share=0.1, gold={"degraded": "original"},
        consent="I take part freely, and may stop at any time.",
        completion_code="C0FFEE-42-PHOROPTER", allow_tie=True, allow_not_sure=True,
    )  # fmt: skip
    for number in range(16):
        answer_all(sit(study), waver(number, LIKED))
    answer_all(sit(study, pilot=True), waver(99, LIKED))
    return study


def _with_few_votes(study: Study) -> None:
    answer_all(sit(study), prefer(*reversed(CONDITIONS)))


def _many_conditions(ada: Any, tiny: TestSet) -> None:
    names = ["original", *(f"{LONG}-{tenths:02d}" for tenths in range(11))]
    for tenths, name in enumerate(names[1:]):
        add_method(f"auto-{tenths}", "auto", {"tone": tenths / 10})
        LIKED[name] = tenths / 8
    conditions = {"original": {"": "original"}, **{name: {"": f"auto-{n}"} for n, name in enumerate(names[1:])}}
    told = Definition(
        name="Twelve conditions, with names as long as the paragraphs that some papers make of them",
        testset=tiny.name, conditions=conditions, settings={"trials_per_session": 30, "seed": 7},
    )  # fmt: skip
    study = create_study(told, ada)
    run_jobs()
    open_study(study)
    for number in range(14):
        answer_all(sit(study), waver(number, LIKED))


def _being_prepared(ada: Any) -> Study:
    """A draft whose jobs run, wait and have failed."""
    draft = make_draft(ada, testset=make_testset("being-made", contents=3), conditions=CONDITIONS, name="A new draft")
    jobs = list(Job.objects.filter(state=Job.State.QUEUED).order_by("pk"))
    now = timezone.now()
    running = {"state": "running", "attempt": 1, "owner": "cpu@here", "heartbeat_at": now, "started_at": now}
    Job.objects.filter(pk=jobs[0].pk).update(**running, done_units=2, total_units=3, progress_at=now)
    error = "photo-2: the result is 190 × 144 px, the photo 192 × 144 px. Give the method a size it keeps, and retry."
    Job.objects.filter(pk=jobs[1].pk).update(state="failed", attempt=1, error=error, finished_at=now)
    return draft


def _turned_away(ada: Any, tiny: TestSet) -> dict[str, str]:
    """Pages of who may not begin yet, or not at all."""
    asks: dict[str, Any] = {"testset": tiny, "conditions": CONDITIONS[:2], "trials_per_session": 3}
    lab = make_study(ada, name="In the laboratory", lab_mode=True, **asks)
    invited = make_study(ada, name="Only with an invitation", invited_only=True, **asks)
    full = make_study(ada, name="All places taken", quota=1, completion_code="FULL", **asks)
    answer_all(sit(full), prefer("auto", "original"))
    return {
        "lab": f"/s/{lab.code}/lab/",
        "invitation": f"/s/{invited.code}/",
        "invitation-wrong": f"/s/{invited.code}/?invitation=no",
        "full": f"/s/{full.code}/",
        "declined": f"/s/{full.code}/decline/",
    }


def _sittings(study: Study) -> dict[str, str]:
    """Observers' pages: looking, done, withdrawn, given up."""
    finished = study.sessions.filter(state=StudySession.State.FINISHED).earliest("pk")
    looking, left, late = sit(study), sit(study), sit(study)
    answer(looking.trials.earliest("position"), "left")
    StudySession.objects.filter(pk=left.pk).update(state=StudySession.State.WITHDRAWN)
    StudySession.objects.filter(pk=late.pk).update(state=StudySession.State.ABANDONED)
    return {
        "look": f"/look/{looking.token}/",
        "thanks": f"/look/{finished.token}/thanks/",
        "withdrawn": f"/look/{left.token}/",
        "given-up": f"/look/{late.token}/",
        "mistyped": "/s/mistyped/",
    }
