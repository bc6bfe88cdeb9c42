"""When people want to be told about a model."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from predictions.monitoring.alerts import rules as alert_rules
from predictions.monitoring.alerts import verbs
from predictions.monitoring.alerts.forms import PEOPLE, RulesForm, typed
from predictions.monitoring.alerts.rules_page import RulesPage
from registry import languages
from registry.models import RegisteredModel


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(alert_rules.SEE, raise_exception=True)
def rules(request: HttpRequest, model: str) -> HttpResponse:
    """/monitoring/models/<model>/alerts/: to read for who may see alerts, to change with a right of its own."""
    page = RulesPage(get_object_or_404(RegisteredModel, name=model), request.user, timezone.now())
    if request.method != "POST":
        return _shown(request, page, page.stored())
    if "language" in request.POST:
        kept = typed(request.POST.dict(), request.POST.getlist(PEOPLE))
        return languages.switched(
            request, lambda: _shown(request, page, RulesForm(page.known, page.people, initial=kept))
        )
    if not page.may_change:
        raise PermissionDenied
    form = RulesForm(page.known, page.people, request.POST)
    return _saved(request, page, form) if form.is_valid() else _shown(request, page, form, status=400)


def _saved(request: HttpRequest, page: RulesPage, form: RulesForm) -> HttpResponse:
    by: User = request.user  # type: ignore[assignment]  # somebody is logged in
    wanted = {int(pk) for pk in form.cleaned_data[PEOPLE]}
    users = [user for user in page.people if user.pk in wanted]
    changed = verbs.change_rules(model=page.model, wanted=form.settings(), by=by, at=timezone.now())
    told = verbs.subscribe(model=page.model, users=users, by=by)
    nothing = _("Nothing changed: what you sent is what was there already.")
    messages.success(request, _("The rules are saved.") if changed or told else nothing)
    return redirect("monitoring-rules", page.model.name)


def _shown(request: HttpRequest, page: RulesPage, form: RulesForm, *, status: int = 200) -> HttpResponse:
    context = {"page": page, "model": page.model, "title": page.title, "form": form, "lines": page.lines(form)}
    return render(request, "monitoring/rules.html", context, status=status)
