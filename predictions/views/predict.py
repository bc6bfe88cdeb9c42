"""The form's door of the waist."""

import uuid
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from predictions import actions
from predictions.exceptions import InvalidInput, KeyInUse, KeyReused, ModelSuspended, NotAnswered, UnknownModel
from predictions.forms import PredictionForm, typed
from predictions.model_cards import card_of, model_cards, typical_case
from predictions.models import Source
from predictions.views.history import visible_record
from registry import serving
from registry.models import LedgerEntry
from registry.presenters import known_limits, metrics_of, title_of

# What the form may start from, and what the page calls it.
FILLED = {"example": "example", "from": "record"}


@require_GET
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    """/predict/: the models that can be asked."""
    return render(request, "predictions/choose.html", {"models": model_cards()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask(request: HttpRequest, model: str) -> HttpResponse:
    """/predict/<model>/: the form; sending it predicts, records, and shows the record."""
    try:
        champion = serving.champion(model)
    except UnknownModel as error:
        raise Http404(str(error)) from error
    except ModelSuspended:
        return _suspended(request, model)
    if request.method != "POST":
        return _page(request, _new(champion, _start(request, champion)), champion)
    if "language" in request.POST:
        return _in_language(request, champion)
    return _answer(request, PredictionForm(champion.signature, request.POST, request.FILES), champion)


def _suspended(request: HttpRequest, model: str) -> HttpResponse:
    """503, or the record of a form that was answered before the model was stopped."""
    entry = LedgerEntry.objects.filter(model__name=model).select_related("to_version__model").latest("number")
    if request.method == "POST" and "language" not in request.POST:
        form = PredictionForm(serving.signature_of(entry.to_version), request.POST, request.FILES)
        with suppress(InvalidInput, KeyInUse, KeyReused, NotAnswered, ModelSuspended):
            if form.is_valid():
                return _record(_predict(request, form, model))
    response = render(request, "predictions/refused.html", {"title": title_of(entry.to_version)}, status=503)
    response["Retry-After"] = "60"  # when it answers again is a person's decision
    return response


def _start(request: HttpRequest, champion: serving.Serving) -> dict[str, Any]:
    """What the fields hold at first: a typical case, the values of a record, or nothing."""
    if "example" in request.GET:
        return typed(champion.signature, typical_case(champion))
    if number := request.GET.get("from"):
        record = visible_record(request.user, number)
        if record.version.model_id == champion.model.pk:
            return typed(champion.signature, record.inputs)
    return {}


def _new(champion: serving.Serving, initial: dict[str, Any]) -> PredictionForm:
    return PredictionForm(champion.signature, initial={**initial, "idempotency_key": uuid.uuid4().hex})


def _in_language(request: HttpRequest, champion: serving.Serving) -> HttpResponse:
    """The same page with what was typed, in the language of the button."""
    wanted = request.POST["language"]
    if wanted not in dict(settings.LANGUAGES):
        return redirect(reverse("predict", args=[champion.model.name]))
    translation.activate(wanted)
    request.LANGUAGE_CODE = wanted
    response = _page(request, _new(champion, request.POST.dict()), champion)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, wanted, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax", httponly=True
    )
    return response


def _answer(request: HttpRequest, form: PredictionForm, champion: serving.Serving) -> HttpResponse:
    if not form.is_valid():
        return _page(request, form, champion, status=400)
    try:
        answer = _predict(request, form, champion.model.name)
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, form, champion, status=400)
    except (KeyInUse, KeyReused, NotAnswered, ModelSuspended) as error:
        status, sentence = _refusal(error)
        form.add_error(None, sentence)
        return _page(request, form, champion, status=status)
    return _record(answer)


def _predict(request: HttpRequest, form: PredictionForm, model: str) -> actions.Answer:
    """The waist, asked for a form that is complete; it replays what was answered before."""
    return actions.predict(
        model=model,
        columns=form.columns(),
        rows=1,
        source=Source.FORM,
        by=request.user,  # type: ignore[arg-type]
        explain=True,
        idempotency_key=form.cleaned_data["idempotency_key"],
    )


def _record(answer: actions.Answer) -> HttpResponse:
    query = {"replayed": 1} if answer.replayed else None
    return redirect(reverse("record", args=[answer.predictions[0].pk], query=query))


def _refusal(error: Exception) -> tuple[int, str]:
    """Status and sentence for a form that was complete and got no answer."""
    if isinstance(error, KeyInUse):
        return 409, _("This form is being answered already. Look at your records in a moment.")
    if isinstance(error, KeyReused):
        return 409, _("This form was sent before with other values. Check them and send it again.")
    if isinstance(error, NotAnswered):
        return 503, _("The model could not answer. That it was asked is recorded. Try again in a minute.")
    return 503, _("This model is suspended: it answers no questions for the moment.")


def _page(request: HttpRequest, form: PredictionForm, champion: serving.Serving, status: int = 200) -> HttpResponse:
    if status == 409 or "idempotency_key" in form.errors:
        # The key belongs to another request, or is none: the next try needs one of its own.
        data = request.POST.copy()
        data["idempotency_key"] = uuid.uuid4().hex
        form.data = data
    context = {
        "form": form,
        "card": card_of(champion),
        "has_example": champion.signature.image is None,
        "filled": "" if form.is_bound else next((name for key, name in FILLED.items() if key in request.GET), ""),
        "metrics": metrics_of(champion.version),
        "limits": known_limits(champion.version),
    }
    return render(request, "predictions/ask.html", context, status=status)
