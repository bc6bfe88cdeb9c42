"""The form's door of the waist."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from predictions import actions, asking, drafts
from predictions.example_cases import example_cases
from predictions.exceptions import (
    InvalidInput,
    KeyInUse,
    KeyReused,
    ModelSuspended,
    NotAllowed,
    NotAnswered,
    Unconfirmed,
    UnknownModel,
)
from predictions.forms import PredictionForm
from predictions.model_cards import card_of, model_cards
from predictions.models import Dataset, Source
from predictions.views.starts import Start, case_sent, filled, start_of, taken_from
from registry import serving
from registry.languages import switched
from registry.presenters import known_limits, metrics_of, title_of
from registry.rights import demand
from registry.signature import Signature

RIGHT = "predictions.add_prediction"
SETS_SHOWN = 2


@require_GET
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """/predict/: the models that can be asked, for those who may ask."""
    may_ask = request.user.has_perm(RIGHT)
    models = model_cards() if may_ask else []
    return render(request, "predictions/choose.html", {"models": models, "may_ask": may_ask})


@login_not_required  # what was typed is kept before somebody is sent to the login
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, model: str) -> HttpResponse:
    """/predict/<model>/: the form; sending it predicts, records, and shows the answer."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            drafts.keep(request, model)
        return redirect_to_login(request.get_full_path())
    try:
        demand(request.user, RIGHT)
        champion = serving.champion(model)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except UnknownModel as error:
        raise Http404(str(error)) from error
    except ModelSuspended:
        return _suspended(request, model)
    if request.method != "POST":
        start = start_of(request, champion)
        return _page(request, _fresh(request, champion, start), champion, start=start)
    if "language" in request.POST:
        return switched(request, lambda: _as_typed(request, champion))
    return _answer(request, _sent(request, champion.signature), champion)


def _suspended(request: HttpRequest, model: str) -> HttpResponse:
    """503, or the answer to a form that was answered before the model was stopped."""
    version, _is_suspended = serving.in_charge(model)
    if request.method == "POST" and "language" not in request.POST:
        form = _sent(request, serving.signature_of(version))
        with suppress(InvalidInput, KeyInUse, KeyReused, NotAnswered, ModelSuspended):
            if form.is_valid():
                return _answered(_predict(request, form, model))
    response = render(request, "predictions/refused.html", {"title": title_of(version)}, status=503)
    response["Retry-After"] = "60"  # when it answers again is a person's decision
    return response


def _fresh(request: HttpRequest, champion: serving.Serving, start: Start) -> PredictionForm:
    key = start.values.get("idempotency_key") or uuid.uuid4().hex
    return filled(champion.signature, start, request.user, idempotency_key=key)


def _as_typed(request: HttpRequest, champion: serving.Serving) -> HttpResponse:
    """The form again with what was typed, unjudged but for warnings that were on the page."""
    form = _fresh(
        request, champion, Start(request.POST.dict(), record=_record(request), case=_case(request, champion.signature))
    )
    form.warn_again()
    return _page(request, form, champion)


def _sent(request: HttpRequest, signature: Signature) -> PredictionForm:
    record = _record(request)
    taken = taken_from(record, signature, request.user)
    case = _case(request, signature)
    return PredictionForm(signature, request.POST, request.FILES, record=record, case=case, taken=taken)


def _record(request: HttpRequest) -> Any:
    """The record that the form that was sent is about, or None. Raises Http404."""
    number = request.POST.get("record")
    return asking.visible_record_row(request.user, number) if number else None


def _case(request: HttpRequest, signature: Signature) -> asking.Case | None:
    """The same for a form that began with an answer about no record."""
    return case_sent(request, signature, request.POST.get("answer", ""))


def _answer(request: HttpRequest, form: PredictionForm, champion: serving.Serving) -> HttpResponse:
    if not form.is_valid():
        return _page(request, form, champion, status=400)
    try:
        answer = _predict(request, form, champion.model.name)
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, form, champion, status=400)
    except Unconfirmed as error:
        form.warn(error.warnings)
        form.ask_for_tick()
        return _page(request, form, champion, status=400 if form.errors else 200)
    except (KeyInUse, KeyReused, NotAnswered, ModelSuspended) as error:
        status, sentence = _refusal(error)
        form.add_error(None, sentence)
        return _page(request, form, champion, status=status)
    return _answered(answer)


def _predict(request: HttpRequest, form: PredictionForm, model: str) -> actions.Answer:
    """The waist, asked for a form that is complete; it replays what was answered before."""
    about = form.record or form.case
    question: dict[str, Any] = {
        "model": model,
        "columns": form.columns(),
        "rows": 1,
        "source": Source.CHANGED if form.is_changed else Source.FORM,
        "by": request.user,
        "explain": True,
        "idempotency_key": form.cleaned_data["idempotency_key"],
        "records": [form.record.pk] if form.record else None,
        "cases": [about.key] if about else None,
    }
    try:
        return actions.predict(**question, confirmed=False)
    except Unconfirmed as error:
        form.warn(error.warnings)
        if not form.is_confirmed:
            raise
        return actions.predict(**question, confirmed=True)


def _answered(answer: actions.Answer) -> HttpResponse:
    query = {"replayed": 1} if answer.replayed else None
    return redirect(reverse("record", args=[answer.predictions[0].pk], query=query))


def _refusal(error: Exception) -> tuple[int, str]:
    """Status and sentence for a form that was complete and got no answer."""
    if isinstance(error, KeyInUse):
        return 409, _("This form is being answered already. Look at your answers in a moment.")
    if isinstance(error, KeyReused):
        return 409, _("This form was sent before with other values. Check them and send it again.")
    if isinstance(error, NotAnswered):
        return 503, _("The model could not answer. That it was asked is recorded. Try again in a minute.")
    return 503, _("This model is suspended: it answers no questions for the moment.")


def _page(
    request: HttpRequest,
    form: PredictionForm,
    champion: serving.Serving,
    *,
    start: Start | None = None,
    status: int = 200,
) -> HttpResponse:
    if request.FILES:
        form.ask_for_picture_again()
    if status != 200:
        form.warn_again()
    if status == 409 or "idempotency_key" in form.errors:
        # The key belongs to another request, or is none: the next try needs one of its own.
        data = request.POST.copy()
        data["idempotency_key"] = uuid.uuid4().hex
        form.data = data
    context = {
        "form": form,
        "start": start,
        "changed": [(form[name], value) for name, value in start.changed if name in form.fields] if start else [],
        "card": card_of(champion),
        "asker": drafts.mark(request.user, champion.model.name),
        "examples": example_cases(champion) if start else [],
        "sets": _sets(request, champion) if start else [],
        "metrics": metrics_of(champion.version),
        "limits": known_limits(champion.version),
    }
    return render(request, "predictions/ask.html", context, status=status)


def _sets(request: HttpRequest, champion: serving.Serving) -> list[Dataset]:
    """Where a record to start from can be chosen."""
    found = Dataset.objects.visible_to(request.user).filter(model=champion.model)
    return list(found.order_by("title", "pk")[:SETS_SHOWN])
