"""Files that are run: the list, the progress of one, its end and its downloads."""

import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from predictions.batches import downloads, verbs
from predictions.batches.listing import SEES_ALL, BatchList
from predictions.batches.pages import BatchPage
from predictions.exceptions import NotNow
from predictions.models import Batch, RejectedRow
from registry.exceptions import NotAllowed

Status = Batch.Status
WIZARD = {
    Status.READING: "batch-columns",
    Status.MAPPING: "batch-columns",
    Status.CHECKING: "batch-check",
    Status.CHECKED: "batch-check",
}


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """/batches/: the files that one sent, by cursor: `?before=<id>`; `?of=all` for who may see everybody's."""
    if not (request.user.has_perm("predictions.add_batch") or request.user.has_perm(SEES_ALL)):
        raise PermissionDenied
    page = BatchList(request.user, request.GET)  # type: ignore[arg-type]  # somebody is logged in
    return render(request, "predictions/batches/index.html", {"page": page})


@require_GET
@login_required
def show(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/batches/<id>/: the step where it waits for whoever sent it, how far it is, or what came of it."""
    batch = _found(request, pk)
    step = WIZARD.get(Status(batch.status))
    if step and batch.user_id == request.user.pk:
        return redirect(step, batch.pk)
    return render(request, "predictions/batches/show.html", {"page": _page(request, batch)})


@require_GET
@login_required
def progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/batches/<id>/progress: the part of that page that changes."""
    page = _page(request, _found(request, pk))
    response = render(request, "predictions/batches/progress.html", {"page": page})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/batches/<id>/cancel: says what it means; sent, it is done."""
    batch = _found(request, pk)
    page = _page(request, batch)
    if request.method != "POST":
        if not page.may_cancel:
            return redirect("batch", batch.pk)
        return render(request, "predictions/batches/cancel.html", {"page": page})
    try:
        verbs.cancel(batch=batch, by=request.user)  # type: ignore[arg-type]
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except NotNow as late:
        messages.error(request, str(late))
    return redirect("batch", batch.pk)


@require_safe
@login_required
def results(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """/batches/<id>/results: every answer, once nothing more will come."""
    batch = _found(request, pk)
    if not _page(request, batch).has_results:
        return redirect("batch", batch.pk)
    return _file(batch, "results", downloads.results_lines(batch, request.user))


@require_safe
@login_required
def rejected(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """/batches/<id>/rejected: the rows without an answer, as soon as the whole file is checked."""
    batch = _found(request, pk)
    is_checked = batch.is_over or batch.status in {Status.CHECKED, Status.RUNNING}
    if not (is_checked and batch.version and RejectedRow.objects.filter(batch=batch).exists()):
        return redirect("batch", batch.pk)
    return _file(batch, "rejected", downloads.rejected_lines(batch, request.user))


def _found(request: HttpRequest, pk: uuid.UUID) -> Batch:
    """A file that the person may see; another one and none are told in the same words."""
    named = Batch.objects.select_related("model", "user", "version__model", "ledger_entry__by", "dataset")
    batch = named.defer("version__report").visible_to(request.user).filter(pk=pk).first()
    if batch is None:
        raise Http404(_("There is no such file."))
    return batch


def _page(request: HttpRequest, batch: Batch) -> BatchPage:
    return BatchPage(batch, request.user, at=timezone.now())  # type: ignore[arg-type]


def _file(batch: Batch, what: str, lines: Iterator[str]) -> StreamingHttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{downloads.file_name(batch, what)}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(downloads.blocks(lines), content_type="text/csv; charset=utf-8", headers=headers)
