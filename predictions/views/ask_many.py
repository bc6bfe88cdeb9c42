"""The door of the waist for several records at once: what will be asked, and its confirmation."""

import re
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from predictions import actions, asking
from predictions.exceptions import InvalidInput, KeyInUse, KeyReused, ModelSuspended, NotAnswered, UnknownModel
from predictions.listing import lists
from predictions.listing.askable import models_of
from predictions.models import Dataset, IdempotencyKey, Source
from predictions.questions import Question, Refusal
from predictions.selections import Selection
from registry import serving
from registry.languages import switched

_NAME = re.compile(r"[-\w]{1,100}", re.ASCII)
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
LONGEST_ADDRESS = 4000  # characters of a query; a page of ticked records and a search take half of it


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask(request: HttpRequest, dataset: str) -> HttpResponse:
    """/records/<dataset>/ask: says what `?record=` or `?all=1&query=` chooses; sent with `confirm`, asks about it."""
    if not request.user.has_perms(["predictions.view_record", "predictions.add_prediction"]):
        raise PermissionDenied
    found = get_object_or_404(Dataset.objects.visible_to(request.user).select_related("model"), name=dataset)
    sent = request.POST if request.method == "POST" else _looked_at(request)
    if not sent:
        return redirect("records", found.name)
    question = _question(request, found, sent)
    if question is None or not question.records:
        messages.error(request, _nothing(question))
        return redirect(_table(found, Selection.read(sent)))
    if len(question.records) == 1:
        return redirect(reverse("predict", args=[question.model], query={"record": question.records[0].pk}))
    if "language" in request.POST:
        return switched(request, lambda: _again(request, question))
    if "confirm" not in request.POST or question.obstacle:
        return _page(request, question, status=400 if question.obstacle else 200)
    return _confirmed(request, question)


def _looked_at(request: HttpRequest) -> QueryDict:
    """What the address says. Raises BadRequest for one that no page leads to."""
    numbers = request.GET.getlist("record")
    if len(request.META.get("QUERY_STRING", "")) > LONGEST_ADDRESS or len(numbers) > lists.PAGE:
        raise BadRequest("too long")
    if not all(number.isascii() and number.isdecimal() for number in numbers):
        raise BadRequest("no numbers")
    return request.GET


def _question(request: HttpRequest, dataset: Dataset, sent: QueryDict) -> Question | None:
    """What is chosen, or None when no model takes these records. Raises Http404."""
    model = sent.get("model") or _first_model(dataset)
    if not model:
        return None
    try:
        version, is_suspended = serving.in_charge(model if _NAME.fullmatch(model) else "")
    except UnknownModel as error:
        raise Http404(str(error)) from error
    selection = Selection.read(sent)
    key = sent.get("idempotency_key", "")
    with_data = not {"confirm", "checked"}.isdisjoint(sent)
    return Question(
        dataset=dataset,
        version=version,
        is_suspended=is_suspended,
        selection=selection,
        chosen=selection.chosen(dataset, request.user, limit=settings.RECORDS_PER_CALL, with_data=with_data),
        words=lists.in_words(dataset, selection.query, request.user) if selection.everything else [],
        key=key if _KEY.fullmatch(key) else uuid.uuid4().hex,
    )


def _first_model(dataset: Dataset) -> str:
    """The name of the model to ask when the form names none: one that answers now before one that is suspended."""
    fitting = [found for found in models_of(dataset) if not found.missing]
    return min(fitting, key=lambda found: found.is_suspended).name if fitting else ""


def _nothing(question: Question | None) -> str:
    """Why there is nothing to ask, as a sentence."""
    if question is None:
        return _("No model can be asked about these records.")
    if question.selection.everything:
        return _("No record matches: change the search or the filters.")
    return _("Tick at least one record.")


def _table(dataset: Dataset, selection: Selection) -> str:
    """The address of the table as it was."""
    return reverse("records", args=[dataset.name]) + (f"?{selection.query}" if selection.query else "")


def _again(request: HttpRequest, question: Question) -> HttpResponse:
    """The page that was there, in another language."""
    if "checked" in request.POST:
        try:
            question.signature.clean(asking.columns(question.signature, question.records), len(question.records))
        except InvalidInput as error:
            return _refused(request, question, error)
    return _page(request, question)


def _confirmed(request: HttpRequest, question: Question) -> HttpResponse:
    """The answers; or the page once more, when it no longer says what would be asked."""
    was_sent = IdempotencyKey.objects.filter(user=request.user.pk, key=question.key).exists()
    if not was_sent and (changes := question.changes(request.POST)):
        return _page(request, question.with_new_key(), changes=changes, status=409)
    try:
        answer = _predict(request, question)
    except InvalidInput as error:
        return _refused(request, question, error)
    except ModelSuspended:
        return _suspended(request, question)
    except KeyReused:
        sentence = _("You already asked this, and the records have changed since. Confirm again to ask anew.")
        return _page(request, question.with_new_key(), changes=[sentence], status=409)
    except (KeyInUse, NotAnswered) as error:
        status, sentence = _refusal(error)
        return _page(request, question, changes=[sentence], status=status)
    return redirect(reverse("answers", args=[answer.request_id], query={"replayed": 1} if answer.replayed else None))


def _predict(request: HttpRequest, question: Question) -> actions.Answer:
    """One call for all of them; it replays what was answered before."""
    return actions.predict(
        model=question.model,
        columns=asking.columns(question.signature, question.records),
        rows=len(question.records),
        source=Source.RECORDS,
        by=request.user,  # type: ignore[arg-type]  # somebody is logged in
        idempotency_key=question.key,
        records=[record.pk for record in question.records],
        cases=[record.key for record in question.records],
    )


def _refusal(error: Exception) -> tuple[int, str]:
    """Status and sentence for a call that got no answer; sent again with its key, it is asked no second time."""
    if isinstance(error, KeyInUse):
        return 409, _("These records are being asked about already. Look at your answers in a moment.")
    return 503, _("The model could not answer. That it was asked is recorded. Try again in a minute.")


def _page(
    request: HttpRequest, question: Question, *, changes: list[str] | None = None, status: int = 200
) -> HttpResponse:
    if question.is_suspended:
        return _suspended(request, question)
    problems = [question.obstacle] if question.obstacle else changes or []
    context: dict[str, Any] = {"question": question, "problems": problems}
    context["back"] = _table(question.dataset, question.selection)
    if request.method == "POST":  # the address alone does not lead here again
        context["language_form"] = "ask"
    return render(request, "predictions/answers/confirm.html", context, status=status)


def _refused(request: HttpRequest, question: Question, error: InvalidInput) -> HttpResponse:
    """Nothing was predicted: which records have to be mended first, and the way on without them."""
    context: dict[str, Any] = {"refusal": Refusal(question, error.errors), "question": question}
    context["back"] = _table(question.dataset, question.selection)
    return render(request, "predictions/answers/mend.html", context, status=400)


def _suspended(request: HttpRequest, question: Question) -> HttpResponse:
    response = render(request, "predictions/refused.html", {"title": question.title}, status=503)
    response["Retry-After"] = "60"  # when it answers again is a person's decision
    return response
