"""The numbers of a study's report: made once for as long as they hold, with the metrics of what stood there."""

import numpy as np
import pytest
from django.core.cache import cache

from analysis.reporting.sections.pictures import missing_metrics
from enhancement.models import Measurement
from studyapp.models import Study, StudySession
from studyapp.services import reports
from studyapp.services.report_keys import report_key
from studyapp.services.reports import metrics_of, report_as_json, report_of, sized, votes_of
from studyapp.services.sessions import mark_shown
from tests.studyapp.factories import (
    DEVICE,
    answer,
    answer_all,
    make_draft,
    make_study,
    make_testset,
    make_user,
    prefer,
    sit,
    waver,
)

pytestmark = pytest.mark.django_db

TASTE = prefer("auto", "original", "degraded")
STRENGTH = {"original": 0.0, "auto": 0.4, "degraded": -3.0}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    return make_study(make_user(), contents=4, gold={"degraded": "original"}, gold_share=0.2, trials_per_session=5)


@pytest.fixture
def study(made: Study) -> Study:
    cache.clear()
    return Study.objects.get(pk=made.pk)


class TestKept:
    def test_the_second_time_nothing_is_made(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        answer_all(sit(study), TASTE)
        first = report_of(study)
        monkeypatch.delattr(reports, "report")
        assert report_of(study).as_json() == first.as_json()

    def test_a_new_vote_gives_a_new_report(self, study: Study) -> None:
        session = sit(study)
        trials = list(session.trials.filter(kind="main"))
        for trial in trials:
            mark_shown(trial, DEVICE)
        for number, trial in enumerate(trials, start=1):
            answer(trial, "left")
            assert report_of(study).votes == number

    @pytest.mark.parametrize("change", ["abandoned", "withdrawn"])
    def test_so_does_a_sitting_that_ends(self, study: Study, change: str) -> None:
        session = sit(study)
        answer_all(session, TASTE)
        before = report_key(study)
        StudySession.objects.filter(pk=session.pk).update(state=change)
        assert report_key(study) != before

    def test_so_do_new_metrics(self, study: Study) -> None:
        before = report_key(study)
        Measurement.objects.latest("pk").delete()
        assert report_key(study) != before

    def test_so_do_flaws_that_an_older_version_did_not_measure(self, study: Study) -> None:
        lacking = Measurement.objects.exclude(colour_deviation=None)
        now = (
            dict(lacking.values_list("pk", "colour_deviation")),
            dict(lacking.values_list("pk", "noise_amplification")),
        )
        lacking.update(colour_deviation=None, noise_amplification=None)
        before = report_key(study)
        for pk, value in now[0].items():
            Measurement.objects.filter(pk=pk).update(colour_deviation=value, noise_amplification=now[1][pk])
        assert report_key(study) != before

    def test_so_does_asking_for_simulated_votes(self, study: Study) -> None:
        answer_all(sit(study, simulated=True), TASTE)
        plain, stamped = report_of(study), report_of(study, include_simulated=True)
        assert (plain.votes, plain.simulated) == (0, False)
        assert (stamped.votes, stamped.simulated) == (4, True)

    def test_the_same_votes_give_the_same_numbers(self, study: Study) -> None:
        for number in range(12):
            answer_all(sit(study), waver(number, STRENGTH))
        first = report_of(study).to_json()
        cache.clear()
        assert report_of(study).to_json() == first


class TestMetrics:
    def test_every_condition_of_every_content_once(self, study: Study) -> None:
        table = metrics_of(study)
        assert len(table) == 4 * 3
        assert not table.duplicated(["content", "condition"]).any()

    def test_a_stimulus_shared_by_studies_stands_once(self, study: Study) -> None:
        other = make_study(study.owner, testset=study.testset, conditions=("auto", "original"), name="Another")
        assert len(metrics_of(study)) == 4 * 3
        assert set(metrics_of(other)["condition"]) == {"auto", "original"}

    def test_a_condition_gets_the_numbers_of_its_stimulus(self, study: Study) -> None:
        table = metrics_of(study).set_index(["content", "condition"])
        measured = Measurement.objects.filter(psnr_db__isnull=False)
        assert measured.exists()
        for row in measured.select_related("stimulus__content", "stimulus__method"):
            where = (row.stimulus.content.name, row.stimulus.method.name)
            assert table.loc[where, "psnr_db"] == row.psnr_db
            assert table.loc[where, "ms_ssim"] == row.ms_ssim
            assert table.loc[where, "colour_deviation"] == row.colour_deviation
            told = table.loc[where, "noise_amplification"]
            assert (None if np.isnan(told) else told) == row.noise_amplification

    def test_what_has_no_numbers_says_why(self, study: Study) -> None:
        Measurement.objects.filter(stimulus__method__name="auto").delete()
        assert "auto has no PSNR or SSIM on 4 contents: not measured yet." in missing_metrics(
            report_as_json(study)["metrics"]
        )

    def test_a_shared_reason_is_said_once(self, study: Study) -> None:
        Measurement.objects.filter(stimulus__method__name__in=["auto", "degraded"]).delete()
        assert "auto and degraded have no PSNR or SSIM on 4 contents: not measured yet." in missing_metrics(
            report_as_json(study)["metrics"]
        )

    def test_what_has_no_flaws_says_why(self, study: Study) -> None:
        auto = Measurement.objects.filter(stimulus__method__name="auto")
        auto.update(noise_amplification=None, flaws_reason="nothing is flat")
        assert "auto has no noise amplification on 4 contents: nothing is flat." in missing_metrics(
            report_as_json(study)["metrics"]
        )
        auto.update(colour_deviation=None, flaws_reason="")
        said = "auto has no colour deviation or noise amplification on 4 contents: not measured yet."
        assert [
            line for line in missing_metrics(report_as_json(study)["metrics"]) if "auto" in line and "noise" in line
        ] == [said]

    def test_noise_of_which_nothing_is_left_is_counted_and_not_averaged(self, study: Study) -> None:
        auto = Measurement.objects.filter(stimulus__method__name="auto")
        auto.update(noise_amplification=-float("inf"), flaws_reason="")
        (told,) = (row for row in report_as_json(study)["metrics"] if row["condition"] == "auto")
        assert (told["noise_amplification"]["mean"], told["noise_amplification"]["infinite"]) == (None, 4)
        assert "auto has no noise left on 4 contents; its −∞ dB are not in the mean." in missing_metrics(
            report_as_json(study)["metrics"]
        )

    def test_equal_pictures_are_counted_and_not_averaged(self, study: Study) -> None:
        Measurement.objects.filter(psnr_db__isnull=False, stimulus__method__name="auto").update(psnr_db=float("inf"))
        told = report_as_json(study)["metrics"]
        (auto,) = (row for row in told if row["condition"] == "auto")
        assert auto["psnr_db"]["mean"] is None
        assert auto["psnr_db"]["infinite"] >= 1


class TestNumbers:
    def test_gold_conditions_get_no_score(self, study: Study) -> None:
        answer_all(sit(study), TASTE)
        assert report_of(study).conditions == ("original", "auto")

    def test_cameras_are_told_apart_where_there_are_several(self, study: Study) -> None:
        testset = make_testset("two-cameras", contents=4, cameras=("iphone", "sony"))
        other = make_study(study.owner, testset=testset, conditions=("auto", "original"), name="Cameras")
        for number in range(6):
            answer_all(sit(other), waver(number, STRENGTH))
        told = report_as_json(other)
        for part in ("cameras", "camera_pairs", "camera_metrics"):
            assert [one["camera"] for one in told[part]] == ["iphone", "sony"], part
        assert sum(pair["votes"] for part in told["camera_pairs"] for pair in part["pairs"]) == told["counts"]["votes"]
        assert (report_as_json(study)["cameras"], report_as_json(study)["camera_metrics"]) == ([], [])

    def test_sides_and_photos_hold_every_vote_twice(self, study: Study) -> None:
        for number in range(4):
            answer_all(sit(study), waver(number, STRENGTH))
        told = report_as_json(study)
        votes = told["counts"]["votes"]
        assert sum(row["left"] for row in told["sides"]) == sum(row["right"] for row in told["sides"]) == votes
        assert sum(row["votes"] for row in told["content_shares"]) == 2 * votes
        won = sum(row["votes"] * row["share"] for row in told["content_shares"])
        assert won == pytest.approx(votes)

    def test_devices_are_those_of_sittings_that_count(self, study: Study) -> None:
        answer_all(sit(study), TASTE)
        answer_all(sit(study, pilot=True), TASTE)
        (device,) = report_as_json(study)["devices"]
        assert device["sittings"] == 1
        assert (device["width_px"], device["pixel_ratio"]) == (
            DEVICE["viewport_width_px"],
            DEVICE["device_pixel_ratio"],
        )
        assert [sized(*size) for size in ((390, 844), (844, 390), (820, 1180), (1440, 900))] == [
            "phone-sized", "phone-sized", "tablet-sized", "desktop-sized",
        ]  # fmt: skip

    def test_before_anything_is_made(self, study: Study) -> None:
        draft = make_draft(study.owner, testset=study.testset, conditions=("auto", "original"), name="Draft")
        told = report_as_json(draft)
        assert (told["counts"]["votes"], told["metrics"], told["devices"]) == (0, [], [])

    def test_missing_votes_are_empty_text(self, study: Study) -> None:
        assert votes_of(study).empty
        answer(sit(study).trials.get(position=1), "left")
        assert votes_of(study)["vote"].tolist() == ["left"]
