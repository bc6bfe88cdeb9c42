"""How much somebody asked lately, and what last: read from an index, however many answers there are.

The number of an answer, a UUIDv7, begins with the millisecond it was made in, so that a day is a range of numbers.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.calls import Call
from predictions.models import Prediction
from predictions.presenters import rows
from registry import charts
from registry.texts import figure

DAYS = 30
MOST = 2_000  # of a person's newest answers are counted
MOST_OF_ALL = 10_000  # of everybody's
CALLS_SHOWN = 5


@dataclass(frozen=True)
class Activity:
    """A person's questions of the last thirty days; `calls` are the newest ones, of whatever day.

    `cut`: how many answers the days count, where there are more.
    """

    today: str
    total: str
    days: charts.Sparkline
    cut: str
    calls: list[Call]


def activity_of(user_pk: int, *, now: datetime) -> Activity:
    """Two queries, of at most `MOST` answers."""
    newest = Prediction.objects.filter(user_id=user_pk).order_by("-id")
    found = list(newest.values_list("id", "request_id", "row")[: MOST + 1])
    today = timezone.localdate(now)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    per_day = _per_day([number for number, _request, _row in found], days)
    return Activity(
        today=at_most(per_day[-1], MOST),
        total=at_most(sum(per_day), MOST),
        days=charts.sparkline(per_day, [date_format(day, "j F") for day in days]),
        cut=figure(MOST, grouped=True) if sum(per_day) > MOST else "",
        calls=_calls(found),
    )


def _per_day(numbers: Iterable[UUID], days: Sequence[date]) -> list[int]:
    """How many answers were made on each of the days, which follow each other; earlier ones are left out."""
    begins = [number_at(timezone.make_aware(datetime.combine(day, time.min))).int for day in days]
    places = Counter(bisect_right(begins, number.int) for number in numbers)
    return [places[index + 1] for index in range(len(days))]


def _calls(found: Iterable[tuple[UUID, UUID, int]]) -> list[Call]:
    """The newest calls. Its last row, met first, says how many a call has."""
    sizes: dict[UUID, tuple[UUID, int]] = {}
    for number, request, row in found:
        sizes.setdefault(request, (number, row + 1))
        if len(sizes) > CALLS_SHOWN:
            sizes.popitem()
            break
    numbers = [number for number, _size in sizes.values()]
    shown = {row.prediction.pk: row for row in rows(Prediction.objects.for_list().filter(pk__in=numbers))}
    return [Call(shown[number], size) for number, size in sizes.values() if number in shown]


def counted_since(answers: QuerySet[Prediction], start: datetime) -> str:
    """How many answers were made since then: `12`, or `more than 10 000`."""
    return at_most(answers.filter(id__gte=number_at(start)).order_by("id")[: MOST_OF_ALL + 1].count(), MOST_OF_ALL)


def at_most(count: int, most: int) -> str:
    """A count that was stopped at a limit, in words."""
    return _("more than %(number)s") % {"number": figure(most, grouped=True)} if count > most else figure(count)


def midnight(now: datetime) -> datetime:
    """When today began, where the reader is."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def number_at(moment: datetime) -> UUID:
    """The smallest number that an answer of that moment can have."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
