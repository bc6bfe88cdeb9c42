"""Roll-ups are kept: an hour is counted and replaces what was there, and its day with it, in one transaction.

Whoever counts hours of a day is alone with it, so that a day is always the sum of its hours. Facts are never locked.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from predictions.models import CountedHour, DailyRollup, HourlyRollup, HourToCount
from predictions.models.rollup import Rollup
from predictions.monitoring.rollups import days
from predictions.monitoring.rollups.counting import count
from predictions.monitoring.rollups.reading import MANY
from predictions.monitoring.rollups.tally import ARRAYS, array, column

LOCK = 0x7011_0095  # of the two numbers of an advisory lock the first; the second is the day
LOOK_AGAIN = 0.1  # seconds
AT_ONCE = 500  # rows that are read, of 1 kB
TOGETHER = 5.0  # seconds that hours of one day should take: then they are committed

_Sums = dict[str, NDArray[Any]]


def count_hour(hour: datetime, at: datetime) -> None:
    """Count one hour anew; `at`: now. Waits for whoever counts hours of the same day."""
    count_hours([hour], at)


def count_hours(
    hours: Sequence[datetime], at: datetime, *, seconds: float | None = None, waits: bool = True
) -> list[datetime]:
    """Count hours of one day anew, in the given order, and add the day up; `at`: now. Returns those that were counted.

    After so many `seconds` the rest is left. Nothing is counted when somebody else is at this day and `waits` is false.
    """
    day, done = days.day_of(hours[0]), dict[datetime, float]()
    begun = time.perf_counter()
    with transaction.atomic():
        if not _alone(day, waits=waits):
            return []
        for hour in hours:
            if done and seconds is not None and time.perf_counter() - begun > seconds:
                break
            done[hour] = _replace_hour(hour)
        adding = _timed(lambda: _replace_day(day))
        CountedHour.objects.bulk_create(
            CountedHour(hour=hour, counted_at=at, seconds=counting + adding) for hour, counting in done.items()
        )
    return list(done)


def _alone(day: date, *, waits: bool) -> bool:
    """Whether nobody else counts hours of this day until this transaction ends.

    The server gives up waiting for a lock after lock_timeout, which is made for pages: so it is asked again.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, day.toordinal()])
            if cursor.fetchone()[0]:
                return True
        if not waits:
            return False
        time.sleep(LOOK_AGAIN)


def _replace_hour(hour: datetime) -> float:
    """How long it took, in seconds."""
    return _timed(lambda: _count(hour))


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _count(hour: datetime) -> None:
    within = {"hour__gte": hour, "hour__lt": days.end_of(hour)}  # also what another TIME_ZONE left
    # First of all: what is marked from now on may be missed by what follows, and is counted once more.
    HourToCount.objects.filter(**within).delete()
    found = count(hour)
    HourlyRollup.objects.filter(**within).delete()
    CountedHour.objects.filter(**within).delete()
    _insert(HourlyRollup, "hour", ((hour, *key, *tally.columns().values()) for key, tally in found.items()))


def _replace_day(day: date) -> None:
    totals: dict[tuple[int, str, str, int], _Sums] = {}
    for version, source, field, place, *stored in _hours_of(day):
        sums = {name: array(name, told) for name, told in zip(ARRAYS, stored, strict=True)}
        _add(totals, (version, source, field, place), ARRAYS, sums)
        _add(totals, (version, "", field, place), _of_all_doors(source), sums)
    DailyRollup.objects.filter(day=day).delete()
    rows = ((column(name, sums[name]) for name in ARRAYS) for sums in totals.values())
    _insert(DailyRollup, "day", ((day, *key, *row) for key, row in zip(totals, rows, strict=True)))


def _hours_of(day: date) -> Iterator[tuple[Any, ...]]:
    within = {"hour__gte": days.begin_of(day), "hour__lt": days.end_of_day(day)}
    rows = HourlyRollup.objects.filter(**within).order_by("hour")
    return rows.values_list("version_id", "source", "field", "place", *ARRAYS).iterator(chunk_size=AT_ONCE)


def _of_all_doors(source: str) -> Sequence[str]:
    return [name for name in ARRAYS if name != "latency"] if source in MANY else ARRAYS


def _add(totals: dict[Any, _Sums], key: Any, names: Iterable[str], sums: _Sums) -> None:
    total = totals.get(key)
    if total is None:
        total = totals[key] = {
            name: np.zeros(len(sums[name]), np.float64 if name == "sums" else np.int64) for name in ARRAYS
        }
    for name in names:
        total[name] += sums[name]


def _insert(model: type[Rollup], moment: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Store roll-ups; there are hundreds of an hour, and the ORM takes as long for them as counting does."""
    names = [moment, "version_id", "source", "field", "place", *ARRAYS]
    types = [
        "timestamptz" if moment == "hour" else "date",
        "int8",
        "varchar",
        "varchar",
        "int2",
        *["bytea"] * len(ARRAYS),
    ]
    statement = f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
