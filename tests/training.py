"""A tiny recipe and published patches to learn from, for tests of training through the workers."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from django.contrib.auth.models import User

from enhancement.models import TrainingRun
from enhancement.nn.training.recipe import make_recipe
from enhancement.pictures import encode_png
from enhancement.services.files import keep
from enhancement.services.training import request_training

TRAIN, HELD_OUT = 12, 50


def patches_of(folder: Path) -> Path:
    """Published patches: pieces of a photo, darker and softer on the phone's side."""
    photo, chance = skimage.data.coffee(), np.random.default_rng(1)
    for number in range(TRAIN + HELD_OUT):
        y, x = (int(chance.integers(side - 100)) for side in photo.shape[:2])
        reference = np.ascontiguousarray(photo[y : y + 100, x : x + 100])
        for side, patch in (("iphone", cv2.GaussianBlur(reference // 3 * 2, (0, 0), 1.2)), ("canon", reference)):
            path = folder / "patches" / side / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(np.ascontiguousarray(patch)))
    return folder / "patches"


def recipe_told(place: Path, **changed: Any) -> dict[str, Any]:
    """Six steps of the smallest of DPED's generators, with what is named changed."""
    told = {
        "name": "small",
        "patches": str(place),
        "train_first": TRAIN,
        "steps": 6,
        "batch": 4,
        "network": {"architecture": "dped", "blocks": 1, "channels": 4},
        "losses": {"colour": 0.5, "total_variation": 10, "pixel": 1},
        "watch": {"losses_every": 1, "held_out_every": 3, "checkpoint_every": 2, "samples": 2},
    }
    return told | changed


def make_run(by: User | None = None, *, steps: int = 40, told: int = 20, **changed: Any) -> TrainingRun:
    """A queued run, half of which was told by a worker that nobody needed: its numbers follow from the step."""
    run = request_training(make_recipe(recipe_told(Path("patches"), steps=steps, **changed), "here"), by)
    for step in range(1, told + 1):
        losses = {"loss": 90 / step, "colour": 50 / step, "total_variation": 0.1 / step, "pixel": 0.2 + 1 / step}
        run.tellings.create(step=step, kind="losses", numbers=losses, patches_per_second=80 + step)
    for step in range(10, told + 1, 10):
        scores = {"psnr_batch50": 15 + step / 10, "psnr_per_image": 16 + step / 10, "ms_ssim": 0.8 + step / 1000}
        run.tellings.create(step=step, kind="held_out", numbers=scores)
        sheet = np.full((204, 308, 3), step % 256, np.uint8)
        name, sha256 = keep(f"training/{run.pk}", encode_png(sheet), ".png")
        run.samples.create(step=step, file=name, sha256=sha256)
    name, sha256 = keep(f"training/{run.pk}", f"weights of {run}".encode(), ".safetensors")
    TrainingRun.objects.filter(pk=run.pk).update(
        step=told, device="cpu", code_version="0.1.0", patches_sha256="ab" * 32,
        checkpoint_step=told, checkpoint_file=name, checkpoint_sha256=sha256,
    )  # fmt: skip
    run.refresh_from_db()
    return run
