"""Stimuli are made once, with their provenance; metrics rest on one alignment per content."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.metrics import colour_deviation, noise_amplification
from enhancement.models import Alignment, Content, Job, Measurement, Method, Stimulus, TestSet
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.networks.dong import Dong
from enhancement.pictures import Photo, decode, encode_png
from enhancement.services import stimuli
from enhancement.services.files import DamagedFileError, keep, read
from enhancement.services.measure import request_measurements
from enhancement.services.methods import MethodProblemError, add_method, import_checkpoint
from enhancement.services.stimuli import _with_weights, picture_of, request_stimuli, subject_of
from enhancement.services.testsets import load_testset
from enhancement.subject import Enhanced, Subject
from studyapp.services.provenance import stimulus_told
from tests.studyapp.factories import make_method, make_testset, run_jobs

pytestmark = pytest.mark.django_db


def run_on(testset: TestSet, *methods: Method) -> list[Job]:
    for method in methods:
        request_stimuli(testset, method)
    return run_jobs()


class TestStimuli:
    def test_it_works(self) -> None:
        testset, method = make_testset(contents=2), make_method("auto")
        run_on(testset, method)
        stimulus = Stimulus.objects.filter(method=method).first()
        assert stimulus is not None
        data = read(stimulus.file, stimulus.sha256)
        assert hashlib.sha256(data).hexdigest() == stimulus.sha256
        assert decode(data, name="stimulus").shape == (stimulus.height_px, stimulus.width_px, 3)
        assert (stimulus.source_sha256, stimulus.attempt) == (stimulus.content.input_sha256, 1)
        assert stimulus.code_version.startswith("0.1.0")

    def test_the_original_is_the_photo(self) -> None:
        testset = make_testset(contents=1)
        run_on(testset, make_method("original"))
        stimulus = Stimulus.objects.get()
        shown = decode(read(stimulus.file, stimulus.sha256), name="stimulus")
        shot = decode(read(stimulus.content.input_file, stimulus.content.input_sha256), name="input")
        assert np.array_equal(shown, shot)

    def test_weights_stay_loaded_for_the_next_job(self, tmp_path: Path) -> None:
        save(tmp_path / "net.safetensors", Dong(), source=Source("fresh"), code_version="1")
        _with_weights.cache_clear()
        testset = make_testset(contents=1)
        for name, settings in (("one", {}), ("same", {}), ("other", {"mode": "lean"})):
            run_on(testset, add_method(name, "dong", settings, weights=tmp_path / "net.safetensors"))
        assert _with_weights.cache_info()[:2] == (1, 2), "loaded anew for other settings only"

    def test_a_gpu_is_given_the_next_photo_while_it_is_at_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first picture is there once the second was asked for: whoever awaited each would never end."""
        given = [threading.Event(), threading.Event()]

        @dataclass(frozen=True)
        class Slow:
            photo_there: Photo
            after: threading.Event

            def photo(self) -> Photo:
                assert self.after.wait(60), "the GPU was not given the next photo"
                return self.photo_there

            def seconds(self) -> float:
                return 0.125

        def enhance(subject: Subject) -> Enhanced:
            number = sum(event.is_set() for event in given)
            given[number].set()
            return Enhanced(Slow(subject.input, given[1]), "a GPU", "bfloat16", "fast")

        monkeypatch.setattr(stimuli, "enhance_of", lambda method: enhance)
        testset, method = make_testset(contents=2), make_method("auto")
        (job,) = run_on(testset, method)
        assert (job.state, job.error) == (Job.State.DONE, "")
        for stimulus in Stimulus.objects.all():
            shot = decode(read(stimulus.content.input_file, stimulus.content.input_sha256), name="input")
            assert np.array_equal(picture_of(stimulus), shot)
            assert (stimulus.device, stimulus.seconds) == ("a GPU", 0.125), "what the GPU says, not the clock"

    def test_a_photo_that_fails_is_told_and_the_others_are_made(self) -> None:
        testset, method = make_testset(contents=4), make_method("auto")
        broken = testset.contents.order_by("name")[1]
        testset.contents.filter(pk=broken.pk).update(
            input_sha256=keep("photos", b"no photo", ".png")[1], input_file=keep("photos", b"no photo", ".png")[0]
        )
        (job,) = run_on(testset, method)
        assert (job.state, job.done_units, job.error.count("\n")) == (Job.State.FAILED, 4, 0)
        assert job.error.startswith(f"{broken.name}: ")
        assert set(Stimulus.objects.values_list("content__name", flat=True)) == {
            name for name in testset.contents.values_list("name", flat=True) if name != broken.name
        }

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (
                RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."),
                "there was not enough memory for it (CUDA out",
            ),
            (MemoryError(), "there was not enough memory for it (MemoryError)"),
            (DamagedFileError("photos/x.png is missing"), "photos/x.png is missing"),
        ],
    )
    def test_too_large_or_damaged_it_is_told_and_the_others_are_made(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
    ) -> None:
        testset, method = make_testset(contents=4), make_method("auto")

        def enhance(subject: Subject) -> Enhanced:
            if subject.name == "photo-1":
                raise error
            return Enhanced(subject.input, "cpu", "float32", "fast")

        monkeypatch.setattr(stimuli, "enhance_of", lambda method: enhance)
        (job,) = run_on(testset, method)
        assert (job.state, job.error.startswith(f"photo-1: {said}")) == (Job.State.FAILED, True)
        assert Stimulus.objects.count() == 3

    def test_an_error_that_is_not_of_one_photo_ends_the_job(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def enhance(subject: Subject) -> Enhanced:
            raise RuntimeError("shapes differ")

        monkeypatch.setattr(stimuli, "enhance_of", lambda method: enhance)
        (job,) = run_on(make_testset(contents=2), make_method("auto"))
        assert job.error == "RuntimeError: shapes differ"

    def test_provenance_holds_what_a_network_was_computed_in_and_how(self, tmp_path: Path) -> None:
        save(tmp_path / "net.safetensors", Dong(), source=Source("fresh"), code_version="1")
        asked = {"device": "cpu", "precision": "float32", "mode": "lean"}
        method = add_method("net", "dong", asked, weights=tmp_path / "net.safetensors")
        run_on(make_testset(contents=1), method)
        told = stimulus_told(Stimulus.objects.get())
        assert (told["device"], told["dtype"], told["mode"]) == ("cpu", "float32", "lean")

    def test_what_is_there_is_not_made_again(self) -> None:
        testset, method = make_testset(contents=2), make_method("original")
        run_on(testset, method)
        assert request_stimuli(testset, method) is None

    def test_one_that_fails_is_named_and_the_others_are_made(self, tmp_path: Path) -> None:
        testset = make_testset(contents=2)
        content = testset.contents.all()[0]
        photo = decode(read(content.input_file, content.input_sha256), name="input")
        (tmp_path / f"{content.name}.png").write_bytes(encode_png(photo))
        method = add_method("outside", "external", {"folder": str(tmp_path)})
        (job,) = run_on(testset, method)
        missing = testset.contents.all()[1].name
        assert (job.state, Stimulus.objects.count()) == ("failed", 1)
        assert missing in job.error

    def test_a_damaged_source_is_named(self, settings: object) -> None:
        testset = make_testset(contents=1)
        name, _ = keep("photos", b"gone", ".png")
        Content.objects.update(input_file=name)
        (job,) = run_on(testset, make_method("original"))
        assert job.state == "failed"
        assert "is not what was stored" in job.error
        with pytest.raises(DamagedFileError):
            read(Content.objects.get().input_file, "0" * 64)


class TestMethods:
    def test_the_same_again_is_the_same_method(self) -> None:
        assert add_method("auto", "auto").pk == add_method("auto", "auto").pk

    def test_other_settings_are_another_version(self) -> None:
        add_method("auto", "auto")
        second = add_method("auto", "auto", {"tone": 0.3})
        assert (second.version, str(second)) == (2, "auto v2")

    @pytest.mark.parametrize(
        ("kind", "settings", "words"),
        [
            ("magic", {}, "No kind of method is called 'magic'"),
            ("auto", {"tones": 1}, "tones"),
            ("auto", {"tone": 7}, "tone"),
            ("external", {"folder": "/nowhere"}, "no such folder"),
            ("dped", {}, "needs a weights file"),
        ],
    )
    def test_what_can_t_be_loaded_is_refused(self, kind: str, settings: dict[str, object], words: str) -> None:
        with pytest.raises(MethodProblemError, match=words):
            add_method("wrong", kind, settings)
        assert not Method.objects.exists()

    def test_released_weights(self, shared: Callable[[str], Path]) -> None:
        weights = shared("dped/weights")
        dped, dong = (import_checkpoint(weights / f"{name}.index", name) for name in ("iphone_orig", "dped_srcnn"))
        assert (dped.kind, dong.kind) == ("dped", "dong")
        assert import_checkpoint(weights / "iphone_orig.index", "iphone_orig").pk == dped.pk

    def test_a_file_that_is_no_checkpoint(self, tmp_path: Path) -> None:
        (tmp_path / "wrong.index").write_bytes(b"x" * 100)
        with pytest.raises(CommandError, match=r"wrong.index"):
            call_command("import_checkpoint", str(tmp_path / "wrong.index"))


class TestMeasurements:
    def test_it_works(self) -> None:
        testset = make_testset(contents=1)
        run_on(testset, make_method("original"), make_method("reference"))
        request_measurements(testset)
        run_jobs()
        of = {row.stimulus.method.kind: row for row in Measurement.objects.select_related("stimulus__method")}
        assert Alignment.objects.get().found is not None
        assert of["original"].psnr_db is not None
        assert 15 < of["original"].psnr_db < 40
        assert of["reference"].psnr_db is None
        assert of["reference"].reason == "not applicable: it is the reference itself"
        assert (of["original"].colour_deviation, of["original"].noise_amplification) == (0.0, 0.0)
        assert of["reference"].colour_deviation is None
        assert of["reference"].flaws_reason.startswith("not applicable: the reference is a photo of its own")
        assert request_measurements(testset) is None

    def test_flaws_are_measured_against_the_input(self) -> None:
        testset = make_testset(contents=1)
        run_on(testset, make_method("auto"))
        request_measurements(testset)
        run_jobs()
        (stimulus,) = Stimulus.objects.select_related("content", "measurement")
        pair = picture_of(stimulus), subject_of(stimulus.content).input
        assert stimulus.measurement.colour_deviation == colour_deviation(*pair) > 1.0
        assert stimulus.measurement.noise_amplification == noise_amplification(*pair)

    def test_what_an_older_version_measured_gets_what_it_lacks_and_keeps_the_rest(self) -> None:
        testset = make_testset(contents=2)
        run_on(testset, make_method("auto"), make_method("reference"))
        request_measurements(testset)
        run_jobs()
        whole = list(Measurement.objects.order_by("pk").values())
        Measurement.objects.update(colour_deviation=None, noise_amplification=None, flaws_reason="")
        Measurement.objects.filter(psnr_db__isnull=False).update(psnr_db=1.5)
        assert request_measurements(testset) is not None
        run_jobs()
        kept = [{**row, "psnr_db": None if row["psnr_db"] is None else 1.5} for row in whole]
        assert list(Measurement.objects.order_by("pk").values()) == kept
        assert request_measurements(testset) is None

    def test_a_pair_that_can_t_be_aligned_says_so_and_has_no_numbers(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(1)
        for side in ("input", "reference"):
            (tmp_path / side).mkdir()
            pixels = noise.integers(0, 256, (120, 160, 3), np.uint8)
            (tmp_path / side / "a.png").write_bytes(encode_png(pixels))
        testset = load_testset("unlike", tmp_path)
        run_on(testset, make_method("original"))
        request_measurements(testset)
        run_jobs()
        assert Alignment.objects.get().reason
        measured = Measurement.objects.get()
        assert measured.psnr_db is None
        assert measured.reason.startswith("not aligned: ")
        assert measured.colour_deviation == 0.0
        assert measured.flaws_reason == "flat squares of 16 px in the photo: 0; 10 are needed"

    def test_without_a_reference_there_are_no_numbers_against_it(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(encode_png(np.zeros((30, 40, 3), np.uint8)))
        testset = load_testset("alone", tmp_path)
        run_on(testset, make_method("original"))
        request_measurements(testset)
        run_jobs()
        measured = Measurement.objects.get()
        assert (measured.psnr_db, measured.reason) == (None, "the content has no reference photo")
        assert (measured.colour_deviation, measured.noise_amplification) == (0.0, None)
