"""Rows that reached the default partition because no other was made in time: it becomes the partition of their months.

It may hold tens of gigabytes, and while it changes its place nobody's answer is stored. So its rows are read before, while
others read and write: a CHECK says of which months they are, and PostgreSQL takes its word for the rest.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.errors import CheckViolation, DeadlockDetected, LockNotAvailable

from predictions.activity import number_at
from predictions.monitoring.rollups.days import moment_of
from predictions.partitions.aside import unhurried
from predictions.partitions.known import LOCK, PROMISE, TABLES, Partition, partitions, strays

FARTHEST = timedelta(days=366)  # a clock that is wrong by more would make one partition of all years between
# The CHECK refuses what lies outside of it as long as it is there, which is minutes, and an answer that cannot be stored
# is not given. PostgreSQL accepts no other proof without reading every row under its lock. So it ends late enough for
# what can arrive: the month after this one, and after the newest row, is in it as a whole. What is earlier than it has
# partitions of its own, unless it is detached. What is left is a clock that goes wrong in these very minutes, by more than
# a month ahead or back into months that are detached: that host's questions fail until the rows are read.
ROOM = timedelta(days=31)
PATIENCE = "500ms"  # less than an answer waits (2 s), and than PostgreSQL before it ends one of two in a deadlock (1 s)
TRIES = 40
PAUSE = 1.0  # seconds in which those go on who waited behind a try
BUSY = "Somebody uses the tables of the answers for long: see pg_stat_activity. Run it again when they are done."
_LIKE = "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)"
_IS_PROMISED = "SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s"


class Unhealed(Exception):
    """The text is a sentence that says why rows have to stay in the default partition."""


def heal(owner: BaseDatabaseWrapper, now: datetime) -> list[str]:
    """As the owner: empty default partitions again, without moving a row. Returns the new partitions. Raises Unhealed."""
    with _alone(owner) as aside:
        found = partitions(owner)
        for one in found:
            if one.is_default:
                _take_back(owner, one.name)
        told = strays(owner, found)
        return [_heal(owner, aside, table, found, now) for table in TABLES if told[table]]


@contextmanager
def _alone(owner: BaseDatabaseWrapper) -> "Iterator[psycopg.Connection[Any]]":
    """Nobody else makes or mends partitions: beat's function, too, does nothing while the lock is held."""
    with unhurried(owner) as aside:
        try:
            aside.execute("SELECT pg_advisory_lock(%s, %s)", LOCK)
        except LockNotAvailable as error:
            raise Unhealed("Somebody else makes partitions. Run it again when they are done.") from error
        try:
            yield aside
        finally:
            if not aside.closed:  # the server notices the end of a connection a moment too late for who comes next
                aside.execute("SELECT pg_advisory_unlock(%s, %s)", LOCK)


def _heal(
    owner: BaseDatabaseWrapper, aside: "psycopg.Connection[Any]", table: str, found: list[Partition], now: datetime
) -> str:
    default = next(one.name for one in found if one.facts == table and one.is_default)
    low = max((one.high for one in found if one.facts == table and one.high is not None), default=None)
    oldest, newest = _ends(owner, default)
    if low is not None and oldest < low:
        raise Unhealed(f"{default} holds rows of months that are detached: they stay in it, and on all pages.")
    if moment_of(newest) > now + FARTHEST:
        raise Unhealed(f"{default} holds a row of {moment_of(newest):%Y-%m-%d}: which clock was wrong?")
    end = _next_month(max(moment_of(newest), now) + ROOM)
    fresh = f"{table}_until_{end - timedelta(days=1):%Y_%m}"
    _patiently(owner, partial(_promise, default=default, low=low, high=number_at(end)))
    try:
        _keep(aside, default)
        _patiently(owner, partial(_swap, table=table, default=default, fresh=fresh, low=low, high=number_at(end)))
    except BaseException:  # left there, the CHECK would refuse answers from its end on
        _take_back(owner, default)
        raise
    return fresh


def _ends(owner: BaseDatabaseWrapper, default: str) -> tuple[UUID, UUID]:
    """The first and the last number, from the index of the primary key: min() of a uuid is not in PostgreSQL 15."""
    ends = []
    with owner.cursor() as cursor:
        for order in ("SELECT id FROM {} ORDER BY id LIMIT 1", "SELECT id FROM {} ORDER BY id DESC LIMIT 1"):
            _run(cursor, order, default)
            ends.append(cursor.fetchone()[0])
    return ends[0], ends[1]


def _promise(cursor: Any, *, default: str, low: UUID | None, high: UUID) -> None:
    """Not valid yet: what is there is not read, what arrives is checked."""
    least = sql.SQL("TRUE") if low is None else sql.SQL("id >= {}").format(sql.Literal(str(low)))
    cursor.execute(
        sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} AND id < {}) NOT VALID").format(
            sql.Identifier("public", default), sql.Identifier(PROMISE), least, sql.Literal(str(high))
        )
    )


def _keep(aside: "psycopg.Connection[Any]", default: str) -> None:
    """Read every row, for as long as that takes: others read and write meanwhile."""
    try:
        aside.execute(_sql("ALTER TABLE {} VALIDATE CONSTRAINT {}", default, PROMISE))
    except LockNotAvailable as error:
        raise Unhealed(BUSY) from error
    except CheckViolation as error:
        raise Unhealed(f"{default} got a row of another time meanwhile: which clock is wrong? Run it again.") from error


def _swap(cursor: Any, *, table: str, default: str, fresh: str, low: UUID | None, high: UUID) -> None:
    """The default partition goes to its months, and an empty one takes its place. No row is read."""
    _run(cursor, "ALTER TABLE {} DETACH PARTITION {}", table, default)
    _run(cursor, "ALTER TABLE {} RENAME TO {}", default, fresh)
    for index in _indexes(cursor, fresh):
        new = f"{fresh}{index.removeprefix(default)}" if index.startswith(default) else f"{index}_1"
        _run(cursor, "ALTER INDEX {} RENAME TO {}", index, new)
    _run(cursor, _LIKE, default, table)
    cursor.execute("SELECT futurisys_protect_partition(%s)", [default])
    cursor.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            sql.Identifier("public", table),
            sql.Identifier("public", fresh),
            sql.SQL("MINVALUE") if low is None else sql.Literal(str(low)),
            sql.Literal(str(high)),
        )
    )
    _run(cursor, "ALTER TABLE {} DROP CONSTRAINT {}", fresh, PROMISE)
    _run(cursor, "ALTER TABLE {} ATTACH PARTITION {} DEFAULT", table, default)


def _take_back(owner: BaseDatabaseWrapper, default: str) -> None:
    """Drop the CHECK, of this run or of one that was killed."""
    with owner.cursor() as cursor:
        cursor.execute(_IS_PROMISED, [f"public.{default}", PROMISE])
        if cursor.fetchone() is None:
            return
    _patiently(owner, lambda cursor: _run(cursor, "ALTER TABLE {} DROP CONSTRAINT {}", default, PROMISE))


def _patiently(owner: BaseDatabaseWrapper, step: Callable[[Any], None]) -> None:
    """A short transaction that needs a table for itself gives up soon, and comes again. Raises Unhealed."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                step(cursor)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            if not left:
                raise Unhealed(BUSY) from error
            time.sleep(PAUSE)
        else:
            return


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
