"""WHAT was asked and answered, and about whom; one noun a file."""

from predictions.models.dataset import Dataset, Record, RecordColumn
from predictions.models.prediction import IdempotencyKey, Prediction, PredictionFailure, Source
from predictions.models.upload import Upload

__all__ = [
    "Dataset",
    "IdempotencyKey",
    "Prediction",
    "PredictionFailure",
    "Record",
    "RecordColumn",
    "Source",
    "Upload",
]
