"""How a model is looked after: risk, approval, automatic promotion and polling, and who changed that."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from registry import coercion, languages, oversight, promotions
from registry.exceptions import NotAllowed
from registry.forms import FLOOR, SettingsForm, settings_of
from registry.models import ModelVersion, RegisteredModel
from registry.oversight import Rules
from registry.presenters import model_title, title_of
from registry.texts import figure

MOST_FLOORS = 50
# What the pages call a setting; the history names it as the field of Rules.
NAMES = {
    "is_high_risk": gettext_noop("High-risk"),
    "approval": gettext_noop("Approval"),
    "auto_promote": gettext_noop("Promotion by itself"),
    "metric_floors": gettext_noop("Metric floors"),
    "poll_minutes": gettext_noop("Minutes between two looks at the Hub"),
    "outcome_days": gettext_noop("Days until the outcome is known"),
}
# The words of the log.
VALUES = {
    "yes": gettext_noop("yes"),
    "no": gettext_noop("no"),
    "one": gettext_noop("one person"),
    "two": gettext_noop("two people"),
    "none": gettext_noop("none"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest, model: str) -> HttpResponse:
    """/registry/<model>/settings: everybody may read them, and their history."""
    found = get_object_or_404(RegisteredModel, name=model)
    metrics = _metrics(found)
    if request.method != "POST":
        return _page(request, found, SettingsForm(metrics, initial=settings_of(found, metrics)))
    if "language" in request.POST:
        return languages.switched(
            request, lambda: _page(request, found, SettingsForm(_metrics(found), initial=request.POST.dict()))
        )
    if not request.user.has_perm("registry.oversee_model"):
        raise PermissionDenied
    form = SettingsForm(metrics, request.POST)
    if (rules := _rules(form)) is None:
        return _page(request, found, form, status=400)
    if _should_propose_two(found, form):
        return _propose_two(request, found, metrics)
    return _save(request, found, form, rules)


# Words in the names of metrics that a floor would turn upside down.
LESS_IS_BETTER = ("brier", "loss", "error", "mae", "mse", "mape", "deviance", "calibration")


def _metrics(model: RegisteredModel) -> dict[str, str]:
    """Name -> smallest value of the version in charge, else of the latest ready one; and the names that have a floor."""
    last = promotions.latest(model)
    version = last.to_version if last else model.versions.ready().order_by("-number").first()
    found: dict[str, float] = {}
    for item in (version.metadata.get("metrics") or []) if isinstance(version, ModelVersion) else []:
        if isinstance(value := item.get("value"), int | float):
            name = str(item.get("name", ""))
            if any(word in name.lower() for word in LESS_IS_BETTER):
                continue
            found[name] = min(found.get(name, value), value)
    texts = {name: figure(float(f"{value:.4g}")) for name, value in list(found.items())[:MOST_FLOORS]}
    return texts | {name: texts.get(name, "") for name in model.metric_floors}


def _rules(form: SettingsForm) -> Rules | None:
    """What was sent, as rules; None when that is not possible, which the form then says."""
    form.is_valid()
    floors: dict[str, float] = {}
    for name in [name for name in form.fields if name.startswith(FLOOR)]:
        if text := form.cleaned_data.get(name):
            floors |= _number(form, name, text)
    minutes, days = _minutes(form), _days(form)
    if form.errors:
        return None
    data = form.cleaned_data
    rules = Rules(
        is_high_risk=data["is_high_risk"],
        approval=data["approval"],
        auto_promote=data["auto_promote"],
        metric_floors=floors,
        poll_minutes=minutes,
        outcome_days=days,
    )
    form.refuse(oversight.problems(rules))
    return None if form.errors else rules


def _number(form: SettingsForm, name: str, text: str) -> dict[str, float]:
    try:
        return {name.removeprefix(FLOOR): coercion.number(text)}
    except coercion.Refused as refused:
        form.add_error(name, str(refused))
        return {}


def _minutes(form: SettingsForm) -> int:
    text = form.cleaned_data.get("poll_minutes", "")
    try:
        return coercion.integer(text)
    except coercion.Refused:
        if "poll_minutes" not in form.errors:
            most = {"most": oversight.MOST_MINUTES}
            form.add_error("poll_minutes", _("Enter a whole number of minutes from 0 to %(most)d.") % most)
        return 0


def _days(form: SettingsForm) -> int | None:
    text = form.cleaned_data.get("outcome_days", "")
    try:
        return coercion.integer(text) if text else None
    except coercion.Refused:
        most = {"most": oversight.MOST_DAYS}
        form.add_error("outcome_days", _("Enter a whole number of days from 0 to %(most)d, or nothing.") % most)
        return None


def _should_propose_two(model: RegisteredModel, form: SettingsForm) -> bool:
    """Two people are the default of a high-risk model; one is a choice, made after that was said."""
    data = form.cleaned_data
    newly = data["is_high_risk"] and not model.is_high_risk
    return newly and data["approval"] == "one" and not data["proposed"]


def _propose_two(request: HttpRequest, model: RegisteredModel, metrics: Mapping[str, str]) -> HttpResponse:
    initial = {**request.POST.dict(), "approval": "two", "auto_promote": False, "proposed": "1"}
    return _page(request, model, SettingsForm(metrics, initial=initial), proposes=True)


def _save(request: HttpRequest, model: RegisteredModel, form: SettingsForm, rules: Rules) -> HttpResponse:
    by: User = request.user  # type: ignore[assignment]  # somebody is logged in
    try:
        oversight.oversee(model=model, rules=rules, by=by)
    except NotAllowed as refused:
        raise PermissionDenied from refused
    messages.success(request, _("The settings are saved."))
    return redirect("registry-settings", model.name)


def _page(
    request: HttpRequest, model: RegisteredModel, form: SettingsForm, *, status: int = 200, proposes: bool = False
) -> HttpResponse:
    last = promotions.latest(model)
    context = {
        "model": model,
        "title": title_of(last.to_version) if last else model_title(model.name),
        "form": form,
        "history": [_line(changed) for changed in oversight.history(model)],
        "may_oversee": request.user.has_perm("registry.oversee_model"),
        "proposes": proposes,
    }
    return render(request, "registry/settings.html", context, status=status)


def _line(changed: oversight.Changed) -> dict[str, object]:
    """A change in the words of the page's language."""
    before, after = (_(VALUES[text]) if text in VALUES else text for text in (changed.before, changed.after))
    what = _(NAMES[changed.what])
    return {"by": changed.by, "at": changed.at, "what": what, "before": before, "after": after}
