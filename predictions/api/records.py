"""Business rows, and a model asked about them by key."""

from registry.api.base import ApiView


class DatasetsView(ApiView):
    """GET /api/v1/datasets."""


class RecordsView(ApiView):
    """GET /api/v1/datasets/{dataset}/records."""


class RecordView(ApiView):
    """GET /api/v1/datasets/{dataset}/records/{key}."""


class RecordsPredictView(ApiView):
    """POST /api/v1/datasets/{dataset}/records/predict."""
