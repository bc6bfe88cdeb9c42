"""What was answered: a person's own questions, and a search over every answer that somebody may see."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from predictions.calls import calls_of
from predictions.history.export import HistoryFile
from predictions.history.pages import SearchPage
from predictions.views.case_file import record_number

PAGE = 50


@require_GET
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """/history/: a line for each call, newest first, by cursor: `?before=<record number>`."""
    if not request.user.has_perm("predictions.add_prediction"):
        return redirect("history-search")
    before = request.GET.get("before")
    found = calls_of(request.user.pk, before=record_number(before) if before else None, most=PAGE + 1)  # type: ignore[arg-type]  # somebody is logged in
    older = found[PAGE - 1].request_id if len(found) > PAGE else None
    return render(request, "predictions/history.html", {"calls": found[:PAGE], "older": older, "before": before})


@require_GET
@login_required
def search(request: HttpRequest) -> HttpResponseBase:
    """/history/search/: single answers, found by number or key, filtered, newest first; `?format=csv` all of them."""
    page = SearchPage(request)
    if page.single is not None:
        return redirect("record", page.single.pk)
    if page.is_valid and request.GET.get("format") == "csv":
        return _file(page)
    status = 200 if page.is_valid else 400
    return render(request, "predictions/history/search.html", {"page": page}, status=status)


def _file(page: SearchPage) -> StreamingHttpResponse:
    name = f"history-{timezone.localdate():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    file = HistoryFile(page.wanted, page.form.cleaned_data["model"], page.user)
    return StreamingHttpResponse(file.lines(), content_type="text/csv; charset=utf-8", headers=headers)
