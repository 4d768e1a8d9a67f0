"""Pilot sittings: a researcher, or whom they ask, goes through a study before it counts.

A sitting is a pilot from its first row on or never: the signed link decides when it begins; nothing changes it later.
"""

from django.core import signing
from django.urls import reverse

from studyapp.models import Study
from studyapp.services.studies import problems_of_opening

SALT = "studyapp.pilots"


def pilot_path(study: Study) -> str:
    """The signed link; it can't be made without our key, and works until the study closes."""
    return f"{reverse('welcome', args=[study.code])}?pilot={signing.Signer(salt=SALT).signature(study.code)}"


def is_pilot_mark(study: Study, mark: str) -> bool:
    """Whether a link was signed here, for this study."""
    try:
        signing.Signer(salt=SALT).unsign(f"{study.code}:{mark}")
    except signing.BadSignature:
        return False
    return True


def can_pilot(study: Study) -> bool:
    """Whether everything that an observer would need is there, and the study hasn't closed."""
    if study.state in (Study.State.OPEN, Study.State.PAUSED):
        return True
    return not problems_of_opening(study)
