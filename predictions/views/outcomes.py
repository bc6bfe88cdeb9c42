"""What really happened: by hand, from a file, and what is due."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def due(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def report(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def upload(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def template(request: HttpRequest) -> HttpResponse:
    raise Http404
