"""One model: five questions, from general to specific."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from predictions.monitoring.dashboard import export as files
from predictions.monitoring.dashboard.page import DashboardPage
from registry.models import RegisteredModel

RIGHT = "predictions.view_monitoring"


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def dashboard(request: HttpRequest, model: str) -> HttpResponse:
    """/monitoring/models/<model>/: is it used, fast, right, followed, and is the world changing."""
    page = _page(request, model)
    status = 200 if page.is_valid else 400
    return render(request, "monitoring/model.html", {"page": page, "model": page.model}, status=status)


@require_safe
@login_required
@permission_required(RIGHT, raise_exception=True)
def export(request: HttpRequest, model: str) -> HttpResponseBase:
    """/monitoring/models/<model>/export: the same numbers by day and version, as CSV."""
    page = _page(request, model)
    if not page.is_valid:
        return render(request, "monitoring/model.html", {"page": page, "model": page.model}, status=400)
    name = f"monitoring-{page.model.name}-{page.wanted.since}-{page.wanted.until}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    lines = files.lines(page.wanted, page.form.versions)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _page(request: HttpRequest, name: str) -> DashboardPage:
    model = get_object_or_404(RegisteredModel, name=name)
    return DashboardPage(request.GET, model=model, user=request.user, now=timezone.now())
