"""Which hours are to be counted, newest first: marked ones, those that had not settled, and those that nobody counted.

What was never counted is found without reading the answers: between two counted hours, one step into the index of the
primary key tells whether there is anything, and what is the newest.
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection
from django.db.models import F

from predictions.activity import number_at
from predictions.models import CountedHour, HourToCount
from predictions.monitoring.rollups import days
from predictions.partitions import detached

SETTLED_AFTER = days.HOUR + timedelta(minutes=15)  # its begin: by then what began in it has committed, on all clocks
SOONEST = timedelta(seconds=50)  # beat's minute is not always one
SHARE = 20  # of the time, one part at most is spent with counting an hour that goes on
FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # no answer is older

_GAPS = """
SELECT hour, next FROM (SELECT hour, lead(hour) OVER (ORDER BY hour) AS next FROM predictions_countedhour) AS known
WHERE next > hour + interval '1 hour' ORDER BY hour DESC
"""
_NEWEST = """
SELECT GREATEST(
    (SELECT id FROM predictions_prediction WHERE id >= low AND id < high ORDER BY id DESC LIMIT 1),
    (SELECT id FROM predictions_predictionfailure WHERE id >= low AND id < high ORDER BY id DESC LIMIT 1))
FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS gap (low, high, place) ORDER BY place
"""
Gap = tuple[datetime, datetime]


def days_due(at: datetime) -> Iterator[date]:
    """Days with hours to be counted, newest first, each once; what is found while they are worked on comes next time."""
    marked = HourToCount.objects.order_by("-hour").values_list("hour", flat=True).distinct()
    known = (days.day_of(hour) for hour in [*marked])
    stale = (days.day_of(hour) for hour, counted, seconds in _unsettled() if _is_stale(at, counted, seconds))
    merged = heapq.merge([days.day_of(at)], known, stale, _uncounted(at), reverse=True)
    return (day for day, _ in groupby(merged))


def hours_due(day: date, at: datetime) -> list[datetime]:
    """The hours of a day that are to be counted, newest first: also empty ones before now, so that there is no gap."""
    begin, end = days.begin_of(day), days.end_of_day(day)
    marks = HourToCount.objects.filter(hour__gte=begin, hour__lt=end).values_list("hour", flat=True)
    marked = {days.hour_of(hour) for hour in marks}
    counted = {
        hour: (counted_at, seconds)
        for hour, counted_at, seconds in CountedHour.objects.filter(hour__gte=begin, hour__lt=end).values_list()
    }

    def is_due(hour: datetime) -> bool:
        if hour in marked:
            return True
        if hour not in counted:
            return hour <= at
        counted_at, seconds = counted[hour]
        return counted_at < hour + SETTLED_AFTER and _is_stale(at, counted_at, seconds)

    return detached.complete(hour for hour in reversed(days.hours_of(day)) if is_due(hour))


def _unsettled() -> list[tuple[datetime, datetime, float]]:
    found = CountedHour.objects.filter(counted_at__lt=F("hour") + SETTLED_AFTER).order_by("-hour")
    return list(found.values_list("hour", "counted_at", "seconds"))


def _is_stale(at: datetime, counted_at: datetime, seconds: float) -> bool:
    return at - counted_at >= max(SOONEST, timedelta(seconds=seconds * SHARE))


def _uncounted(at: datetime) -> Iterator[date]:
    """Days with facts between counted hours, newest first."""
    gaps = _gaps(at)
    for (low, _high), newest in zip(gaps, _newest(gaps), strict=True):
        yield from _back_from(newest, low)


def days_with_facts(low: datetime, high: datetime) -> Iterator[date]:
    """Days with answers or failures from the one moment to before the other, newest first."""
    return _back_from(_newest([(low, high)])[0], low)


def _back_from(newest: UUID | None, low: datetime) -> Iterator[date]:
    while newest is not None:
        day = days.day_of(days.moment_of(newest))
        yield day
        begin = days.begin_of(day)
        newest = _newest([(low, begin)])[0] if low < begin else None


def _gaps(at: datetime) -> list[Gap]:
    """Stretches without a counted hour, up to now."""
    ends = CountedHour.objects.order_by("hour").values_list("hour", flat=True)
    first, last = ends.first(), ends.last()
    if first is None or last is None:
        return [(FIRST, at)]
    with connection.cursor() as cursor:
        cursor.execute(_GAPS)
        between = [(days.end_of(hour), later) for hour, later in cursor.fetchall()]
    return [gap for gap in ((days.end_of(last), at), *between, (FIRST, first)) if gap[0] < gap[1]]


def _newest(gaps: Sequence[Gap]) -> list[UUID | None]:
    """The largest number of an answer or failure in each of the stretches; None where there is nothing."""
    lows, highs = [number_at(low) for low, _ in gaps], [number_at(high) for _, high in gaps]
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [lows, highs])
        return [found for (found,) in cursor.fetchall()]
