"""Training's pages: what they show, what they take, and what they refuse."""

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from enhancement.models import Job, Method, TrainingRun
from enhancement.services.files import read
from studyapp.roles import Role
from studyapp.services.training_shown import MOST_POINTS, run_shown
from studyapp.training_form import MOST_BYTES, RELEASED
from tests.studyapp.factories import make_user
from tests.training import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("root", Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def run(admin: User) -> TrainingRun:
    return make_run(admin)


def page_of(client: Client, run: TrainingRun, asked: str = "") -> str:
    return client.get(reverse("training-run", args=[run.pk]) + asked).content.decode()


def test_a_run_shows_how_far_it_is_and_on_what(client: Client, run: TrainingRun) -> None:
    page = page_of(client, run)
    for words in ("20<span", "of 40", "Queued", "Total variation", "MS-SSIM", "total_variation", "ab" * 32):
        assert words in page
    assert page.count("chart-title") == 4 + 2
    assert page.count("logarithmic") == 3, "three terms fell by a factor of 20"


def test_what_falls_little_is_drawn_as_it_is(client: Client, admin: User) -> None:
    told = run_shown(admin, make_run(admin, told=15), None)
    assert {figure.title for figure in told.losses if figure.is_log} == set()
    assert [figure.title for figure in told.scores] == ["PSNR, dB", "MS-SSIM"]


def test_time_left_is_told_while_it_runs_and_not_else(admin: User, run: TrainingRun) -> None:
    assert run_shown(admin, run, None).left == ""
    now = timezone.now()
    Job.objects.filter(training=run).update(state="running", attempt=1, started_at=now, heartbeat_at=now)
    run = TrainingRun.objects.get()
    assert run_shown(admin, run, None).left == "a few seconds"


def test_of_very_many_lines_some_are_drawn_and_the_last(admin: User) -> None:
    run = make_run(admin, steps=2 * MOST_POINTS + 3, told=2 * MOST_POINTS + 3)
    lines = run_shown(admin, run, None).losses[0].chart.lines[0][2]
    assert len(lines) <= MOST_POINTS
    assert lines[-1][0] == max(x for x, _ in lines) == run_shown(admin, run, None).losses[0].chart.right


def test_samples_are_stepped_through(client: Client, run: TrainingRun) -> None:
    first, last = run.samples.order_by("step")
    assert reverse("training-sample", args=[last.pk]) in page_of(client, run)
    page = page_of(client, run, "?sample=10")
    assert reverse("training-sample", args=[first.pk]) in page
    assert "?sample=20#samples-title" in page
    assert reverse("training-sample", args=[last.pk]) in page_of(client, run, "?sample=11x")
    answer = client.get(reverse("training-sample", args=[last.pk]))
    assert (answer["Content-Type"], answer.content) == ("image/png", read(last.file, last.sha256))


def test_a_run_that_has_told_nothing_says_when_it_will(client: Client, admin: User) -> None:
    page = page_of(client, _untold(admin))
    assert page.count("None yet.") == 3
    assert "The first checkpoint comes after step 2." in page


def _untold(admin: User) -> TrainingRun:
    run = make_run(admin, told=1)
    run.tellings.all().delete()
    TrainingRun.objects.update(step=0, checkpoint_step=0, checkpoint_file="", checkpoint_sha256="")
    return run


def test_a_failed_run_says_why_and_can_be_gone_on_with(client: Client, run: TrainingRun) -> None:
    Job.objects.filter(training=run).update(state="failed", error="nowhere: there is no folder")
    page = page_of(client, run)
    assert "nowhere: there is no folder" in page
    assert "Go on" in page
    answer = client.post(reverse("retry-job", args=[run.job_id]), {"to": "training"})
    assert answer["Location"] == reverse("training-run", args=[run.pk])
    assert Job.objects.get(training=run).state == "queued"


def test_stopping_it_leads_back_to_it(client: Client, run: TrainingRun) -> None:
    answer = client.post(reverse("cancel-job", args=[run.job_id]), {"to": "training"})
    assert answer["Location"] == reverse("training-run", args=[run.pk])
    assert Job.objects.get(training=run).state == "cancelled"


def test_who_may_not_see_it_is_led_to_the_job(run: TrainingRun) -> None:
    other = make_user("olga")
    Job.objects.filter(training=run).update(requested_by=other)
    client = Client()
    client.force_login(other)
    answer = client.post(reverse("cancel-job", args=[run.job_id]), {"to": "training"})
    assert answer["Location"] == reverse("job", args=[run.job_id])
    assert reverse("training-run", args=[run.pk]) not in client.get(answer["Location"]).content.decode()


def test_one_click_makes_a_method(client: Client, run: TrainingRun) -> None:
    for _ in range(2):
        answer = client.post(reverse("training-method", args=[run.pk]), follow=True)
        assert "small is a method now" in answer.content.decode()
    method = Method.objects.get()
    assert (method.kind, method.weights_sha256) == ("dped", run.checkpoint_sha256)
    assert reverse("admin:enhancement_method_change", args=[method.pk]) in page_of(client, run)


def test_of_a_checkpoint_that_is_gone_no_method_is_made(client: Client, run: TrainingRun) -> None:
    default_storage.delete(run.checkpoint_file.name)
    answer = client.post(reverse("training-method", args=[run.pk]), follow=True)
    assert "is missing from the picture store" in answer.content.decode()
    assert not Method.objects.exists()
    assert client.get(reverse("training-checkpoint", args=[run.pk])).status_code == 404


def test_the_checkpoint_is_given_byte_for_byte(client: Client, run: TrainingRun) -> None:
    answer = client.get(reverse("training-checkpoint", args=[run.pk]))
    assert b"".join(answer) == read(run.checkpoint_file, run.checkpoint_sha256)  # type: ignore[arg-type]
    assert 'filename="small-20.safetensors"' in answer["Content-Disposition"]


def test_the_list_shows_every_run(client: Client, run: TrainingRun) -> None:
    page = client.get(reverse("training")).content.decode()
    assert "20 of 40 steps" in page
    assert "PSNR 18.00 dB" in page
    assert "data-unfinished" in page


def test_where_there_is_none_it_says_how_to_begin(client: Client) -> None:
    assert "No run yet" in client.get(reverse("training")).content.decode()


def test_the_released_recipe_is_asked_for_as_it_stands(client: Client, admin: User) -> None:
    page = client.get(reverse("training-new")).content.decode()
    assert "vgg19-dcbb9e9d.pth" in page
    answer = client.post(reverse("training-new"), {"recipe": RELEASED})
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("training-run", args=[run.pk])
    assert (run.name, run.requested_by, run.recipe["losses"]["total_variation"]) == ("mine", admin, 2000)
    assert Job.objects.get().queue == "gpu"


def test_a_file_goes_before_the_text(client: Client) -> None:
    file = SimpleUploadedFile("recipe.toml", RELEASED.replace('"mine"', '"filed"').encode())
    client.post(reverse("training-new"), {"recipe": RELEASED, "file": file})
    assert TrainingRun.objects.get().name == "filed"


@pytest.mark.parametrize(
    ("recipe", "complaints"),
    [
        ("", ["recipe: name: Field required", "recipe: network: Field required"]),
        (RELEASED.replace("batch = 50", "batch = 0\nevry = 1"), ["batch: Input should be", "evry: Extra inputs"]),
        (RELEASED.replace("blocks = 4", "blocks = 0"), ["blocks: Input should be greater than or equal to 1"]),
        ("name 3", ["recipe: Expected"]),
    ],
)
def test_each_problem_of_a_recipe_is_named_and_the_text_stays(
    client: Client, recipe: str, complaints: list[str]
) -> None:
    answer = client.post(reverse("training-new"), {"recipe": recipe})
    page = answer.content.decode()
    assert answer.status_code == 400
    for complaint in complaints:
        assert complaint in page
    assert recipe.partition("\n")[0] in page
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"\xff\xfe", "not a text in UTF-8"), (b"#" * (MOST_BYTES + 1), "too long for a recipe")],
)
def test_a_file_that_is_no_recipe_is_refused(client: Client, content: bytes, complaint: str) -> None:
    answer = client.post(reverse("training-new"), {"file": SimpleUploadedFile("recipe.toml", content)})
    assert answer.status_code == 400
    assert complaint in answer.content.decode()
