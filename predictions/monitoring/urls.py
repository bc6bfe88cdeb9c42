"""Routes of the monitoring pages, below /monitoring/."""

from django.urls import path

from predictions.monitoring.views import alerts, comparisons, dashboard, demo, drift, overview, quality, rules

urlpatterns = [
    # /monitoring/: all models
    path("", overview.overview, name="monitoring"),
    # /monitoring/demo: load a demo history
    path("demo", demo.load, name="monitoring-demo"),
    # /monitoring/alerts/, /monitoring/alerts/<id>/
    path("alerts/", alerts.index, name="alerts"),
    path("alerts/<int:pk>/", alerts.show, name="alert"),
    # /monitoring/comparisons/<id>/: recorded inputs on several versions
    path("comparisons/<uuid:pk>/", comparisons.show, name="comparison"),
    path("comparisons/<uuid:pk>/progress", comparisons.progress, name="comparison-progress"),
    path("comparisons/<uuid:pk>/cancel", comparisons.cancel, name="comparison-cancel"),
    path("comparisons/<uuid:pk>/changed", comparisons.changed, name="comparison-changed"),
    # /monitoring/models/<model>/: the five questions, and a page of its own for two of them
    path("models/<slug:model>/", dashboard.dashboard, name="monitoring-model"),
    path("models/<slug:model>/export", dashboard.export, name="monitoring-export"),
    path("models/<slug:model>/drift/", drift.drift, name="monitoring-drift"),
    path("models/<slug:model>/quality/", quality.quality, name="monitoring-quality"),
    path("models/<slug:model>/alerts/", rules.rules, name="monitoring-rules"),
    path("models/<slug:model>/compare/", comparisons.compare, name="monitoring-compare"),
]
