"""Visitors of the demo: each visit is a user of its own, who may ask and sees only what was asked in that visit."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from futurisys.accounts.roles import VISITOR

PREFIX = "visitor-"
SESSION = timedelta(hours=2)


class TooManyVisitors(Exception):
    """As many visitors came within the hour as the demo takes."""


def admit(*, at: datetime) -> User:
    """A new visitor, who has no password. Raises TooManyVisitors."""
    with transaction.atomic():
        # One after the other, or the limit is none.
        role = Group.objects.select_for_update(no_key=True).get(name=VISITOR)
        since = at - timedelta(hours=1)
        lately = User.objects.filter(username__startswith=PREFIX, date_joined__gt=since).count()
        if lately >= settings.VISITORS_PER_HOUR:
            raise TooManyVisitors
        visitor = User.objects.create_user(PREFIX + secrets.token_hex(4), date_joined=at)
        visitor.groups.add(role)
    return visitor


def end_of(request: HttpRequest) -> datetime | None:
    """When the visit is over, which cannot be gone on with; None for anybody who is no visitor."""
    if not request.user.get_username().startswith(PREFIX) or request.user.has_usable_password():  # type: ignore[union-attr]
        return None
    session = Session.objects.filter(session_key=request.session.session_key)
    return session.values_list("expire_date", flat=True).first()
