"""oTree and pyMUSHRA from PyPI, each in an environment of its own, set up as its documentation says.

oTree: https://otree.readthedocs.io/en/latest/server/intro.html (PostgreSQL, production mode, `otree prodserver`).
pyMUSHRA: https://pypi.org/project/pymushra/ (its WSGI application behind a proper HTTP server, one process, for its
TinyDB file has one writer).
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import psycopg

from benchmarks.load.client import Crowd
from benchmarks.load.walkers import OTreeWalker, PyMushraWalker
from tests.stack import free_port, wait_until

SETTINGS = """
SESSION_CONFIGS = [dict(name="pairs", app_sequence=["pairs"], num_demo_participants=1)]
"""
APP = """
from otree.api import *

class C(BaseConstants):
    NAME_IN_URL = "pairs"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = {trials}

class Subsession(BaseSubsession):
    pass

class Group(BaseGroup):
    pass

class Player(BasePlayer):
    choice = models.StringField(choices=["left", "right"], widget=widgets.RadioSelect)

class Pair(Page):
    form_model = "player"
    form_fields = ["choice"]

page_sequence = [Pair]
"""
PAGE = """
{{ block title }}Which of the two is better?{{ endblock }}
{{ block content }}
<img src="/static/left.png"> <img src="/static/right.png">
{{ formfields }}
{{ next_button }}
{{ endblock }}
"""


def installed(folder: Path, name: str, *packages: str) -> Path:
    """The programs of a package, installed once."""
    place = folder / name
    if not (place / "ready").exists():
        print(f"installing {name} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([place / "bin/pip", "install", "--quiet", *packages], check=True, stderr=subprocess.DEVNULL)
        (place / "ready").touch()
    return place / "bin"


def version_of(programs: Path, package: str) -> str:
    """As installed."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([programs / "python", "-c", code], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def otree(programs: Path, folder: Path, database_url: str, *, trials: int, participants: int) -> Iterator[Crowd]:
    """A session of so many participants, each with a link."""
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",  # it starts itself again by name
        "DATABASE_URL": database_url,
        "OTREE_PRODUCTION": "1",
        "OTREE_AUTH_LEVEL": "STUDY",
        "OTREE_ADMIN_PASSWORD": "benchmark",
    }

    def tell(*arguments: str, where: Path) -> None:
        subprocess.run([programs / "otree", *arguments], cwd=where, env=environment, check=True, capture_output=True)

    tell("startproject", "--noinput", "project", where=folder)
    project = folder / "project"
    tell("startapp", "pairs", where=project)
    for page in (project / "pairs").glob("*.html"):
        page.unlink()
    (project / "pairs/__init__.py").write_text(APP.format(trials=trials))
    (project / "pairs/Pair.html").write_text(PAGE)
    with (project / "settings.py").open("a") as settings:
        settings.write(SETTINGS)
    tell("resetdb", "--noinput", where=project)
    tell("create_session", "pairs", str(participants), where=project)
    port = free_port()
    with _serving([str(programs / "otree"), "prodserver", str(port)], project, environment, port):
        with psycopg.connect(database_url) as connection:
            codes = connection.execute("SELECT code FROM otree_participant ORDER BY id").fetchall()
        site = f"http://127.0.0.1:{port}"
        yield Crowd(OTreeWalker, tuple(f"{site}/InitializeParticipant/{code}" for (code,) in codes))


@contextmanager
def pymushra(programs: Path, folder: Path) -> Iterator[Crowd]:
    """Its collector; webMUSHRA's own pages are static files and not on PyPI, so one page stands for them."""
    for part in ("webmushra/configs", "db"):
        (folder / part).mkdir(parents=True)
    (folder / "webmushra/index.html").write_text(dedent("<!doctype html><title>webMUSHRA</title>"))
    port = free_port()
    command = [
        str(programs / "gunicorn"), "pymushra.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "1",
    ]  # fmt: skip
    with _serving(command, folder, dict(os.environ), port):
        yield Crowd(PyMushraWalker, (f"http://127.0.0.1:{port}",))


@contextmanager
def _serving(command: Sequence[str], folder: Path, environment: Mapping[str, str], port: int) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(lambda: _answers(port), f"the first answer of {command[0]}")
            yield
        finally:
            os.killpg(server.pid, 9)
            server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0
