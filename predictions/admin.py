"""The history for auditors: read-only, and as fast on ten million rows as on ten. Each module registers its tables."""

from predictions import admin_alerts, admin_batches, admin_comparisons, admin_decisions, admin_records
from predictions.admin_answers import IdempotencyKeyAdmin, PredictionAdmin, PredictionFailureAdmin

__all__ = [
    "IdempotencyKeyAdmin",
    "PredictionAdmin",
    "PredictionFailureAdmin",
    "admin_alerts",
    "admin_batches",
    "admin_comparisons",
    "admin_decisions",
    "admin_records",
]
