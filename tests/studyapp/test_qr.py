"""Links as QR codes: whose they are, where they make sense, and that a camera reads them."""

import re

import cv2
import numpy as np
import pytest
from django.test import Client

from studyapp.models import Study
from studyapp.services.studies import close_study
from studyapp.templatetags.qr import QUIET_ZONE, qr_code
from tests.studyapp.factories import sit

LINK = "https://study.example.org/look/abcdEFGHijklMNOPqrstuv/"


def read(svg: str) -> str:
    """What a camera reads of the first code in a page."""
    side, strokes = re.findall(r'viewBox="0 0 (\d+) \1".*?stroke="#000" d="([^"]+)"', svg)[0]
    modules = np.full((int(side), int(side)), 255, np.uint8)
    x = y = 0.0
    for step, told in re.findall(r"([Mmh])([\d. -]+)", strokes):
        if step == "h":
            modules[int(y), int(x) : int(x) + int(told)] = 0
            x += int(told)
        else:
            right, down = (float(number) for number in re.findall(r"-?[\d.]+", told))
            x, y = (right, down) if step == "M" else (x + right, y + down)
    said: str = cv2.QRCodeDetector().detectAndDecode(modules.repeat(8, axis=0).repeat(8, axis=1))[0]
    return said


def test_a_camera_reads_it() -> None:
    assert read(qr_code(LINK, "A code")) == LINK


def test_it_says_what_it_is_and_is_black_on_white() -> None:
    svg = qr_code(LINK, 'What "it" is')
    assert 'role="img" aria-label="What &quot;it&quot; is"' in svg
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) == {"#fff", "#000"}
    assert f"M{QUIET_ZONE} {QUIET_ZONE}.5" in svg
    assert "style=" not in svg, "the page's policy would refuse it"
    assert re.findall(r"https?://[^\"'<]+", svg) == [LINK], "nothing is fetched for it"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]", "LOCALHOST"])
def test_a_link_to_this_machine_has_none(host: str) -> None:
    assert qr_code(f"http://{host}/look/abc/", "A code") == ""


def test_without_a_link_there_is_none() -> None:
    assert qr_code("", "A code") == ""


@pytest.mark.django_db
class TestPages:
    def test_a_sitting_has_its_own_link(self, client: Client, study: Study) -> None:
        token = sit(study).token
        page = client.get(f"/look/{token}/").content.decode()
        assert read(page) == f"http://testserver/look/{token}/"

    def test_what_else_stands_in_the_address_is_left_out(self, client: Client, study: Study) -> None:
        token = sit(study).token
        assert read(client.get(f"/look/{token}/?a=b").content.decode()) == f"http://testserver/look/{token}/"

    def test_a_researcher_has_the_observers(self, client: Client, study: Study) -> None:
        client.force_login(study.owner, backend="studyapp.roles.RoleBackend")
        page = client.get(f"/studies/{study.pk}/").content.decode()
        assert read(page) == f"http://testserver/s/{study.code}/"

    def test_a_closed_study_has_none(self, client: Client, study: Study) -> None:
        close_study(study)
        client.force_login(study.owner, backend="studyapp.roles.RoleBackend")
        assert 'class="qr"' not in client.get(f"/studies/{study.pk}/").content.decode()
