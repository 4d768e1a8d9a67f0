"""Reports as a worker makes them: whole or not at all, kept until something changes, opened without computing."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from analysis.reporting.references import REFERENCES
from enhancement.models import Job, Measurement
from enhancement.services.jobs import Claim, SupersededError, cancel_job, claim_job, run
from studyapp.models import MadeReport, ReportFile, Study
from studyapp.services import report_making
from studyapp.services.made_reports import (
    KEPT,
    ask_for_report,
    current_numbers,
    newest,
    opened,
    page_of,
    report_file,
    standing_of,
)
from studyapp.services.reports import report_as_json
from studyapp.templatetags.report_parts import urlize_dois
from tests.studyapp.factories import answer_all, make_study, make_user, prefer, run_jobs, sit, waver

pytestmark = pytest.mark.django_db

STRENGTH = {"original": 0.0, "auto": 0.4, "degraded": -3.0}
TASTE = prefer("auto", "original", "degraded")


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    study = make_study(
        make_user(), name="#1 *new* $x$ <b>תמונה</b>", contents=4, gold={"degraded": "original"}, gold_share=0.2,
        trials_per_session=5,
    )  # fmt: skip
    for number in range(11):
        answer_all(sit(study), waver(number, STRENGTH))
    ask_for_report(study)
    run_jobs()
    return study


@pytest.fixture
def study(made: Study, client: Client) -> Study:
    cache.clear()
    client.force_login(made.owner)
    return Study.objects.get(pk=made.pk)


def page(client: Client, study: Study, more: str = "") -> str:
    return client.get(reverse("report", args=[study.pk]) + more).content.decode()


class TestMade:
    def test_it_is_what_the_votes_say(self, study: Study) -> None:
        numbers = current_numbers(study)
        assert numbers is not None
        MadeReport.objects.all().delete()
        assert json.loads(json.dumps(report_as_json(study))) == numbers
        assert numbers["counts"]["votes"] == 44

    def test_every_figure_and_table_of_the_page_is_a_file(self, study: Study) -> None:
        report = newest(study)
        assert report is not None
        names = set(report.files.values_list("name", flat=True))
        blocks = [block for section in page_of(report)["sections"] for block in section["blocks"]]
        figures = {block["name"] for block in blocks if block["is"] == "figure"}
        tables = {block["name"] for block in blocks if block["is"] == "table"}
        assert {"scores", "preferences", "contents", "metrics", "observers", "balance"} <= figures
        assert "differences" not in figures  # of two conditions there is one
        assert {"scores", "paper", "metrics", "preferences", "differences", "excluded"} <= tables
        assert names == {
            "report.json", "page.json", "report.pdf",
            *(f"{name}.{kind}" for name in figures for kind in ("svg", "png")),
            *(f"{name}.{kind}" for name in tables for kind in ("csv", "tex")),
        }  # fmt: skip

    def test_the_second_time_nothing_is_made(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(report_making, "numbers_of")
        job = ask_for_report(study)
        run_jobs()
        job.refresh_from_db()
        assert (job.state, job.error) == (Job.State.DONE, "")
        assert MadeReport.objects.count() == 1

    def test_a_worker_that_lost_its_job_stores_nothing(self, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
        """As one that is cancelled over its figures, or comes back from the dead."""
        MadeReport.objects.all().delete()
        job = ask_for_report(study)
        claim = claim_job(job.pk, "slow")
        assert claim is not None
        draw = report_making.as_png

        def cancelled(*asked: Any) -> bytes:
            cancel_job(job)
            return draw(*asked)

        monkeypatch.setattr(report_making, "as_png", cancelled)
        run(claim)
        assert (MadeReport.objects.count(), ReportFile.objects.count()) == (0, 0)

    def test_one_that_dies_leaves_nothing_and_the_next_makes_it(self, study: Study) -> None:
        MadeReport.objects.all().delete()
        job = ask_for_report(study)
        dead = claim_job(job.pk, "dead")
        assert dead is not None
        Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED)
        run_jobs()
        assert MadeReport.objects.count() == 1
        with pytest.raises(SupersededError):
            report_making.make_report(_unmade(dead, study))
        assert MadeReport.objects.count() == 0

    def test_the_newest_ones_are_kept(self, study: Study) -> None:
        first = MadeReport.objects.get()
        for number in range(KEPT - 1):
            MadeReport.objects.create(study=study, simulated=False, key=str(number), votes=0)
        answer_all(sit(study), waver(50, STRENGTH))
        ask_for_report(study)
        run_jobs()
        assert MadeReport.objects.filter(study=study).count() == KEPT
        assert not MadeReport.objects.filter(pk=first.pk).exists()
        assert not ReportFile.objects.filter(report=first.pk).exists()

    def test_simulated_votes_make_another_one(self, study: Study) -> None:
        answer_all(sit(study, simulated=True), TASTE)
        ask_for_report(study, include_simulated=True)
        run_jobs()
        stamped, plain = current_numbers(study, include_simulated=True), newest(study)
        assert stamped is not None
        assert plain is not None
        assert (stamped["simulated"], stamped["counts"]["votes"]) == (True, 48)
        assert json.loads(bytes(plain.files.get(name="report.json").data))["simulated"] is False


def _unmade(claim: Claim, study: Study) -> Claim:
    MadeReport.objects.filter(study=study).delete()
    return claim


class TestPage:
    def test_it_opens_at_once(self, study: Study, client: Client) -> None:
        text = page(client, study)
        assert "from the votes as they stand" in text
        assert "data-unfinished" not in text
        assert text.count('<figure class="plate">') >= 7
        assert "&lt;b&gt;" in text
        assert "<b>" not in text
        assert not Job.objects.exclude(state=Job.State.DONE).exists()

    def test_a_web_process_needs_nothing_that_makes_reports(self) -> None:
        asked = (
            "import django, sys; django.setup(); import studyapp.urls; "
            "print([name for name in ('matplotlib', 'pandas', 'typst') if name in sys.modules])"
        )
        told = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, check=True,
            env={"DJANGO_SETTINGS_MODULE": "studyapp.settings", "PYTHONPATH": "."},
        )  # fmt: skip
        assert told.stdout.strip().splitlines()[-1] == "[]"

    def test_queries_are_as_many_for_many_votes(self, study: Study, client: Client) -> None:
        def asked() -> int:
            client.get(reverse("report", args=[study.pk]))
            with CaptureQueriesContext(connection) as seen:
                client.get(reverse("report", args=[study.pk]))
            return len(seen)

        before = asked()
        for number in range(5):
            answer_all(sit(study), waver(60 + number, STRENGTH))
        ask_for_report(study)
        run_jobs()
        assert asked() == before <= 18  # one for the pictures of pairs

    def test_opening_the_first_one_asks_for_it_and_shows_how_far_it_is(self, study: Study, client: Client) -> None:
        MadeReport.objects.all().delete()
        Job.objects.filter(kind="report").delete()
        text = page(client, study)
        job = Job.objects.get(kind="report")
        assert (job.state, job.queue, job.requested_by) == (Job.State.QUEUED, "cpu", study.owner)
        assert "The report is being made" in text
        assert 'data-live="standing" data-unfinished' in text
        page(client, study)
        assert Job.objects.filter(kind="report").count() == 1
        run_jobs()
        assert "from the votes as they stand" in page(client, study)

    def test_newer_votes_are_said_and_one_click_makes_it(self, study: Study, client: Client) -> None:
        answer_all(sit(study), waver(70, STRENGTH))
        text = page(client, study)
        assert "5 newer votes" in text
        assert 'id="make-report"' in text
        assert not Job.objects.filter(kind="report", state=Job.State.QUEUED).exists()
        answer = client.post(reverse("report-make", args=[study.pk]))
        assert answer["Location"] == reverse("report", args=[study.pk])
        assert "A new one is being made" in page(client, study)
        run_jobs()
        assert "newer votes" not in page(client, study)

    def test_other_news_is_said_too(self, study: Study, client: Client) -> None:
        Measurement.objects.latest("pk").delete()
        assert "What it rests on has changed since" in page(client, study)

    def test_a_failure_is_said_with_its_reason_and_tried_again(
        self, study: Study, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any, **__: Any) -> bytes:
            raise OSError("no space left for the PDF")

        with monkeypatch.context() as patched:
            patched.setattr(report_making, "printed", broken)
            answer_all(sit(study), TASTE)
            client.post(reverse("report-make", args=[study.pk]))
            run_jobs()
        text = page(client, study)
        assert "It could not be made: OSError: no space left for the PDF" in text
        assert "Try again" in text
        assert '<figure class="plate">' in text, "the one before is still there"
        client.post(reverse("report-make", args=[study.pk]))
        run_jobs()
        assert "could not be made" not in page(client, study)

    def test_a_cancelled_one_is_not_asked_for_by_looking(self, study: Study, client: Client) -> None:
        MadeReport.objects.all().delete()
        Job.objects.filter(kind="report").delete()
        cancel_job(opened(study).job or pytest.fail("none asked for"))
        text = page(client, study)
        assert "Its making was cancelled, so there is no report yet." in text
        assert not standing_of(study).is_being_made

    def test_before_anybody_looked(self, study: Study, client: Client) -> None:
        draft = make_study(study.owner, testset=study.testset, conditions=("auto", "original"), name="Nobody yet")
        ask_for_report(draft)
        run_jobs()
        assert "No vote counts yet." in page(client, draft)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "kind", "is_right"),
        [
            ("figure/scores.svg", "image/svg+xml", lambda data: b"<svg" in data),
            ("figure/scores.png", "image/png", lambda data: Image.open(io.BytesIO(data)).size[0] == 1950),
            ("report-file/report.pdf", "application/pdf", lambda data: data.startswith(b"%PDF-")),
            ("report-file/scores.csv", "text/csv; charset=utf-8", lambda data: data.startswith(b"condition,score,")),
            ("report-file/paper.tex", "application/x-tex", lambda data: b"\\toprule" in data),
        ],
    )
    def test_each_kind(
        self, study: Study, client: Client, name: str, kind: str, is_right: Callable[[bytes], bool]
    ) -> None:
        where, file = name.split("/")
        answer = client.get(reverse(where, args=[study.pk, *file.split(".")]))
        assert answer["Content-Type"] == kind
        assert is_right(answer.content)

    def test_what_is_not_there(self, study: Study, client: Client) -> None:
        for name, suffix in (("nothing", "csv"), ("page", "json"), ("scores", "svg")):
            assert client.get(reverse("report-file", args=[study.pk, name, suffix])).status_code == 404
        assert client.get(reverse("figure", args=[study.pk, "report", "pdf"])).status_code == 404

    def test_a_page_finds_the_files_of_its_own_report_while_they_are_kept(self, study: Study, client: Client) -> None:
        first = newest(study)
        assert first is not None
        numbers = report_file(study, "scores.csv")
        answer_all(sit(study), TASTE)
        ask_for_report(study)
        run_jobs()
        assert report_file(study, "scores.csv", of=first.pk) == numbers
        assert report_file(study, "scores.csv") != numbers
        assert report_file(study, "scores.csv", of=first.pk + 1000) == report_file(study, "scores.csv")

    def test_another_study_s_number_opens_nothing_of_it(self, study: Study) -> None:
        other = make_study(study.owner, testset=study.testset, conditions=("auto", "original"), name="Other")
        first = newest(study)
        assert first is not None
        assert report_file(other, "scores.csv", of=first.pk) is None

    def test_the_pdf_has_fonts_and_hides_no_markup(self, study: Study) -> None:
        data = report_file(study, "report.pdf")
        assert data is not None
        assert re.search(rb"/FontFile[23]", data)


def test_a_doi_is_a_link_with_its_own_brackets_and_without_those_around_it() -> None:
    page = urlize_dois(f"{REFERENCES['Tversky and Russo 1969']} (see doi:10.2307/2334029).")
    assert re.findall(r'href="([^"]+)"', page) == [
        "https://doi.org/10.1016/0022-2496(69)90027-3", "https://doi.org/10.2307/2334029",
    ]  # fmt: skip
