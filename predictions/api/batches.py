"""Files of rows, as the wizard takes them."""

from registry.api.base import ApiView


class BatchesView(ApiView):
    """GET and POST /api/v1/batches."""


class BatchView(ApiView):
    """GET /api/v1/batches/{id}."""


class BatchResultsView(ApiView):
    """GET /api/v1/batches/{id}/results.csv."""


class BatchRejectedView(ApiView):
    """GET /api/v1/batches/{id}/rejected.csv."""


class BatchCancelView(ApiView):
    """POST /api/v1/batches/{id}/cancel."""
