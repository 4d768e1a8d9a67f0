"""What runs inside the measured installation: a study, many stored votes, the queries of one vote, a long job."""

from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from benchmarks.load.walkers import DEVICE, LOOKED
from enhancement.nn.checkpoint import Source, save
from enhancement.nn.networks.generator import Generator
from enhancement.services.methods import add_method
from enhancement.services.stimuli import request_stimuli
from enhancement.services.testsets import load_testset
from studyapp.models import Study, Trial
from studyapp.services.seating import begin_session
from tests.studyapp.factories import make_study, make_user

FILL = """
WITH
    people AS (
        INSERT INTO studyapp_observer (code, background, created_at)
        SELECT 'stored-' || %(first)s + n, '{}', now() FROM generate_series(1, %(sessions)s) n RETURNING id
    ),
    numbered AS (SELECT id, row_number() OVER (ORDER BY id) n FROM people),
    places AS (
        INSERT INTO studyapp_slot (study_id, lane, number, policy_version)
        SELECT %(study)s, 'main', 1000000 + %(first)s + n, 'stored' FROM generate_series(1, %(sessions)s) n
        RETURNING id, number
    ),
    sittings AS (
        INSERT INTO studyapp_studysession (
            study_id, observer_id, slot_id, token, state, pilot, simulated, instructions_id, consent_id, consented_at,
            panel, lab, stamp, started_at, last_seen_at, finished_at
        )
        SELECT %(study)s, numbered.id, places.id, 'stored-' || places.number, 'finished', false, false,
            s.instructions_id, s.consent_id, s.consented_at, '{}', '{}', s.stamp, now(), now(), now()
        FROM places JOIN numbered ON places.number = 1000000 + %(first)s + numbered.n
        CROSS JOIN (SELECT * FROM studyapp_studysession WHERE id = %(session)s) s
        RETURNING id
    ),
    showings AS (
        INSERT INTO studyapp_trial (
            session_id, position, kind, content_id, left_id, right_id, token, left_token, right_token, shown_at, gamut,
            drawer
        )
        SELECT sittings.id, t.position, t.kind, t.content_id, t.left_id, t.right_id,
            't-' || sittings.id || '-' || t.position, 'l-' || sittings.id || '-' || t.position,
            'r-' || sittings.id || '-' || t.position, now(), 'srgb', 'webgl'
        FROM sittings CROSS JOIN (SELECT * FROM studyapp_trial WHERE session_id = %(session)s) t
        RETURNING id
    )
INSERT INTO studyapp_vote (trial_id, answer, answered_at, response_ms, first_painted, gamut, drawer)
SELECT id, CASE WHEN id %% 2 = 0 THEN 'left' ELSE 'right' END, now(), 2400, 'left', 'srgb', 'webgl' FROM showings
"""


def study_of(trials: int) -> str:
    """An open study of tiny pictures; returns its code. Pictures are not what is measured here."""
    researcher = make_user()
    conditions = ("original", "auto", "degraded", "reference")
    study = make_study(researcher, contents=8, conditions=conditions, trials_per_session=trials, consent="Yes.")
    return str(study.code)


def fill(votes: int) -> int:
    """Store finished sessions until there are so many votes; returns how many there are."""
    study = Study.objects.get()
    pattern = begin_session(study, consented=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM studyapp_vote")
        there = cursor.fetchone()[0]
        told = {
            "first": there,
            "sessions": max(0, votes - there) // study.trials_per_session,
            "study": study.pk,
            "session": pattern.pk,
        }
        cursor.execute(FILL, told)
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM studyapp_vote")
        return int(cursor.fetchone()[0])


def queries() -> dict[str, Any]:
    """The database queries of one `vote`, one `shown`, one look page and one beginning, through the real views."""
    study = Study.objects.get()
    observer = Client(HTTP_HOST="localhost")
    session = begin_session(study, consented=True)
    trial = Trial.objects.filter(session=session).order_by("position")[0]
    code = f"/s/{study.code}/"
    asked = {
        "begin": lambda: observer.post(code, {"consent": "on", "ticket": f"t{session.pk}"}),
        "look": lambda: observer.get(f"/look/{session.token}/"),
        "shown": lambda: observer.post(f"/trial/{trial.token}/shown/", DEVICE, content_type="application/json"),
        "vote": lambda: observer.post(
            f"/trial/{trial.token}/vote/", {"answer": "left", **LOOKED, **DEVICE}, content_type="application/json"
        ),
    }
    counts = {}
    for name, ask in asked.items():
        with CaptureQueriesContext(connection) as seen:
            assert ask().status_code < 400, name
        counts[name] = len(seen)
    return counts


def ask_for_a_long_job(folder: str, photos: int) -> bool:
    """Stimuli by a network of random weights, seen by nobody: minutes of work for the gpu worker."""
    place = Path(folder, "long")
    place.mkdir()
    noise = np.random.default_rng(1)
    for number in range(photos):
        Image.fromarray(noise.integers(0, 256, (300, 400, 3), np.uint8)).save(place / f"{number:03}.png")
    weights = Path(folder, "random.safetensors")
    save(weights, Generator(), source=Source("random, for a benchmark"), code_version="benchmark")
    request_stimuli(load_testset("long", place), add_method("random", "dped", weights=weights), by=User.objects.get())
    return True
