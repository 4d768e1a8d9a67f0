"""A researcher who asks for work, again and again: run inside the installation, told by lines what to make.

Each line names a study; its photos, methods and jobs are asked for in one go, however often the database hangs up.
"""

import io
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import django

PHOTOS, METHODS = 3, ("original", "auto", "degraded")
SIZE = (240, 160)


def main(folder: Path) -> None:
    """Do as each line says, ``ask NAME`` or ``verify``, and answer it with a line of JSON."""
    django.setup()
    from django.db import connection

    from enhancement.services.jobs import AWAY  # needs Django set up

    for line in sys.stdin:
        word, _, name = line.strip().partition(" ")
        while True:
            try:
                answer = verify() if word == "verify" else ask(name, folder)
                break
            except AWAY:
                connection.close()
                time.sleep(0.2)
        print(json.dumps(answer), flush=True)


def verify() -> list[str]:
    """What `manage.py verify` complains of; in this process, as starting one takes longer than the checks."""
    from django.core.management import call_command

    words = io.StringIO()
    try:
        call_command("verify", stdout=words)
    except SystemExit:
        return [words.getvalue()]
    return []


def ask(name: str, folder: Path) -> str:
    """A test set of noise, classical methods and a network of random weights over it, and a study of them all."""
    from django.contrib.auth.models import User

    from enhancement.services.methods import add_method
    from enhancement.services.testsets import FrozenError, load_testset
    from studyapp.definition import Definition
    from studyapp.models import Study
    from studyapp.services.studies import create_study

    owner, _ = User.objects.get_or_create(username="ada")
    for method in METHODS:
        add_method(method, method)
    add_method("network", "dped", weights=weights(folder))
    if Study.objects.filter(name=name).exists():
        return name
    with suppress(FrozenError):  # asked for already, before the database hung up
        load_testset(name, photos(folder / name))
    names = (*METHODS, "network")
    settings = {"trials_per_session": 12, "gold_share": 0.1, "repeat_share": 0.1, "seed": 11}
    conditions = {method: {"": method} for method in names}
    create_study(Definition(name, name, conditions, gold={"degraded": "original"}, settings=settings), owner)
    return name


def weights(folder: Path) -> Path:
    """A small generator that was never trained: seen by nobody, and slow enough to be killed in the middle."""
    place = folder / "network.safetensors"
    if not place.exists():
        from enhancement.nn.checkpoint import Source, save
        from enhancement.nn.networks.generator import Generator

        save(place, Generator(), source=Source("random, for a test"), code_version="test")
    return place


def photos(folder: Path) -> Path:
    """Photos like no other test set's, from its name."""
    import numpy as np
    from PIL import Image

    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(list(folder.name.encode()))
    for number in range(PHOTOS):
        coarse = noise.integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
        Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


if __name__ == "__main__":
    main(Path(sys.argv[1]))
