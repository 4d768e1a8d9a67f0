"""Who comes by which link: what of its parameters is kept, and whom and which group they name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from studyapp.models import Invitation, Panel, Study, StudySession

PROLIFIC_KEYS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
PROLIFIC_RETURN = "https://app.prolific.com/submissions/complete?cc={code}"
INVITATION_KEY = "invitation"
GROUP_KEY = "group"
LONGEST = 200
OTHERS = "others"


class NotInvitedError(Exception):
    """Nobody is seated without an invitation, or by this one; the message is for them."""


@dataclass(frozen=True)
class Arrival:
    """Somebody at a study's door.

    Attributes:
        told: What the panel sent along, of the parameters that the study keeps.
        person: Who they are for the panel; None where nobody says.
        group: Whose quota they count towards; empty where nobody says.
        code: The invitation code that they came with; empty for none, or one that nobody made.
    """

    told: Mapping[str, str] = field(default_factory=dict)
    person: str | None = None
    group: str = ""
    invitation: Invitation | None = None
    code: str = ""


NOBODY_KNOWN = Arrival()


def panel_of(study: Study) -> Panel:
    """The panel as the researcher described it; where none is, Prolific's parameters are understood all the same."""
    described = Panel.objects.filter(study=study).first()
    return described or Panel(
        study=study,
        kind=Panel.Kind.PROLIFIC,
        parameters=list(PROLIFIC_KEYS),
        person_parameter=PROLIFIC_KEYS[0],
        group_parameter=GROUP_KEY,
    )


def arrival_of(study: Study, link: Mapping[str, str]) -> Arrival:
    """What the parameters of a study's link say."""
    panel = panel_of(study)
    code = link.get(INVITATION_KEY, "").strip().lower()[:24]
    invitation = study.invitations.filter(code=code).first() if code else None
    group = (invitation.group if invitation else "") or link.get(panel.group_parameter, "")
    return Arrival(
        told={name: _cleaned(link[name]) for name in panel.parameters if name in link},
        person=_cleaned(link.get(panel.person_parameter, "")) or None,
        group=_as_listed(study, _cleaned(group)[:80]),
        invitation=invitation,
        code=code,
    )


def _cleaned(value: str) -> str:
    """What can be stored and written in a line: PostgreSQL takes no zero byte."""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:LONGEST]


def _as_listed(study: Study, group: str) -> str:
    """A group as the study's quotas write it, however a link spells it."""
    return next((name for name in study.group_quotas if name.casefold() == group.casefold()), group)


def refuse_uninvited(study: Study, arrival: Arrival) -> None:
    """An invitation that the study wants must be there, and one that is there must be good. Study's row is held.

    Raises:
        NotInvitedError: Says which of these it isn't.
    """
    if arrival.code and arrival.invitation is None:
        raise NotInvitedError(_("This invitation code isn’t known here. Please check it for a mistyped letter."))
    if study.invited_only and arrival.invitation is None:
        raise NotInvitedError(_("This study is open to people with an invitation code."))
    if arrival.invitation is not None and is_spent(arrival.invitation):
        raise NotInvitedError(_("This invitation code has been used already."))


def is_spent(invitation: Invitation) -> bool:
    """Whether as many sittings were begun by it as may; one given up gives its use back."""
    return seated_by(invitation) >= invitation.sittings


def seated_by(invitation: Invitation) -> int:
    """Sittings begun by an invitation that hold a place, or held one when their tie to it was erased."""
    unlinked: int = Invitation.objects.values_list("unlinked", flat=True).get(pk=invitation.pk)
    return invitation.seated.filter(state__in=StudySession.HOLDING).count() + unlinked


def sittings_of(study: Study, arrival: Arrival) -> list[StudySession]:
    """What somebody who is known began before, the latest first: by the panel's word, or by a code of their own."""
    if arrival.person is not None:
        theirs = study.sessions.filter(person=arrival.person)
    elif arrival.invitation is not None and arrival.invitation.sittings == 1:
        theirs = study.sessions.filter(invitation=arrival.invitation)
    else:
        return []
    return list(theirs.select_related("study", "observer").order_by("-pk"))


def link_of(session: StudySession) -> str:
    """The query of the link that its observer came by, to come by once more."""
    told = dict(session.panel)
    if session.invitation is not None:
        told[INVITATION_KEY] = session.invitation.code
    elif session.group and (parameter := panel_of(session.study).group_parameter):
        told[parameter] = session.group
    return f"?{urlencode(told)}" if told else ""
