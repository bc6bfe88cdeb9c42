"""A candidate against the champion, and the button that puts it in charge or asks a second person to."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import languages, promotions
from registry.exceptions import NotAllowed, NotPromotable, Superseded
from registry.forms import ReasonForm
from registry.models import ModelVersion, PromotionRequest
from registry.presenters.candidates import Candidate


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def promote(request: HttpRequest, model: str, number: int) -> HttpResponse:
    """/registry/<model>/versions/<number>/promote: the same page for a promotion and for the way back."""
    candidate = _candidate(model, number)
    if request.method != "POST":
        return _page(request, candidate)
    if "language" in request.POST:
        return languages.switched(request, lambda: _page(request, candidate, typed=request.POST.get("reason", "")))
    if not may_promote(request.user, candidate):  # type: ignore[arg-type]  # somebody is logged in
        raise PermissionDenied
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, candidate, form, status=400)
    return _ask(request, candidate, form)


def may_promote(user: User, candidate: Candidate) -> bool:
    """Whether this person may ask for it; a suspended model would answer again, which takes the stop button's right."""
    rights = ["registry.promote_model", *(["registry.stop_model"] if candidate.is_suspended else [])]
    return user.has_perms(rights)


def open_requests_for(user: User) -> int:
    """How many requests wait for a decision of this person: they may approve, and did not ask themselves."""
    if not user.has_perm("registry.approve_promotion"):
        return 0
    return PromotionRequest.objects.filter(status="open").exclude(requested_by=user).count()


def _candidate(model: str, number: int) -> Candidate:
    version = get_object_or_404(ModelVersion.objects.select_related("model"), model__name=model, number=number)
    return Candidate(version, promotions.latest(version.model))


def _ask(request: HttpRequest, candidate: Candidate, form: ReasonForm) -> HttpResponse:
    version, reason = candidate.version, form.cleaned_data["reason"]
    try:
        wanted = promotions.request(
            model=version.model,
            version=version,
            by=request.user,  # type: ignore[arg-type]
            reason=reason,
            seen=form.cleaned_data["seen"],
        )
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except Superseded:
        kept = version.promotion_requests.filter(requested_by=request.user.pk).order_by("-id").first()
        anew = _candidate(version.model.name, version.number)
        return _page(request, anew, typed=reason, status=409, overtaken=kept)
    except NotPromotable as refused:
        anew = _candidate(version.model.name, version.number)
        if anew.can_be_asked_for:  # else the page says why not, in its language
            form.add_error(None, str(refused))
        return _page(request, anew, form, status=409)
    return _done(request, wanted)


def _done(request: HttpRequest, wanted: PromotionRequest) -> HttpResponse:
    number = {"number": wanted.version.number}
    if wanted.status == PromotionRequest.Status.OPEN:
        messages.success(request, _("Asked. Version %(number)d answers once a second person has approved.") % number)
        return redirect("registry-request", wanted.pk)
    messages.success(request, _("Version %(number)d is in charge. Your reason is in the ledger.") % number)
    return redirect("registry-model", wanted.model.name)


def _page(
    request: HttpRequest,
    candidate: Candidate,
    form: ReasonForm | None = None,
    *,
    typed: str = "",
    status: int = 200,
    overtaken: PromotionRequest | None = None,
) -> HttpResponse:
    """Without a form, one that was made now: its `seen` is what the page shows."""
    context: dict[str, Any] = {
        "candidate": candidate,
        "form": form or ReasonForm(initial={"seen": candidate.seen, "reason": typed}),
        "may_promote": may_promote(request.user, candidate),  # type: ignore[arg-type]
        "overtaken": overtaken,
    }
    return render(request, "registry/promote.html", context, status=status)
