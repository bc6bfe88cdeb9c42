"""What the chunks of files add up to, for programs: rows by what became of them, findings by field and code."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from predictions.models import Batch, BatchChunk

# Added up where they are: the findings of a large file are megabytes.
_FINDINGS = """
SELECT kind, found ->> 'field', found ->> 'code', sum((found ->> 'count')::bigint)
FROM predictions_batchchunk, unnest(ARRAY['errors', 'warnings']) AS kind, jsonb_array_elements(findings -> kind) AS found
WHERE batch_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3
"""


@dataclass(frozen=True)
class Counts:
    """Rows of a file, as far as it is known. `checked`: by the check before the run. `is_kept`: whether there is any."""

    checked: int = 0
    predicted: int = 0
    rejected: int = 0
    is_kept: bool = False


def counts(batches: Iterable[Batch]) -> dict[UUID, Counts]:
    """Of each of these files that was cut, in one query."""
    chunks = BatchChunk.objects.filter(batch__in=list(batches)).order_by().values_list("batch_id")
    found = chunks.annotate(
        done=Sum("rows", filter=~Q(status=BatchChunk.Status.CUT), default=0),
        good=Sum("predicted"),
        bad=Sum("rejected"),
    )
    return {pk: Counts(done, good, bad, is_kept=True) for pk, done, good, bad in found}


def findings(batch: Batch) -> dict[str, list[dict[str, Any]]]:
    """{"errors": [{"field", "code", "count"}], "warnings": [...]}, the most frequent first; no values.

    A finding about the row itself has no field: None.
    """
    told: dict[str, list[dict[str, Any]]] = {"errors": [], "warnings": []}
    with connection.cursor() as cursor:
        cursor.execute(_FINDINGS, [batch.pk])
        for kind, name, code, count in cursor.fetchall():
            told[kind].append({"field": name or None, "code": code, "count": int(count)})
    return told
