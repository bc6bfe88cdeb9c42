"""A new password: for somebody who knows the old one, and by a mail for somebody who forgot it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from axes.utils import reset
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from futurisys.accounts import mails
from futurisys.accounts.forms import AddressForm, ChangeForm, ResetForm


def _with_mails(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Open to everybody, and there only while mails are sent."""

    @login_not_required
    @wraps(view)
    def open_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not mails.are_sent():
            raise Http404(_("There is no such page."))
        return view(request, *args, **kwargs)

    return open_view


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """/account/password: this session goes on, every other one of this person ends."""
    user: Any = request.user
    if not user.has_usable_password():
        raise PermissionDenied
    form = ChangeForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "account/password.html", {"form": form}, status=400 if form.errors else 200)
    update_session_auth_hash(request, form.save())
    messages.success(request, _("Your password is changed. Wherever else you were logged in, you no longer are."))
    return redirect("account")


@_with_mails
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """/login/reset: the answer is the same whoever has that address, and takes as long."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "registration/reset.html", {"form": form}, status=400 if form.errors else 200)
    language = translation.get_language() or "en"
    mails.ask(email=form.cleaned_data["email"], language=language, host=request.get_host(), secure=request.is_secure())
    return redirect("password-reset-sent")


@_with_mails
@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """/login/reset/sent."""
    return render(request, "registration/reset_sent.html", {"are_files": mails.are_files()})


@method_decorator(_with_mails, name="dispatch")
class Confirm(PasswordResetConfirmView):
    """/login/reset/<person>/<token>/: works once and for an hour."""

    form_class = ResetForm
    template_name = "registration/reset_confirm.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        """Whoever reads the person's mail may also log in at once, whatever was tried before."""
        response = super().form_valid(form)
        reset(username=form.user.get_username())
        messages.success(self.request, _("Your password is changed. Log in with the new one."))
        return response
