"""Who calls: `Authorization: Token <key>`, and `X-API-Key: <key>` on the seeds' paths."""

import re

from django.contrib.auth.models import User
from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

_TOKEN = re.compile(rb"[A-Za-z0-9_]{20,200}")


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox, but a token that cannot be one is refused before the database is asked with it."""

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        """Whether the token has expired. Knox would read and clean all tokens of the user at each call."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed("This token is not valid.")
        user, found = super().authenticate_credentials(token)
        return user, found


class APIKeyAuthentication(TokenAuthentication):
    """The header that the seeds' clients send."""

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        key = request.headers.get("X-API-Key")
        return self.authenticate_credentials(key.encode("latin-1", "replace")) if key else None
