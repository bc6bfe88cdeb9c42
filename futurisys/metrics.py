"""GET /metrics: Prometheus' text, or with `Accept: application/json` the offline scores that the seeds' clients read."""

import contextlib
import ipaddress
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from predictions import metrics as asked
from predictions.monitoring.drift.gauges import DRIFT
from registry import metrics as imported
from registry import serving
from registry.api import seeds
from registry.api.authentication import APIKeyAuthentication, TokenAuthentication
from registry.api.base import ApiView
from registry.api.documents import described, example

COUNTS = """# TYPE futurisys_predictions_total counter
futurisys_predictions_total{model="attrition",outcome="answered",source="api",version="3"} 1042.0
"""
SCORES = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["version", "metrics"],
        "properties": {
            "version": {"type": "integer"},
            "metrics": {"type": "array", "items": {"type": "object", "required": ["name", "value"]}},
        },
    },
}
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


class ScraperAuthentication(BaseAuthentication):
    """`Authorization: Bearer <METRICS_TOKEN>`, as Prometheus sends it; there is no user."""

    def authenticate(self, request: Request) -> tuple[None, str] | None:
        """Another header than this token's is left to the others."""
        sent = request.headers.get("Authorization", "")
        given, wanted = sent.encode("utf-8", "replace"), f"Bearer {settings.METRICS_TOKEN}".encode()
        return (None, "scraper") if settings.METRICS_TOKEN and constant_time_compare(given, wanted) else None

    def authenticate_header(self, request: Request) -> str:
        """So that who may not look is answered 401, not 403."""
        return "Token"


class MayLook(BasePermission):
    """A user, the scraper, or this machine; offline scores are for users alone."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether this is one of them."""
        if request.user is not None or wants_json(request):
            return request.user is not None
        return request.auth == "scraper" or is_local(request)


class MetricsView(ApiView):
    """GET /metrics."""

    authentication_classes = [
        ScraperAuthentication,
        TokenAuthentication,
        APIKeyAuthentication,
        SessionAuthentication,
    ]
    permission_classes = [MayLook]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Prometheus' own types are chosen below."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    @described(
        "metrics.read",
        tag="Health",
        summary="Counts for Prometheus, or the offline scores",
        description="Prometheus' text, or OpenMetrics for who accepts it. With `Accept: application/json` the scores of each "
        "model as the seeds' clients read them. A program on the server's own machine needs no token for the counts.",
        answers={
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "application/openmetrics-text"): OpenApiTypes.STR,
            (200, "application/json"): SCORES,
        },
        examples=[
            OpenApiExample(f"Counts {n}", value=COUNTS, response_only=True, status_codes=["200"], media_type=kind)
            for n, kind in enumerate(("text/plain", "application/openmetrics-text"), 1)
        ]
        + [
            example(
                "Scores",
                {"attrition": {"version": 3, "metrics": [{"name": "pr_auc", "value": 0.61, "split": "test"}]}},
                status=200,
            )
        ],
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """The counts of all processes of this machine, whichever of them is asked."""
        if wants_json(request):
            return Response(seeds.offline_scores())
        encoder, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return HttpResponse(encoder(collected()), content_type=content_type)


def wants_json(request: Request) -> bool:
    """Whether JSON was named, and not just anything accepted."""
    return "application/json" in request.headers.get("Accept", "")


def is_local(request: Request) -> bool:
    """Whether a program of this machine asks for itself. A proxy on this machine asks for others."""
    if settings.SECURE_PROXY_SSL_HEADER or any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def collected() -> CollectorRegistry:
    """Everything there is to be told."""
    registry = CollectorRegistry()
    registry.register(ModelInfo())
    registry.register(DRIFT)
    if settings.METRICS_FOLDER:
        MultiProcessCollector(registry, str(settings.METRICS_FOLDER))  # type: ignore[no-untyped-call]
    else:
        for metric in (imported.IMPORTS, asked.PREDICTIONS, asked.DURATION, asked.BATCH_ROWS):
            registry.register(metric)
    return registry


class ModelInfo:
    """Which version of each model is in charge: read when asked, the same from every process."""

    def collect(self) -> Iterator[Metric]:
        """One sample for each promoted model, suspended or not."""
        names = ("model", "version", "commit", "runtime")
        family = GaugeMetricFamily("futurisys_model_info", "The version in charge of a model.", labels=names)
        with contextlib.suppress(Error):  # the counts are wanted most while the database is away
            for name in serving.promoted_names():
                version, _is_suspended = serving.in_charge(name)
                family.add_metric([name, str(version.number), version.commit, version.runtime], 1)
        yield family
