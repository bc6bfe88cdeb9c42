"""Is it right? Measures with their intervals."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from predictions.monitoring.quality.page import QualityPage
from predictions.monitoring.rollups import reading
from registry.models import RegisteredModel

RIGHT = "predictions.view_monitoring"


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def quality(request: HttpRequest, model: str) -> HttpResponse:
    """/monitoring/models/<model>/quality/, with the filters of all these pages and `?by=`, a field."""
    found = get_object_or_404(RegisteredModel, name=model)
    page = QualityPage(request.GET, model=found, user=request.user, today=reading.today())
    return render(request, "monitoring/quality/page.html", {"page": page}, status=400 if page.problems else 200)
