"""A sitting and a login on a real server, its access log on; then every log is searched for what must not be there."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from studyapp.processes import commands
from tests.stack import Stack, new_stack

PASSWORD, WRONG = "only-for-this-test-7", "nearly-the-right-one-3"


class Visitor:
    """A browser without a screen."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[str, str]:
        """The address that it led to, and the page; of an error its page, too."""
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.site, path)))

    def post(self, path: str, data: dict[str, str] | bytes) -> tuple[str, str]:
        token = next((cookie.value for cookie in self.jar if cookie.name == "csrftoken"), "") or ""
        body = data if isinstance(data, bytes) else urllib.parse.urlencode(data).encode()
        headers = {"X-CSRFToken": token, "Referer": self.site}
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.site, path), body, headers))

    def _open(self, request: urllib.request.Request) -> tuple[str, str]:
        try:
            with self.opener.open(request) as answer:
                return answer.url, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as refused:
            return request.full_url, refused.read().decode("utf-8", "replace")


def test_no_log_tells_a_secret(tmp_path: Path) -> None:
    with new_stack(tmp_path, "sqlite", "filesystem") as stack:
        made = prepare(stack)
        stack.start("web", "cpu")
        secrets = {*sitting(stack, made["code"]), *login(stack), *link(stack, made["link"])}
        secrets |= {PASSWORD, WRONG, (tmp_path / "secret_key").read_text()}
        rows = stack.rows("SELECT token, left_token, right_token FROM studyapp_trial")
        secrets |= {token for row in rows for token in row}
        stack.stop()
        logs = {file.name: file.read_text() for file in tmp_path.rglob("*.log")}
    assert "/look/" in logs["web.log"], "the access log is on"
    assert "Not Found: /look/" in logs["web.log"], "and so is Django's"
    found = [(name, secret) for name, text in logs.items() for secret in secrets if secret in text]
    assert found == []


def prepare(stack: Stack) -> dict[str, str]:
    """A study, a login, a password link; and every log switched on."""
    made: dict[str, str] = stack.python(f"""
from tests.studyapp.factories import make_study, make_user
from studyapp.services.people import password_path
ada, eve = make_user("ada"), make_user("eve")
ada.set_password("{PASSWORD}")
ada.save()
study = make_study(ada, contents=2, conditions=("original", "auto"), trials_per_session=2)
answer = {{"code": study.code, "link": password_path(eve)}}
""")
    assert "--logger-class" in commands("127.0.0.1", 1)["web"]
    stack.environment["GUNICORN_CMD_ARGS"] = "--access-logfile -"
    return made


def sitting(stack: Stack, code: str) -> set[str]:
    """From the welcome page through a pair, its tiles, a vote and some mistakes; the secrets that were used."""
    observer = Visitor(stack.site)
    _, page = observer.get(f"/s/{code}/")
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert ticket
    assert csrf
    told = {"ticket": ticket[1], "begin": "yes", "csrfmiddlewaretoken": csrf[1]}
    address, page = observer.post(f"/s/{code}/", told)
    token = address.rstrip("/").rsplit("/", 1)[1]
    (trial, left), *_ = stack.rows("SELECT token, left_token FROM studyapp_trial ORDER BY position")
    observer.get(f"/seen/{left}/0/0/0")
    observer.get(f"/seen/{left}/9/9/9")
    observer.get(f"/look/{token}/nothing-here")
    observer.post(f"/trial/{trial}/vote/", b"{not json")
    observer.post(f"/trial/{trial}/vote/", json.dumps({"answer": "left"}).encode())
    Visitor(stack.site).post(f"/trial/{trial}/vote/", b"{}")  # without the cookie: refused, and logged
    return {token, trial, left, *(cookie.value or "" for cookie in observer.jar)}


def login(stack: Stack) -> set[str]:
    """With a wrong password, then with the right one."""
    person = Visitor(stack.site)
    person.get("/login/")
    for password in (WRONG, PASSWORD):
        _, page = person.post("/login/", {"username": "ada", "password": password})
    assert "Log out" in page
    person.get("/studies/999/")
    return {cookie.value or "" for cookie in person.jar}


def link(stack: Stack, path: str) -> set[str]:
    """A password link that is used, and one that is wrong."""
    person = Visitor(stack.site)
    address, _ = person.get(path)
    assert address.endswith("/set-password/")
    person.get(path.rstrip("/") + "x/nothing")
    return {path.rstrip("/").rsplit("/", 1)[1], *(cookie.value or "" for cookie in person.jar)}
