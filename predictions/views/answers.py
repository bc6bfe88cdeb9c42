"""What one call was answered, as a table and as a file."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from predictions import masking
from predictions.answers.downloads import AnswersFile
from predictions.answers.lists import Look
from predictions.answers.presenters import AnswersPage
from predictions.models import Prediction
from registry import serving


@require_GET
@login_required
def show(request: HttpRequest, request_id: uuid.UUID) -> HttpResponseBase:
    """/answers/<request id>/: how the answers are spread, and the table of them; `?format=csv` the file."""
    first = Prediction.objects.for_page().filter(pk=request_id, request_id=request_id).first()
    if first is None or not (first.user_id == request.user.pk or request.user.has_perm("predictions.view_prediction")):
        raise Http404(_("There are no such answers."))  # the same words: whose they are, is nobody's business
    if request.GET.get("format") == "csv":
        return _file(request, first)
    page = AnswersPage(
        Prediction.objects.of_call(request_id), first, Look.read(request.GET), replayed="replayed" in request.GET
    )
    if len(page.answers) == 1:
        return redirect("record", first.pk)
    leaves_out = bool(masking.hidden_in_answer(first, page.signature, request.user))
    return render(request, "predictions/answers/show.html", {"page": page, "leaves_out": leaves_out})


def _file(request: HttpRequest, first: Prediction) -> StreamingHttpResponse:
    signature = serving.signature_of(first.version)
    file = AnswersFile(signature, masking.hidden_in_answer(first, signature, request.user))
    lines = file.lines(Prediction.objects.of_call(first.request_id))
    name = f"{first.version.model.name}-{first.created_at:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
