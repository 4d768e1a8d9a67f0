"""Who asks: the person whose token was sent, and nobody else; a browser's login opens nothing here."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.security import HttpBearer

from studyapp.services.tokens import user_of_token


class ByToken(HttpBearer):
    """``Authorization: Bearer phoropter_…``; what the person may see is asked in services/access.py, as by a page."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The token's person."""
        return user_of_token(token)


class TokenRequest(HttpRequest):
    """What an endpoint is asked with."""

    auth: User
