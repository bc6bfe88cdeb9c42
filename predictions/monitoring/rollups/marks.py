"""Hours to be counted again, because something became known of their answers."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from predictions.models import HourToCount
from predictions.monitoring.rollups import days


def mark(answers: Iterable[UUID]) -> None:
    """Have the hours of these answers counted again: called in the transaction that stores what became known of them.

    Rows are inserted and never shared, so that nobody waits for anybody. Who counts an hour removes the marks that it
    sees, before it looks at the facts: one that commits later stands for facts that were not seen, and stays.
    """
    mark_hours(days.hours_with(answers))


def mark_hours(hours: Iterable[datetime]) -> None:
    """Have these hours counted again."""
    HourToCount.objects.bulk_create([HourToCount(hour=hour) for hour in sorted(hours)], batch_size=1000)
