"""The paths that the seeds’ clients read."""

from registry.api.base import TaggedView


class SeedModelsView(TaggedView):
    """GET /models."""


class SeedMetadataView(TaggedView):
    """GET /metadata."""


class SeedInfoView(TaggedView):
    """GET /api/info."""
