"""Files that are run: the list, the progress of one, its end and its downloads."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def index(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def show(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def results(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def rejected(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
