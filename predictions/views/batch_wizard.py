"""The wizard of a file of rows: file, columns, check."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def new(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def columns(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def sample(request: HttpRequest, model: str) -> HttpResponse:
    raise Http404
