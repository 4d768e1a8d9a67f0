"""The library's addresses, one by one: first that it works, then what is refused."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from enhancement.models import Job, Measurement, Method, Stimulus, TestSet
from enhancement.pictures import decode
from enhancement.services.files import read
from enhancement.services.stimuli import request_stimuli
from studyapp.models import Study
from studyapp.roles import Role
from studyapp.services import picture_tiles
from studyapp.services.contact_sheet import reason_for
from studyapp.services.picture_tiles import Seen, size_for
from studyapp.templatetags.numbers import signed
from tests.studyapp.factories import SIZE, make_draft, make_method, make_study, make_testset, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(made_once: None) -> Study:
    """An open study: its test set has two contents, three methods, every metric."""
    return make_study(make_user("ada"), contents=2)


@pytest.fixture
def study(made: Study) -> Study:
    return Study.objects.get(pk=made.pk)


@pytest.fixture
def testset(study: Study) -> TestSet:
    return study.testset


@pytest.fixture
def client(study: Study) -> Client:
    return logged_in(study.owner)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, url: str, **asked: Any) -> str:
    answer = client.get(url, asked)
    assert answer.status_code == 200, url
    return " ".join(answer.content.decode().split())


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def job_for(testset: TestSet, method: Method, state: str, error: str = "", **rest: Any) -> Job:
    params = {"testset": testset.pk, "method": method.pk}
    label = f"{method} on {testset}"
    return Job.objects.create(kind="stimuli", queue="gpu", label=label, params=params, state=state, error=error, **rest)


class TestTheDoor:
    def test_nothing_without_a_login(self, testset: TestSet) -> None:
        content, stimulus = testset.contents.earliest("pk"), Stimulus.objects.earliest("pk")
        token = Seen(str(stimulus.file.name), stimulus.sha256, SIZE).token
        for url in (
            "/library/",
            f"/library/tiles/{token}/0/0/0",
            f"/testsets/{testset.pk}/",
            f"/contents/{content.pk}/",
            f"/contents/{content.pk}/input",
            f"/contents/{content.pk}/reference",
            f"/contents/{content.pk}/thumbnail.jpg",
            f"/contents/{content.pk}/reference.jpg",
            f"/stimuli/{stimulus.pk}.png",
            f"/stimuli/{stimulus.pk}/thumbnail.jpg",
        ):
            answer = Client().get(url)
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login/"), url

    def test_the_library_is_everybody_s(self, testset: TestSet) -> None:
        assert testset.name in text(logged_in(make_user("eve")), "/library/")

    def test_what_never_was(self, client: Client) -> None:
        for url in ("/testsets/999/", "/contents/999/", "/contents/999/input", "/stimuli/999.png"):
            assert client.get(url).status_code == 404, url

    def test_pages_hold_nothing_inline(self, client: Client, testset: TestSet) -> None:
        content = testset.contents.earliest("pk")
        for url in ("/library/", f"/testsets/{testset.pk}/", f"/contents/{content.pk}/", "/jobs/"):
            page = text(client, url)
            for inline in ("style=", "<style", "<script>", "onclick"):
                assert inline not in page, url


class TestLibrary:
    def test_it_works(self, client: Client, testset: TestSet) -> None:
        page = text(client, "/library/")
        assert f'<a href="/testsets/{testset.pk}/">tiny</a>' in page
        assert "2 contents · 2 scenes · iphone" in page
        assert f"/contents/{testset.contents.earliest('pk').pk}/thumbnail.jpg" in page
        for method in ("auto", "degraded", "original"):
            assert f"<li>{method}</li>" in page
        assert "photos simulated" not in page

    def test_what_is_half_made_and_what_is_going_on(self, client: Client, testset: TestSet) -> None:
        other = Method.objects.create(name="other", kind="auto")
        stimulus = Stimulus.objects.filter(method__name="auto").earliest("pk")
        stimulus.pk, stimulus.method = None, other
        stimulus.save(force_insert=True)
        job_for(testset, other, "failed", "no room")
        job_for(testset, Method.objects.get(name="auto"), "queued")
        page = text(client, "/library/")
        assert '<li>other <span class="soft">1 of 2</span></li>' in page
        assert '<span class="state state-failed">1 failed</span>' in page
        assert '<span class="state">1 waiting</span>' in page

    def test_a_failure_that_was_mended_is_no_news(self, client: Client, testset: TestSet) -> None:
        method = make_method("reference")
        job_for(testset, method, "failed", "no room")
        job_for(testset, method, "done")
        assert "failed" not in text(client, "/library/")

    def test_simulated_photos_are_called_so(self, client: Client) -> None:
        make_testset("one", contents=1, simulated=True)
        assert "photos simulated" in text(client, "/library/")

    def test_queries_do_not_grow(self, client: Client, testset: TestSet) -> None:
        before = queries(client, "/library/")
        for number in range(5):
            more = make_testset(f"more-{number}", contents=3, cameras=("iphone", "sony"))
            job_for(more, Method.objects.get(name="auto"), "queued")
        assert queries(client, "/library/") == before


class TestContactSheet:
    def test_it_works(self, client: Client, testset: TestSet) -> None:
        page = text(client, f"/testsets/{testset.pk}/")
        for stimulus in Stimulus.objects.exclude(method__kind="original"):
            assert f"/stimuli/{stimulus.pk}/thumbnail.jpg" in page
            assert f'href="/contents/{stimulus.content_id}/?b=m{stimulus.method_id}"' in page
        for content in testset.contents.all():
            assert f"/contents/{content.pk}/thumbnail.jpg" in page
            assert f"/contents/{content.pk}/reference.jpg" in page
            assert f'alt="{content.name}: auto"' in page
        assert "192 × 144 px" in page
        assert " dB</span> <span" in page

    def test_the_heads_hold_means(self, client: Client, testset: TestSet) -> None:
        values = Stimulus.objects.filter(method__name="auto").values_list("measurement__psnr_db", flat=True)
        assert f"<b>{np.mean(list(values)):.2f}</b>" in text(client, f"/testsets/{testset.pk}/")

    def test_a_picture_shows_its_flaws_and_the_input_has_none(self, client: Client, testset: TestSet) -> None:
        page = text(client, f"/testsets/{testset.pk}/")
        auto = Measurement.objects.filter(stimulus__method__name="auto")
        for measured in auto:
            assert f"<span>ΔE {measured.colour_deviation:.1f}</span>" in page
            assert f"noise {signed(measured.noise_amplification, 1)} dB" in page
        of_photos = Measurement.objects.filter(stimulus__method__kind__in=["original", "reference"])
        assert page.count("<span>ΔE ") == Measurement.objects.count() - of_photos.count()
        auto.update(noise_amplification=None, flaws_reason="nothing is flat")
        assert 'title="nothing is flat">noise –</span>' in text(client, f"/testsets/{testset.pk}/")

    def test_noise_of_which_nothing_is_left(self, client: Client, testset: TestSet) -> None:
        auto = Measurement.objects.filter(stimulus__method__name="auto")
        auto.update(noise_amplification=-float("inf"), flaws_reason="")
        page = text(client, f"/testsets/{testset.pk}/")
        assert "noise −∞ dB" in page
        assert "<b>−∞</b>" in page
        content = testset.contents.earliest("pk")
        assert '<td class="number">−∞</td>' in text(client, f"/contents/{content.pk}/")

    def test_the_worst_of_a_flaw_is_the_most(self, client: Client, testset: TestSet) -> None:
        auto = Method.objects.get(name="auto")
        measured = Stimulus.objects.filter(method=auto).order_by("-measurement__colour_deviation")
        worst_first = [stimulus.content.name for stimulus in measured.select_related("content")]
        for end, names, sort in (("worst", worst_first, "descending"), ("best", worst_first[::-1], "ascending")):
            page = text(client, f"/testsets/{testset.pk}/", sort=f"{auto.pk}-colour_deviation-{end}")
            assert [page.index(f">{name}</a>") for name in names] == sorted(
                page.index(f">{name}</a>") for name in names
            )
            assert f'aria-sort="{sort}"' in page

    def test_sorted_by_a_metric_the_worst_first_then_the_best(self, client: Client, testset: TestSet) -> None:
        auto = Method.objects.get(name="auto")
        measured = Stimulus.objects.filter(method=auto).order_by("measurement__ssim")
        worst_first = [stimulus.content.name for stimulus in measured.select_related("content")]
        for end, names in (("worst", worst_first), ("best", worst_first[::-1])):
            page = text(client, f"/testsets/{testset.pk}/", sort=f"{auto.pk}-ssim-{end}")
            assert [page.index(f">{name}</a>") for name in names] == sorted(
                page.index(f">{name}</a>") for name in names
            )
        assert f"?sort={auto.pk}-ssim-worst" in page

    @pytest.mark.parametrize("order", ["", "auto", "1-weight-best", "999-ssim-best", "1-ssim-up", "-", "1--best"])
    def test_an_order_that_there_is_not(self, client: Client, testset: TestSet, order: str) -> None:
        assert "aria-sort" not in text(client, f"/testsets/{testset.pk}/", sort=order)

    @pytest.mark.parametrize(
        ("state", "says"),
        [
            ("queued", "Waits for a worker."),
            ("running", "Being made."),
            ("cancelled", "Its job was cancelled."),
            ("failed", "the disk is full"),
        ],
    )
    def test_a_missing_picture_says_why(self, client: Client, testset: TestSet, state: str, says: str) -> None:
        now = {"heartbeat_at": "2026-01-01T00:00Z", "attempt": 1} if state == "running" else {}
        error = "RuntimeError: the disk is full" if state == "failed" else ""
        other = Method.objects.create(name="other", kind="auto")
        job = job_for(testset, other, state, error, **now)
        page = text(client, f"/testsets/{testset.pk}/")
        assert page.count(says) == 2
        assert f'href="/jobs/{job.pk}/"' in page

    def test_a_content_without_reference(self, client: Client) -> None:
        testset = make_testset("one", contents=2)
        testset.contents.filter(name="photo-0").update(reference_sha256="", reference_file="")
        assert "No reference photo." in text(client, f"/testsets/{testset.pk}/")

    def test_before_any_method(self, client: Client) -> None:
        testset = make_testset("one", contents=1)
        assert "No method has been run on it yet" in text(client, f"/testsets/{testset.pk}/")

    def test_without_contents(self, client: Client) -> None:
        testset = make_testset("none", contents=0)
        assert "No photos in it" in text(client, f"/testsets/{testset.pk}/")

    def test_page_by_page_in_the_order_asked_for(self, client: Client, study: Study) -> None:
        testset = make_testset("many", contents=14)
        auto = Method.objects.get(name="auto")
        job_for(testset, auto, "queued")
        page = text(client, f"/testsets/{testset.pk}/", sort=f"{auto.pk}-ssim-best")
        assert "Page 1 of 2" in page
        assert f'href="?sort={auto.pk}-ssim-best&amp;page=2"' in page

    def test_queries_do_not_grow(self, client: Client, testset: TestSet) -> None:
        one = make_testset("one", contents=1)
        for method in Method.objects.all():
            job_for(one, method, "queued")
        many = make_testset("many", contents=14)
        for method in Method.objects.all():
            job_for(many, method, "failed", "photo-1: no")
            job_for(many, method, "queued")
        asked = {queries(client, f"/testsets/{of.pk}/") for of in (one, many, testset)}
        assert len(asked) == 1, asked


def test_the_reason_of_one_content_is_its_own_line() -> None:
    names = {"a.png", "b.png", "c.png"}
    error = "a.png: truncated\nb.png: too large: 300 MP"
    assert reason_for("b.png", error, names) == "too large: 300 MP"
    assert reason_for("c.png", error, names).startswith("Not made: its job failed on other contents")
    assert reason_for("c.png", "RuntimeError: no room\nat all", names) == "RuntimeError: no room"
    assert reason_for("c.png", "", names) == "It failed without a word."


class TestContentPage:
    def test_it_works(self, client: Client, testset: TestSet) -> None:
        content = testset.contents.earliest("pk")
        page = text(client, f"/contents/{content.pk}/")
        for stimulus in content.stimuli.select_related("method", "measurement"):
            assert f'href="/stimuli/{stimulus.pk}.png"' in page
            assert stimulus.source_sha256 in page
            assert stimulus.code_version in page
            assert f"{stimulus.measurement.ssim:.4f}" in page
            assert f">{stimulus.measurement.colour_deviation:.2f}</td>" in page
            assert f'href="/jobs/{stimulus.job_id}/"' in page
        assert "matched points agree" in page

    def test_the_two_that_the_address_names(self, client: Client, testset: TestSet) -> None:
        content = testset.contents.earliest("pk")
        auto = Method.objects.get(name="auto")
        page = text(client, f"/contents/{content.pk}/", a=f"m{auto.pk}", b="reference")
        assert f'"first": "m{auto.pk}", "second": "reference"' in page
        page = text(client, f"/contents/{content.pk}/", a="m999", b="<b>")
        assert f'"first": "input", "second": "m{auto.pk}"' in page

    def test_previous_and_next(self, client: Client, testset: TestSet) -> None:
        first, second = testset.contents.order_by("name")
        page = text(client, f"/contents/{first.pk}/")
        assert f'rel="next" href="/contents/{second.pk}/"' in page
        assert 'rel="prev"' not in page

    def test_before_any_method(self, client: Client) -> None:
        content = make_testset("one", contents=1).contents.get()
        page = text(client, f"/contents/{content.pk}/")
        assert '"first": "input", "second": "reference"' in page
        assert "not measured yet" in page
        content.testset.contents.update(reference_sha256="", reference_file="")
        page = text(client, f"/contents/{content.pk}/")
        assert '"first": "input", "second": "input"' in page
        assert "no reference photo" in page

    def test_not_aligned_says_why(self, client: Client, testset: TestSet) -> None:
        content = testset.contents.earliest("pk")
        content.alignment.found, content.alignment.reason = None, "only 7 points match"
        content.alignment.save()
        assert "only 7 points match" in text(client, f"/contents/{content.pk}/")

    def test_queries_do_not_grow(self, client: Client, testset: TestSet) -> None:
        content = testset.contents.earliest("pk")
        few = queries(client, f"/contents/{content.pk}/")
        stimulus = content.stimuli.get(method__name="auto")
        for number in range(4):
            stimulus.pk, stimulus.method = None, Method.objects.create(name=f"other-{number}", kind="auto")
            stimulus.save(force_insert=True)
        assert queries(client, f"/contents/{content.pk}/") == few


class TestTiles:
    def test_it_works(self, client: Client, testset: TestSet) -> None:
        stimulus = testset.contents.earliest("pk").stimuli.get(method__name="auto")
        picture = Seen(str(stimulus.file.name), stimulus.sha256, SIZE)
        answer = client.get(f"/library/tiles/{picture.token}/0/0/0")
        assert answer["Cache-Control"] == "private, max-age=86400, immutable"
        photo = decode(read(stimulus.file, stimulus.sha256), name="stimulus")
        np.testing.assert_array_equal(np.array(Image.open(BytesIO(answer.content)).convert("RGB")), photo)

    def test_a_picture_is_cut_once(self, client: Client, testset: TestSet, monkeypatch: pytest.MonkeyPatch) -> None:
        stimulus = testset.contents.latest("pk").stimuli.get(method__name="degraded")
        picture = Seen(str(stimulus.file.name), stimulus.sha256, (96, 72))
        default_storage.delete(picture.place)
        assert client.get(f"/library/tiles/{picture.token}/0/0/0").status_code == 200
        monkeypatch.setattr(picture_tiles, "decode", None)
        assert client.get(f"/library/tiles/{picture.token}/0/0/0").status_code == 200

    def test_many_tiles_are_found_again(self) -> None:
        """A picture of several tiles and levels, stored and read tile by tile."""
        testset = make_testset("one", contents=1)
        content = testset.contents.get()
        large = Seen(str(content.input_file.name), content.input_sha256, (1200, 900))
        tiles = [picture_tiles.tile_of(large, 2, column, row) for row in range(2) for column in range(3)]
        assert {Image.open(BytesIO(tile)).size for tile in tiles} == {(512, 512), (512, 388), (176, 512), (176, 388)}
        assert Image.open(BytesIO(picture_tiles.tile_of(large, 0, 0, 0))).size == (300, 225)

    def test_an_address_is_the_same_each_time_and_not_made_up(self, client: Client, testset: TestSet) -> None:
        stimulus = testset.contents.earliest("pk").stimuli.get(method__name="auto")
        picture = Seen(str(stimulus.file.name), stimulus.sha256, SIZE)
        assert picture.token == Seen(str(stimulus.file.name), stimulus.sha256, SIZE).token
        for wrong in (picture.token[:-1], "x" + picture.token, "nothing"):
            assert client.get(f"/library/tiles/{wrong}/0/0/0").status_code == 404
        for place in ("1/0/0", "0/1/0", "0/0/1"):
            assert client.get(f"/library/tiles/{picture.token}/{place}").status_code == 404

    def test_a_stored_picture_that_was_changed(self, client: Client, testset: TestSet) -> None:
        stimulus = Stimulus.objects.earliest("pk")
        token = Seen(str(stimulus.file.name), "0" * 64, SIZE).token
        assert client.get(f"/library/tiles/{token}/0/0/0").status_code == 404

    def test_two_sizes_are_brought_together_as_in_a_study(self) -> None:
        assert size_for((400, 300), (400, 300), (800, 600)) == (400, 300)
        assert size_for((800, 600), (400, 300), (800, 600)) == (400, 300)
        assert size_for((400, 300), (1200, 900), (800, 600)) == (400, 300)


class TestPictures:
    def test_thumbnails(self, client: Client, testset: TestSet) -> None:
        stimulus = Stimulus.objects.earliest("pk")
        for url in (
            f"/stimuli/{stimulus.pk}/thumbnail.jpg",
            f"/contents/{stimulus.content_id}/thumbnail.jpg",
            f"/contents/{stimulus.content_id}/reference.jpg",
        ):
            answer = client.get(url)
            picture = Image.open(BytesIO(answer.content))
            assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (192, 144), {})
            assert answer["Cache-Control"] == "private, max-age=86400, immutable"

    def test_a_worker_left_them_ready(self, client: Client, testset: TestSet, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("enhancement.services.thumbnails.decode", None)
        for stimulus in Stimulus.objects.all():
            assert client.get(f"/stimuli/{stimulus.pk}/thumbnail.jpg").status_code == 200
            assert client.get(f"/contents/{stimulus.content_id}/reference.jpg").status_code == 200

    def test_a_stored_picture_that_was_changed(self, client: Client, testset: TestSet) -> None:
        stimulus = Stimulus.objects.latest("pk")
        Stimulus.objects.filter(pk=stimulus.pk).update(sha256="0" * 64)
        assert client.get(f"/stimuli/{stimulus.pk}/thumbnail.jpg").status_code == 404

    def test_downloads_are_the_stored_bytes(self, client: Client, testset: TestSet) -> None:
        stimulus = Stimulus.objects.select_related("content").get(method__name="auto", content__name="photo-0")
        content = stimulus.content
        for url, file, sha256, name in (
            (f"/stimuli/{stimulus.pk}.png", stimulus.file, stimulus.sha256, "photo-0-auto.png"),
            (f"/contents/{content.pk}/input", content.input_file, content.input_sha256, "photo-0-input.png"),
            (
                f"/contents/{content.pk}/reference",
                content.reference_file,
                content.reference_sha256,
                "photo-0-reference.png",
            ),
        ):
            answer = client.get(url)
            assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
            assert b"".join(answer.streaming_content) == read(file, sha256)

    def test_a_picture_that_is_gone(self, client: Client, testset: TestSet) -> None:
        Stimulus.objects.filter(pk=Stimulus.objects.latest("pk").pk).update(file="stimuli/00/gone.png")
        assert client.get(f"/stimuli/{Stimulus.objects.latest('pk').pk}.png").status_code == 404

    def test_a_content_without_reference(self, client: Client) -> None:
        content = make_testset("one", contents=1).contents.get()
        content.testset.contents.update(reference_sha256="", reference_file="")
        for url in ("reference.jpg", "reference"):
            assert client.get(f"/contents/{content.pk}/{url}").status_code == 404


class TestJobs:
    @pytest.fixture
    def asked(self, study: Study) -> Job:
        """A job that the study's owner asked for."""
        job = request_stimuli(make_testset("new", contents=2), Method.objects.get(name="auto"), study.owner)
        assert job is not None
        return job

    def test_it_works(self, client: Client, asked: Job) -> None:
        page = text(client, "/jobs/")
        assert "auto on new" in page
        assert "asked for by ada" in page
        assert f'href="/testsets/{asked.params["testset"]}/"' in page
        assert "data-unfinished" in page
        assert f'action="/jobs/{asked.pk}/cancel/"' in page

    def test_nothing_to_watch_is_not_asked_for_again(self, client: Client) -> None:
        page = text(client, "/jobs/")
        assert "data-unfinished" not in page
        assert "Nothing is at work or waiting." in page

    def test_how_far_and_how_long_still(self, client: Client, asked: Job) -> None:
        now = timezone.now()
        Job.objects.filter(pk=asked.pk).update(
            state="running", attempt=1, started_at=now - timedelta(minutes=2), heartbeat_at=now, progress_at=now,
            done_units=4, total_units=12,
        )  # fmt: skip
        for url in ("/jobs/", f"/jobs/{asked.pk}/"):
            page = text(client, url)
            assert "4 of 12" in page
            assert "30 s each" in page
            assert "about 4 min left" in page

    def test_what_a_queued_job_waits_for(self, client: Client, asked: Job) -> None:
        later = job_for(TestSet.objects.get(name="tiny"), Method.objects.get(name="auto"), "queued")
        Job.objects.filter(pk=later.pk).update(queue=asked.queue)
        last = job_for(TestSet.objects.get(name="tiny"), Method.objects.get(name="degraded"), "queued")
        last.after.add(later)
        assert f"Next on the {asked.queue} queue." in text(client, f"/jobs/{asked.pk}/")
        assert f"1 job before it on the {asked.queue} queue." in text(client, f"/jobs/{later.pk}/")
        assert f"Waits for #{later.pk} auto on tiny." in text(client, f"/jobs/{last.pk}/")
        long_ago = timezone.now() - timedelta(hours=1)
        Job.objects.filter(pk=asked.pk).update(created_at=long_ago, sent_at=long_ago)
        assert "No worker has taken it yet." in text(client, "/jobs/")

    def test_the_whole_reason_unit_by_unit(self, client: Client, asked: Job) -> None:
        Job.objects.filter(pk=asked.pk).update(state="failed", error="a: truncated\nb: <too large>\nc: gone")
        page = text(client, f"/jobs/{asked.pk}/")
        assert "<li>a: truncated</li><li>b: &lt;too large&gt;</li><li>c: gone</li>" in page
        assert "a: truncated" in text(client, "/jobs/", only="failed")
        assert "and 2 more" in text(client, "/jobs/")

    def test_cancel_and_retry(self, client: Client, asked: Job) -> None:
        page = client.post(f"/jobs/{asked.pk}/cancel/", {"to": "jobs"}, follow=True)
        assert page.redirect_chain == [("/jobs/", 302)]
        assert "is cancelled. What it has stored stays" in page.content.decode()
        page = client.post(f"/jobs/{asked.pk}/cancel/", follow=True)
        assert page.redirect_chain == [(f"/jobs/{asked.pk}/", 302)]
        assert "had already ended" in page.content.decode()
        assert "is queued again" in client.post(f"/jobs/{asked.pk}/retry/", follow=True).content.decode()
        assert "nothing to retry" in client.post(f"/jobs/{asked.pk}/retry/", follow=True).content.decode()
        asked.refresh_from_db()
        assert asked.state == "queued"

    def test_who_may_only_look(self, asked: Job) -> None:
        eve = logged_in(make_user("eve"))
        page = text(eve, "/jobs/")
        assert "auto on new" in page
        assert "/cancel/" not in page
        assert "You may look at" in eve.post(f"/jobs/{asked.pk}/cancel/", follow=True).content.decode()
        asked.refresh_from_db()
        assert asked.state == "queued"

    def test_an_admin_steers_every_job(self, asked: Job) -> None:
        logged_in(make_user("root", is_superuser=True)).post(f"/jobs/{asked.pk}/cancel/")
        asked.refresh_from_db()
        assert asked.state == "cancelled"

    def test_a_viewer_sees_no_job_of_the_library_and_steers_none(self, asked: Job, testset: TestSet) -> None:
        viewer = logged_in(make_user("vera", Role.VIEWER))
        assert "auto on new" not in text(viewer, "/jobs/")
        assert viewer.get(f"/jobs/{asked.pk}/").status_code == 404
        assert viewer.post(f"/jobs/{asked.pk}/cancel/").status_code == 404
        assert testset.name not in text(viewer, "/library/")
        assert viewer.get(f"/testsets/{testset.pk}/").status_code == 404
        assert viewer.get(f"/contents/{testset.contents.earliest('pk').pk}/").status_code == 404

    def test_a_job_of_a_study_of_somebody_else_is_not_there(self, client: Client) -> None:
        grace, other = make_user("grace"), make_testset("other", contents=1)
        secret = make_draft(grace, testset=other, conditions=("original", "auto"), name="Secret")
        job = Job.objects.get(kind="renderings", params={"study": secret.pk})
        Job.objects.filter(pk=job.pk).update(state="failed", error="photo-0: condition hush has no stimulus")
        page = text(client, "/jobs/")
        for word in ("Secret", "hush", f"/jobs/{job.pk}/"):
            assert word not in page
        assert client.get(f"/jobs/{job.pk}/").status_code == 404
        assert client.post(f"/jobs/{job.pk}/retry/").status_code == 404
        job.refresh_from_db()
        assert (job.state, "Secret" in job.label) == ("failed", False)
        assert "Renderings of Secret" in text(logged_in(grace), f"/jobs/{job.pk}/")

    def test_changes_are_asked_for_by_post_with_a_token(self, client: Client, asked: Job, study: Study) -> None:
        careful = Client(enforce_csrf_checks=True)
        careful.force_login(study.owner)
        for what in ("cancel", "retry"):
            assert client.get(f"/jobs/{asked.pk}/{what}/").status_code == 405
            assert careful.post(f"/jobs/{asked.pk}/{what}/").status_code == 403
            assert client.post(f"/jobs/9999/{what}/").status_code == 404
            assert Client().post(f"/jobs/{asked.pk}/{what}/")["Location"].startswith("/login/")

    def test_queries_do_not_grow(self, client: Client, asked: Job, study: Study) -> None:
        Job.objects.create(kind="measure", queue="cpu", label="x", params={"testset": 1}).after.add(asked)
        before = queries(client, "/jobs/")
        methods = list(Method.objects.all())
        for number in range(6):
            more = make_testset(f"more-{number}", contents=1)
            for state in ("queued", "failed", "done"):
                job_for(more, methods[number % len(methods)], state).after.add(asked)
        assert queries(client, "/jobs/") == before
