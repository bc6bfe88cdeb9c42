"""The recorded answers of a comparison: those of its period, the newest first, a chunk at a time.

The index of answers by version ends in their number, so that a chunk costs what it holds, however many answers there
are. What is asked meanwhile is newer than where the first chunk began, and not among them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from predictions.history.moments import first_id_after_day, first_id_of_day
from predictions.models import Comparison
from registry.models import ModelVersion
from registry.signature import Signature

CHUNK = 2_000  # rows
VALUES = 2_000_000  # of pictures in a chunk

_NEWEST = """
SELECT found.id FROM unnest(%(versions)s::bigint[]) AS version (id), LATERAL (
    SELECT id FROM predictions_prediction AS answer
    WHERE answer.version_id = version.id AND answer.id >= %(low)s AND answer.id < %(high)s {source}
    ORDER BY id DESC LIMIT %(most)s
) AS found ORDER BY found.id DESC LIMIT %(most)s
"""
_SOURCE = "AND answer.source = %(source)s"
_READ = """
SELECT id, version_id, inputs::text FROM predictions_prediction
WHERE id IN ({newest}) ORDER BY id DESC
"""


@dataclass(frozen=True)
class Recorded:
    """An answer as it was asked for."""

    id: UUID
    version: int
    inputs: dict[str, Any]


def count(comparison: Comparison) -> int:
    """How many answers there are to be scored again, `most` at most."""
    statement = f"SELECT count(*) FROM ({_newest(comparison)}) AS newest"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(comparison, comparison.most))
        return int(cursor.fetchone()[0])


def chunk(comparison: Comparison, rows: int) -> list[Recorded]:
    """The next ones after the comparison's cursor, `rows` at most."""
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(newest=_newest(comparison)), _values(comparison, rows))
        return [Recorded(number, version, json.loads(text)) for number, version, text in cursor.fetchall()]


def rows_at_once(signatures: Sequence[Signature]) -> int:
    """How many rows are held in memory: fewer where each is a picture."""
    largest = max((math.prod(one.picture_shape) for one in signatures if one.image is not None), default=1)
    return max(1, min(CHUNK, VALUES // largest))


def answering(comparison: Comparison) -> dict[int, ModelVersion]:
    """The versions that may have given the recorded answers."""
    found = ModelVersion.objects.ready().filter(model=comparison.model_id).select_related("model")
    return {version.pk: version for version in found.defer("report", "metadata", "progress")}


def _newest(comparison: Comparison) -> str:
    return _NEWEST.format(source=_SOURCE if comparison.source else "")


def _values(comparison: Comparison, most: int) -> dict[str, Any]:
    return {
        "versions": list(ModelVersion.objects.filter(model=comparison.model_id).values_list("pk", flat=True)),
        "low": first_id_of_day(comparison.since_date),
        "high": comparison.cursor or first_id_after_day(comparison.until_date),
        "source": comparison.source,
        "most": most,
    }
