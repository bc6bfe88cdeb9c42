"""What a human decides about an answer, and the queue of those that wait."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from predictions.decisions import first, verbs
from predictions.decisions.forms import DecideForm, EstimateForm
from predictions.decisions.panels import DecisionPanel
from predictions.decisions.queue import QueuePage, may_look, next_address
from predictions.models import Decision, Prediction
from predictions.views.case_file import hidden, record_number, show, visible_record
from registry import serving
from registry.languages import switched

FORM = "decide"  # its id in the page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """/decisions/: what waits, the oldest first; sent, it says whether to estimate first (`estimate_first`: on, off)."""
    user: User = request.user  # type: ignore[assignment]  # somebody is logged in
    if request.method == "POST":
        return _switch(request)
    if not may_look(user):
        raise PermissionDenied
    page = QueuePage(user, request.GET, hides=first.is_on(request.COOKIES, user), now=timezone.now())
    return render(request, "predictions/decisions/queue.html", {"page": page})


def _switch(request: HttpRequest) -> HttpResponse:
    """Back to the answer that the switch stood beside, or to the queue."""
    if not request.user.has_perms([verbs.DECIDE, verbs.ESTIMATE]):
        raise PermissionDenied
    wanted, number = request.POST.get("estimate_first"), request.POST.get("record")
    if wanted not in {"on", "off"}:
        raise BadRequest("no switch")
    response = redirect("record", record_number(number)) if number else redirect("decisions")
    first.put(response, on=wanted == "on")
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/history/<id>/decide: what the panel beside the answer sends."""
    answer = visible_record(request.user, str(pk))
    if request.method != "POST":  # whoever reloads what came of a form, or switches its language
        return redirect("record", answer.pk)
    if not request.user.has_perm(verbs.DECIDE):
        raise PermissionDenied
    if "language" in request.POST:
        kept = DecideForm(initial={name: request.POST.get(name, "") for name in DecideForm.base_fields})
        return switched(request, lambda: _again(request, answer, kept))
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _again(request, answer, form, status=400)
    return _decided(request, answer, form)


def _decided(request: HttpRequest, answer: Prediction, form: DecideForm) -> HttpResponse:
    said = {name: form.cleaned_data[name] for name in ("verdict", "reason", "comment")}
    try:
        replaces = verbs.seen(answer, form.cleaned_data["replaces"])
        made = verbs.decide(prediction=answer, by=request.user, replaces=replaces, **said)  # type: ignore[arg-type]
    except verbs.DecidedMeanwhile:
        return _again(request, answer, _anew(answer, said), status=409, overtaken=True)
    is_new = replaces is None or made.pk != replaces.pk
    messages.success(request, _with_next(request, answer, _said(said["verdict"], is_new=is_new)))
    return redirect("record", answer.pk)


def _with_next(request: HttpRequest, answer: Prediction, sentence: str) -> str:
    """The sentence, and a link to what waits next, in the list that the answer was opened from."""
    user: User = request.user  # type: ignore[assignment]  # somebody is logged in
    hides = first.is_on(request.COOKIES, user)
    address = next_address(user, request.POST.get("queue", ""), answer, hides=hides)
    if not address:
        return sentence
    return format_html('{} <a href="{}">{}</a>', sentence, address, _("Next answer to decide"))


def _anew(answer: Prediction, said: dict[str, Any]) -> DecideForm:
    """What was typed, to be sent again about the decision that is shown now."""
    latest = verbs.latest(answer)
    return DecideForm(initial=said | {"replaces": latest.pk if latest else None})


def _said(verdict: str, *, is_new: bool) -> str:
    if not is_new:
        return _("Nothing changed: what you sent is what was there already.")
    if verdict == Decision.Verdict.NEED_MORE:
        return _("Recorded. Somebody still has to decide about this answer.")
    return _("Your decision is recorded.")


def _again(
    request: HttpRequest, answer: Prediction, form: DecideForm, *, status: int = 200, overtaken: bool = False
) -> HttpResponse:
    panel = DecisionPanel(answer, request.user, form=form, overtaken=overtaken, is_sent=True)
    return show(request, answer, status=status, decision=panel, form=form, sent_form=FORM)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def estimate(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """/history/<id>/estimate: what somebody expects who has not seen the answer."""
    answer = visible_record(request.user, str(pk))
    if request.method != "POST":
        return redirect("record", answer.pk)
    if not request.user.has_perms([verbs.DECIDE, verbs.ESTIMATE]):
        raise PermissionDenied
    signature = serving.signature_of(answer.version)
    if "language" in request.POST:
        kept = EstimateForm(signature, initial={name: request.POST.get(name, "") for name in ("label", "value")})
        return switched(request, lambda: hidden(request, answer, form=kept))
    form = EstimateForm(signature, request.POST)
    if not form.is_valid():
        return hidden(request, answer, form=form, status=400)
    try:
        verbs.estimate(prediction=answer, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
    except verbs.TooLate as late:
        messages.error(request, str(late))
    queue_of = request.POST.get("queue", "")
    return redirect(reverse("record", args=[answer.pk], query={"queue": queue_of} if queue_of else None))
