"""What the worker does every minute: hours that are due are counted for some seconds, newest first.

Nothing is lost when it is killed, and two at once are harmless: what is due follows from the tables alone.
"""

import logging
import time

from django.db.models import Exists, OuterRef
from django.utils import timezone

from predictions.models import DailyRollup, DriftLimits
from predictions.monitoring.drift import limits
from predictions.monitoring.rollups import due, keeping
from registry.models import ModelVersion

logger = logging.getLogger(__name__)


def work(*, seconds: float) -> bool:
    """Count hours that are due for about that long. Whether there may be more that nobody is at."""
    ends = time.monotonic() + seconds
    for day in due.days_due(timezone.now()):
        while hours := due.hours_due(day, at := timezone.now()):
            try:
                done = keeping.count_hours(hours, at, seconds=keeping.TOGETHER, waits=False)
            except Exception:  # the other days are counted all the same; without a database the next query raises
                logger.exception("hours could not be counted", extra={"day": day.isoformat()})
                break
            if not done:
                return False
            if time.monotonic() > ends:
                return True
    return False


def make_limits() -> None:
    """Work out how far the fields of a version stray by chance, for versions that answered and have no limits yet."""
    answered = Exists(DailyRollup.objects.filter(version=OuterRef("pk"), source="", field="", place=0))
    known = Exists(DriftLimits.objects.filter(version=OuterRef("pk")))
    for version in ModelVersion.objects.ready().filter(answered & ~known).defer("report", "progress"):
        try:
            limits.make(version)
        except Exception:  # the limits of others are made all the same
            logger.exception("limits of drift could not be made", extra={"version": version.pk})
