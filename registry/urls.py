"""Routes of the registry."""

from django.urls import path

from registry import api

urlpatterns = [
    # /api/v1/models
    path("api/v1/models", api.ModelsView.as_view(), name="api-models"),
    path("api/v1/models/<slug:model>/ledger", api.LedgerView.as_view(), name="api-ledger"),
]
