"""Language and theme: two cookies that the server reads, so that no page flashes and no script is needed."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from futurisys.accounts.models import Preferences

THEME_COOKIE = "theme"
AUTO = "auto"
THEMES = {AUTO: _("As the computer is set"), "light": _("Light"), "dark": _("Dark")}


def theme_of(request: HttpRequest) -> str:
    """ "light", "dark" or "auto"; a cookie that says anything else says nothing."""
    theme = request.COOKIES.get(THEME_COOKIE, AUTO)
    return theme if theme in THEMES else AUTO


def keep(*, user: User, language: str, theme: str) -> None:
    """Remember it on the account; `put` brings it to a browser."""
    Preferences.objects.update_or_create(user=user, defaults={"language": language, "theme": theme})


def put(response: HttpResponse, *, language: str, theme: str) -> None:
    """Give both to the browser, for a year."""
    how: dict[str, Any] = {
        "max_age": settings.LANGUAGE_COOKIE_AGE,
        "secure": settings.LANGUAGE_COOKIE_SECURE,
        "samesite": settings.LANGUAGE_COOKIE_SAMESITE,
        "httponly": True,
    }
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **how)
    response.set_cookie(THEME_COOKIE, theme, **how)


def bring(response: HttpResponse, *, user: User) -> None:
    """What the account remembers, to a browser that has just logged in."""
    if kept := Preferences.objects.filter(user=user).first():
        put(response, language=kept.language, theme=kept.theme)
