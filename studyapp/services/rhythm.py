"""The rhythm of a sitting: practice, breaks, and how long it still takes at the observer's own pace."""

from typing import Any

from studyapp.models import StudySession, Trial, Vote

PACE_OF_LAST = 40


def rhythm_of(session: StudySession) -> dict[str, Any]:
    """What the trial page needs to know of it; asked once a page."""
    study = session.study
    told: dict[str, Any] = {"practice": _practice_trials(session), "break_every": study.break_every}
    if study.minutes_left:
        told["pace"] = {"expected_ms": round(study.seconds_per_trial * 1000), "own_ms": _own_pace(session)}
    return told


def _practice_trials(session: StudySession) -> int:
    if not session.study.practice_trials:
        return 0
    return session.trials.filter(kind=Trial.Kind.PRACTICE).count()


def _own_pace(session: StudySession) -> list[int]:
    """How long the last pairs took, in milliseconds, the time away left out."""
    votes = Vote.objects.filter(trial__session=session).order_by("-trial__position")
    taken = votes.values_list("response_ms", "hidden_ms")[:PACE_OF_LAST]
    return [max(response_ms - (hidden_ms or 0), 0) for response_ms, hidden_ms in reversed(taken)]
