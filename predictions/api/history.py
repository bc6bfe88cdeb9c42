"""What was asked and answered, as JSON."""

from registry.api.base import ApiView


class PredictionsView(ApiView):
    """GET /api/v1/predictions."""


class PredictionView(ApiView):
    """GET /api/v1/predictions/{id}."""
