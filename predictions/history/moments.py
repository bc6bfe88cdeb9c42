"""Moments as numbers: a UUIDv7 begins with its milliseconds, so that days are ranges of the primary key."""

import uuid
from datetime import date, datetime, time, timedelta

from django.utils import timezone

LAST = uuid.UUID(int=2**128 - 1)


def first_id_of(moment: datetime) -> uuid.UUID:
    """The smallest UUIDv7 of a moment: 48 bits of milliseconds, then version and variant (RFC 9562, 5.7)."""
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), 2**48 - 1)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


def first_id_of_day(day: date) -> uuid.UUID:
    """Where a day begins, in the time zone of the pages."""
    try:
        return first_id_of(timezone.make_aware(datetime.combine(day, time())))
    except (OverflowError, ValueError):  # a time zone reaches over an end of the calendar
        return LAST if day.year > 5000 else first_id_of(datetime(1970, 1, 1, tzinfo=timezone.get_default_timezone()))


def first_id_after_day(day: date) -> uuid.UUID:
    """Where the next day begins."""
    return LAST if day == date.max else first_id_of_day(day + timedelta(days=1))
