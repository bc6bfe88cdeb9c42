"""WHAT was asked and answered; one noun a file."""

from predictions.models.prediction import IdempotencyKey, Prediction, PredictionFailure, Source

__all__ = ["IdempotencyKey", "Prediction", "PredictionFailure", "Source"]
