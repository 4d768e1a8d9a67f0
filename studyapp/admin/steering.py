"""The buttons of a study's page in the admin: preparing, opening, pausing, closing and copying it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from enhancement.admin.skin import ModelAdmin, confirmed, leave_dialog, page_button, page_url, who
from studyapp.definition import StudyProblemError
from studyapp.models import Study
from studyapp.services.access import may
from studyapp.services.drafts import prepare_draft
from studyapp.services.studies import close_study, open_study, pause_study

if TYPE_CHECKING:
    StudyModelAdmin = ModelAdmin[Study]
else:
    StudyModelAdmin = object

FITS = {
    "prepare": (Study.State.DRAFT,),
    "open": (Study.State.DRAFT, Study.State.PAUSED),
    "pause": (Study.State.OPEN,),
    "close": (Study.State.OPEN, Study.State.PAUSED),
    "copy": tuple(Study.State),
}


def tell(request: HttpRequest, wrong: StudyProblemError) -> None:
    """Each thing to mend, as a message of its own."""
    for problem in wrong.problems:
        messages.error(request, problem)


def _after(change: Callable[[Study], None], state: str) -> Callable[[Study], str]:
    def done(study: Study) -> str:
        change(study)
        return f"{study} {state}."

    return done


class Steered(StudyModelAdmin):
    """Mixed into the page of a study."""

    actions_detail = ("prepare", "open", "pause", "close", "copy")

    def has_steer_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Preparing, opening, pausing and closing change the study; somebody else's isn't there to be changed."""
        if object_id is None or not request.user.has_perm("studyapp.change_study"):
            return request.user.has_perm("studyapp.change_study")
        return may(who(request), get_object_or_404(self.get_queryset(request), pk=object_id), "change")

    def has_copy_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Who may make studies copies whatever they see."""
        if object_id is None or not request.user.has_perm("studyapp.add_study"):
            return request.user.has_perm("studyapp.add_study")
        return may(who(request), get_object_or_404(self.get_queryset(request), pk=object_id), "copy")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Only the buttons that can do something in the study's state."""
        state = Study.objects.values_list("state", flat=True).filter(pk=object_id).first()
        offered: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in offered if state in FITS[action.action_name.rpartition("_")[2]]]

    @confirmed(
        "Prepare",
        "The workers make the stimuli, metrics and renderings that it lacks. Its conditions and test set then stay.",
        permission="steer",
        icon="build",
    )
    def prepare(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        def asked(study: Study) -> str:
            jobs = prepare_draft(study, who(request))
            return f"Asked for; {jobs[-1]} comes last." if jobs else "Nothing to do: all its renderings are made."

        return self._change(request, object_id, asked)

    @confirmed("Open", "Observers may begin.", permission="steer", icon="play_arrow")
    def open(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        return self._change(request, object_id, _after(open_study, "is open"))

    @confirmed("Pause", "Nobody new may begin; who is seated may finish.", permission="steer", icon="pause")
    def pause(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        return self._change(request, object_id, _after(pause_study, "is paused"))

    @confirmed(
        "Close",
        "For good: no new observers and no new answers, not even from who is seated.",
        permission="steer",
        icon="lock",
        danger=True,
    )
    def close(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        return self._change(request, object_id, _after(close_study, "is closed"))

    @page_button("Copy", permission="copy", icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that says what a copy takes over."""
        return redirect("study-copy", object_id)

    def _change(self, request: HttpRequest, pk: str, change: Callable[[Study], str]) -> HttpResponse:
        study = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            messages.success(request, change(study))
        except StudyProblemError as problem:
            tell(request, problem)
        return leave_dialog(request, page_url(study))
