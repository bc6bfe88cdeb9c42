"""WHAT was asked and answered, and about whom, what was decided, and was it right; one noun a file."""

from predictions.models.alert import Alert, AlertEvent, AlertMail, AlertRule, AlertSubscriber
from predictions.models.awaited import Awaited
from predictions.models.batch import OVER, Batch, BatchChunk, BatchPart, ColumnMapping, RejectedRow
from predictions.models.comparison import ComparedVersion, Comparison, ReplayedAnswer
from predictions.models.dataset import Dataset, Record, RecordColumn
from predictions.models.decision import Decision, Estimate
from predictions.models.outcome import Outcome
from predictions.models.partition import DetachedPartition
from predictions.models.prediction import IdempotencyKey, Prediction, PredictionFailure, Source
from predictions.models.rollup import CountedHour, DailyRollup, DriftLimits, HourlyRollup, HourToCount
from predictions.models.upload import Upload

__all__ = [
    "OVER",
    "Alert",
    "AlertEvent",
    "AlertMail",
    "AlertRule",
    "AlertSubscriber",
    "Awaited",
    "Batch",
    "BatchChunk",
    "BatchPart",
    "ColumnMapping",
    "ComparedVersion",
    "Comparison",
    "CountedHour",
    "DailyRollup",
    "Dataset",
    "Decision",
    "DetachedPartition",
    "DriftLimits",
    "Estimate",
    "HourToCount",
    "HourlyRollup",
    "IdempotencyKey",
    "Outcome",
    "Prediction",
    "PredictionFailure",
    "Record",
    "RecordColumn",
    "RejectedRow",
    "ReplayedAnswer",
    "Source",
    "Upload",
]
