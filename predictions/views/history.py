"""What was answered: a person's own answers."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from predictions.calls import calls_of
from predictions.views.case_file import record_number

PAGE = 50


@require_GET
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """/history/: a line for each call, newest first, by cursor: `?before=<record number>`."""
    before = request.GET.get("before")
    found = calls_of(request.user.pk, before=record_number(before) if before else None, most=PAGE + 1)  # type: ignore[arg-type]  # somebody is logged in
    older = found[PAGE - 1].request_id if len(found) > PAGE else None
    return render(request, "predictions/history.html", {"calls": found[:PAGE], "older": older, "before": before})


@require_GET
@login_required
def search(request: HttpRequest) -> HttpResponse:
    raise Http404
