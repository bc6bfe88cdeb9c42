"""What waits for a second person, what came of it, and the page where that person decides."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from registry import languages, promotions
from registry.exceptions import NotAllowed, NotPromotable
from registry.forms import DecisionForm
from registry.models import PromotionRequest
from registry.presenters.candidates import Candidate

PAGE = 25
MOST_OPEN = 200


@require_GET
@login_required
def waiting(request: HttpRequest) -> HttpResponse:
    """/registry/requests/: what is open first, then what was decided, by cursor: `?before=<number of a request>`."""
    decided = _requests().exclude(status="open").order_by("-id")
    before = request.GET.get("before", "")
    if before:
        decided = decided.filter(id__lt=_cursor(before))
    page = list(decided[: PAGE + 1])
    context = {
        "open_requests": [] if before else list(_requests().filter(status="open").order_by("id")[:MOST_OPEN]),
        "decided": page[:PAGE],
        "older": page[PAGE - 1].pk if len(page) > PAGE else None,
        "before": before,
    }
    return render(request, "registry/requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """/registry/requests/<id>/: what its requester saw and wrote; approve, decline or withdraw it."""
    wanted = get_object_or_404(_requests(), pk=pk)
    if request.method != "POST":
        return _page(request, wanted)
    if "language" in request.POST:
        kept = {"reason": request.POST.get("reason", "")}
        return languages.switched(request, lambda: _page(request, wanted, DecisionForm(initial=kept)))
    form, rights = DecisionForm(request.POST), _rights(request, wanted)
    if not rights or request.POST.get("verdict") in set(DecisionForm.VERDICTS) - rights:
        raise PermissionDenied
    if not form.is_valid():
        return _page(request, wanted, form, status=400)
    return _decide(request, wanted, form)


def _requests() -> QuerySet[PromotionRequest]:
    people = ("requested_by", "decided_by", "entry__by")
    entries = ("seen_entry__to_version__model", "seen_entry__by")
    return PromotionRequest.objects.select_related("version__model", *people, *entries)


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404(_("This is no number of a request."))
    return int(text)


def _rights(request: HttpRequest, wanted: PromotionRequest) -> set[str]:
    """The verdicts that this person may give, whatever the state of the request."""
    user: Any = request.user
    if wanted.requested_by_id == user.pk:
        return {"withdraw"}
    return {"approve", "decline"} if user.has_perm("registry.approve_promotion") else set()


def _decide(request: HttpRequest, wanted: PromotionRequest, form: DecisionForm) -> HttpResponse:
    by: User = request.user  # type: ignore[assignment]  # somebody is logged in
    verdict, reason = form.cleaned_data["verdict"], form.cleaned_data["reason"]
    try:
        if verdict == "approve":
            promotions.approve(wanted=wanted, by=by, reason=reason)
        elif verdict == "decline":
            promotions.decline(wanted=wanted, by=by, reason=reason)
        else:
            promotions.withdraw(wanted=wanted, by=by)
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except NotPromotable as refused:
        wanted = get_object_or_404(_requests(), pk=wanted.pk)
        if wanted.status == PromotionRequest.Status.OPEN:
            form.add_error(None, str(refused))
        return _page(request, wanted, form, status=409, overtaken=True)
    messages.success(request, _said(verdict, wanted))
    return redirect("registry-model" if verdict == "approve" else "registry-requests", *_where(verdict, wanted))


def _where(verdict: str, wanted: PromotionRequest) -> list[str]:
    return [wanted.version.model.name] if verdict == "approve" else []


def _said(verdict: str, wanted: PromotionRequest) -> str:
    words = {"number": wanted.version.number}
    if verdict == "approve":
        return _("Approved. Version %(number)d is in charge.") % words
    if verdict == "decline":
        return _("Declined. Version %(number)d stays a candidate; who asked can read your reason.") % words
    return _("Withdrawn. Version %(number)d stays a candidate.") % words


def _page(
    request: HttpRequest,
    wanted: PromotionRequest,
    form: DecisionForm | None = None,
    *,
    status: int = 200,
    overtaken: bool = False,
) -> HttpResponse:
    """Beside what its requester looked at: while it is open, that is still in charge."""
    is_open = wanted.status == PromotionRequest.Status.OPEN
    context = {
        "wanted": wanted,
        "candidate": Candidate(wanted.version, wanted.seen_entry),
        "form": form or DecisionForm(),
        "rights": _rights(request, wanted) if is_open else set(),
        "overtaken": overtaken,
    }
    return render(request, "registry/request.html", context, status=status)
