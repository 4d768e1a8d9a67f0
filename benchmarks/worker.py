"""Photos through the workers end to end, tiles included: `python -m benchmarks.worker WEIGHTS PHOTO`.

A whole installation is started in a folder of its own: photos are loaded, a study of the original against the network
is prepared by both workers as `manage.py serve` starts them. Told are photos a minute, and how much of the time the
network had: of the job that enhances, and of all until the last tile.
"""

import argparse
import os
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from benchmarks.inference import photo_of, processor_name
from tests.stack import Stack, new_stack, wait_until

PREPARE = """
from pathlib import Path
from enhancement.services.methods import add_method, import_checkpoint
from enhancement.services.testsets import load_testset
from studyapp.services.studies import create_study
from tests.studyapp.factories import define, make_user
weights = Path({weights!r})
if weights.suffix == ".index":
    import_checkpoint(weights, "network")
else:
    add_method("network", {kind!r}, weights=weights)
load_testset("photos", Path({photos!r}))
add_method("original", "original")
definition = define(("original", "network"), name="Speed", testset="photos")
answer = create_study(definition, make_user()).pk
"""


def make_photos(folder: Path, of: Path, count: int, megapixels: float) -> None:
    """One photo, turned along by some pixels each time, as a phone's JPEGs."""
    photo = photo_of(of, megapixels)
    for number in range(count):
        Image.fromarray(np.roll(photo, 97 * number, axis=1)).save(folder / f"{number:03}.jpg", quality=92)


def ended(stack: Stack) -> bool:
    """Whether every job is done.

    Raises:
        RuntimeError: One has failed.
    """
    jobs = stack.rows("SELECT label, state, error FROM enhancement_job")
    for label, state, error in jobs:
        if state in ("failed", "cancelled"):
            raise RuntimeError(f"{label}: {state}: {error}")
    return all(state == "done" for _, state, _ in jobs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="a checkpoint (.safetensors, or a released .index), or .onnx")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--kind", default="dped", help="of the method, where the weights are no released ones")
    parser.add_argument("--hours", type=float, default=6.0, help="how long to wait at most")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        new_stack(Path(place, "installation"), "sqlite", "filesystem") as stack,
    ):
        stack.environment |= {"OMP_NUM_THREADS": str(os.cpu_count()), "JOB_STALE_S": "60"}
        folder = Path(place, "photos")
        folder.mkdir()
        make_photos(folder, options.photo, options.photos, options.megapixels)
        told = {"weights": str(options.weights.absolute()), "kind": options.kind, "photos": str(folder)}
        stack.python(PREPARE.format(**told))
        begun_s = perf_counter()
        stack.start("gpu", "cpu", "tend")
        wait_until(lambda: ended(stack), "the last tile", options.hours * 3600)
        whole_s = perf_counter() - begun_s
        report(stack, options, whole_s)


def report(stack: Stack, options: argparse.Namespace, whole_s: float) -> None:
    """The table."""
    print(f"{processor_name()}; {options.photos} photos of {options.megapixels:g} MP")
    network_s, made, device, dtype, mode = stack.rows("""
        SELECT sum(seconds), count(*), min(device), min(dtype), min(mode) FROM enhancement_stimulus s
        JOIN enhancement_method m ON s.method_id = m.id WHERE m.name = 'network'
    """)[0]
    seconds = "(julianday(finished_at) - julianday(started_at)) * 86400"
    jobs = stack.rows(f"SELECT kind, queue, label, {seconds} FROM enhancement_job ORDER BY started_at")
    enhancing_s = next(job_s for kind, queue, _, job_s in jobs if (kind, queue) == ("stimuli", "gpu"))
    for _, queue, label, job_s in jobs:
        print(f"{label:<34}{queue:<6}{job_s:9.1f} s")
    way = f"{device}, {dtype}, {mode}; {network_s / enhancing_s:.1%} of its job"
    print(f"the network: {made} photos in {network_s:.1f} s on {way}")
    shares = f"{60 * made / whole_s:.2f} photos a minute, the network {network_s / whole_s:.1%}"
    print(f"to the last tile: {whole_s:.1f} s, {shares}")


if __name__ == "__main__":
    main()
