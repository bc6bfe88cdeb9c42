"""What a model takes, how well it did, and what its authors say of it."""

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from registry import row_schema, serving
from registry.api import samples, shapes
from registry.api.base import TaggedView, wrong
from registry.api.documents import described, example
from registry.api.versions import manifest_text, metric_bodies
from registry.exceptions import UnknownModel
from registry.models import ModelVersion
from registry.signature import text_in


class SchemaView(TaggedView):
    """GET /api/v1/models/{model}/schema."""

    parameters = ("version",)

    @described(
        "models.schema",
        tag="Registry",
        summary="What one row of inputs looks like",
        description=(
            "JSON Schema 2020-12 of the version in charge (also while the model is suspended), or of another ready one. "
            "Titles and descriptions follow `Accept-Language`. Its `examples` can be sent as they are."
        ),
        answers={200: shapes.ROW},
        parameters=[shapes.MODEL, shapes.VERSION],
        examples=[example("A feature of iris", samples.ROW_SCHEMA, status=200)],
        problems=(400, 404),
    )
    def get(self, request: Request, model: str) -> Response:
        """The schema; a draft has none that anybody could rely on."""
        version = _version(request, model)
        if version.is_draft:
            text = _("The signature of version %(number)s of “%(name)s” was inferred: confirm it first.")
            raise UnknownModel(text % {"number": version.number, "name": model})
        signature = serving.signature_of(version)
        name = text_in(version.metadata.get("name")) or model
        return Response(
            row_schema.of(
                signature, title=_("%(title)s, version %(number)s") % {"title": name, "number": version.number}
            )
        )


class MetricsView(TaggedView):
    """GET /api/v1/models/{model}/metrics."""

    parameters = ("version",)

    @described(
        "models.metrics",
        tag="Registry",
        summary="Offline scores",
        description="Of the version in charge, or of another ready one, as its manifest tells them.",
        answers={200: shapes.Metrics},
        parameters=[shapes.MODEL, shapes.VERSION],
        examples=[
            example(
                "Iris",
                {"model": "iris", "version": 3, "commit": samples.COMMIT, "metrics": [samples.METRIC]},
                status=200,
            )
        ],
        problems=(400, 404),
    )
    def get(self, request: Request, model: str) -> Response:
        """What was measured before the version was published."""
        version = _version(request, model)
        return Response(_version_of(version) | {"metrics": metric_bodies(version.metadata.get("metrics"))})


class CardView(TaggedView):
    """GET /api/v1/models/{model}/card."""

    parameters = ("version",)

    @described(
        "models.card",
        tag="Registry",
        summary="The model card",
        description=(
            "The Markdown source of the version in charge, or of another ready one, and what the manifest says beside it. "
            "Whoever publishes the model wrote it: clean it before showing it as HTML."
        ),
        answers={200: shapes.Card},
        parameters=[shapes.MODEL, shapes.VERSION],
        examples=[
            example(
                "Iris",
                {
                    "model": "iris",
                    "version": 3,
                    "commit": samples.COMMIT,
                    "edition": "1.0.0",
                    "title": "Iris",
                    "description": "Tells three species of iris apart.",
                    "limits": ["For demonstrations."],
                    "provenance": {"rows": 150},
                    "markdown": "# Iris\n\nTells three species of iris apart.",
                },
                status=200,
            )
        ],
        problems=(400, 404),
    )
    def get(self, request: Request, model: str) -> Response:
        """Title, description, limits and provenance are the manifest's; the card may say more."""
        version = _version(request, model)
        known = version.metadata
        provenance = known.get("provenance")
        return Response(
            _version_of(version)
            | {
                "edition": manifest_text(known.get("version")),
                "title": text_in(known.get("name")) or model,
                "description": text_in(known.get("description")),
                "limits": [text_in(text) for text in known.get("limits") or []],
                "provenance": provenance if isinstance(provenance, dict) else {},
                "markdown": str(known.get("card") or ""),
            }
        )


def _version(request: Request, model: str) -> ModelVersion:
    """The version that is asked about. Raises InvalidInput, UnknownModel."""
    text = request.query_params.get("version")
    if text is None:
        return serving.in_charge(model)[0]
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise wrong("version", "not_a_version", _("“version” must be a version number."))
    found = ModelVersion.objects.ready().select_related("model").filter(model__name=model, number=int(text)).first()
    if found is None:
        raise UnknownModel(
            _("The model “%(name)s” has no ready version %(number)s.") % {"name": model[:80], "number": text}
        )
    return found


def _version_of(version: ModelVersion) -> dict[str, Any]:
    return {"model": version.model.name, "version": version.number, "commit": version.commit}
