"""How outcomes reach their table: what their digest is taken over, and thousands of them in few statements."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import uuid_utils.compat
from django.contrib.auth.models import User
from django.db import connection

from predictions.models import Outcome
from predictions.monitoring.rollups import marks
from predictions.outcomes.words import Said
from registry.facts import seals

AT_ONCE = 5_000  # rows of a statement

_INSERT = """
INSERT INTO predictions_outcome
    (id, prediction_id, by_id, label, value, is_withdrawn, observed_date, origin, comment, replaces_id, salt, digest)
SELECT id, prediction, %s, label, value, false, day, %s, '', replaces, decode(salt, 'hex'), decode(digest, 'hex')
FROM jsonb_to_recordset(%s::jsonb) AS sent
    (id uuid, prediction uuid, label text, value float8, day date, replaces uuid, salt text, digest text)
"""
_ARRIVED = "DELETE FROM predictions_awaited WHERE kind = 'outcome' AND prediction_id = ANY(%s::uuid[])"


@dataclass(frozen=True)
class Report:
    """What a file says of one answer; `replaces`: the number of the outcome that it corrects."""

    prediction: UUID
    said: Said
    observed: date
    replaces: UUID | None = None


def payload(outcome: Outcome) -> list[Any]:
    """What the digest of an outcome is taken over."""
    return _payload(
        outcome.pk,
        outcome.by_id,
        outcome.origin,
        Report(
            outcome.prediction_id,
            Said(outcome.label, outcome.value),
            outcome.observed_date,
            outcome.replaces_id,
        ),
        withdrawn=outcome.is_withdrawn,
        comment=outcome.comment,
    )


def _payload(
    number: UUID, by: int, origin: str, report: Report, *, withdrawn: bool = False, comment: str = ""
) -> list[Any]:
    who = [str(number), str(report.prediction), by, origin]
    what = [report.said.label, report.said.value, withdrawn, report.observed.isoformat(), comment]
    return [*who, *what, str(report.replaces) if report.replaces else None]


def write(reports: Sequence[Report], *, by: User, origin: str) -> dict[UUID, UUID]:
    """Insert them, await these answers' outcomes no more, and have their hours counted again.

    Runs in the caller's transaction. Comes back with the number of the outcome of each answer.
    """
    # Two files at once meet in the same order, so that neither waits for the other.
    ordered = sorted(reports, key=lambda report: report.prediction.int)
    numbers: dict[UUID, UUID] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(ordered), AT_ONCE):
            part = ordered[start : start + AT_ONCE]
            rows = _rows(part, by, origin)
            cursor.execute(_INSERT, [by.pk, origin, json.dumps(rows, ensure_ascii=False)])
            cursor.execute(_ARRIVED, [[report.prediction for report in part]])
            numbers |= {report.prediction: UUID(row["id"]) for report, row in zip(part, rows, strict=True)}
    marks.mark(numbers)
    return numbers


def _rows(reports: Sequence[Report], by: User, origin: str) -> list[dict[str, Any]]:
    numbers = [uuid_utils.compat.uuid7() for _ in reports]
    pairs = zip(numbers, reports, strict=True)
    salts, digests = seals((_payload(number, by.pk, origin, report) for number, report in pairs), len(reports))
    return [
        {
            "id": str(number),
            "prediction": str(report.prediction),
            "label": report.said.label,
            "value": report.said.value,
            "day": report.observed.isoformat(),
            "replaces": str(report.replaces) if report.replaces else None,
            "salt": salt.hex(),
            "digest": digest.hex(),
        }
        for number, report, salt, digest in zip(numbers, reports, salts, digests, strict=True)
    ]
