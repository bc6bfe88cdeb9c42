"""What was ever answered about one person, or whatever else a key names."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from predictions.history.person import PersonPage
from predictions.views.case_file import record_number


@require_GET
@login_required
def timeline(request: HttpRequest) -> HttpResponse:
    """/history/person/?key=&dataset=: as a story, newest first; `?before=` the older ones. Without a key, a form."""
    key = request.GET.get("key", "").strip()
    if not key:
        return render(request, "predictions/history/person_which.html")
    before = request.GET.get("before", "")
    page = PersonPage(request, key, request.GET.get("dataset", ""), record_number(before) if before else None)
    return render(request, "predictions/history/person.html", {"page": page})
