"""All roll-ups of a period anew, from the facts. Marks say what is left, so that it may be stopped at any moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from predictions.models import CountedHour, DailyRollup, HourToCount
from predictions.monitoring.rollups import days, due, keeping, marks
from predictions.partitions import detached


@dataclass(frozen=True)
class Done:
    """Hours of a day that were counted, and in how many seconds."""

    day: date
    hours: int
    seconds: float


def mark(since: date, until: date, at: datetime) -> int:
    """Have all hours of these days counted again that have facts, or had some; `at`: now. Returns how many days.

    Hours whose facts are detached stay as they were counted.
    """
    since, until = max(since, days.day_of(due.FIRST)), min(until, days.day_of(at))
    low, high = days.begin_of(since), min(days.end_of_day(until), at)
    found = set(due.days_with_facts(low, high)) if low < high else set()
    found |= set(DailyRollup.objects.filter(day__range=(since, until)).values_list("day", flat=True).distinct())
    counted = CountedHour.objects.filter(hour__gte=low, hour__lt=high).values_list("hour", flat=True)
    found |= {days.day_of(hour) for hour in counted}
    hours = detached.complete(hour for day in found for hour in days.hours_of(day) if hour <= at)
    with transaction.atomic():
        HourToCount.objects.filter(hour__in=hours).delete()
        marks.mark_hours(hours)
    return len(found)


def work(since: date, until: date) -> Iterator[Done]:
    """Count what is due of these days, newest first; waits where a worker is at one of them."""
    for day in due.days_due(timezone.now()):
        while since <= day <= until and (hours := due.hours_due(day, at := timezone.now())):
            done = keeping.count_hours(hours, at, seconds=keeping.TOGETHER)
            yield Done(day, len(done), (timezone.now() - at) / timedelta(seconds=1))
