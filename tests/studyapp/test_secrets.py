"""What must not be read by others: the key's file, and what logs and refusals would tell."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from threading import Barrier

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from environ import Env
from pytest_django import Settings

from studyapp.environment import Environment, database, kept_secret, mail, storage, without_password
from studyapp.logs import Discreet, without_secrets

ROOT = Path(__file__).resolve().parents[2]


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` in an environment of its own."""
    told = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")} | environment
    command = [sys.executable, "manage.py", "check", *arguments]
    return subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)


class TestKeptSecret:
    def test_it_works(self, tmp_path: Path) -> None:
        place = tmp_path / "new" / "key"
        made = kept_secret(place, partial(token_urlsafe, 50))
        assert kept_secret(place, partial(token_urlsafe, 50)) == made == place.read_text()
        assert place.stat().st_mode & 0o777 == 0o600
        assert [file.name for file in place.parent.iterdir()] == ["key"]

    def test_who_starts_at_once_reads_the_same(self, tmp_path: Path) -> None:
        """All come to the point of making one together; the file is there whole, or not at all."""
        together = Barrier(8)

        def make() -> str:
            together.wait()
            return token_urlsafe(50)

        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(lambda _: kept_secret(tmp_path / "key", make), range(8)))
        assert len(set(read)) == 1
        assert len(read[0]) > 60

    def test_a_mask_that_lets_all_read_changes_nothing(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            kept_secret(tmp_path / "key", partial(token_urlsafe, 50))
        finally:
            os.umask(before)
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


class TestLogs:
    @pytest.mark.parametrize(
        ("line", "written"),
        [
            ("Not Found: /look/abcdEFGHijklMNOP-_1234/", "Not Found: /look/abcd…/"),
            ('"POST /trial/abcdEFGHijkl/vote/ HTTP/1.1" 200', '"POST /trial/abcd…/vote/ HTTP/1.1" 200'),
            ("/seen/abcdEFGHijkl/0/0/0", "/seen/abcd…/0/0/0"),
            ("/password/Mg/cx1a-0123456789abcdef/", "/password/Mg/cx1a…/"),
            ("redis://:geheim@db:6379/0 is down", "redis://:…@db:6379/0 is down"),
            ("postgres://me:geheim@db/x", "postgres://me:…@db/x"),
            ("Cookie: sessionid=abc123; csrftoken=def456", "Cookie: sessionid=…; csrftoken=…"),
            ("{'password': 'geheim', 'username': 'ada'}", "{'password': '…', 'username': 'ada'}"),
            ('"GET /s/abcd/?invitation=23456789abcd&PROLIFIC_PID=5f12 HTTP/1.1" 200', '"GET /s/abcd/?… HTTP/1.1" 200'),
            ('"GET /s/abcd/lab/?PROLIFIC_PID=5f12 HTTP/1.1" 200', '"GET /s/abcd/lab/?… HTTP/1.1" 200'),
            ('"POST /s/ab-d/decline/?invitation=2345 HTTP/1.1" 200', '"POST /s/ab-d/decline/?… HTTP/1.1" 200'),
            ('"GET /s/abcd/ HTTP/1.1" 200', '"GET /s/abcd/ HTTP/1.1" 200'),
            ("Not Found: /studies/12/", "Not Found: /studies/12/"),
        ],
    )
    def test_it_works(self, line: str, written: str) -> None:
        assert without_secrets(line) == written

    def test_what_the_settings_hold_is_left_out(self, settings: Settings) -> None:
        settings.CELERY_BROKER_URL = "redis://:ge%2Fheim@db/0"
        assert without_secrets(f"{settings.SECRET_KEY} ge%2Fheim ge/heim") == "… … …"

    def test_tracebacks_too(self) -> None:
        form = Discreet("%(message)s")
        try:
            raise ValueError("/look/abcdEFGHijklMNOP/")
        except ValueError:
            record = logging.LogRecord("x", logging.ERROR, "", 0, "failed %s", ("/seen/abcdEFGH/",), sys.exc_info())
        told = form.format(record)
        assert "failed /seen/abcd…/" in told
        assert "/look/abcd…/" in told
        assert "EFGH" not in told


class TestRefusals:
    """A wrong setting is refused without the password in it."""

    @pytest.mark.parametrize(
        ("name", "value", "read"),
        [
            ("DATABASE_URL", "postgres://me:geh/eim@db:5432/x", database),
            ("DATABASE_URL", "mysql://me:geheim@db/x", database),
            ("STORAGE_URL", "s3://me:geheim@bucket", storage),
            ("EMAIL_URL", "smtp://me:geh/eim@mail", lambda env, data_dir: mail(env)),
        ],
    )
    def test_it_works(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, read: Callable[..., object]
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ImproperlyConfigured, match=name) as refused:
            read(Env(), tmp_path)
        assert "geh" not in str(refused.value)
        assert "eim" not in str(refused.value)
        assert refused.value.__suppress_context__ or refused.value.__context__ is None

    def test_a_broker_that_is_not_known(self, settings: Settings) -> None:
        settings.CELERY_BROKER_URL = "sqs://me:geheim@queue"
        (error,) = [one for one in run_checks() if one.id == "phoropter.E001"]
        assert "sqs://me:…@queue" in error.msg

    def test_an_address_without_its_password(self) -> None:
        assert without_password("redis://:geheim@db:6379/0") == "redis://:…@db:6379/0"
        assert without_password("filesystem://") == "filesystem://"


class TestEnvironment:
    @pytest.mark.parametrize(("told", "read"), [("true", True), ("Yes", True), ("off", False), ("0", False)])
    def test_it_works(self, monkeypatch: pytest.MonkeyPatch, told: str, read: bool) -> None:
        monkeypatch.setenv("HTTPS", told)
        assert Environment().bool("HTTPS", default=False) is read
        monkeypatch.delenv("HTTPS")
        assert Environment().bool("HTTPS", default=True) is True

    @pytest.mark.parametrize(
        ("kind", "told", "words"),
        [
            ("bool", "enabled", "PROXIES is 'enabled'; write true or false."),
            ("int", "one", "PROXIES is 'one'; write a whole number."),
            ("int", "", "PROXIES is ''; write a whole number."),
            ("float", "soon", "PROXIES is 'soon'; write a number."),
        ],
    )
    def test_what_cannot_be_read_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, kind: str, told: str, words: str
    ) -> None:
        monkeypatch.setenv("PROXIES", told)
        with pytest.raises(ImproperlyConfigured) as refused:
            getattr(Environment(), kind)("PROXIES", default=0)
        assert str(refused.value) == words


class TestChecks:
    def test_behind_https_nothing_is_left_to_say(self, tmp_path: Path) -> None:
        done = check(
            "--deploy", "--fail-level", "WARNING",
            DATA_DIR=str(tmp_path), HTTPS="true", ALLOWED_HOSTS="study.example.org",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def test_without_https_it_is_said_plainly(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["localhost", "study.example.org"]
        (warning,) = [one for one in run_checks() if one.id == "phoropter.W001"]
        assert "study.example.org without HTTPS" in warning.msg
        settings.HTTPS = True
        assert not [one for one in run_checks() if one.id == "phoropter.W001"]

    @pytest.mark.parametrize(
        ("name", "wrong", "right"),
        [("SITTINGS_PER_HOUR", 0, 1), ("JOB_MAX_ATTEMPTS", 0, 1), ("UPLOAD_MAX_MB", -5, 1), ("UPLOAD_SPARE_MB", -1, 0)],
    )
    def test_a_limit_of_nothing_is_refused(self, settings: Settings, name: str, wrong: int, right: int) -> None:
        setattr(settings, name, wrong)
        (error,) = [one for one in run_checks() if one.id == "phoropter.E004"]
        assert error.msg == f"{name}: too small."
        setattr(settings, name, right)
        assert not [one for one in run_checks() if one.id == "phoropter.E004"]

    def test_folders_that_cannot_be_written_are_told(self, settings: Settings, tmp_path: Path) -> None:
        def told() -> list[tuple[str, str]]:
            return [(one.id, one.msg.split(":")[0]) for one in run_checks() if "can't be written" in one.msg]

        (tmp_path / "file").write_bytes(b"")
        settings.UPLOAD_DIR, settings.TRAINING_DIR = tmp_path / "new" / "uploads", tmp_path
        assert told() == []
        settings.UPLOAD_DIR, settings.TRAINING_DIR = tmp_path / "file", tmp_path / "file" / "training"
        assert told() == [("phoropter.W002", "UPLOAD_DIR"), ("phoropter.W002", "TRAINING_DIR")]
        options = {"location": str(tmp_path / "file" / "pictures")}
        settings.STORAGES = {**settings.STORAGES, "default": {**settings.STORAGES["default"], "OPTIONS": options}}
        assert told()[0] == ("phoropter.E005", "STORAGE_URL")

    def test_cookies_over_https_are_this_host_s_alone(self, tmp_path: Path) -> None:
        code = (
            "from django.test import Client; from django.conf import settings as s; "
            "c = Client(headers={'X-Forwarded-Proto': 'https'}); a = c.get('/login/', headers={'Host': 'localhost'}); "
            "k = a.cookies['__Host-csrftoken']; print(k['secure'], k['path'], k['domain'] or '-', "
            "s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, a['Strict-Transport-Security'])"
        )
        told = {"DATA_DIR": str(tmp_path), "HTTPS": "true", "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-v", "0", "-c", code],
            cwd=ROOT, env=told, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == "True / - __Host-sessionid True max-age=31536000", done.stderr
