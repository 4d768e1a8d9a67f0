import gzip
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client

VIEWER = "openseadragon/openseadragon.min.js"
GZIP = {"accept-encoding": "gzip, br"}


def whole(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content)


def test_a_script_travels_compressed_and_is_the_same_script(client: Client) -> None:
    response = client.get(f"/static/{VIEWER}", headers=GZIP)
    script = Path(str(finders.find(VIEWER))).read_bytes()
    sent = whole(response)
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert gzip.decompress(sent) == script
    assert len(sent) < len(script) / 3


def test_who_does_not_ask_for_it_gets_it_as_it_is(client: Client) -> None:
    response = client.get(f"/static/{VIEWER}")
    assert "Content-Encoding" not in response
    assert len(whole(response)) == int(response["Content-Length"])


def test_what_the_browser_has_is_not_sent_again(client: Client) -> None:
    first = client.get(f"/static/{VIEWER}", headers=GZIP)
    again = client.get(f"/static/{VIEWER}", headers={**GZIP, "if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert "Content-Encoding" not in again


@pytest.mark.django_db
def test_pages_are_not_compressed(client: Client) -> None:
    response = client.get("/login/", headers=GZIP)
    assert response.status_code == 200
    assert "Content-Encoding" not in response
