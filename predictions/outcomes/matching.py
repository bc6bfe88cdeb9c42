"""Which answers the rows of a file mean, by number or by key, and what was reported about them; in few statements."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from predictions.models import Dataset, Source
from registry.models import RegisteredModel

AT_ONCE = 5_000
_Item = TypeVar("_Item")

_BY_NUMBER = """
SELECT answer.id, COALESCE(NULLIF(answer.key, ''), record.key, ''), answer.version_id,
    (answer.created_at AT TIME ZONE %(zone)s)::date, known.id, known.label, known.value, known.observed_date,
    known.is_withdrawn
FROM unnest(%(numbers)s::uuid[]) AS sent (id)
JOIN predictions_prediction AS answer ON answer.id = sent.id
LEFT JOIN predictions_record AS record ON record.id = answer.record_id
LEFT JOIN LATERAL (
    SELECT * FROM predictions_outcome AS told WHERE told.prediction_id = answer.id AND NOT EXISTS (
        SELECT FROM predictions_outcome AS later WHERE later.prediction_id = answer.id AND later.replaces_id = told.id
    ) OFFSET 0
) AS known ON true
WHERE %(sees_all)s OR answer.user_id = %(user)s
"""
# A key is that of the row that was asked about, or of its record: answers of the time before had the record alone.
# Of two sets of records the same key means two people: then nobody knows which answer is meant.
# OFFSET 0 keeps the conditions out of the search: by version or person it would read as many answers as there are.
_BY_KEY = """
SELECT sent.place, (array_agg(found.id ORDER BY found.id DESC) FILTER (WHERE found.in_time))[1],
    count(DISTINCT found.dataset_id) FILTER (WHERE found.in_time)
FROM jsonb_to_recordset(%(sent)s::jsonb) AS sent (place int, key text, day date),
LATERAL (
    SELECT answer.id, record.dataset_id,
        answer.created_at < (sent.day + 1)::timestamp AT TIME ZONE %(zone)s AS in_time
    FROM (
        SELECT id, record_id, version_id, user_id, source, created_at
        FROM predictions_prediction WHERE NOT (key = '') AND key = sent.key
        UNION
        SELECT asked.id, asked.record_id, asked.version_id, asked.user_id, asked.source, asked.created_at
        FROM predictions_record AS named JOIN predictions_prediction AS asked ON asked.record_id = named.id
        WHERE named.dataset_id = ANY(%(datasets)s) AND named.key = sent.key
        OFFSET 0
    ) AS answer
    LEFT JOIN predictions_record AS record ON record.id = answer.record_id
    WHERE answer.version_id = ANY(%(versions)s) AND answer.source <> %(changed)s
        AND (%(any_set)s OR record.dataset_id = ANY(%(datasets)s))
        AND (%(sees_all)s OR answer.user_id = %(user)s)
) AS found
GROUP BY sent.place
"""


@dataclass(frozen=True)
class Known:
    """The outcome that counts for an answer so far."""

    number: UUID
    label: str
    value: float | None
    observed: date
    is_withdrawn: bool


@dataclass(frozen=True)
class Found:
    """An answer that somebody may see. `answered`: its day here; `known`: what was reported of it."""

    number: UUID
    key: str
    version: int
    answered: date
    known: Known | None


@dataclass(frozen=True)
class ByKey:
    """An answer per key, or None. `several`, `late`: places of keys of several sets, and of those answered later."""

    numbers: list[UUID | None]
    several: set[int]
    late: set[int]


def by_number(numbers: Iterable[UUID], *, user: User) -> dict[UUID, Found]:
    """Those of these answers that the person may see."""
    found: dict[UUID, Found] = {}
    shared = {"zone": timezone.get_current_timezone_name(), **_seen_by(user)}
    with connection.cursor() as cursor:
        for part in _parts(numbers):
            cursor.execute(_BY_NUMBER, {"numbers": part, **shared})
            for number, key, version, answered, *told in cursor.fetchall():
                known = Known(*told) if told[0] else None
                found[number] = Found(number, key, version, answered, known)
    return found


def by_key(keys: Sequence[tuple[str, date]], *, model: RegisteredModel, dataset: Dataset | None, user: User) -> ByKey:
    """Of each key, the latest answer of the model on that day or before, as far as the person sees them.

    Answers to values that somebody changed are about nobody.
    """
    found: list[UUID | None] = [None] * len(keys)
    shared = {
        "versions": list(model.versions.values_list("pk", flat=True)),
        "datasets": [dataset.pk] if dataset else list(Dataset.objects.values_list("pk", flat=True)),
        "any_set": dataset is None,
        "changed": Source.CHANGED.value,
        "zone": timezone.get_current_timezone_name(),
        **_seen_by(user),
    }
    several: set[int] = set()
    late: set[int] = set()
    with connection.cursor() as cursor:
        for part in _parts(enumerate(keys)):
            sent = [{"place": place, "key": key, "day": day.isoformat()} for place, (key, day) in part]
            cursor.execute(_BY_KEY, {"sent": json.dumps(sent, ensure_ascii=False), **shared})
            for place, number, sets in cursor.fetchall():
                found[place] = number
                if number is None:
                    late.add(place)
                if sets > 1:
                    several.add(place)
    return ByKey(found, several, late)


def _seen_by(user: User) -> dict[str, Any]:
    return {"sees_all": user.has_perm("predictions.view_prediction"), "user": user.pk}


def _parts(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    left = iter(items)
    while part := list(islice(left, AT_ONCE)):
        yield part
