"""Hours and days where the installation is (TIME_ZONE), and in which of them an answer lies, by its number.

A day begins at its local midnight, and its hours follow each other from there: 23 or 25 of them where clocks change. So
every hour lies in one day, in zones of half an hour too.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

HOUR = timedelta(hours=1)
_QUARTER = 900_000  # ms: in every time zone an hour begins with one
_LAST = 2**47  # ms: the year 6429. No number of an answer says more, but one that was made up may


def day_of(moment: datetime) -> date:
    """The day that it was."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def begin_of(day: date) -> datetime:
    """When a day begins."""
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone()).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """When the next one begins."""
    return begin_of(day + timedelta(days=1))


def hour_of(moment: datetime) -> datetime:
    """When the hour of a moment begins."""
    begin = begin_of(day_of(moment))
    return begin + (moment - begin) // HOUR * HOUR


def end_of(hour: datetime) -> datetime:
    """When an hour ends: with its day at the latest, which matters where clocks are changed by half an hour."""
    return min(hour + HOUR, end_of_day(day_of(hour)))


def hours_of(day: date) -> list[datetime]:
    """All hours of a day."""
    begin, end = begin_of(day), end_of_day(day)
    return [begin + HOUR * count for count in range(-((begin - end) // HOUR))]


def moment_of(number: UUID) -> datetime:
    """When an answer was made, to the millisecond. For numbers of the year 6429 or later, the last moment before."""
    return datetime.fromtimestamp(min(number.int >> 80, _LAST) / 1000, tz=UTC)


def hours_with(numbers: Iterable[UUID]) -> set[datetime]:
    """The hours in which answers with these numbers were made."""
    quarters = {(number.int >> 80) // _QUARTER for number in numbers}
    return {
        hour_of(datetime.fromtimestamp(quarter * _QUARTER / 1000, tz=UTC))
        for quarter in quarters
        if quarter * _QUARTER < _LAST
    }
