"""Load a history for a look at these pages."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from predictions.demo_history import offer


@require_POST
@login_required
@permission_required(offer.RIGHT, raise_exception=True)
def load(request: HttpRequest) -> HttpResponse:
    """Have the worker load it; there is nothing to load outside a demo."""
    if not offer.is_possible():
        raise Http404
    offer.ask()
    return redirect(reverse("monitoring", query={"demo": "asked"}))
