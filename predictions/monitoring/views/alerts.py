"""Alerts: what is wrong now, and what was."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from predictions.models import Alert
from predictions.monitoring.alerts import rules, verbs
from predictions.monitoring.alerts.pages import AlertPage, AlertsPage


@require_safe
@login_required
@permission_required(rules.SEE, raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """/monitoring/alerts/: `?model=<name>` those of one model, `?before=<id>` older ones."""
    return render(request, "monitoring/alerts.html", {"page": AlertsPage(request.GET)})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(rules.SEE, raise_exception=True)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """/monitoring/alerts/<id>/; sent, it says that this person has seen it."""
    alert = get_object_or_404(Alert.objects.select_related("rule__model"), pk=pk)
    if request.method != "POST":
        return render(request, "monitoring/alert.html", {"page": AlertPage(alert, request.user)})
    verbs.see(alert=alert, by=request.user, at=timezone.now())  # type: ignore[arg-type]  # somebody is logged in
    messages.success(request, _("Noted: you have seen it. It goes on until its condition is over."))
    return redirect("alert", alert.pk)
