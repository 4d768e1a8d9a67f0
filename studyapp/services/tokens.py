"""Making a token for a program, knowing it again, taking it back."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from studyapp.models import ApiToken

BEGINNING = "phoropter_"
"""So that a token is recognised where it doesn't belong, as in a published script."""
USED_EVERY = timedelta(minutes=1)
"""A use is written down once a minute at most: reading shouldn't cost a write each time."""


def make_token(user: User, name: str, *, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """A new token of 256 random bits; the second of the two is the token itself, never to be had again."""
    said = BEGINNING + secrets.token_urlsafe(32)
    return ApiToken.objects.create(user=user, name=name, sha256=_hash(said), expires_at=expires_at), said


def user_of_token(said: str) -> User | None:
    """Whose token this is; None where it is nobody's, has expired, or its person no longer logs in here."""
    now = timezone.now()
    valid = Q(expires_at=None) | Q(expires_at__gt=now)
    tokens = ApiToken.objects.filter(valid, sha256=_hash(said), user__is_active=True)
    token = tokens.select_related("user").first()
    if token is None:
        return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now), pk=token.pk).update(last_used_at=now)
    return token.user


def revoke_token(user: User, pk: int) -> bool:
    """Take one's own token back, from this moment; whether there was one."""
    deleted, _ = ApiToken.objects.filter(user=user, pk=pk).delete()
    return bool(deleted)


def tokens_of(user: User) -> list[ApiToken]:
    """A person's tokens, the newest first."""
    return list(ApiToken.objects.filter(user=user).order_by("-created_at"))


def _hash(said: str) -> str:
    """The token has as much chance in it as its hash: nothing slower is needed to keep it from being guessed."""
    return hashlib.sha256(said.encode()).hexdigest()
