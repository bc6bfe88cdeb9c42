"""Routes of the registry."""

from django.urls import include, path

from registry import hooks
from registry.views import deliveries, models, promote, requests, settings, signature, stop, versions

urlpatterns = [
    # /api/v1/hooks/huggingface
    path("api/v1/hooks/huggingface", hooks.HuggingFaceHookView.as_view(), name="api-hook-huggingface"),
    # /api/v1/models/..., /models, /metadata, /api/info
    path("", include("registry.api.urls")),
    # /registry/, /registry/deliveries/
    path("registry/", models.index, name="registry"),
    path("registry/deliveries/", deliveries.index, name="registry-deliveries"),
    # /registry/requests/, /registry/requests/<id>/
    path("registry/requests/", requests.waiting, name="registry-requests"),
    path("registry/requests/<int:pk>/", requests.decide, name="registry-request"),
    # /registry/<model>/
    path("registry/<slug:model>/", models.show, name="registry-model"),
    path("registry/<slug:model>/sync", models.sync, name="registry-sync"),
    path("registry/<slug:model>/stop", stop.stop, name="registry-stop"),
    path("registry/<slug:model>/settings", settings.settings, name="registry-settings"),
    # /registry/<model>/versions/<number>/
    path("registry/<slug:model>/versions/<int:number>/", versions.show, name="registry-version"),
    path("registry/<slug:model>/versions/<int:number>/promote", promote.promote, name="registry-promote"),
    path("registry/<slug:model>/versions/<int:number>/signature", signature.signature, name="registry-signature"),
    path("registry/<slug:model>/versions/<int:number>/files/<path:path>", versions.picture, name="registry-file"),
]
