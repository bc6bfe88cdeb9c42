"""“My own estimate first”: a cookie of the browser, and whether an answer stays hidden from somebody for it."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse

from predictions.decisions.verbs import DECIDE, ESTIMATE
from predictions.models import Decision, Estimate, Prediction

COOKIE = "estimate_first"
ON = "1"


def is_on(cookies: Mapping[str, str], user: User | AnonymousUser) -> bool:
    """Whether this person wants it so, and may estimate at all."""
    return cookies.get(COOKIE) == ON and user.has_perms([DECIDE, ESTIMATE])


def is_due(prediction: Prediction, user: User | AnonymousUser) -> bool:
    """Whether they have neither estimated nor decided yet."""
    mine: dict[str, Any] = {"prediction": prediction, "by_id": user.pk}
    return not (Estimate.objects.filter(**mine).exists() or Decision.objects.filter(**mine).exists())


def put(response: HttpResponse, *, on: bool) -> None:
    """Give it to the browser, for a year."""
    how: dict[str, Any] = {"samesite": settings.LANGUAGE_COOKIE_SAMESITE}
    if not on:
        response.delete_cookie(COOKIE, **how)
        return
    how |= {"max_age": settings.LANGUAGE_COOKIE_AGE, "secure": settings.LANGUAGE_COOKIE_SECURE, "httponly": True}
    response.set_cookie(COOKIE, ON, **how)
