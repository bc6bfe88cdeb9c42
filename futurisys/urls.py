"""Every route: nothing but includes and the wiring's own pages."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.decorators.http import require_safe

from futurisys import health

urlpatterns = [
    # /, /predict/..., /history/..., and the JSON doors /predict, /api/v1/predict
    path("", include("predictions.urls")),
    # /api/v1/models
    path("", include("registry.urls")),
    # /login, /logout, /try, /language, /account/
    path("", include("futurisys.accounts.urls")),
    # /admin/
    path("admin/", admin.site.urls),
    # /health/live, /health/ready
    path("health/live", login_not_required(require_safe(health.live)), name="health-live"),
    path("health/ready", login_not_required(require_safe(health.ready)), name="health-ready"),
]
handler404 = "futurisys.faults.not_found"
handler500 = "futurisys.faults.server_error"
handler403 = "futurisys.faults.forbidden"
handler400 = "futurisys.faults.bad_request"
