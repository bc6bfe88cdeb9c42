"""/account/: who I am here, what I may, and how I want the pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from futurisys.accounts import preferences, tokens, visitors
from futurisys.accounts.forms import PreferencesForm
from futurisys.accounts.roles import titles


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """The page; sending it saves the preferences, for this browser and for the next login elsewhere."""
    if request.method != "POST":
        now = {"language": translation.get_language(), "theme": preferences.theme_of(request)}
        return _page(request, PreferencesForm(initial=now))
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    user: Any = request.user
    preferences.keep(user=user, **form.cleaned_data)
    with translation.override(form.cleaned_data["language"]):
        messages.success(request, _("Saved."))
    response = redirect("account")
    preferences.put(response, **form.cleaned_data)
    return response


def _page(request: HttpRequest, form: PreferencesForm, status: int = 200) -> HttpResponse:
    user: Any = request.user
    context = {
        "form": form,
        "roles": titles(user),
        "may_have_tokens": user.has_perm(tokens.RIGHT),
        "has_password": user.has_usable_password(),
        "visit_ends": visitors.end_of(request),
    }
    return render(request, "account/account.html", context, status=status)
