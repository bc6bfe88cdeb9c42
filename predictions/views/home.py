"""/: what needs me, what happened, and what to do next; for a program, what is installed here."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from predictions.home import HomePage
from registry.api.seeds import SeedInfoView

_info = SeedInfoView.as_view()


@login_not_required  # a program says with a token who it is
def home(request: HttpRequest) -> HttpResponseBase:
    """The page, or /api/info for who asks for JSON by name: the seeds' clients look here."""
    wants_json = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    response: HttpResponseBase = _info(request) if wants_json else _page(request)
    patch_vary_headers(response, ["Accept"])
    return response


@login_required
@require_GET
def _page(request: HttpRequest) -> HttpResponse:
    """The parts that this person's rights open."""
    page = HomePage(request.user, timezone.now())  # type: ignore[arg-type]  # somebody is logged in
    return render(request, "predictions/home.html", {"page": page})
