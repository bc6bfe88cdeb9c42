"""Is the world changing? One field after the other."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from predictions.monitoring.drift.page import DriftPage
from predictions.monitoring.rollups import reading
from registry.models import RegisteredModel

RIGHT = "predictions.view_monitoring"


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def drift(request: HttpRequest, model: str) -> HttpResponse:
    """/monitoring/models/<model>/drift/, with the filters of all these pages and `?feature=`, a field or the score."""
    found = get_object_or_404(RegisteredModel, name=model)
    page = DriftPage(request.GET, model=found, user=request.user, today=reading.today())
    if not page.form.knows:
        raise Http404
    status = 200 if page.form.is_valid() else 400
    return render(request, "monitoring/drift/page.html", {"page": page}, status=status)
