"""In and out: the one login of pages and admin, the way out, and the demo's visitors."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login as log_in
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from futurisys.accounts import mails, preferences, visitors
from futurisys.accounts.forms import LoginForm
from futurisys.middleware import fault
from predictions import drafts

BACKEND = "futurisys.accounts.backend.OneQueryBackend"


class Login(LoginView):
    """/login."""

    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Logged in, with the language and the colours that the account remembers."""
        response = super().form_valid(form)
        preferences.bring(response, user=form.get_user())
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What else the page offers."""
        offers = {"has_mails": mails.are_sent(), "has_visits": settings.ENVIRONMENT == "demo"}
        return super().get_context_data(**kwargs) | offers | {"why": self._why()}

    def _why(self) -> str:
        """What brought somebody here who wanted something else; empty for who came by the front door."""
        if drafts.is_kept(self.request):
            return _("Your session had ended. Log in again: what you had typed is kept.")
        return _("Log in to go on.") if self.get_redirect_url() not in {"", reverse("home")} else ""


class Logout(LogoutView):
    """/logout."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever comes to this computer next finds nothing. Language and colours stay: they are no secrets."""
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


@login_not_required
def visit(request: HttpRequest) -> HttpResponse:
    """/try: a visitor's account, in the demo alone."""
    if settings.ENVIRONMENT != "demo":
        raise Http404(_("There is no such page."))
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if request.user.is_authenticated:
        return redirect("home")
    try:
        visitor = visitors.admit(at=timezone.now())
    except visitors.TooManyVisitors:
        sentence = _("As many visitors came within the last hour as this demo takes. Try again later, or log in.")
        return fault(request, 429, "too_many_visitors", sentence)
    log_in(request, visitor, backend=BACKEND)
    request.session.set_expiry(int(visitors.SESSION.total_seconds()))
    return redirect("home")


@login_not_required
def admin_login(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """/admin/login/: the one login, then back. Whoever is logged in came here because the admin is not for them."""
    user = request.user
    if user.is_authenticated and not (isinstance(user, User) and user.is_staff):
        raise PermissionDenied
    query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
    return redirect(f"{reverse('login')}?{query}")
