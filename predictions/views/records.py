"""Business rows: the sets, the table of one, a single record."""

from django.http import Http404, HttpRequest, HttpResponse


def index(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404


def table(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404


def show(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404
