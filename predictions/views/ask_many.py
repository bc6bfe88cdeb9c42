"""Asking about several records at once."""

from django.http import Http404, HttpRequest, HttpResponse


def ask(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404
