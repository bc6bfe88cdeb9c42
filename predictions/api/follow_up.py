"""What a human did and what really happened, as JSON."""

from registry.api.base import ApiView


class DecisionView(ApiView):
    """POST /api/v1/predictions/{id}/decision."""


class OutcomeView(ApiView):
    """POST /api/v1/predictions/{id}/outcome."""


class DecisionsView(ApiView):
    """POST /api/v1/decisions."""


class OutcomesView(ApiView):
    """POST /api/v1/outcomes."""
