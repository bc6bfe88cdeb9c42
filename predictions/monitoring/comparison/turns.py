"""Who works on a comparison: one worker at a time, until its lease ends or it gives it back.

A lease that ran out is free again by itself: there is nothing to repair after a worker was lost.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F, Q, QuerySet

from predictions.models import Comparison

Status = Comparison.Status
LEASE = timedelta(minutes=5)  # as long as a task may take
OPEN = (Status.WAITING, Status.RUNNING)


class Taken(Exception):
    """Somebody else works on the comparison by now, or it was cancelled: nothing was stored."""


def waiting(at: datetime) -> QuerySet[Comparison]:
    """Comparisons that nobody works on, whoever was served longest ago first."""
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    found = Comparison.objects.filter(free, status__in=OPEN)
    return found.order_by(F("leased_until").asc(nulls_first=True), "created_at")


def take(at: datetime) -> Comparison | None:
    """Lease the next one. Attempts count from here, so that a killed worker counts too."""
    found = waiting(at).first()
    if found is None:
        return None
    lease = uuid4()
    mine = waiting(at).filter(pk=found.pk).order_by()
    taken = mine.update(lease=lease, leased_until=at + LEASE, attempts=F("attempts") + 1, status=Status.RUNNING)
    return Comparison.objects.select_related("model").get(pk=found.pk, lease=lease) if taken else None


def change(comparison: Comparison, **fields: Any) -> None:
    """Change a comparison that is still leased to who asks for it, here and in the database. Raises Taken."""
    mine = Comparison.objects.filter(pk=comparison.pk, lease=comparison.lease, status=Status.RUNNING)
    if not mine.filter(is_cancelled=False).update(**fields):
        raise Taken
    for name, value in fields.items():
        setattr(comparison, name, value)


def give_back(comparison: Comparison, *, until: datetime, attempts: int) -> None:
    """Let go of it; somebody may take it from `until` on. Nothing happens when somebody else has it."""
    mine = Comparison.objects.filter(pk=comparison.pk, lease=comparison.lease, status=Status.RUNNING)
    mine.update(lease=None, leased_until=until, attempts=attempts)
