"""The library: test sets with their contents and stimuli, and methods."""

from typing import Annotated, Any

from django.http import Http404
from ninja import Path, Router

from enhancement.models import TestSet
from studyapp.api.answers import ContentTold, MethodTold, StimulusTold, TestSetTold, told
from studyapp.api.door import TokenRequest
from studyapp.api.paging import After, Limit, Page, page_of
from studyapp.services.access import methods_for, stimuli_for, testsets_for
from studyapp.services.provenance import content_told, method_told, stimulus_told

router = Router(tags=["Library"])

Number = Annotated[int, Path(description="The test set's number, as in the address of its page.")]


@router.get("/testsets", response=told(Page[TestSetTold]), url_name="testsets")
def library(request: TokenRequest, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """The test sets of the library; for a viewer, those of the studies that they see."""
    return page_of(testsets_for(request.auth), _testset_told, limit=limit, after=after)


@router.get("/testsets/{testset}", response=told(TestSetTold), url_name="testset")
def one_testset(request: TokenRequest, testset: Number) -> dict[str, Any]:
    """One of them."""
    return _testset_told(_found(request, testset))


@router.get("/testsets/{testset}/contents", response=told(Page[ContentTold]), url_name="contents")
def contents(request: TokenRequest, testset: Number, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """Its photos, by their hashes."""
    return page_of(_found(request, testset).contents.all(), content_told, limit=limit, after=after)


@router.get("/testsets/{testset}/stimuli", response=told(Page[StimulusTold]), url_name="stimuli")
def stimuli(request: TokenRequest, testset: Number, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """What methods made of them, with hashes and how."""
    rows = stimuli_for(request.auth).filter(content__testset=_found(request, testset))
    return page_of(rows.select_related("content", "method"), stimulus_told, limit=limit, after=after)


@router.get("/methods", response=told(Page[MethodTold]), url_name="methods")
def methods(request: TokenRequest, limit: Limit = 100, after: After = "") -> dict[str, Any]:
    """The methods with their frozen settings; for a viewer, those of what they see."""
    return page_of(methods_for(request.auth), method_told, limit=limit, after=after)


def _found(request: TokenRequest, pk: int) -> TestSet:
    testset = testsets_for(request.auth).filter(pk=pk).first()
    if testset is None:
        raise Http404
    return testset


def _testset_told(testset: TestSet) -> dict[str, Any]:
    return {
        "id": testset.pk,
        "name": testset.name,
        "note": testset.note,
        "simulated": testset.simulated,
        "created_at": testset.created_at,
    }
