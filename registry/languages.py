"""Another language in the middle of a form: the same page again, with what was typed."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


def switched(request: HttpRequest, page: Callable[[], HttpResponse]) -> HttpResponse:
    """`page()` in the language of the pressed button, which the browser keeps. An unknown one changes nothing."""
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        return page()
    translation.activate(wanted)
    request.LANGUAGE_CODE = wanted
    response = page()
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        wanted,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
        httponly=True,
    )
    return response
