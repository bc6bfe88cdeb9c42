"""Who calls: `Authorization: Token <key>`, and `X-API-Key: <key>` on the seeds' paths."""

import re
from functools import cache

from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from registry.rights import PERMISSIONS, remember
from registry.statements import fetched

# Nobody asks for these in a call; who does, has them read.
UNREAD: dict[type[Model], set[str]] = {AuthToken: {"created"}, User: {"password", "last_login", "date_joined"}}
_TOKEN = re.compile(rb"[A-Za-z0-9_]{20,200}")


def what_to_send() -> str:
    """For a caller who sent no token, or not in the header or the words that are looked for."""
    return _("Send a token: Authorization: Token fut_…")


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's tokens and headers, with one prepared query a call.

    Knox itself reads, and cleans, all tokens of the user at each call, and builds its query anew: together a third of
    a recorded answer. What the user may do is read along. Nothing outlives the call: a token that was deleted, a user who
    was deactivated or lost a role is out at once.
    """

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        """None for a header of another kind. Raises AuthenticationFailed."""
        words = get_authorization_header(request).split()
        if words and words[0].lower() == b"token" and len(words) != 2:
            raise AuthenticationFailed(what_to_send())
        found: tuple[User, AuthToken] | None = super().authenticate(request)
        return found

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """The user and the stored token. Raises AuthenticationFailed."""
        # What cannot be a token is refused before the database is asked with it.
        if _TOKEN.fullmatch(token):
            text = token.decode("ascii")
            for stored in _candidates(text[: CONSTANTS.TOKEN_KEY_LENGTH]):
                if constant_time_compare(hash_token(text), stored.digest) and not _has_expired(stored):
                    found, active = self.validate_user(stored)
                    return found, active
        raise AuthenticationFailed(_("This token is not valid."))


def _has_expired(stored: AuthToken) -> bool:
    return stored.expiry is not None and stored.expiry < timezone.now()


@cache
def _query() -> tuple[str, list[str], list[str]]:
    """The query for a token by its first characters, and its columns: the token's, the user's, then what they may do."""
    unread = [name if model is AuthToken else f"user__{name}" for model, names in UNREAD.items() for name in names]
    tokens = AuthToken.objects.filter(token_key="").select_related("user").defer(*unread)
    sql, _params = tokens.query.sql_with_params()  # as Django's own compiler writes it
    may = PERMISSIONS.format(user=f'"{User._meta.db_table}"."id"')
    sql = sql.replace(" FROM ", f", ARRAY({may}) FROM ", 1)
    return sql, _names(AuthToken), _names(User)


def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.name not in UNREAD[model]]


def _candidates(key: str) -> list[AuthToken]:
    (sql, token_names, user_names), database = _query(), connections[DEFAULT_DB_ALIAS]
    size, found = len(token_names), []
    for *values, permissions in fetched(database, sql, [key]):
        stored = AuthToken.from_db(database.alias, token_names, values[:size])
        stored.user = User.from_db(database.alias, user_names, values[size:])
        if stored.user.is_active and not stored.user.is_superuser:  # of others this is not all that counts
            remember(stored.user, permissions)
        found.append(stored)
    return found


class APIKeyAuthentication(TokenAuthentication):
    """The header that the seeds' clients send."""

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        key = request.headers.get("X-API-Key")
        return self.authenticate_credentials(key.encode("latin-1", "replace")) if key else None
