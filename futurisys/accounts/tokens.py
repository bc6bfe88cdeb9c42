"""A person's own API tokens: made, shown once, listed, revoked, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from knox.models import AuthToken

from futurisys.accounts.models import ApiTokenName
from registry.rights import demand

RIGHT = "knox.add_authtoken"
MOST = 20
SHOWN = 8  # characters that a person recognises a token by
NUMBER = 16  # digits of the digest that tell one's tokens apart


class TooManyTokens(Exception):
    """A person has as many tokens as anybody may; the message is a sentence."""


@dataclass(frozen=True)
class Row:
    """A token as its owner sees it."""

    number: str
    name: str
    begins: str
    created: datetime
    expiry: datetime | None
    is_expired: bool


def create(*, by: User, name: str, days: int) -> str:
    """A new token, in clear for the only time. Raises NotAllowed, TooManyTokens."""
    demand(by, RIGHT)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two clicks are counted one after the other
        if AuthToken.objects.filter(user=by).count() >= MOST:
            raise TooManyTokens(_("You have %(most)d tokens. Revoke one that you no longer use.") % {"most": MOST})
        return hand_out(to=by, name=name, days=days)


def hand_out(*, to: User, name: str, days: int) -> str:
    """The same for who works at the server's terminal, and needs no right; a token may have no name."""
    with transaction.atomic():
        stored, token = AuthToken.objects.create(to, expiry=timedelta(days=days))
        if name:
            ApiTokenName.objects.create(token=stored, name=name)
    return str(token)


def listed(*, of: User, at: datetime) -> Sequence[Row]:
    """Newest first; those that a command made have no name."""
    found = AuthToken.objects.filter(user=of).select_related("naming").order_by("-created")
    return [_row(token, at) for token in found]


def one(*, of: User, number: str, at: datetime) -> Row | None:
    """The token of that number, if it is theirs."""
    return next((row for row in listed(of=of, at=at) if row.number == number), None)


def revoke(*, by: User, number: str) -> None:
    """From the next call on the token opens nothing. One that is gone, or another person's, stays as it is."""
    demand(by, RIGHT)
    take_back(of=by, number=number)


def take_back(*, of: User, number: str) -> bool:
    """The same for who works at the server's terminal; whether there was such a token."""
    found = AuthToken.objects.filter(user=of, digest__startswith=number)
    return len(number) == NUMBER and found.delete()[0] > 0


def forget_expired(*, at: datetime) -> int:
    """Delete what opens nothing any more; how many."""
    count: int = AuthToken.objects.filter(expiry__lt=at).count()
    AuthToken.objects.filter(expiry__lt=at).delete()
    return count


def _row(token: Any, at: datetime) -> Row:
    return Row(
        number=token.digest[:NUMBER],
        name=token.naming.name if hasattr(token, "naming") else "",
        begins=token.token_key[:SHOWN],
        created=token.created,
        expiry=token.expiry,
        is_expired=token.expiry is not None and token.expiry <= at,
    )
