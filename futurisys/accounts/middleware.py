"""What holds for every page: somebody is logged in, and nothing of it stays in a cache."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from futurisys.middleware import CANNOT_RECORD, unavailable

GetResponse = Callable[[HttpRequest], HttpResponse]


def no_store(get_response: GetResponse) -> GetResponse:
    """Nothing is kept by browsers and proxies, unless a view says itself what may be."""

    def answered(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answered


class LoginRequired(LoginRequiredMiddleware):
    """Every view but those marked `login_not_required`."""

    def get_login_url(self, view_func: Callable[..., Any]) -> str:
        """One door, for the admin too."""
        return str(settings.LOGIN_URL)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Django's asks for the user first: health has to answer while there is no database to ask."""
        if not getattr(view_func, "login_required", True):
            return None
        try:
            return super().process_view(request, view_func, view_args, view_kwargs)
        except CANNOT_RECORD as error:  # no view has begun that the other middleware could catch it from
            return unavailable(request, error)
