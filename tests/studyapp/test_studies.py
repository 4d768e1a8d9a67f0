"""A study is made whole from what a researcher wrote, or everything wrong with it is said."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from enhancement.models import Content, Job
from enhancement.services.verification import run_checks
from studyapp.definition import StudyProblemError, read_definition
from studyapp.models import Rendering, Study
from studyapp.services.stamps import FROZEN, stamp_of
from studyapp.services.studies import close_study, create_study, has_votes, open_study, pause_study
from studyapp.services.verify_schedule import SCHEDULE_CHECKS
from tests.studyapp.factories import (
    answer_all,
    make_draft,
    make_method,
    make_study,
    make_testset,
    make_user,
    prefer,
    run_jobs,
    sit,
)

pytestmark = pytest.mark.django_db

WHOLE = """
name = "Pets"
testset = "tiny"
question = "Which is nicer?"
answers = ["left", "right", "tie"]
seed = 42
instructions = "Look well."
consent = "I agree."
[conditions]
original = "original"
degraded = "degraded"
[conditions.better]
iphone = "auto"
[gold]
degraded = "original"
[design]
trials_per_session = 5
gold_share = 0.2
[completion]
code = "C0FFEE"
url = "https://example.org/done"
"""


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    make_testset()
    for kind in ("original", "auto", "degraded"):
        make_method(kind)
    path = tmp_path / "study.toml"
    path.write_text(WHOLE)
    return path


def test_it_works(definition: Path) -> None:
    study = create_study(read_definition(definition), make_user())
    assert (study.question, study.seed, study.allow_tie, study.allow_not_sure) == ("Which is nicer?", 42, True, False)
    assert (study.trials_per_session, study.completion_code) == (5, "C0FFEE")
    assert [c.name for c in study.conditions.filter(worse_than=None)] == ["original", "better"]
    assert study.conditions.get(name="degraded").worse_than.name == "original"
    texts = {text.kind: text.text for text in study.texts.all()}
    assert texts == {"question": "Which is nicer?", "instructions": "Look well.", "consent": "I agree."}
    assert {job.state for job in run_jobs()} == {"done"}
    open_study(study)
    assert study.state == Study.State.OPEN


def test_the_policy_is_balanced_unless_it_says_otherwise(definition: Path) -> None:
    assert create_study(read_definition(definition), make_user()).policy_version == "balanced-1"
    definition.write_text(WHOLE.replace("[design]", '[design]\npolicy = "adaptive-1"').replace("Pets", "Cats"))
    assert create_study(read_definition(definition), make_user("bea")).policy_version == "adaptive-1"


def test_the_command(definition: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_user()
    call_command("create_study", str(definition))
    assert Study.objects.get().name == "Pets"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ('name = "Pets"', 'nom = "Pets"'),
            ["needs a 'name'", "'nom' is not known; known are allow_correction, answers"],
        ),
        (('name = "Pets"', "name = 7"), ["name must be a str, not 7"]),
        (('original = "original"', "original = 7"), ["[conditions] original must name a method"]),
        (('code = "C0FFEE"', 'codes = "C0FFEE"'), ["[completion] 'codes' is not known; known are code, url"]),
        (('testset = "tiny"', 'testset = "huge"'), ["No test set is called 'huge'; there are: tiny"]),
        (('iphone = "auto"', 'iphone = "magic"'), ["No method is called 'magic'"]),
        (('iphone = "auto"', 'nokia = "auto"'), ["Condition better names no method for camera 'iphone'"]),
        (('answers = ["left", "right", "tie"]', 'answers = ["left"]'), ["must hold left and right"]),
        (("trials_per_session = 5", "trials = 5"), ["[design] 'trials' is not known"]),
        (("trials_per_session = 5", "trials_per_session = 0"), ["trials_per_session"]),
        (('degraded = "original"\n[design]', 'worst = "original"\n[design]'), ["[gold] worst = 'original'"]),
        (("https://example.org/done", "nonsense"), ["completion_url"]),
        (("seed = 42", "seed = forty"), ["study.toml"]),
        (("seed = 42", f"seed = {'9' * 5000}"), ["study.toml"]),
        (("gold_share = 0.2", 'policy = "random-1"'), ["policy_version", "random-1"]),
        (("gold_share = 0.2", "policy = 1"), ["[design] policy must be a name in quotes, not 1"]),
        (("gold_share = 0.2", "gold_share = nan"), ["[design] gold_share must be a number, not nan"]),
        (("trials_per_session = 5", "trials_per_session = true"), ["must be a number, not True"]),
        (("trials_per_session = 5", "seconds_per_trial = -8"), ["seconds_per_trial"]),
        (('[gold]\ndegraded = "original"', ""), ["this design can't be scheduled"]),
        (("gold_share = 0.2", 'strata = "weather"'), ["[design] strata must be one of camera, scene, not 'weather'"]),
        (("gold_share = 0.2", "strata = 2"), ["[design] strata must be one of camera, scene, not 2"]),
        (("[gold]\n", '[gold]\noriginal = "better"\n'), ["original is itself a gold condition"]),
        (('original = "original"\n', '"my photo" = "original"\noriginal = "original"\n'), ["Condition 'my photo'"]),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(definition: Path, change: tuple[str, str], words: list[str]) -> None:
    definition.write_text(WHOLE.replace(*change))
    with pytest.raises(StudyProblemError) as wrong:
        create_study(read_definition(definition), make_user())
    assert all(word in str(wrong.value) for word in words), str(wrong.value)
    assert not Study.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("without", [1, 4])
def test_a_reference_that_photos_lack_is_said_at_once(definition: Path, without: int) -> None:
    make_method("reference")
    lacking = list(Content.objects.order_by("pk").values_list("pk", flat=True)[:without])
    Content.objects.filter(pk__in=lacking).update(
        reference_file="", reference_sha256="", reference_width_px=None, reference_height_px=None
    )
    create_study(read_definition(definition), make_user())
    definition.write_text(WHOLE.replace("Pets", "Cats").replace('iphone = "auto"', 'iphone = "reference"'))
    with pytest.raises(StudyProblemError, match=f"shows the reference photo, and {without} of 4 contents"):
        create_study(read_definition(definition), make_user("other"))
    assert Study.objects.count() == 1


def test_strata_share_out_a_sitting_and_have_their_policy() -> None:
    testset = make_testset(contents=6, cameras=("iphone", "blackberry"))
    study = make_study(make_user(), testset=testset, trials_per_session=4, strata="camera")
    assert (study.policy_version, study.strata) == ("balanced-2", "camera")
    for _ in range(3):
        session = sit(study)
        assert session.slot.policy_version == "balanced-2"
        cameras = Counter(session.trials.values_list("content__camera", flat=True))
        assert cameras == {"iphone": 2, "blackberry": 2}
    assert not [violation for outcome in run_checks(SCHEDULE_CHECKS) for violation in outcome.violations]


def test_a_study_without_strata_keeps_its_policy_and_its_stamp() -> None:
    study = make_study(make_user())
    session = sit(study)
    assert (study.policy_version, session.slot.policy_version) == ("balanced-1", "balanced-1")
    told = {
        **{name: getattr(study, name) for name in FROZEN if name != "strata"},
        "contents": list(study.testset.contents.order_by("pk").values_list("name", "scene", "camera", "input_sha256")),
        "conditions": [(kind, None, "", kind, 1) for kind in ("original", "auto", "degraded")],
        "texts": [["instructions", "en", 1, session.instructions.text]],
    }
    before_strata = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    assert session.stamp == before_strata
    Study.objects.filter(pk=study.pk).update(strata="camera")
    study.refresh_from_db()
    assert stamp_of(study, session.instructions, None) != session.stamp


def test_two_of_one_name_are_refused(definition: Path) -> None:
    owner = make_user()
    create_study(read_definition(definition), owner)
    with pytest.raises(StudyProblemError, match="You have a study of this name already"):
        create_study(read_definition(definition), owner)


def test_without_an_owner_the_command_says_who_there_is(definition: Path) -> None:
    with pytest.raises(CommandError, match="nobody yet: make one with createsuperuser"):
        call_command("create_study", str(definition))


def test_it_opens_only_when_everything_can_be_shown() -> None:
    study = make_draft(make_user())
    with pytest.raises(StudyProblemError, match="4 of its contents can't be shown yet"):
        open_study(study)


def test_pause_and_close() -> None:
    study = make_study(make_user())
    pause_study(study)
    assert study.state == Study.State.PAUSED
    open_study(study)
    close_study(study)
    assert study.state == Study.State.CLOSED
    with pytest.raises(StudyProblemError, match="closed study stays closed"):
        open_study(study)


def test_votes_settle_a_study() -> None:
    study = make_study(make_user())
    assert not has_votes(study)
    answer_all(sit(study), prefer("original", "auto", "degraded"))
    assert has_votes(study)


def test_renderings_of_a_content_share_one_raster() -> None:
    study = make_study(make_user())
    assert Rendering.objects.count() == 3 * study.rasters.count() == 12
    for raster in study.rasters.all():
        assert (raster.width_px, raster.height_px) == (192, 144)
        assert raster.kernel == "lanczos3-antialiased"
