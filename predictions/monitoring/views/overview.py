"""All models at a glance."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from predictions.demo_history import offer
from predictions.monitoring.dashboard.overview import OverviewPage
from predictions.monitoring.rollups import reading

RIGHT = "predictions.view_monitoring"


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def overview(request: HttpRequest) -> HttpResponse:
    """/monitoring/: every model, the last thirty days."""
    demo = offer.of(request.user, asked="demo" in request.GET)
    page = OverviewPage(request.user, reading.today())
    return render(request, "monitoring/overview.html", {"page": page, "demo": demo})
