"""The Open Inference Protocol v2."""

from registry.api.base import ApiView


class ServerView(ApiView):
    """GET /v2."""


class ServerLiveView(ApiView):
    """GET /v2/health/live."""


class ServerReadyView(ApiView):
    """GET /v2/health/ready."""


class ModelView(ApiView):
    """GET /v2/models/{model}[/versions/{number}]."""


class ModelReadyView(ApiView):
    """GET /v2/models/{model}[/versions/{number}]/ready."""


class InferView(ApiView):
    """POST /v2/models/{model}[/versions/{number}]/infer."""
