"""The page of one answer: what was asked, answered, decided and what became of it."""

import uuid

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from predictions.models import Prediction
from predictions.presenters import RecordPage


@require_GET
@login_required
def record(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/history/<id>/: the answer, its picture, its reasons and where it came from."""
    answer = visible_record(request.user, str(pk))
    page = RecordPage(answer, request.user, replayed="replayed" in request.GET)
    return render(request, "predictions/record.html", {"page": page})


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
