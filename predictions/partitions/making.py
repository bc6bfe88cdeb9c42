"""Partitions of the months to come. Beat's task makes them with the application's role, which owns no table."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import LockNotAvailable, QueryCanceled

from predictions.activity import number_at
from predictions.partitions.known import STRAYS_COUNTED, TABLES, Partition, broken_off, partitions, strays

AHEAD = 3  # months: for as long the task may fail before rows reach the default partition
# The default partition is locked while PostgreSQL looks through its rows for some of the new month: nothing when it is
# empty, minutes when much lies in it. An answer waits two seconds for a lock.
LONGEST = "1500ms"
logger = logging.getLogger(__name__)
Warn = Callable[[str], Any]


def make(warn: Warn = logger.warning) -> list[str]:
    """Make what is missing of this month and the next three; returns the names. What could not be made is told.

    Each month is a transaction of its own: it holds its locks for some milliseconds, and waits half a second for them.
    It gives up where rows of the default partition take it longer: they have to be mended first.
    """
    made: list[str] = []
    for ahead in range(AHEAD + 1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{LONGEST}'")
                cursor.execute("SELECT futurisys_make_partitions(%s)", [ahead])
                made += cursor.fetchone()[0]
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                logger.info("the default partition holds too much to be looked through", extra={"ahead": ahead})
                break
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            logger.info("somebody reads all partitions: the next one is made later", extra={"ahead": ahead})
        except IntegrityError:  # the default partition holds rows of that month, and will be its partition: see healing
            logger.info("the month has begun in the default partition", extra={"ahead": ahead})
            break
    for sentence in problems(timezone.now()):
        warn(sentence)
    return made


def problems(now: datetime) -> list[str]:
    """What somebody should do something about, a sentence each."""
    found = partitions(connection)
    return [*_late(found, now), *_astray(strays(connection, found)), *map(_is_broken_off, broken_off(connection))]


def _late(found: list[Partition], now: datetime) -> list[str]:
    """Tables without a partition for the rows of next week."""
    soon = number_at(now + timedelta(days=7))
    ends = {table: [one.high for one in found if one.facts == table and one.high is not None] for table in TABLES}
    return [
        f"{table} has no partition for the answers of next week. They will be stored, in its default partition."
        " See docs/partitions.md."
        for table, highs in ends.items()
        if not any(high > soon for high in highs)
    ]


def _astray(told: dict[str, int]) -> list[str]:
    return [
        f"{count if count < STRAYS_COUNTED else f'{count} or more'} rows lie in the default partition of {table}: a clock"
        " was wrong, or a partition was made too late. Run manage.py make_partitions. See docs/partitions.md."
        for table, count in told.items()
        if count
    ]


def _is_broken_off(name: str) -> str:
    return (
        f"Mending {name} was broken off, and it refuses answers of later months since. Run manage.py make_partitions again."
        " See docs/partitions.md."
    )
