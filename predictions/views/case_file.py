"""The page of one answer: what was asked, answered, decided and what became of it."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from predictions.decisions import first
from predictions.decisions.forms import EstimateForm
from predictions.models import Prediction
from predictions.presenters import RecordPage
from predictions.presenters.case import CaseFile
from registry import serving


@require_GET
@login_required
def record(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/history/<id>/: the case file; `?shown=1` shows the answer to who wanted to estimate first."""
    answer = visible_record(request.user, str(pk))
    wants = first.is_on(request.COOKIES, request.user) and "shown" not in request.GET
    if wants and first.is_due(answer, request.user):
        return hidden(request, answer)
    return show(request, answer, replayed="replayed" in request.GET)


def show(
    request: HttpRequest, answer: Prediction, *, status: int = 200, replayed: bool = False, **sent: Any
) -> HttpResponse:
    """The whole page. `sent`: the form that came back with problems, and what else CaseFile takes."""
    page = RecordPage(answer, request.user, replayed=replayed)
    case = CaseFile(page, estimate_first=first.is_on(request.COOKIES, request.user), **sent)
    context: dict[str, Any] = {"page": page, "case": case}
    if case.sent_form:  # its address alone leads back to the page without what was typed
        context["language_form"] = case.sent_form
    return render(request, "predictions/record.html", context, status=status)


def hidden(
    request: HttpRequest, answer: Prediction, *, form: EstimateForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of somebody who estimates first: what was asked and where from, and nothing of what was answered."""
    page = RecordPage(answer, request.user)
    form = form or EstimateForm(serving.signature_of(answer.version))
    context = {"page": page, "case": CaseFile(page, estimate_first=True), "form": form}
    return render(request, "predictions/decisions/hidden.html", context, status=status)


def visible_record(user: User | AnonymousUser, number: str) -> Prediction:
    """An answer that this person may see: their own, or any with the right to. Raises Http404."""
    found = Prediction.objects.for_page().filter(pk=record_number(number)).first()
    if not found or not (found.user_id == user.pk or user.has_perm("predictions.view_prediction")):
        raise Http404(_("There is no such answer."))  # the same words: whose it is, is nobody's business
    return found


def record_number(text: str) -> uuid.UUID:
    """Raises Http404 for a text that is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404(_("This is no record number.")) from None
