"""A person's questions: a call is one of them, whether it asked about one or about many."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from predictions.models import Prediction, Source
from predictions.models.prediction import a_second_after
from predictions.presenters import Row, rows
from registry.texts import figure

# The number of the last row of each call: the first that is met on the way back from a second after its begin.
_LAST_ROWS = """
SELECT begin.id, latest.row FROM unnest(%s::uuid[], %s::uuid[]) AS begin (id, until), LATERAL (
    SELECT row FROM predictions_prediction
    WHERE user_id = %s AND id >= begin.id AND id < begin.until AND request_id = begin.id
    ORDER BY id DESC LIMIT 1
) AS latest
"""


@dataclass(frozen=True)
class Call:
    """What one call was answered: a row of its own when it asked about one, otherwise how many it asked about."""

    row: Row
    size: int

    @property
    def request_id(self) -> UUID:
        return self.row.prediction.request_id

    @property
    def count(self) -> str:
        return figure(self.size, grouped=True)


def calls_of(user_pk: int, *, before: UUID | None = None, most: int) -> list[Call]:
    """The newest calls of a person, or those before one of them: as many queries for one row as for thousands.

    A file is many calls that nobody made one by one: it has a list of its own.
    """
    found = Prediction.objects.for_list().filter(user_id=user_pk, row=0).exclude(source=Source.BATCH)
    if before is not None:
        found = found.filter(pk__lt=before)
    firsts = list(found.order_by("-id")[:most])
    sizes = _sizes(user_pk, [first.request_id for first in firsts])
    return [Call(row, sizes.get(row.prediction.request_id, 1)) for row in rows(firsts)]


def _sizes(user_pk: int, calls: Sequence[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_ROWS, [list(calls), [a_second_after(call) for call in calls], user_pk])
        return {number: row + 1 for number, row in cursor.fetchall()}
