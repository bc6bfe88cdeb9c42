"""Which models there are, and everything about one of them."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from registry import discovery, promotions
from registry.lookups import CommitForm, MomentForm
from registry.models import Delivery, RegisteredModel
from registry.presenters.history import Period
from registry.presenters.models import ModelPage
from registry.presenters.overview import model_rows
from registry.views.promote import open_requests_for


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """/registry/: every model, and what waits for somebody."""
    rows = model_rows(now=timezone.now())
    waiting = open_requests_for(request.user)  # type: ignore[arg-type]  # somebody is logged in
    return render(request, "registry/list.html", {"rows": rows, "waiting": waiting})


@require_GET
@login_required
def show(request: HttpRequest, model: str) -> HttpResponse:
    """/registry/<model>/: `?at=` asks who answered then; `?entries=` and `?versions=` page its two lists."""
    return _page(request, _model(model), commit=CommitForm())


@require_POST
@login_required
@permission_required("registry.sync_model", raise_exception=True)
def sync(request: HttpRequest, model: str) -> HttpResponse:
    """/registry/<model>/sync: the worker asks the Hub for the head, or for a commit named by its full id."""
    found, form = _model(model), CommitForm(request.POST)
    if not form.is_valid():
        return _page(request, found, commit=form, status=400)
    discovery.announce(model=found, kind=Delivery.Kind.BUTTON, commit=form.cleaned_data["commit"])
    messages.success(request, _("The Hub is being asked. What comes of it appears among the deliveries."))
    return redirect(f"{reverse('registry-model', args=[found.name])}#repository")


def _model(name: str) -> RegisteredModel:
    models: QuerySet[RegisteredModel] = RegisteredModel.objects.all()
    return get_object_or_404(models, name=name)


def _page(request: HttpRequest, model: RegisteredModel, *, commit: CommitForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    moment = MomentForm(request.GET if "at" in request.GET else None)
    asked = moment.is_valid()
    if moment.is_bound and not asked:
        status = 400
    entry = promotions.champion_at(model, _end_of_second(moment.cleaned_data["at"])) if asked else None
    context = {
        "page": ModelPage(
            model, now=now, before_entry=cursor(request, "entries"), before_version=cursor(request, "versions")
        ),
        "commit": commit,
        "moment": moment,
        "asked": moment.cleaned_data["at"] if asked else None,
        "then": Period(entry, None, now) if entry else None,
    }
    return render(request, "registry/model.html", context, status=status)


def _end_of_second(at: datetime) -> datetime:
    """The timeline shows whole seconds: one that is copied from there must find what began within it."""
    return at if at.microsecond else at.replace(microsecond=999_999)


def cursor(request: HttpRequest, name: str) -> int | None:
    """The number that a list goes on from; None at its beginning. Raises Http404 for what is no number."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404(_("There is no such page."))
    return int(text)
