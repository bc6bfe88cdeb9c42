"""The paths that the seeds’ clients read."""

from typing import Any

from django.conf import settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from registry import serving
from registry.api import samples, shapes
from registry.api.authentication import APIKeyAuthentication, TokenAuthentication
from registry.api.base import TaggedView
from registry.api.documents import described, example
from registry.api.versions import Told, features, manifest_text, metric_bodies, threshold, told_models
from registry.exceptions import UnknownModel
from registry.models import RegisteredModel

NAME = "Futurisys"
ABOUT = "The decision record for machine-learning models: a model answers, a human decides, and both are kept."
TAG = "The seeds' paths"
_EXAMPLE = {"name": NAME, "version": "0.4.0"}


class SeedView(TaggedView):
    """A path that also takes the seeds' header, X-API-Key."""

    authentication_classes = [APIKeyAuthentication, TokenAuthentication, SessionAuthentication]


class SeedModelsView(SeedView):
    """GET /models."""

    @described(
        "seeds.models",
        tag=TAG,
        summary="Names of the models",
        description="Those that have been promoted. A suspended one is among them, and answers 503 until it is resumed.",
        answers={200: shapes.SeedModels},
        examples=[
            example(
                "Three models",
                {"available_models": ["attrition", "digits", "iris"], "default_model": "attrition"},
                status=200,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Their names, and the one that `POST /predict` asks."""
        default = _default(RegisteredModel.InputKind.TABULAR)
        return Response({"available_models": serving.promoted_names(), "default_model": default})


class SeedMetadataView(SeedView):
    """GET /metadata."""

    @described(
        "seeds.metadata",
        tag=TAG,
        summary="What is installed here",
        answers={200: shapes.SeedMetadata},
        examples=[
            example("One model", {**_EXAMPLE, "description": ABOUT, "models": [samples.SEED_MODEL]}, status=200),
        ],
    )
    def get(self, request: Request) -> Response:
        """The installation and the versions in charge."""
        models = [_model(found) for found in told_models()]
        return Response({"name": NAME, "version": settings.VERSION, "description": ABOUT, "models": models})


class SeedInfoView(SeedView):
    """GET /api/info."""

    @described(
        "seeds.info",
        tag=TAG,
        summary="What is installed here, and what answers by default",
        description="Also at `/` with `Accept: application/json`.",
        answers={200: shapes.SeedInfo},
        examples=[
            example(
                "One model",
                {
                    **_EXAMPLE,
                    "models": [samples.SEED_MODEL],
                    "default_model": "attrition",
                    "default_image_model": "digits",
                },
                status=200,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """The versions in charge, and the model of each kind of input that is asked when none is named."""
        return Response(
            {
                "name": NAME,
                "version": settings.VERSION,
                "models": [_model(found) for found in told_models()],
                "default_model": _default(RegisteredModel.InputKind.TABULAR),
                "default_image_model": _default(RegisteredModel.InputKind.IMAGE),
            }
        )


def offline_scores() -> dict[str, Any]:
    """{"attrition": {"version": 3, "metrics": [{"name", "value", "split"}]}} of the versions in charge."""
    return {
        found.model.name: {
            "version": found.version.number,
            "metrics": [
                {name: score[name] for name in ("name", "value", "split")}
                for score in metric_bodies(found.version.metrics)
            ],
        }
        for found in told_models()
    }


def _default(kind: RegisteredModel.InputKind) -> str | None:
    try:
        return serving.default_name(kind)
    except UnknownModel:
        return None


def _model(found: Told) -> dict[str, Any]:
    return {
        "name": found.model.name,
        "version": found.version.number,
        "commit": found.version.commit,
        "task": found.version.signature["task"],
        "features": features(found.version),
        "threshold": threshold(found.version),
        "trained_at": manifest_text(found.version.trained_at),
    }
