"""The stop button: a model answers nothing until somebody lets it answer again."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import languages, promotions
from registry.exceptions import NotAllowed, NotPromotable
from registry.forms import StopForm
from registry.models import RegisteredModel
from registry.presenters import model_title, title_of
from registry.presenters.candidates import what_happened


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def stop(request: HttpRequest, model: str) -> HttpResponse:
    """/registry/<model>/stop: suspend it, or let it answer again, with a reason."""
    found = get_object_or_404(RegisteredModel, name=model)
    if request.method != "POST":
        return _page(request, found)
    if "language" in request.POST:
        kept = {"reason": request.POST.get("reason", "")}
        return languages.switched(request, lambda: _page(request, found, StopForm(initial=kept)))
    if not request.user.has_perm("registry.stop_model"):
        raise PermissionDenied
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=400)
    return _switch(request, found, form)


def _switch(request: HttpRequest, model: RegisteredModel, form: StopForm) -> HttpResponse:
    by: User = request.user  # type: ignore[assignment]  # somebody is logged in
    suspends = form.cleaned_data["wanted"] == "suspend"
    verb = promotions.suspend if suspends else promotions.resume
    try:
        verb(model=model, by=by, reason=form.cleaned_data["reason"])
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except NotPromotable:
        return _page(request, model, form, status=409, overtaken=True)
    said = _("The model is suspended.") if suspends else _("The model answers again.")
    messages.success(request, said)
    return redirect("registry-model", model.name)


def _page(
    request: HttpRequest,
    model: RegisteredModel,
    form: StopForm | None = None,
    *,
    status: int = 200,
    overtaken: bool = False,
) -> HttpResponse:
    """Whichever of the two can be done now."""
    last = promotions.latest(model)
    context = {
        "model": model,
        "title": title_of(last.to_version) if last else model_title(model.name),
        "last": last,
        "happened": what_happened(last) if last else "",
        "form": form or StopForm(),
        "may_stop": request.user.has_perm("registry.stop_model"),
        "overtaken": overtaken,
    }
    return render(request, "registry/stop.html", context, status=status)
