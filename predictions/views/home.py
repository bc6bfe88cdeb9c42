"""/: what needs me, what happened, and what to do next."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from predictions.home import HomePage


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The parts that this person's rights open."""
    page = HomePage(request.user, timezone.now())  # type: ignore[arg-type]  # somebody is logged in
    return render(request, "predictions/home.html", {"page": page})
