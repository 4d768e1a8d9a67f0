"""The stamp of a sitting: one hash over everything that its observer's answers rest on."""

import hashlib
import json
from typing import Any

from studyapp.models import Study, StudyText
from studyapp.session_settings import SETTINGS

FROZEN = (
    "question", "allow_tie", "allow_not_sure", "seed", "policy_version", "trials_per_session",
    "gold_share", "repeat_share", "same_share",
)  # fmt: skip
"""What of a study never changes once it has votes; how long a sitting may pause and where it ends may."""

SINCE = {"allow_correction": False, "language": "en", "strata": ""}
"""Frozen too, but younger than some sittings: in the stamp only where they aren't what all studies had then."""


def around_the_trials(study: Study) -> dict[str, Any]:
    """The session's settings that aren't the defaults: a study without any keeps the stamp that it had before."""
    usual = Study()
    told = {name: getattr(study, name) for name in SETTINGS if name != "minutes_left"}
    return {name: value for name, value in told.items() if value != getattr(usual, name)}


def stamp_of(study: Study, instructions: StudyText, consent: StudyText | None) -> str:
    """The sha256 of a study's question, design, contents and conditions, and of the texts that an observer read."""
    told = {
        **{name: getattr(study, name) for name in FROZEN},
        **{name: getattr(study, name) for name, before in SINCE.items() if getattr(study, name) != before},
        **around_the_trials(study),
        "contents": list(study.testset.contents.order_by("pk").values_list("name", "scene", "camera", "input_sha256")),
        "conditions": list(
            study.conditions.order_by("position", "methods__camera").values_list(
                "name", "worse_than__name", "methods__camera", "methods__method__name", "methods__method__version"
            )
        ),
        "texts": [[text.kind, text.language, text.version, text.text] for text in (instructions, consent) if text],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
