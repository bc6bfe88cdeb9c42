"""Routes about people: in, out, and what is one's own."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

from futurisys.accounts.views import account, login, password, tokens

page = require_http_methods(["GET", "HEAD", "POST"])  # Django's own views take PUT for POST
urlpatterns = [
    # /login, /logout, /try, /language
    path("login", page(login.Login.as_view()), name="login"),
    path("logout", login_not_required(login.Logout.as_view()), name="logout"),
    path("try", login.visit, name="try"),
    path("language", login_not_required(page(set_language)), name="set_language"),
    # /login/reset, /login/reset/sent, /login/reset/<person>/<token>/
    path("login/reset", password.ask, name="password-reset"),
    path("login/reset/sent", password.sent, name="password-reset-sent"),
    path("login/reset/<uidb64>/<token>/", page(password.Confirm.as_view()), name="password-reset-confirm"),
    # /account/, /account/password, /account/tokens/
    path("account/", account.show, name="account"),
    path("account/password", password.change, name="account-password"),
    path("account/tokens/", tokens.index, name="account-tokens"),
    path("account/tokens/<slug:number>/revoke", tokens.revoke, name="account-token-revoke"),
    # /admin/login/, /admin/logout/, /admin/password_change/: the admin has no doors of its own
    path("admin/login/", page(login.admin_login), name="admin-login"),
    path("admin/logout/", login_not_required(login.Logout.as_view()), name="admin-logout"),
    path("admin/password_change/", password.change, name="admin-password"),
]
