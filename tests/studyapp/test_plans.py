"""The design report: by hand where it can be counted, by walking the schedule where it can't; then its page."""

from dataclasses import replace
from html import unescape
from itertools import combinations

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from analysis.planning import log_odds, power_of, standard_error
from studyapp.design.schedule import slot
from studyapp.models import Study
from studyapp.services.plan_warnings import Facts, warnings_of
from studyapp.services.plans import Asked, curve, page_of, plan_of
from studyapp.services.schedules import design_of
from tests.studyapp.factories import make_draft, make_testset, make_user

pytestmark = pytest.mark.django_db

CONDITIONS = ("original", "auto", "reference", "degraded")


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_draft(
        make_user(), contents=5, conditions=CONDITIONS, gold={"degraded": "original"},
        trials_per_session=10, gold_share=0.1, repeat_share=0.1, seconds_per_trial=30,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def few_simulated_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to see what changes, and quick."""
    monkeypatch.setattr("studyapp.services.plans.STUDIES", ((12, 20),))


def _not_again(*_: object, **__: object) -> None:
    raise AssertionError("simulated again, for money alone")


@pytest.fixture
def study(made: Study) -> Study:
    """Three conditions (and one in gold pairs) on five contents: 15 cells; 8 main trials a sitting."""
    cache.clear()
    return Study.objects.get(pk=made.pk)


@pytest.fixture
def client(made: Study) -> Client:
    client = Client()
    client.force_login(made.owner)
    return client


class TestPlan:
    def test_a_sitting(self, study: Study) -> None:
        sitting = plan_of(study, Asked())["sitting"]
        kinds = {"main": 8, "gold": 1, "same": 0, "repeat": 1}
        assert sitting == {**kinds, "trials": 10, "practice": 0, "around_s": 0, "minutes": 5.0}

    def test_practice_and_the_pages_around_are_paid_for(self, study: Study) -> None:
        around = {"screen_check": True, "acuity_test": True, "closing_questions": ["What did you look for?"]}
        Study.objects.filter(pk=study.pk).update(practice_trials=2, **around)
        plan = plan_of(Study.objects.get(pk=study.pk), Asked(observers=10, pay_per_hour=12, lost=0))
        around_s = 30 + 25 + 60 + 30 + 20  # screen, card, rings, instructions, one question
        assert plan["sitting"]["around_s"] == around_s
        assert plan["sitting"]["minutes"] == pytest.approx((12 * 30 + around_s) / 60)
        assert plan["cost"]["each"] == pytest.approx(12 * plan["sitting"]["minutes"] / 60)

    def test_it_is_the_schedule_that_observers_get(self, study: Study) -> None:
        plan = plan_of(study, Asked(observers=7))
        design = design_of(study)
        main = [trial for index in range(7) for trial in slot(design, index) if trial.kind == "main"]
        names = ("original", "auto", "reference")
        for row, (one, other) in zip(plan["exposures"]["pairs"], combinations(range(3), 2), strict=True):
            of_pair = [trial for trial in main if {trial.left, trial.right} == {one, other}]
            assert row == {
                "one": names[one], "other": names[other], "shown": len(of_pair),
                "one_left": sum(trial.left == one for trial in of_pair),
            }  # fmt: skip
        for row, condition in zip(plan["exposures"]["conditions"], range(3), strict=True):
            assert row["left"] == sum(trial.left == condition for trial in main)
            assert row["shown"] == row["left"] + row["right"] == sum(condition in (t.left, t.right) for t in main)
        assert [row["shown"] for row in plan["exposures"]["contents"]] == [
            sum(trial.content == content for trial in main) for content in range(5)
        ]

    def test_coverage(self, study: Study) -> None:
        coverage = plan_of(study, Asked(observers=2))["coverage"]
        assert coverage == {
            "pairs": 3, "contents": 5, "cells": 15, "seen": 15, "share": 1.0, "sittings_until_all": 2,
        }  # fmt: skip

    def test_cells_that_nobody_will_see(self, made: Study) -> None:
        testset = make_testset("many", contents=40)
        study = make_draft(made.owner, testset=testset, conditions=CONDITIONS, name="Many", trials_per_session=5)
        plan = plan_of(study, Asked(observers=3))
        assert plan["coverage"]["seen"] == 15
        assert plan["coverage"]["sittings_until_all"] == 48, "240 cells by 5, beyond what was derived"
        assert any("225 of the 240 cells" in warning for warning in plan["warnings"])

    def test_conditions_that_are_apart(self, made: Study) -> None:
        study = make_draft(
            made.owner, testset=make_testset("one", contents=1), conditions=CONDITIONS, name="Tiny sittings",
            trials_per_session=1,
        )  # fmt: skip
        plan = plan_of(study, Asked(observers=2))
        assert plan["connection"]["connected_after"] in (3, 4)
        assert sum(len(part) for part in plan["connection"]["apart"]) == 4
        assert len(plan["connection"]["apart"]) == 2
        assert any("no pair ties these groups together" in warning for warning in plan["warnings"])
        assert plan_of(study, Asked(observers=6))["connection"]["apart"] == []

    def test_cost(self, study: Study) -> None:
        cost = plan_of(study, Asked(observers=18, pay_per_hour=12, lost=0.1))["cost"]
        assert cost == {"invited": 20, "hours": pytest.approx(20 * 5 / 60), "each": 1.0, "pay": 20.0}

    def test_the_formula(self, study: Study) -> None:
        plan = plan_of(study, Asked(share=0.6, design_effect=1.0))
        assert plan["formula"]["votes"] == 3 * 132, "8 · 7.849 / (3 · 0.1644) = 127.3 a pair, by 1.035 for .6 is not .5"
        assert plan["formula"]["observers"] == 50
        assert plan["formula"]["votes_all_contrasts"] > plan["formula"]["votes"]

    def test_the_formula_promises_no_more_than_its_votes(self, study: Study) -> None:
        plan = plan_of(study, Asked(observers=4, share=0.9, design_effect=1.0))
        at = next(point for point in plan["formula"]["points"] if point["observers"] == 4)
        assert at["power"] == pytest.approx(power_of(log_odds(0.9), standard_error(4 * 8 / 3, 3, share=0.9)))

    def test_ties_cost_votes(self, study: Study) -> None:
        without = plan_of(study, Asked(design_effect=1.0))
        study.allow_tie = True
        with_ties = plan_of(study, Asked(design_effect=1.0))
        assert with_ties["formula"]["design_effect"] == 1.15
        assert with_ties["simulated"]["points"][2]["width"] > without["simulated"]["points"][2]["width"]

    def test_the_same_again_and_kept(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        first = plan_of(study, Asked())
        cache.clear()
        assert plan_of(study, Asked())["simulated"] == first["simulated"]
        monkeypatch.setattr("studyapp.services.plans.expect", _not_again)
        assert plan_of(study, Asked(pay_per_hour=30))["simulated"] == first["simulated"]

    def test_another_design_is_simulated_again(self, study: Study) -> None:
        first = plan_of(study, Asked())
        study.seed += 1
        assert plan_of(study, Asked())["exposures"] != first["exposures"]

    def test_the_numbers_of_observers(self) -> None:
        assert curve(20) == [5, 10, 20, 30, 40]
        assert curve(2) == [2, 3, 4]
        assert curve(4) == [3, 4, 6, 8], "the huge intervals of two observers would flatten the rest"
        assert curve(1000) == [250, 500, 1000]

    def test_many_conditions_have_the_formula_alone(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("studyapp.services.plans.STUDIES", ((2, 100),))
        plan = plan_of(study, Asked())
        assert plan["simulated"]["points"] == []
        page = page_of(plan)
        assert page["here"]["simulated"] is None
        assert [name for name, _, _ in page["figure"].lines] == ["formula"]


GOOD = Facts(
    observers=40, share=0.6, power=0.9, enough_from=30, most_simulated=80, without_scores=0.0, contents=20, scenes=20,
    conditions=3, pairs=3, cells=60, unseen=0, sittings_until_all=1, main=60, trials=70, trials_asked=70,
    minutes=12.0, gold=5, repeat=5, apart=(),
)  # fmt: skip


class TestWarnings:
    def test_nothing_to_say(self) -> None:
        assert list(warnings_of(GOOD)) == []

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"apart": (("a", "b"), ("c",))}, "groups together, so there can be no common scale: a, b | c."),
            ({"without_scores": 0.2}, "In 20\N{NO-BREAK SPACE}% of the simulated studies"),
            ({"observers": 4}, "4 observers are few"),
            ({"power": 0.4}, "about 30 would do."),
            ({"power": 0.4, "enough_from": None}, "80 would still be too few"),
            ({"contents": 1, "scenes": 1}, "one content only"),
            ({"scenes": 2}, "With 2 scenes"),
            ({"unseen": 7, "sittings_until_all": 50}, "7 of the 60 cells"),
            ({"minutes": 31.0}, "about 31 minutes"),
            ({"main": 2}, "shows 2 of the 3 pairs"),
            ({"main": 30}, "shows 30 of 60 cells"),
            ({"trials": 60}, "60 pairs long, not 70"),
            ({"gold": 0}, "No gold pairs"),
            ({"repeat": 0}, "No repeats"),
        ],
        ids=str,
    )
    def test_one_thing_at_a_time(self, changed: dict[str, object], said: str) -> None:
        (warning,) = warnings_of(replace(GOOD, **changed))  # type: ignore[arg-type]
        assert said in warning


class TestPage:
    def test_it_works(self, client: Client, study: Study) -> None:
        page = text(client, f"/studies/{study.pk}/plan/")
        assert "What this study, as designed, will show, cost and find." in page
        assert '<tr class="is-asked"><th scope="row" class="number">20</th>' in page
        assert "No repeats" not in page
        assert '<polyline class="line line-simulated"' in page
        assert "style=" not in page

    def test_the_study_s_page_leads_here(self, client: Client, study: Study) -> None:
        assert f'href="/studies/{study.pk}/plan/"' in text(client, f"/studies/{study.pk}/")

    def test_wishes(self, client: Client, study: Study) -> None:
        page = text(client, f"/studies/{study.pk}/plan/?observers=8&preference=75&pay=20&lost=0")
        assert "8 observers are few" in page
        assert "Power at 75 %" in page
        assert 'name="observers" value="8"' in page
        told = client.get(f"/studies/{study.pk}/plan.json?observers=8&preference=75&pay=20&lost=0").json()
        assert told["asked"]["share"] == 0.75
        assert told["cost"]["pay"] == pytest.approx(8 * 20 * 5 / 60)

    @pytest.mark.parametrize("wish", ["observers=1", "observers=many", "preference=50", "lost=95", "pay=nan"])
    def test_wishes_that_make_no_sense(self, client: Client, study: Study, wish: str) -> None:
        answer = client.get(f"/studies/{study.pk}/plan/?{wish}")
        assert answer.status_code == 400
        assert 'class="field-error"' in answer.content.decode()
        refused = client.get(f"/studies/{study.pk}/plan.json?{wish}")
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == [wish.split("=", maxsplit=1)[0]]

    def test_a_study_that_can_not_be_scheduled(self, client: Client, study: Study) -> None:
        Study.objects.filter(pk=study.pk).update(gold_share=0.5, repeat_share=0.5)
        page = text(client, f"/studies/{study.pk}/plan/")
        assert "No schedule yet." in page
        assert client.get(f"/studies/{study.pk}/plan.json").json()["problem"] in unescape(page)

    def test_who_may_only_see(self, study: Study) -> None:
        eve = Client()
        eve.force_login(User.objects.create(username="eve"))
        assert eve.get(f"/studies/{study.pk}/plan/").status_code == 404


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content.decode()
    return " ".join(answer.content.decode().split())
