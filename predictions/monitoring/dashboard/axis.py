"""The axis of time that all pictures of a dashboard share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from predictions.monitoring.dashboard import ledger_marks
from predictions.monitoring.drift import windows
from predictions.monitoring.rollups.reading import Wanted
from registry.charts import Mark
from registry.models import LedgerEntry

HOURS_OF_DAYS = 2  # of so short a period the hours are shown
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HEADINGS: dict[str, Any] = {"hour": _("Hour"), "day": _("Day"), "week": _("Week"), "month": _("Month")}


@dataclass(frozen=True)
class Axis:
    """Stretches of time that are each as wide as the next. `days`: the first and last day of each.

    `place`: the number of the stretch that a day or moment lies in. `grain`: hour, day, week or month.
    """

    grain: str
    titles: list[str]
    days: list[tuple[date, date]]
    marks: list[Mark]
    place: Callable[[Any], int]

    @property
    def heading(self) -> str:
        """What one stretch is, as the heading of a column."""
        return str(HEADINGS[self.grain])

    @property
    def is_hourly(self) -> bool:
        return self.grain == "hour"


def is_short(wanted: Wanted) -> bool:
    """Whether the hours of the period are shown, and not its days."""
    return (wanted.until - wanted.since).days < HOURS_OF_DAYS


def of_days(wanted: Wanted, entries: Sequence[LedgerEntry], *, widest: int = windows.WIDEST) -> Axis:
    """Days, weeks or months, with the marks of the ledger's entries."""
    found = windows.windows(wanted.since, wanted.until, widest=widest)
    return Axis(
        grain=found[0].grain,
        titles=[one.title for one in found],
        days=[(one.start, one.end) for one in found],
        marks=ledger_marks.marks(wanted.model, found, entries),
        place=lambda day: windows.place(found, day),
    )


def of_hours(wanted: Wanted, entries: Sequence[LedgerEntry]) -> Axis:
    """The hours of the period, as many as its days have there: 23 or 25 when the clocks change."""
    since, until = span(wanted)
    # The difference of two local times is that of their clocks; that of their moments is wanted.
    count = int((until.timestamp() - since.timestamp()) // 3600)
    moments = [localtime(since.astimezone(UTC) + number * HOUR) for number in range(count)]
    form = "H:i" if wanted.since == wanted.until else "j F, H:i"
    return Axis(
        grain="hour",
        titles=[date_format(one, form) for one in moments],
        days=[(one.date(), one.date()) for one in moments],
        marks=ledger_marks.marks_between(wanted.model, since, until, entries),
        place=lambda moment: int((moment.timestamp() - since.timestamp()) // 3600),
    )


def span(wanted: Wanted) -> tuple[datetime, datetime]:
    """The moments in which the period begins and is over."""
    ends = (wanted.since, wanted.until + DAY)
    since, until = (timezone.make_aware(datetime.combine(day, time())) for day in ends)
    return since, until
