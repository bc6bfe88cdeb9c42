"""Which partitions there are, and what lies outside of those that were made for a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("predictions_prediction", "predictions_predictionfailure")
STRAYS_COUNTED = 1_000  # more are not counted
LOCK = (1880162404, 24)  # of who makes or mends partitions; futurisys_make_partitions (migration 0016) names it, too
PROMISE = "partition_bound"  # the CHECK of a default partition that is being mended

_KNOWN = """
SELECT facts, name, low, high, is_default,
    CASE WHEN pg_relation_size(c.oid) = 0 THEN 0 WHEN c.reltuples > 0 THEN c.reltuples::bigint END,
    pg_total_relation_size(c.oid)
FROM futurisys_partitions() JOIN pg_class c ON c.oid = to_regclass('public.' || quote_ident(name))
ORDER BY facts, is_default, low NULLS FIRST
"""
_BROKEN_OFF = """
SELECT name FROM futurisys_partitions() JOIN pg_constraint ON conrelid = to_regclass('public.' || quote_ident(name))
WHERE is_default AND conname = %s AND NOT EXISTS (
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database()
    WHERE locktype = 'advisory' AND (classid::bigint, objid::bigint) = (%s, %s) AND granted)
ORDER BY name
"""
_STRAYS = "SELECT count(*) FROM (SELECT FROM {table} WHERE {range} LIMIT %s) AS found"


@dataclass(frozen=True)
class Partition:
    """A part of the table `facts`: numbers from `low` (None: any) to before `high`; the default one has neither.

    `rows`: PostgreSQL's estimate as of its last ANALYZE, None before it counted some; `size`: bytes on disk, with indexes.
    """

    facts: str
    name: str
    low: UUID | None
    high: UUID | None
    is_default: bool
    rows: int | None
    size: int


def partitions(connection: BaseDatabaseWrapper) -> list[Partition]:
    """Those of both tables, oldest first; the default one of a table is its last."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN)
        return [Partition(*row) for row in cursor.fetchall()]


def strays(connection: BaseDatabaseWrapper, found: Sequence[Partition]) -> dict[str, int]:
    """How many rows of each table lie in its default partition; at most STRAYS_COUNTED of a stretch are counted."""
    told = dict.fromkeys(TABLES, 0)
    with connection.cursor() as cursor:
        for table in TABLES:
            for low, high in _uncovered([one for one in found if one.facts == table and not one.is_default]):
                bounds = {"id >= %s": low, "id < %s": high}
                asked = {condition: value for condition, value in bounds.items() if value is not None}
                statement = _STRAYS.format(table=table, range=" AND ".join(asked) or "TRUE")
                cursor.execute(statement, [*asked.values(), STRAYS_COUNTED])
                told[table] += cursor.fetchone()[0]
    return told


def broken_off(connection: BaseDatabaseWrapper) -> list[str]:
    """Default partitions that nobody mends any more, and that still refuse what lies outside of the months they held."""
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN_OFF, [PROMISE, *LOCK])
        return [name for (name,) in cursor.fetchall()]


def _uncovered(found: Sequence[Partition]) -> Iterator[tuple[UUID | None, UUID | None]]:
    """Stretches of numbers that no partition was made for: before the first, of those detached, after the last."""
    end: UUID | None = None
    for place, one in enumerate(found):
        if one.low is not None and (place == 0 or one.low != end):
            yield end, one.low
        end = one.high
    yield end, None
