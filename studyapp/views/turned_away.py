"""Pages for who doesn't begin: there is no place left, an invitation is wanted, or they don't agree."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from studyapp.models import Study, StudyText
from studyapp.services.arrivals import INVITATION_KEY, Arrival, NotInvitedError, arrival_of
from studyapp.services.panels import Outcome, way_back
from studyapp.services.quotas import QuotaFullError
from studyapp.services.texts import Newest, current_text


def turned_away(
    request: HttpRequest, study: Study, arrival: Arrival, reason: NotInvitedError | QuotaFullError
) -> HttpResponse:
    """A kind word, and the way back to who sent them."""
    if isinstance(reason, NotInvitedError):
        others = [(name, value) for name, value in request.GET.items() if name != INVITATION_KEY]
        context = {"study": study, "problem": str(reason), "others": others, "code": arrival.code}
        return render(request, "studyapp/invitation.html", context)
    back = way_back(study, Outcome.QUOTA_FULL, told=arrival.told)
    return render(request, "studyapp/full.html", {"back": back})


def declining(request: HttpRequest, study: Study, arrival: Arrival, newest: Newest) -> str:
    """Where who doesn't agree goes; empty where there is nothing to agree to, or nobody to go back to."""
    back = way_back(study, Outcome.NO_CONSENT, told=arrival.told)
    if not (back.code or back.url) or current_text(study, StudyText.Kind.CONSENT, newest=newest) is None:
        return ""
    return f"{reverse('decline', args=[study.code])}?{urlencode(request.GET, doseq=True)}"


@never_cache
@require_GET
def decline(request: HttpRequest, code: str) -> HttpResponse:
    """Nothing is stored of who doesn't agree; their panel is told by its own code or address."""
    study = get_object_or_404(Study, code=code)
    back = way_back(study, Outcome.NO_CONSENT, told=arrival_of(study, request.GET).told)
    return render(request, "studyapp/declined.html", {"back": back})
