"""Studies: what was asked, who came, what they said, what follows."""

from typing import Annotated, Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from ninja import Path, Query, Router

from studyapp.api.answers import ConditionTold, Exposure, RenderingTold, Sitting, StudyInBrief, StudyInFull, told
from studyapp.api.door import TokenRequest
from studyapp.api.paging import After, Limit, Page, page_of, page_of_table
from studyapp.models import Study
from studyapp.services import overview
from studyapp.services.access import studies_for, study_for
from studyapp.services.data_files import DATA_FILES
from studyapp.services.pair_tables import EXPOSURES
from studyapp.services.provenance import rendering_told, renderings_of
from studyapp.services.sitting_tables import SESSIONS
from studyapp.services.tables import sittings_of
from studyapp.views.downloads import sent

router = Router(tags=["Studies"])

Number = Annotated[int, Path(description="The study's number, as in the address of its page.")]
Simulated = Annotated[bool, Query(description="With simulated observers, who are left out otherwise.")]


@router.get("/studies", response=told(Page[StudyInBrief]), url_name="studies")
def studies(request: TokenRequest, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """Your studies, and those shared with you; an admin's are all."""
    rows: QuerySet[Study] = studies_for(request.auth).select_related("owner")
    return page_of(rows, _in_brief, limit=limit, after=after)


@router.get("/studies/{study}", response=told(StudyInFull), url_name="study")
def one_study(request: TokenRequest, study: Number) -> dict[str, Any]:
    """A study's question and design, and how it stands."""
    found = study_for(request.auth, study)
    design = (
        "seed", "policy_version", "trials_per_session", "gold_share", "repeat_share", "same_share", "lease_minutes",
    )  # fmt: skip
    return {
        **_in_brief(found),
        "answers": ["left", "right", *["tie"] * found.allow_tie, *["not_sure"] * found.allow_not_sure],
        **{name: getattr(found, name) for name in design},
        "sittings": [
            {"lane": lane.lane, "votes": lane.votes, "observers": lane.observers, "states": dict(lane.states)}
            for lane in overview.lanes_of(found)
        ],
    }


@router.get("/studies/{study}/conditions", response=told(list[ConditionTold]), url_name="conditions")
def conditions(request: TokenRequest, study: Number) -> list[dict[str, Any]]:
    """What is compared, and which method stands for it."""
    return [
        {
            "name": condition.name,
            "position": condition.position,
            "worse_than": condition.worse_than.name if condition.worse_than else None,
            "methods": {camera: str(method) if method else None for camera, method in by_camera},
        }
        for condition, by_camera in overview.conditions_of(study_for(request.auth, study))
    ]


@router.get("/studies/{study}/sessions", response=told(Page[Sitting]), url_name="sessions")
def sessions(
    request: TokenRequest, study: Number, limit: Limit = 100, after: After = "", simulated: Simulated = False
) -> dict[str, Any]:
    """Every sitting, as in `sessions.csv`; nothing of one that was withdrawn."""
    held = Q(pk__in=sittings_of(study_for(request.auth, study), include_simulated=simulated).values("pk"))
    return page_of_table(SESSIONS, held, ("session",), limit=limit, after=after)


@router.get("/studies/{study}/exposures", response=told(Page[Exposure]), url_name="exposures")
def exposures(
    request: TokenRequest, study: Number, limit: Limit = 100, after: After = "", simulated: Simulated = False
) -> dict[str, Any]:
    """Every pair that was painted, answered or not, as in `exposures.csv`. For all of a large study take the file."""
    held = Q(session__in=sittings_of(study_for(request.auth, study), include_simulated=simulated).values("pk"))
    return page_of_table(EXPOSURES, held, ("session", "position"), limit=limit, after=after)


@router.get(
    "/studies/{study}/files/{name}",
    response=told(None),
    url_name="file",
    description=f"A whole file, streamed: {', '.join(f'`{name}`' for name in DATA_FILES)}.",
    openapi_extra={"responses": {200: {"description": "The file", "content": {"application/octet-stream": {}}}}},
)
def file(request: TokenRequest, study: Number, name: str, simulated: Simulated = False) -> StreamingHttpResponse:
    """A whole file, streamed."""
    return sent(study_for(request.auth, study), name, include_simulated=simulated)


@router.get("/studies/{study}/report", response=told(dict[str, Any]), url_name="report")
def report(request: TokenRequest, study: Number, simulated: Simulated = False) -> HttpResponse:
    """The report's numbers: scores with intervals, preferences, metrics, what was left out."""
    from studyapp.services.reports import report_as_json  # noqa: PLC0415  # pandas, SciPy: not before they are needed

    numbers = report_as_json(study_for(request.auth, study), include_simulated=simulated)
    return JsonResponse(numbers, json_dumps_params={"allow_nan": False})


@router.get("/studies/{study}/stimuli", response=told(Page[RenderingTold]), url_name="study-stimuli")
def stimuli(request: TokenRequest, study: Number, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """Every picture that the study shows: the hash in its exposures, and how it was made."""
    return page_of(renderings_of(study_for(request.auth, study)), rendering_told, limit=limit, after=after)


def _in_brief(study: Study) -> dict[str, Any]:
    return {
        "id": study.pk,
        "name": study.name,
        "owner": study.owner.get_username(),
        "state": study.state,
        "question": study.question,
        "testset": study.testset_id,
        "created_at": study.created_at,
        "opened_at": study.opened_at,
        "closed_at": study.closed_at,
    }
