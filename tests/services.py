"""What is there to test with: servers, a browser, real data."""

import os
import shutil
import subprocess
from urllib.parse import urlsplit

import psycopg
import redis

POSTGRESQL_URL = os.environ.get("TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/test")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def postgresql_url() -> str | None:
    """Where PostgreSQL answers, if it does."""
    try:
        psycopg.connect(POSTGRESQL_URL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return None
    return POSTGRESQL_URL


def redis_url() -> str | None:
    """Where Redis answers, if it does."""
    try:
        redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3).ping()
    except redis.RedisError:
        return None
    return REDIS_URL


def chromium() -> str | None:
    """The system's Chromium or Chrome, if there is one."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def described() -> list[str]:
    """One line for each thing the tests may use."""
    browser = chromium()
    asked = [browser, "--version"] if browser else ["true"]
    version = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return [
        _line("PostgreSQL", postgresql_url(), POSTGRESQL_URL),
        _line("Redis", redis_url(), REDIS_URL),
        f"browser: {version or 'none found; its tests are skipped (install chromium, or name one in CHROMIUM)'}",
    ]


def _line(name: str, found: str | None, asked: str) -> str:
    where = urlsplit(asked)
    place = f"{where.hostname}:{where.port}{where.path}"
    return f"{name}: {place}" if found else f"{name}: none answers at {place}; its tests are skipped"
