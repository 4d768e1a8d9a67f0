"""The one door: what of all there is a person may see, and what of it change. Pages, exports and the admin ask here."""

from typing import Literal

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404

from enhancement.models import Content, Job, Method, Stimulus, TestSet, TrainingRun
from studyapp.models import Study, StudyMember

To = Literal["see", "copy", "change", "share"]
NEEDS = {"copy": "studyapp.add_study", "change": "studyapp.change_study", "share": "studyapp.change_study"}


def studies_for(user: User | AnonymousUser, *, to: To = "see") -> QuerySet[Study]:
    """The studies that a person may see, copy, change, or share with others.

    An admin may all; an owner may all with their own; others what the owner has shared. Who has no right to change
    studies at all, as a viewer, changes and shares none, whatever is theirs. Who may make studies may copy each that
    they see: the copy is their own.
    """
    if user.is_superuser:
        return Study.objects.all()
    if to != "see" and not user.has_perm(NEEDS[to]):
        return Study.objects.none()
    own = Q(owner=user.pk)
    if to == "share":
        return Study.objects.filter(own)
    shared = StudyMember.objects.filter(user=user.pk)
    if to == "change":
        shared = shared.filter(may=StudyMember.May.CHANGE)
    return Study.objects.filter(own | Q(pk__in=shared.values("study")))


def study_for(user: User | AnonymousUser, pk: int | str, *, to: To = "see") -> Study:
    """The study, for a person who may.

    Raises:
        Http404: It isn't theirs to see, or never was: the answer is the same.
        PermissionDenied: They may see it, but no more than that.
    """
    study = studies_for(user).select_related("testset", "owner").filter(pk=pk).first()
    if study is None:
        raise Http404
    if to == "copy" and not may(user, study, to):
        raise PermissionDenied("You may see this study, but make none. An admin can make you a researcher.")
    if to != "see" and not may(user, study, to):
        raise PermissionDenied(f"You may see this study, but not {to} it. Its owner, {study.owner}, can let you.")
    return study


def may(user: User | AnonymousUser, study: Study, to: To) -> bool:
    """Whether a person may do this with a study."""
    return user.is_superuser or studies_for(user, to=to).filter(pk=study.pk).exists()


def testsets_for(user: User | AnonymousUser) -> QuerySet[TestSet]:
    """The library is shared by all researchers; a viewer sees the test sets of the studies that they see."""
    if user.has_perm("enhancement.view_testset"):
        return TestSet.objects.all()
    return TestSet.objects.filter(pk__in=studies_for(user).values("testset"))


def contents_for(user: User | AnonymousUser) -> QuerySet[Content]:
    """The contents of the test sets that a person sees."""
    if user.has_perm("enhancement.view_testset"):
        return Content.objects.all()
    return Content.objects.filter(testset__in=testsets_for(user))


def stimuli_for(user: User | AnonymousUser) -> QuerySet[Stimulus]:
    """The stimuli of the test sets that a person sees."""
    if user.has_perm("enhancement.view_testset"):
        return Stimulus.objects.all()
    return Stimulus.objects.filter(content__testset__in=testsets_for(user))


def methods_for(user: User | AnonymousUser) -> QuerySet[Method]:
    """Every method, by researchers; a viewer sees those of the stimuli and the studies that they see."""
    if user.has_perm("enhancement.view_method"):
        return Method.objects.all()
    made = Q(pk__in=stimuli_for(user).values("method"))
    return Method.objects.filter(made | Q(pk__in=studies_for(user).values("conditions__methods__method")))


def jobs_for(user: User | AnonymousUser, *, to: Literal["see", "change"] = "see") -> QuerySet[Job]:
    """The jobs that a person may see, or may cancel and retry.

    A study's jobs bear its name, so they are seen with the study; the library's are seen by all researchers. An admin
    steers every job, others the ones they asked for and those of studies that they may change.
    """
    if user.is_superuser:
        return Job.objects.all()
    of_studies = Q(params__study__in=list(studies_for(user, to=to).values_list("pk", flat=True)))
    if to == "change":
        if not user.has_perm("studyapp.change_study"):
            return Job.objects.none()
        return Job.objects.filter(of_studies | Q(requested_by=user.pk, params__study__isnull=True))
    if not user.has_perm("enhancement.view_job"):
        return Job.objects.filter(of_studies)
    return Job.objects.filter(of_studies | Q(params__study__isnull=True))


def may_train(user: User | AnonymousUser) -> bool:
    """Whether a person sees training and asks for it: admins alone, for a recipe names files of the workers."""
    return bool(user.is_active and user.is_superuser)


def trainings_for(user: User | AnonymousUser) -> QuerySet[TrainingRun]:
    """The training runs.

    Raises:
        Http404: They aren't there for this person.
    """
    if not may_train(user):
        raise Http404
    return TrainingRun.objects.select_related("job", "requested_by")
