"""Business rows: the sets, the table of one, a single record."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from predictions import asking
from predictions.listing import chosen_columns
from predictions.listing.presenters import TablePage
from predictions.listing.sets import sets
from predictions.listing.sheet import RecordSheet
from predictions.models import Dataset

SEES_RECORDS = "predictions.view_record"


@require_GET
@login_required
@permission_required(SEES_RECORDS, raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """/records/: the sets of records."""
    return render(request, "predictions/records/index.html", {"sets": sets(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(SEES_RECORDS, raise_exception=True)
def table(request: HttpRequest, dataset: str) -> HttpResponse:
    """/records/<dataset>/: searched, filtered, sorted, a page at a time; sending it chooses the columns."""
    found = get_object_or_404(
        Dataset.objects.visible_to(request.user).select_related("model", "updated_by"), name=dataset
    )
    if request.method == "POST":
        chosen_columns.keep(request.session, found, request.POST.getlist("column"))
        query = QueryDict(request.POST.get("query", ""))
        return redirect(reverse("records", args=[found.name], query=query))
    page = TablePage(found, request.GET, request.user, chosen_columns.kept(request.session, found))
    status = 400 if page.asked.problems else 200
    return render(request, "predictions/records/table.html", {"page": page}, status=status)


@require_GET
@login_required
@permission_required(SEES_RECORDS, raise_exception=True)
def show(request: HttpRequest, dataset: str, pk: int) -> HttpResponse:
    """/records/<dataset>/<number>/: one record and what was answered about it."""
    record = asking.visible_record_row(request.user, pk)
    if record.dataset.name != dataset:
        raise Http404(_("There is no record of this number."))
    page = RecordSheet(record, request.user, before=request.GET.get("before", ""))
    return render(request, "predictions/records/show.html", {"page": page})
