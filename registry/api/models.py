"""The registry as JSON."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from registry import serving
from registry.api.base import TaggedView
from registry.exceptions import ModelSuspended
from registry.models import RegisteredModel


class ModelsView(TaggedView):
    """GET /api/v1/models: every model that has been promoted, and the version that answers."""

    def get(self, request: Request) -> Response:
        """All of them: a registry has tens of models, not thousands."""
        found = {model.name: model for model in RegisteredModel.objects.all()}
        return Response({"results": [_model(found[name]) for name in serving.promoted_names()]})


def _model(model: RegisteredModel) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": model.name,
        "repository": model.repo_id,
        "tracked_ref": model.tracked_ref,
        "input_kind": model.input_kind,
        "is_default": model.is_default,
        "status": "serving",
        "champion": None,
    }
    try:
        version = serving.champion(model.name).version
    except ModelSuspended:
        return body | {"status": "suspended"}
    body["champion"] = {
        "version": version.number,
        "commit": version.commit,
        "task": version.signature["task"],
        "runtime": version.runtime,
        "metrics": version.metadata.get("metrics", []),
    }
    return body


class ModelView(TaggedView):
    """GET /api/v1/models/{model}."""


class VersionsView(TaggedView):
    """GET /api/v1/models/{model}/versions."""


class VersionView(TaggedView):
    """GET /api/v1/models/{model}/versions/{number}."""
