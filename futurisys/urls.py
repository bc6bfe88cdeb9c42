"""Every route: nothing but includes and the wiring's own pages."""

from collections.abc import Callable

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from futurisys import api_docs, health, metrics


def _open(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Read by anybody; another verb is 405, not a question about a form's token that no program has."""
    return csrf_exempt(login_not_required(require_safe(view)))


urlpatterns = [
    # /, /predict/..., /history/..., and the JSON doors /predict, /api/v1/predict
    path("", include("predictions.urls")),
    # /api/v1/models
    path("", include("registry.urls")),
    # /login, /logout, /try, /language, /account/
    path("", include("futurisys.accounts.urls")),
    # /admin/
    path("admin/", admin.site.urls),
    # /metrics
    path("metrics", metrics.MetricsView.as_view(), name="metrics"),
    # /docs, /redoc, /api/v1/schema
    path("docs", api_docs.swagger, name="docs"),
    path("redoc", api_docs.redoc, name="redoc"),
    path("api/v1/schema", _open(api_docs.schema), name="api-schema"),
    # /health, /health/live, /health/ready
    path("health", _open(health.summary), name="health"),
    path("health/live", _open(health.live), name="health-live"),
    path("health/ready", _open(health.ready), name="health-ready"),
]
handler404 = "futurisys.faults.not_found"
handler500 = "futurisys.faults.server_error"
handler403 = "futurisys.faults.forbidden"
handler400 = "futurisys.faults.bad_request"
