"""Rows that reached the default partition because no other was made in time: it becomes the partition of their months."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from predictions.activity import number_at
from predictions.monitoring.rollups.days import moment_of
from predictions.partitions.known import TABLES, Partition, partitions, strays

FARTHEST = timedelta(days=366)  # a clock that is wrong by more would make one partition of all years between
PATIENCE = "3s"
_LIKE = "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)"


class Unhealed(Exception):
    """The text is a sentence that says why rows have to stay in the default partition."""


def heal(owner: BaseDatabaseWrapper, now: datetime) -> list[str]:
    """As the owner: empty default partitions again, without moving a row. Returns the new partitions. Raises Unhealed."""
    found = partitions(owner)
    told = strays(owner, found)
    return [_heal(owner, table, found, now) for table in TABLES if told[table]]


def _heal(owner: BaseDatabaseWrapper, table: str, found: list[Partition], now: datetime) -> str:
    default = next(one for one in found if one.facts == table and one.is_default)
    known = [one.high for one in found if one.facts == table and one.high is not None]
    low = max(known, default=None)
    with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        _run(cursor, "ALTER TABLE {} DETACH PARTITION {}", table, default.name)
        cursor.execute(_sql("SELECT min(id::text)::uuid, max(id::text)::uuid FROM {}", default.name))
        oldest, newest = cursor.fetchone()
        if low is not None and oldest < low:
            raise Unhealed(f"{default.name} holds rows of months that are detached: they stay in it, and on all pages.")
        if moment_of(newest) > now + FARTHEST:
            raise Unhealed(f"{default.name} holds a row of {moment_of(newest):%Y-%m-%d}: which clock was wrong?")
        end = _next_month(moment_of(newest))
        fresh = f"{table}_until_{end - timedelta(days=1):%Y_%m}"
        _run(cursor, "ALTER TABLE {} RENAME TO {}", default.name, fresh)
        for index in _indexes(cursor, fresh):
            new = f"{fresh}{index.removeprefix(default.name)}" if index.startswith(default.name) else f"{index}_1"
            _run(cursor, "ALTER INDEX {} RENAME TO {}", index, new)
        _run(cursor, _LIKE, default.name, table)
        cursor.execute("SELECT futurisys_protect_partition(%s)", [default.name])
        bounds = [number_at(end)] if low is None else [low, number_at(end)]
        _attach(cursor, table, fresh, bounds)
        _run(cursor, "ALTER TABLE {} ATTACH PARTITION {} DEFAULT", table, default.name)
    return fresh


def _attach(cursor: Any, table: str, name: str, bounds: list[UUID]) -> None:
    low, high = (sql.SQL("MINVALUE"), bounds[0]) if len(bounds) == 1 else (sql.Literal(str(bounds[0])), bounds[1])
    statement = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    cursor.execute(
        statement.format(sql.Identifier("public", table), sql.Identifier("public", name), low, sql.Literal(str(high)))
    )


def _indexes(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = to_regclass(%s)", [f"public.{table}"]
    )
    return [name for (name,) in cursor.fetchall()]


def _run(cursor: Any, statement: str, *names: str) -> None:
    cursor.execute(_sql(statement, *names))


def _sql(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _next_month(moment: datetime) -> datetime:
    return datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
