"""Moments of a past that was made up, and the numbers that facts of them have."""

from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat
from django.utils import timezone

from predictions.demo_history.plan import Plan


def at_hour(plan: Plan, day: int, hour: float) -> datetime:
    """A moment of a day of the plan, where the installation is."""
    midnight = datetime.combine(plan.date_of(day), datetime.min.time())
    return timezone.make_aware(midnight + timedelta(hours=hour), timezone.get_default_timezone())


def number_of(moment: datetime) -> UUID:
    """The number of a fact of that moment: a UUIDv7, which begins with its millisecond."""
    return uuid_utils.compat.uuid7(nanoseconds=int(moment.timestamp() * 1000) * 1_000_000)
