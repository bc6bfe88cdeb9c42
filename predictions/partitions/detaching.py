"""A partition leaves its table and stands alone, still append-only. Only the owner of the tables may do that."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from predictions.models import OVER, Awaited, Batch, Comparison, DetachedPartition, HourToCount
from predictions.monitoring.rollups import days, due
from predictions.partitions.aside import unhurried
from predictions.partitions.known import TABLES, Partition, partitions

SCHEMA = "futurisys_detached"
YOUNGEST = timedelta(days=90)  # since the end of the partition: what pages and workers count anew is younger
PATIENCE = "1500ms"  # in which others have to wait: an answer does for 2 s
_FOREIGN_KEYS = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'f'"


class Refused(Exception):
    """The text is a sentence that says why not."""


@dataclass(frozen=True)
class Plan:
    """A partition that may be detached, with the numbers before `high`, and how many rows it has."""

    partition: Partition
    high: UUID
    rows: int

    @property
    def table(self) -> str:
        """Where it will be."""
        return f"{SCHEMA}.{self.partition.name}"


def plan(owner: BaseDatabaseWrapper, name: str, now: datetime) -> Plan:
    """What would be detached. Raises Refused."""
    found = {one.name: one for one in partitions(owner)}
    if name not in found:
        raise Refused(f"There is no partition {name}. manage.py list_partitions names them.")
    one = found[name]
    if one.high is None:
        raise Refused(f"{name} is the default partition: it takes the rows that have no other one.")
    end = days.moment_of(one.high)
    if end + YOUNGEST > now:
        raise Refused(f"{name} holds rows up to {end:%Y-%m-%d}: it may be detached from {end + YOUNGEST:%Y-%m-%d} on.")
    for problem in _unfinished(one, end, now):
        raise Refused(problem)
    with unhurried(owner) as aside:
        counted = aside.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", name))).fetchone()
        return Plan(one, one.high, counted[0] if counted else 0)


def _unfinished(one: Partition, end: datetime, now: datetime) -> Iterator[str]:
    """Work that still needs the rows, a sentence each."""
    begin = due.FIRST if one.low is None else days.moment_of(one.low)
    if files := Batch.objects.exclude(status__in=OVER).filter(created_at__lt=end).count():
        yield f"{files} files of that time are not over. Run or cancel them first."
    if Comparison.objects.filter(status__in=["waiting", "running"], since_date__lt=end.date()).exists():
        yield "A comparison of versions reads answers of that time. Wait for it, or cancel it."
    marked = HourToCount.objects.filter(hour__gte=begin - days.HOUR, hour__lt=end).exists()
    if marked or any(begin.date() <= day <= end.date() for day in due.days_due(now)):
        yield (
            "Hours of that time wait to be counted for monitoring, and could not be counted later. Wait for the worker,"
            " or run manage.py rebuild_rollups --continue."
        )


def detach(owner: BaseDatabaseWrapper, planned: Plan) -> None:
    """Take a partition out of its table, in one transaction; only its last step keeps others waiting.

    What waited for a decision or an outcome of these answers no longer does. Foreign keys go: they would forbid to
    delete what an archived answer was about. Triggers and indexes stay.
    """
    one = planned.partition
    place = sql.Identifier("public", one.name)
    with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
        DetachedPartition.objects.using(owner.alias).create(
            name=one.name, table=one.facts, low=one.low, high=planned.high, rows=planned.rows
        )
        if one.facts == TABLES[0]:
            awaited = Awaited.objects.using(owner.alias).filter(prediction_id__lt=planned.high)
            (awaited if one.low is None else awaited.filter(prediction_id__gte=one.low)).delete()
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        cursor.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(sql.Identifier("public", one.facts), place))
        cursor.execute(_FOREIGN_KEYS, [f"public.{one.name}"])
        for (key,) in cursor.fetchall():
            cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(place, sql.Identifier(key)))
        cursor.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(place, sql.Identifier(SCHEMA)))
    _say_what_it_holds(owner, planned)


def _say_what_it_holds(owner: BaseDatabaseWrapper, planned: Plan) -> None:
    """The range as a CHECK: it tells a reader of the archive, and attaching it again need not look at each row."""
    one = planned.partition
    low = sql.SQL("TRUE") if one.low is None else sql.SQL("id >= {}").format(sql.Literal(str(one.low)))
    with unhurried(owner) as aside:
        aside.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT partition_range CHECK ({} AND id < {})").format(
                sql.Identifier(SCHEMA, one.name), low, sql.Literal(str(planned.high))
            )
        )


def may_own(owner: BaseDatabaseWrapper) -> bool:
    """Whether this connection is the owner of the tables."""
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(%s)",
            [f"public.{TABLES[0]}"],
        )
        return bool(cursor.fetchone()[0])
