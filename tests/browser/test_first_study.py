"""A newcomer's photos become a study and a report in the browser alone: `tests/first_study.py`, with few photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from skimage import data

from tests.first_study import Walk, walk_to_a_report
from tests.stack import new_stack

pytestmark = pytest.mark.browser

PASSWORD = "only-for-this-test"
TRIALS = 2
MOST_CLICKS = 24
"""Three to log in, two an observer's pair; each step that a newcomer would have to find by themselves adds some."""


@pytest.mark.parametrize("page", [{"viewport": {"width": 1366, "height": 768}}], indirect=True, ids=["laptop"])
def test_from_photos_to_a_report_without_a_command_line(page: Page, tmp_path: Path) -> None:
    photos = []
    for name, pixels in (("cat", data.chelsea()), ("cup", data.coffee()), ("eve", data.astronaut())):
        photos.append(tmp_path / f"IMG_{name}.JPG")
        Image.fromarray(np.ascontiguousarray(pixels[:300, :400])).save(photos[-1])
    with new_stack(tmp_path / "installation", "sqlite", "filesystem") as stack:
        stack.environment["UPLOAD_SPARE_MB"] = "0"
        stack.python(f"""
from django.contrib.auth.models import User
from enhancement.services.methods import add_method
User.objects.create_superuser("ada", password={PASSWORD!r})
for kind in ("original", "auto", "reference", "degraded"):
    add_method(kind, kind)
answer = True
""")
        stack.start("web", "gpu", "cpu", "tend")
        walk = Walk(page, stack.site)
        walk_to_a_report(walk, "ada", PASSWORD, photos, TRIALS)
        assert walk.clicks <= MOST_CLICKS, walk.table()
        assert stack.rows("SELECT count(*) FROM studyapp_vote") == [(TRIALS,)]
        assert stack.rows("SELECT name FROM studyapp_condition ORDER BY name") == [("auto",), ("original",)]
