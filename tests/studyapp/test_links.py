"""The address that links begin with, where no page is there to say it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from studyapp.links import address_file, served_at, site


@pytest.fixture(autouse=True)
def own_data(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.parametrize(
    ("host", "hosts", "address"),
    [
        ("127.0.0.1", ["localhost"], "http://localhost:8000"),
        ("192.168.1.20", ["192.168.1.20"], "http://192.168.1.20:8000"),
        ("0.0.0.0", ["localhost", "192.168.1.20", "study.local"], "http://192.168.1.20:8000"),
        ("::", ["[fe80::1]"], "http://[fe80::1]:8000"),
        ("0.0.0.0", ["localhost", "127.0.0.1"], "http://localhost:8000"),
        ("0.0.0.0", ["*", ".example.org"], "http://localhost:8000"),
    ],
)
def test_a_server_is_called_by_a_name_that_it_answers_to(
    settings: Settings, host: str, hosts: list[str], address: str
) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert served_at(host, 8000) == address


def test_who_says_it_is_believed_then_https_then_where_it_runs(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "study.example.org"]
    assert site() is None
    address_file().write_text("http://localhost:8000")
    assert site() == "http://localhost:8000"
    settings.HTTPS = True
    assert site() == "https://study.example.org"
    assert site("https://other.example.org/ ") == "https://other.example.org"
