"""The stamp of a sitting: one hash over everything that its observer's answers rest on."""

import hashlib
import json

from studyapp.models import Study, StudyText

FROZEN = (
    "question", "allow_tie", "allow_not_sure", "seed", "policy_version", "trials_per_session",
    "gold_share", "repeat_share", "same_share", "strata",
)  # fmt: skip
"""What of a study never changes once it has votes; how long a sitting may pause and where it ends may."""

UNSAID = {("strata", "")}
"""What of it is younger than stamps, with the value that leaves a study as it was before: that isn't stamped, so that
older stamps still hold."""


def stamp_of(study: Study, instructions: StudyText, consent: StudyText | None) -> str:
    """The sha256 of a study's question, design, contents and conditions, and of the texts that an observer read."""
    told = {
        **{name: value for name in FROZEN if (name, value := getattr(study, name)) not in UNSAID},
        "contents": list(study.testset.contents.order_by("pk").values_list("name", "scene", "camera", "input_sha256")),
        "conditions": list(
            study.conditions.order_by("position", "methods__camera").values_list(
                "name", "worse_than__name", "methods__camera", "methods__method__name", "methods__method__version"
            )
        ),
        "texts": [[text.kind, text.language, text.version, text.text] for text in (instructions, consent) if text],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
