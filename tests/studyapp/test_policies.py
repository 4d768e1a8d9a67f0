"""Whatever the policy: from seed, slot and stored batch a sitting follows again, trial by trial."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User

from enhancement.models import TestSet
from enhancement.services.verification import run_checks
from studyapp.design.adaptive import slot
from studyapp.models import Study, StudySession
from studyapp.models.study import Policy
from studyapp.services.batches import drawn_on
from studyapp.services.schedules import design_of, numbered
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from tests.studyapp.factories import answer_all, leave, make_study, make_testset, make_user, prefer, run_jobs, sit

pytestmark = pytest.mark.django_db

ORDER = ("reference", "auto", "original")
NEEDS: Mapping[str, Mapping[str, Any]] = {Policy.STRATIFIED: {"strata": "camera"}}
"""What a policy asks of a study, beside its name."""


@pytest.fixture(scope="module")
def made(made_once: None) -> dict[str, Study]:
    """For each policy a study with trials of every kind."""
    owner, testset = make_user(), make_testset(contents=6, cameras=("iphone", "sony"))
    return {policy: seated(owner, testset, policy) for policy in Policy.values}


def seated(owner: User, testset: TestSet, policy: str) -> Study:
    """Eight sittings, of which two were left; between them the worker did what was asked for."""
    study = make_study(
        owner, name=policy, testset=testset, conditions=(*ORDER, "degraded"), gold={"degraded": "original"},
        trials_per_session=10, gold_share=0.1, repeat_share=0.1, same_share=0.1, policy_version=policy,
        **NEEDS.get(policy, {}),
    )  # fmt: skip
    for number in range(8):
        session = sit(study)
        if number in (4, 6):
            leave(session)
        else:
            answer_all(session, prefer(*ORDER, "degraded"))
        run_jobs()
    return study


@pytest.fixture(params=Policy.values)
def study(made: dict[str, Study], request: pytest.FixtureRequest) -> Study:
    return Study.objects.get(pk=made[request.param].pk)


def shown(session: StudySession) -> list[tuple[object, ...]]:
    columns = ("kind", "content", "left__condition", "right__condition", "repeats__position")
    return list(session.trials.order_by("position").values_list(*columns))


def derived(study: Study, session: StudySession) -> list[tuple[object, ...]]:
    rows = numbered(study)
    contents, conditions = [one.pk for one in rows.contents], [one.pk for one in rows.conditions]
    return [
        (
            trial.kind, contents[trial.content], conditions[trial.left], conditions[trial.right],
            None if trial.repeats is None else trial.repeats + 1,
        )
        for trial in slot(design_of(study, rows), session.slot.number, drawn_on(session.slot))
    ]  # fmt: skip


def broken() -> list[str]:
    (derived_again,) = (check for check in SCHEDULE_CHECKS if check.name == "schedules derived again")
    return [str(violation) for outcome in run_checks([derived_again]) for violation in outcome.violations]


def test_a_sitting_is_its_slot(study: Study) -> None:
    sittings = list(study.sessions.order_by("pk"))
    assert {session.slot.policy_version for session in sittings} == {study.policy_version}
    has_batches = any(session.slot.batch for session in sittings)
    assert has_batches == (study.policy_version == Policy.ADAPTIVE)
    for session in sittings:
        assert shown(session) == derived(study, session)
    assert broken() == []


def test_another_seed_leads_to_none_of_them(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(seed=study.seed + 1)
    assert len(broken()) == study.sessions.count()
