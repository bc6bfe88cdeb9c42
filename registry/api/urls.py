"""Routes of the registry as JSON."""

from django.urls import path

from registry.api import descriptions, ledger, models, seeds

urlpatterns = [
    # /api/v1/models, /api/v1/models/<model>
    path("api/v1/models", models.ModelsView.as_view(), name="api-models"),
    path("api/v1/models/<slug:model>", models.ModelView.as_view(), name="api-model"),
    # /api/v1/models/<model>/versions, /api/v1/models/<model>/versions/<number>
    path("api/v1/models/<slug:model>/versions", models.VersionsView.as_view(), name="api-versions"),
    path("api/v1/models/<slug:model>/versions/<int:number>", models.VersionView.as_view(), name="api-version"),
    # /api/v1/models/<model>/schema, /metrics, /card, /ledger
    path("api/v1/models/<slug:model>/schema", descriptions.SchemaView.as_view(), name="api-schema-of-model"),
    path("api/v1/models/<slug:model>/metrics", descriptions.MetricsView.as_view(), name="api-metrics"),
    path("api/v1/models/<slug:model>/card", descriptions.CardView.as_view(), name="api-card"),
    path("api/v1/models/<slug:model>/ledger", ledger.LedgerView.as_view(), name="api-ledger"),
    # /models, /metadata, /api/info: the seeds' paths
    path("models", seeds.SeedModelsView.as_view(), name="seed-models"),
    path("metadata", seeds.SeedMetadataView.as_view(), name="seed-metadata"),
    path("api/info", seeds.SeedInfoView.as_view(), name="seed-info"),
]
