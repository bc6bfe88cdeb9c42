"""What the tests of partitions share: an installation that has run for some months, with a partition for each."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from psycopg import sql

from predictions.activity import number_at
from predictions.partitions.known import TABLES, partitions

ANSWERS, FAILURES = TABLES


def begin(ago: int) -> datetime:
    """When the month began that was so many months ago; negative ones are to come."""
    now = timezone.now().astimezone(UTC)
    month = now.year * 12 + now.month - 1 - ago
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def name_of(ago: int, table: str = ANSWERS) -> str:
    """The name of that month's partition."""
    return f"{table}_{begin(ago):%Y_%m}"


def within(ago: int) -> datetime:
    """A moment of that month."""
    return begin(ago) + timedelta(days=9, hours=10)


def names(table: str = ANSWERS) -> list[str]:
    """Of the partitions there are."""
    return [one.name for one in partitions(connections["owner"]) if one.facts == table]


def cut(cursor: Any, count: int) -> None:
    """As the owner: in place of the first partition, which is empty, one for each of so many months up to this one.

    And up to the next one in the last week of a month, when the first partition holds that, too.
    """
    for table in TABLES:
        first = first_of(cursor, table)
        end = next(one.high for one in partitions(connections["owner"]) if one.name == first)
        newest = 0 if end == number_at(begin(-1)) else -1
        cursor.execute(_named("ALTER TABLE {} DETACH PARTITION {}", table, first))
        for ago in reversed(range(newest, count)):
            fresh = name_of(ago, table)
            cursor.execute(_named("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", fresh, table))
            cursor.execute("SELECT futurisys_protect_partition(%s)", [fresh])
            attach = _named("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({low}) TO ({high})", table, fresh)
            bounds = {"low": number_at(begin(ago)), "high": number_at(begin(ago - 1))}
            cursor.execute(attach.as_string().format(**{name: f"'{bound}'" for name, bound in bounds.items()}))


def first_of(cursor: Any, table: str) -> str:
    """The name of the partition that has no lower bound."""
    cursor.execute(
        "SELECT name FROM futurisys_partitions() WHERE facts = %s AND low IS NULL AND NOT is_default", [table]
    )
    return str(cursor.fetchone()[0])


def _named(statement: str, *identifiers: str) -> sql.Composed:
    kept = statement.replace("{low}", "{{low}}").replace("{high}", "{{high}}")
    return sql.SQL(kept).format(*map(sql.Identifier, identifiers))


@pytest.fixture(name="months")
def months_of_partitions() -> Iterator[Callable[[int], None]]:
    """`months(6)`: `cut`, for a test that commits; afterwards the partitions are those of before, and empty."""
    owner = connections["owner"]
    with owner.cursor() as cursor:
        before = {one.name: one for one in partitions(owner)}
        firsts = {table: first_of(cursor, table) for table in TABLES}

    def run(count: int) -> None:
        with owner.cursor() as cursor:
            cut(cursor, count)

    yield run
    connections.close_all()
    with owner.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DROP SCHEMA IF EXISTS futurisys_detached CASCADE")
        cursor.execute("DELETE FROM predictions_detachedpartition")
        for table in TABLES:
            cursor.execute(_named("DELETE FROM {}", table))
        now = partitions(owner)
        for one in now:
            if one.name not in before:
                cursor.execute(_named("DROP TABLE {}", one.name))
        for table, first in firsts.items():
            if first not in {one.name for one in now}:
                attach = _named(
                    "ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM (MINVALUE) TO ({high})", table, first
                )
                cursor.execute(attach.as_string().format(high=f"'{before[first].high}'"))
                # A migration that ran meanwhile took it for a table of its own.
                cursor.execute(_named("REVOKE ALL ON {} FROM {}", first, connections["default"].settings_dict["USER"]))
        cursor.execute("SET session_replication_role = DEFAULT")
    assert {one.name for one in partitions(owner)} == set(before)
