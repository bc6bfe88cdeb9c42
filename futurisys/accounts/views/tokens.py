"""/account/tokens/: a person's own API tokens."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from futurisys.accounts import tokens
from futurisys.accounts.forms import TokenForm

with_right = partial(permission_required, tokens.RIGHT, raise_exception=True)


@require_http_methods(["GET", "HEAD", "POST"])
@with_right()
def index(request: HttpRequest) -> HttpResponse:
    """The tokens, and a form for one more. The page that answers it is the only one that ever shows the token."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, status=400 if form.errors else 200)
    user: Any = request.user
    try:
        token = tokens.create(by=user, name=form.cleaned_data["name"], days=int(form.cleaned_data["days"]))
    except tokens.TooManyTokens as refused:
        form.add_error(None, str(refused))
        return _page(request, form, status=409)
    return _page(request, TokenForm(), new=token, name=form.cleaned_data["name"])


@require_http_methods(["GET", "HEAD", "POST"])
@with_right()
def revoke(request: HttpRequest, number: str) -> HttpResponse:
    """/account/tokens/<number>/revoke: asks first."""
    user: Any = request.user
    found = tokens.one(of=user, number=number, at=timezone.now())
    if found is None:
        raise Http404(_("There is no such token."))
    if request.method != "POST":
        return render(request, "account/revoke.html", {"token": found})
    tokens.revoke(by=user, number=number)
    messages.success(request, _("The token is revoked. Programs that use it are refused from now on."))
    return redirect("account-tokens")


def _page(request: HttpRequest, form: TokenForm, status: int = 200, **more: str) -> HttpResponse:
    user: Any = request.user
    context = {
        "form": form,
        "rows": tokens.listed(of=user, at=timezone.now()),
        "example": request.build_absolute_uri(reverse("api-models")),
        "docs": reverse("docs"),
        **more,
    }
    return render(request, "account/tokens.html", context, status=status)
