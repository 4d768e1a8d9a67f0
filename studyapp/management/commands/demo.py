"""`manage.py demo`: a small study from photos to a link, made by the workers and open in the browser."""

from functools import partial
from pathlib import Path
from secrets import token_urlsafe

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError
from tqdm import tqdm

from enhancement.models import TestSet
from enhancement.services.jobs import start
from enhancement.services.methods import add_method, keep_method
from enhancement.services.progress import advance, follow
from enhancement.services.testsets import load_testset
from fixtures.demo_network import CHECKPOINT
from fixtures.demo_photos import EXTERNAL, write_demo_photos
from studyapp.definition import Definition
from studyapp.environment import kept_secret
from studyapp.links import address_file
from studyapp.management.commands.serve import Command as Serve
from studyapp.models import Study
from studyapp.services.renderings import prepare_study
from studyapp.services.studies import create_study, open_study

LOGIN = "researcher"
TESTSET = "demo"
STUDY = "Demo"
NOTE = (
    "Colour photographs that come with scikit-image. The input side is simulated: each photo was put through a model "
    "of a phone camera (enhancement/phone.py); no phone shot it."
)


class DemoFailedError(CommandError):
    """The demo can't be made ready; says where to look."""


class Command(Serve):
    help = "Make the demo ready, start everything, print the links; Ctrl-C stops it. Run again, it changes nothing."

    def ready(self, host: str, port: int) -> None:
        """Make what isn't there yet, with progress, then print the links and the login."""
        password = demo_login()
        study = demo_study()
        follow_to_the_end(study)
        if study.state == Study.State.DRAFT:
            open_study(study)
        site = address_file().read_text()
        self.stdout.write(
            f"\nThe demo is running. Ctrl-C stops it.\n\n"
            f"  observer's link     {site}/s/{study.code}/\n"
            f"  researcher's link   {site}/studies/{study.pk}/\n"
            f"  login               {LOGIN}  {password}\n"
        )


def demo_login() -> str:
    """The researcher's password, made once and kept beside the data, readable by its owner only."""
    password = kept_secret(Path(settings.DATA_DIR) / "demo_password", partial(token_urlsafe, 12))
    if not User.objects.filter(username=LOGIN).exists():
        User.objects.create_superuser(LOGIN, password=password)
    return password


def demo_study() -> Study:
    """The demo's study, made if it isn't there."""
    found = Study.objects.filter(name=STUDY, owner__username=LOGIN).first()
    if found is not None:
        return found
    folder = Path(settings.DATA_DIR) / "demo"
    if not TestSet.objects.filter(name=TESTSET).exists():
        with tqdm(desc="making the demo's photos", unit="photo", disable=None) as bar:
            manifest = write_demo_photos(folder, progress=lambda done, total: advance(bar, done, total))
        load_testset(TESTSET, manifest, simulated=True, note=NOTE)
    keep_method("original", "original", {}, note="The photo as it came.")
    keep_method("reference", "reference", {}, note="The better camera's photo.")
    keep_method("auto", "auto", {}, note="White balance, tone, local contrast, saturation, sharpening.")
    keep_method("degraded", "degraded", {}, note="For gold pairs: anybody sees that it is worse.")
    trained = "DPED's generator, trained to undo the simulated phone; fixtures/demo_network tells how."
    add_method("dped-demo", "dped", weights=CHECKPOINT, note=trained)
    outside = "Made by another program: scikit-image's adaptive histogram equalisation, then a mild unsharp mask."
    keep_method(EXTERNAL, "external", {"folder": str(folder / EXTERNAL)}, note=outside)
    return create_study(demo_definition(), User.objects.get(username=LOGIN))


def demo_definition() -> Definition:
    """Five conditions that are compared, and a degraded one for gold pairs."""
    methods = {name: name for name in ("original", "auto", EXTERNAL, "reference", "degraded")}
    methods["dped"] = "dped-demo"
    return Definition(
        name=STUDY,
        testset=TESTSET,
        conditions={name: {"": method} for name, method in methods.items()},
        gold={"degraded": "original"},
        settings={"trials_per_session": 24, "gold_share": 0.05, "repeat_share": 0.05, "seed": 2017},
    )


def follow_to_the_end(study: Study) -> None:
    """Show the jobs that the study waits for; take up again what an earlier run left.

    Raises:
        DemoFailedError: A job failed; its reason has been printed.
    """
    waiting = prepare_study(study)
    for job in waiting:
        start(job.pk)
    if waiting and not follow(waiting):
        raise DemoFailedError(f"Not every job could be done; why stands above, more in {settings.DATA_DIR}/logs.")
