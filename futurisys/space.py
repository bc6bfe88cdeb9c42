"""What a Hugging Face Space needs besides settings: its page is a frame in a page of another site."""

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.http import HttpRequest, HttpResponse


class _Framed(Morsel[str]):
    """A cookie that browsers keep for a frame: for this pair of sites alone, and over HTTPS alone."""

    def OutputString(self, attrs: Any = None) -> str:  # noqa: N802 - the standard library's name
        """Before Python 3.14 a Morsel knows no `Partitioned`."""
        return f"{super().OutputString(attrs)}; Partitioned"


def framed_cookies(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: every cookie of an answer is one for a frame. Other ones browsers would not send back."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, cookie in response.cookies.items():
            framed = _Framed()
            framed.set(cookie.key, cookie.value, cookie.coded_value)
            framed.update(cookie)
            framed.update({"samesite": "None", "secure": "yes"})
            dict.__setitem__(response.cookies, name, framed)
        return response

    return answer
