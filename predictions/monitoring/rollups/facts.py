"""The facts of a stretch of time, version by version and in pieces: memory does not grow with what there is.

They are found by their numbers, which begin with the millisecond: see predictions.activity.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from predictions.models import Prediction, PredictionFailure
from predictions.monitoring.rollups.layout import Layout
from registry.models import ModelVersion

AT_ONCE = 5_000  # answers
VALUES_AT_ONCE = 1_000_000  # of pictures, which may have a hundred thousand each

_ANSWERS = """
SELECT id, source, label, score, row = 0, duration, fallback_from_id IS NOT NULL, warnings <> '[]'::jsonb, inputs::text
FROM predictions_prediction WHERE version_id = %s AND id >= %s AND id < %s ORDER BY id LIMIT %s
"""
_DECISIONS = """
SELECT prediction_id, verdict FROM predictions_decision AS decision WHERE prediction_id BETWEEN %s AND %s
AND NOT EXISTS (SELECT 1 FROM predictions_decision AS later WHERE later.replaces_id = decision.id)
"""
_OUTCOMES = """
SELECT prediction_id, label, value FROM predictions_outcome AS outcome WHERE prediction_id BETWEEN %s AND %s
AND NOT is_withdrawn
AND NOT EXISTS (SELECT 1 FROM predictions_outcome AS later WHERE later.replaces_id = outcome.id)
"""
_FAILURES = """
SELECT id, source, inputs::text FROM predictions_predictionfailure
WHERE version_id = %s AND id >= %s AND id < %s ORDER BY id LIMIT %s
"""


@dataclass
class Piece:
    """Some questions to one version, as columns. `inputs`: those that are counted, by field.

    `verdicts` and `outcomes`: the latest, by the row of the answer.
    """

    sources: list[str]
    inputs: dict[str, Sequence[Any]]
    labels: list[str] = field(default_factory=list)
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    durations: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    is_call: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    is_fallback: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    is_warned: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    verdicts: dict[int, str] = field(default_factory=dict)
    outcomes: dict[int, tuple[str, float | None]] = field(default_factory=dict)


def versions(low: UUID, high: UUID) -> list[ModelVersion]:
    """Those that were asked, with just their keys: a step into an index for each version that there is."""
    within = Q(version=OuterRef("pk"), id__gte=low, id__lt=high)
    asked = Exists(Prediction.objects.filter(within)) | Exists(PredictionFailure.objects.filter(within))
    return list(ModelVersion.objects.filter(asked).only("pk").order_by("pk"))


def answers(layout: Layout, low: UUID, high: UUID) -> Iterator[Piece]:
    """What one version answered from the one number to before the other."""
    for rows in _pages(_ANSWERS, layout, low, high):
        numbers, sources, labels, scores, calls, durations, fallbacks, warned, inputs = zip(*rows, strict=True)
        places = {number: row for row, number in enumerate(numbers)}
        ends = numbers[0], numbers[-1]
        yield Piece(
            sources=list(sources),
            inputs=_columns(layout, inputs),
            labels=list(labels),
            scores=np.array(scores, np.float64),
            durations=np.array(durations, np.float64),
            is_call=np.array(calls, np.bool_),
            is_fallback=np.array(fallbacks, np.bool_),
            is_warned=np.array(warned, np.bool_),
            verdicts={places[number]: verdict for number, verdict in _rows(_DECISIONS, *ends) if number in places},
            outcomes={
                places[number]: (label, value) for number, label, value in _rows(_OUTCOMES, *ends) if number in places
            },
        )


def failures(layout: Layout, low: UUID, high: UUID) -> Iterator[Piece]:
    """Questions of that stretch that one version could not answer: their doors and inputs alone."""
    for rows in _pages(_FAILURES, layout, low, high):
        _numbers, sources, inputs = zip(*rows, strict=True)
        yield Piece(sources=list(sources), inputs=_columns(layout, inputs))


def _pages(statement: str, layout: Layout, low: UUID, high: UUID) -> Iterator[list[tuple[Any, ...]]]:
    most = _at_once(layout)
    while rows := _rows(statement, layout.version, low, high, most):
        yield rows
        if len(rows) < most:
            return
        low = UUID(int=rows[-1][0].int + 1)


def _at_once(layout: Layout) -> int:
    signature = layout.signature
    size = math.prod(signature.picture_shape) if signature.image is not None else 1
    return min(AT_ONCE, max(1, VALUES_AT_ONCE // size))


def _rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _columns(layout: Layout, texts: Sequence[str]) -> dict[str, Sequence[Any]]:
    """The values of each field that is counted; None where a question had no such field."""
    rows = [_loaded(text) for text in texts]
    names = sorted({*(one.name for one in layout.fields), *layout.segment_names})
    try:
        return dict(zip(names, zip(*map(itemgetter(*names, *names[:1]), rows), strict=True), strict=False))
    except (KeyError, TypeError):  # no name at all, or not in every row
        return {name: [row.get(name) for row in rows] for name in names}


def _loaded(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:  # PostgreSQL keeps numbers that are too large for it
        found = json.loads(text)
    return found
