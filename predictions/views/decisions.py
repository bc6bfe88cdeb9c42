"""What a human decides about an answer, and the queue of those that wait."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse


@login_required
def queue(request: HttpRequest) -> HttpResponse:
    raise Http404


@login_required
def decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404


@login_required
def estimate(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    raise Http404
