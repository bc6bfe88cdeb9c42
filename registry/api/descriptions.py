"""What a model takes, how well it did, and what its authors say of it."""

from registry.api.base import TaggedView


class SchemaView(TaggedView):
    """GET /api/v1/models/{model}/schema."""


class MetricsView(TaggedView):
    """GET /api/v1/models/{model}/metrics."""


class CardView(TaggedView):
    """GET /api/v1/models/{model}/card."""
