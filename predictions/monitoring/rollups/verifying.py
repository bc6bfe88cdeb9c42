"""Whether roll-ups still agree with the facts: answers whose numbers lie in the past may have come in bulk.

Only how many there are is compared, in the index of the primary key. Hours that differ are marked, but for those whose
facts are detached: nobody could count them. What is decided or becomes known later is marked where it is stored.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from predictions.activity import number_at
from predictions.models import HourlyRollup, HourToCount, Prediction, PredictionFailure
from predictions.monitoring.rollups import days, marks
from predictions.monitoring.rollups.layout import FIXED
from predictions.monitoring.rollups.tally import array
from predictions.partitions import detached

ALWAYS = 35  # days that are looked at each time
PARTS = 30  # of all days before: each time one of them

_ASKED = ["answers", "failures"]
_COUNTS = """
SELECT (SELECT count(*) FROM predictions_prediction WHERE id >= low AND id < high)
    + (SELECT count(*) FROM predictions_predictionfailure WHERE id >= low AND id < high)
FROM unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS hour (low, high, place) ORDER BY place
"""


def mark_differing(at: datetime) -> list[datetime]:
    """Have hours counted again that hold other numbers of answers than their roll-ups say; `at`: now.

    Returns those that were not marked already.
    """
    marked = {days.hour_of(hour) for hour in HourToCount.objects.values_list("hour", flat=True).distinct()}
    found = [
        hour
        for day in _looked_at(days.day_of(at))
        for hour in differing(day)
        if hour + days.HOUR <= at and hour not in marked
    ]
    marks.mark_hours(found)
    return found


def differing(day: date) -> list[datetime]:
    """The hours of a day whose roll-ups hold more or fewer answers and failures than there are."""
    hours = days.hours_of(day)
    told: Counter[datetime] = Counter()
    rows = HourlyRollup.objects.filter(hour__gte=hours[0], hour__lt=days.end_of(hours[-1]), field="")
    for hour, counts in rows.values_list("hour", "counts"):
        told[days.hour_of(hour)] += int(array("counts", counts)[[FIXED.index(name) for name in _ASKED]].sum(dtype=int))
    return detached.complete(hour for hour, count in zip(hours, _counts(hours), strict=True) if count != told[hour])


def _counts(hours: Sequence[datetime]) -> list[int]:
    """How many answers and failures there are in each of the hours."""
    lows, highs = [number_at(hour) for hour in hours], [number_at(days.end_of(hour)) for hour in hours]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [lows, highs])
        return [count for (count,) in cursor.fetchall()]


def _looked_at(today: date) -> Iterator[date]:
    """The last days, and of those before every so manyth, another one each day."""
    firsts = [facts.objects.order_by("id").values_list("id", flat=True).first() for facts in _FACTS]
    moments = [days.moment_of(number) for number in firsts if number is not None]
    rolled = HourlyRollup.objects.order_by("hour").values_list("hour", flat=True).first()
    first = min(filter(None, [*moments, rolled]), default=None)
    for ago in range((today - days.day_of(first)).days + 1 if first else 0):
        if ago < ALWAYS or ago % PARTS == 0:
            yield today - timedelta(days=ago)


_FACTS = (Prediction, PredictionFailure)
