"""The whole thread on each database and broker: photos, workers, a sitting in Chromium, the export, the scores."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from skimage import data

from analysis.votes import read_votes
from tests.browser.conftest import chromium, page
from tests.browser.test_viewer import answer_with
from tests.stack import Stack, new_stack

__all__ = ["chromium", "page"]
pytestmark = pytest.mark.browser

TRIALS = 4
PASSWORD = "correct-horse-battery"
STUDY = f"""
name = "Thread"
testset = "photos"
answers = ["left", "right", "tie"]
[conditions]
original = "original"
auto = "auto"
mine = "mine"
reference = "reference"
[design]
trials_per_session = {TRIALS}
"""


@pytest.mark.parametrize(("database", "broker"), [("sqlite", "redis"), ("postgresql", "filesystem")])
def test_a_folder_of_photos_in_a_preference_report_out(page: Page, tmp_path: Path, database: str, broker: str) -> None:
    photos = write_photos(tmp_path / "photos")
    with new_stack(tmp_path / "installation", database, broker) as stack:
        stack.start("web", "gpu", "cpu", "tend")
        link = make_study(stack, photos)
        look(page, link)
        exported = download(page, stack)

    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [(row["vote"], row["abandoned"]) for row in rows] == [("left", "false")] * TRIALS
    assert all(row["left_sha256"] and row["shown_at"] and row["device_pixel_ratio"] == "1.0" for row in rows)
    place = tmp_path / "votes.csv"
    place.write_text(exported)
    assert len(read_votes(place)) == TRIALS


def write_photos(folder: Path) -> Path:
    """Two photographs: bright as the reference, dull as the input."""
    for name, photo in (("cat", data.chelsea()), ("cup", data.coffee())):
        for side, pixels in (("reference", photo), ("input", (photo * 0.7).astype(np.uint8)), ("mine", photo)):
            (folder / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / side / f"{name}.png")
    return folder


def make_study(stack: Stack, photos: Path) -> str:
    """A test set, methods, a study, made in the workers; returns the observers' link."""
    mine = (photos / "mine").rename(stack.folder / "mine")
    stack.python(f"""
from django.contrib.auth.models import User
from enhancement.services.methods import add_method
User.objects.create_superuser("ada", password={PASSWORD!r})
for kind in ("original", "reference", "auto"):
    add_method(kind, kind)
add_method("mine", "external", {{"folder": {str(mine)!r}}})
answer = True
""")
    stack.manage("load_testset", "photos", str(photos), "--camera", "phone")
    (stack.folder / "study.toml").write_text(STUDY)
    stack.manage("create_study", str(stack.folder / "study.toml"))
    told = stack.manage("open_study", "Thread", "--follow", "--site", stack.site)
    found = re.search(r"http\S+", told)
    assert found, told
    return found[0]


def look(page: Page, link: str) -> None:
    page.goto(link)
    page.click("[name=begin]")
    for number in range(TRIALS):
        answer_with(page, "ArrowLeft")
        if number < TRIALS - 1:
            page.wait_for_function("n => document.querySelector('#progress').value > n", arg=number)
    page.wait_for_selector("#thanks")


def download(page: Page, stack: Stack) -> str:
    """The researcher logs in, reads the report, takes the votes away."""
    page.goto(f"{stack.site}/login/?next=/studies/1/report/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("h1:has-text('Report')")
    assert page.request.get(f"{stack.site}/studies/1/report.json").json()["counts"]["votes"] == TRIALS
    return page.request.get(f"{stack.site}/studies/1/votes.csv").text()
