"""Every exposure of a study as one tidy row: what was on the screen, and what was said."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from studyapp.forms import DEVICE, LOOKED
from studyapp.models import Study, StudySession, Trial

COLUMNS = (
    "study", "observer", "session", "pilot", "simulated", "slot", "policy_version", "batch", "position", "kind",
    "content", "scene", "camera", "left", "right", "swapped", "vote", "abandoned",
    "shown_at", "answered_at", "response_ms", "left_sha256", "right_sha256", "instructions_version", "consent_version",
    "device_pixel_ratio", "viewport_width_px", "viewport_height_px", "browser_zoom", "gamut", "drawer",
    "hidden_ms", "max_zoom", "one_to_one_ms", "inspected_left", "inspected_right", "flips", "reloads", "first_painted",
    "gold_passed",
)  # fmt: skip
RELATED = (
    "session__study", "session__observer", "session__slot", "session__instructions", "session__consent",
    "content", "left__condition", "right__condition", "vote",
)  # fmt: skip


def exposures(study: Study, *, include_simulated: bool = False) -> Iterator[dict[str, Any]]:
    """One row per showing, answered or abandoned, in the order of sittings and positions.

    Simulated ones are there only where they are asked for; a column then says which they are.
    """
    shown = _shown(study)
    if not include_simulated:
        shown = shown.filter(session__simulated=False)
    for trial in shown.iterator(chunk_size=2000):
        yield _row(trial)


def _shown(study: Study) -> QuerySet[Trial]:
    seen = Q(shown_at__isnull=False) | Q(vote__isnull=False)
    kept = ~Q(session__state=StudySession.State.WITHDRAWN)
    rows = Trial.objects.filter(seen & kept, session__study=study).annotate(batch=F("session__slot__batch__number"))
    return rows.select_related(*RELATED).order_by("session", "position")


def _row(trial: Trial) -> dict[str, Any]:
    session, vote = trial.session, getattr(trial, "vote", None)
    left, right = trial.left.condition, trial.right.condition
    return {
        "study": session.study.name,
        "observer": session.observer.code,
        "session": session.pk,
        "pilot": session.pilot,
        "simulated": session.simulated,
        "slot": session.slot.number,
        "policy_version": session.slot.policy_version,
        "batch": trial.batch,  # type: ignore[attr-defined]
        "position": trial.position,
        "kind": trial.kind,
        "content": trial.content.name,
        "scene": trial.content.scene,
        "camera": trial.content.camera,
        "left": left.name,
        "right": right.name,
        "swapped": left.position > right.position,
        "vote": vote.answer if vote else None,
        "abandoned": vote is None and _is_over(session),
        "shown_at": trial.shown_at,
        "answered_at": vote.answered_at if vote else None,
        "left_sha256": trial.left.sha256,
        "right_sha256": trial.right.sha256,
        "instructions_version": session.instructions.version,
        "consent_version": session.consent.version if session.consent else None,
        **{name: getattr(trial, name) for name in DEVICE},
        **{name: getattr(vote, name, None) for name in LOOKED},
        "gold_passed": _gold_passed(trial),
    }


def _is_over(session: StudySession) -> bool:
    """Whether nothing more will be answered in a sitting: given up, or its study closed over it."""
    return session.state != StudySession.State.ACTIVE or session.study.state == Study.State.CLOSED


def _gold_passed(trial: Trial) -> bool | None:
    """Whether a gold trial's worse side lost; nothing where it wasn't gold or wasn't answered."""
    vote = getattr(trial, "vote", None)
    if trial.kind != Trial.Kind.GOLD or vote is None:
        return None
    better = "right" if trial.left.condition.worse_than_id else "left"
    return bool(vote.answer == better)


def csv_lines(study: Study, *, include_simulated: bool = False) -> Iterator[str]:
    """All exposures as lines of CSV, for an answer that is streamed."""
    writer = csv.writer(_Line(), lineterminator="\n")
    yield writer.writerow(COLUMNS)
    for row in exposures(study, include_simulated=include_simulated):
        yield writer.writerow([as_text(row[name]) for name in COLUMNS])


class _Line:
    """Gives a written line back to who wrote it."""

    def write(self, text: str, /) -> str:
        return text


def as_text(value: Any) -> str:
    """A value as the export writes it: true/false, nothing for missing, ISO 8601 in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
