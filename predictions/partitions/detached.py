"""What is detached cannot be counted again: hours of which facts are missing, so that what was counted of them stays."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from predictions.activity import number_at
from predictions.models import DetachedPartition
from predictions.monitoring.rollups.days import end_of

_Span = tuple[UUID | None, UUID]


def complete(hours: Iterable[datetime]) -> list[datetime]:
    """Those of the hours of which no answer or failure is detached."""
    spans = list(DetachedPartition.objects.values_list("low", "high"))
    return [hour for hour in hours if not _is_touched(hour, spans)] if spans else list(hours)


def _is_touched(hour: datetime, spans: Iterable[_Span]) -> bool:
    begin, end = number_at(hour), number_at(end_of(hour))
    return any(begin < high and (low is None or end > low) for low, high in spans)
