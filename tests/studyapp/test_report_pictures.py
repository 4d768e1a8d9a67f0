"""The report's page shows the pictures of the pairs over which metrics and people part, to who may see the study."""

import re
from dataclasses import replace
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from analysis.reporting.metric_means import METRIC_COLUMNS
from enhancement.models import Content, Measurement, Stimulus
from studyapp.models import MadeReport, Study
from studyapp.roles import Role
from studyapp.services.made_reports import ask_for_report
from studyapp.services.sharing import share_study
from studyapp.services.studies import create_study
from tests.studyapp.factories import answer_all, define, make_study, make_user, prefer, run_jobs, sit

pytestmark = pytest.mark.django_db

PAIR = re.compile(r'<li class="pair">.*?</li>', re.DOTALL)
PICTURE = re.compile(r'<img loading="lazy" src="([^"]+)" alt="([^"]+)"')
LIKED = {"psnr_db": 30.0, "ssim": 0.9, "ms_ssim": 0.9, "colour_deviation": 1.0, "noise_amplification": 1.0}
DISLIKED = {"psnr_db": 20.0, "ssim": 0.8, "ms_ssim": 0.8, "colour_deviation": 2.0, "noise_amplification": 2.0}


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """Everybody prefers `original` everywhere; all metrics do, but PSNR finds `auto` better on photo-2."""
    study = make_study(make_user(), contents=4, conditions=("auto", "original"), trials_per_session=4)
    assert set(LIKED) == set(METRIC_COLUMNS)
    Measurement.objects.filter(stimulus__method__name="original").update(**LIKED, flaws_reason="")
    Measurement.objects.filter(stimulus__method__name="auto").update(**DISLIKED, flaws_reason="")
    of = Measurement.objects.filter(stimulus__content__name="photo-2")
    of.filter(stimulus__method__name="auto").update(psnr_db=31.5)
    for _ in range(6):
        answer_all(sit(study), prefer("original", "auto"))
    ask_for_report(study)
    run_jobs()
    return study


@pytest.fixture
def study(made: Study) -> Study:
    cache.clear()
    return Study.objects.get(pk=made.pk)


def pairs_shown(client: Client, study: Study) -> list[str]:
    return PAIR.findall(client.get(reverse("report", args=[study.pk])).content.decode())


def stimulus(method: str) -> Stimulus:
    return Stimulus.objects.get(content__name="photo-2", method__name=method)


def test_the_two_pictures_stand_side_by_side_people_s_choice_first(study: Study, client: Client) -> None:
    client.force_login(study.owner)
    (pair,) = pairs_shown(client, study)
    assert PICTURE.findall(pair) == [
        (reverse("stimulus-thumbnail", args=[stimulus("original").pk]), "photo-2 by original, chosen by people."),
        (reverse("stimulus-thumbnail", args=[stimulus("auto").pk]), "photo-2 by auto, chosen by PSNR."),
    ]
    words = " ".join(re.sub(r"<[^>]+>", " ", unescape(pair)).split())
    assert "original Chosen by people 6 of 6 votes, 100 % PSNR, dB 30.00" in words
    assert "auto Chosen by PSNR 0 of 6 votes, 0 % PSNR, dB 31.50" in words


def test_the_link_opens_that_pair_at_1_to_1(study: Study, client: Client) -> None:
    client.force_login(study.owner)
    (pair,) = pairs_shown(client, study)
    (address,) = re.findall(r'href="([^"]+)"', pair)
    content, auto = Content.objects.get(name="photo-2"), stimulus("auto").method
    assert unescape(address) == f"/contents/{content.pk}/?a=input&b=m{auto.pk}&view=1,0.5,0.5"
    state = client.get(unescape(address)).context["state"]
    assert (state["first"], state["second"]) == ("input", f"m{auto.pk}")


def test_who_may_not_see_the_study_sees_neither_page_nor_pictures(study: Study, client: Client) -> None:
    viewer = make_user("vera", Role.VIEWER)
    addresses = [reverse("report", args=[study.pk])]
    addresses += [reverse("stimulus-thumbnail", args=[stimulus(name).pk]) for name in ("original", "auto")]
    assert [client.get(address).status_code for address in addresses] == [302, 302, 302]
    client.force_login(viewer)
    assert [client.get(address).status_code for address in addresses] == [404, 404, 404]
    share_study(study, viewer, "see", by=study.owner)
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    assert len(pairs_shown(client, study)) == 1


def test_another_study_s_pictures_are_not_taken_for_it(study: Study, client: Client) -> None:
    """The same contents and names of conditions, the methods behind them exchanged."""
    exchanged = {"auto": {"": "original"}, "original": {"": "auto"}}
    create_study(replace(define(("auto", "original"), name="Exchanged"), conditions=exchanged), study.owner)
    run_jobs()
    client.force_login(study.owner)
    before = [reverse("stimulus-thumbnail", args=[stimulus(name).pk]) for name in ("original", "auto")]
    (pair,) = pairs_shown(client, study)
    assert [address for address, _ in PICTURE.findall(pair)] == before


def test_a_pair_that_lacks_a_picture_is_not_shown(study: Study, client: Client) -> None:
    study.conditions.filter(name="auto").update(name="called otherwise since")
    client.force_login(study.owner)
    assert pairs_shown(client, study) == []


def test_without_metrics_there_is_nothing(study: Study, client: Client) -> None:
    client.force_login(study.owner)
    Measurement.objects.all().delete()
    MadeReport.objects.all().delete()
    ask_for_report(study)
    run_jobs()
    text = client.get(reverse("report", args=[study.pk])).content.decode()
    assert "from the votes as they stand" in text
    assert 'class="pairs"' not in text
    assert "disagreements-title" not in text
