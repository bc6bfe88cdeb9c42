"""Every route: nothing but includes and the wiring's own pages."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from futurisys import health

admin.site.site_header = "Futurisys"
admin.site.site_title = "Futurisys"
admin.site.index_title = "Records and registry"

urlpatterns = [
    # /, /predict/..., /history/..., and the JSON doors /predict, /api/v1/predict
    path("", include("predictions.urls")),
    # /api/v1/models
    path("", include("registry.urls")),
    # /login, /logout, /language
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("language", set_language, name="set_language"),
    # /admin/
    path("admin/", admin.site.urls),
    # /health/live, /health/ready
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
]
handler404 = "futurisys.faults.not_found"
handler500 = "futurisys.faults.server_error"
handler403 = "futurisys.faults.forbidden"
handler400 = "futurisys.faults.bad_request"
