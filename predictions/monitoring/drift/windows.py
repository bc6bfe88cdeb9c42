"""Which days are looked at together: single days, weeks or months, so that a page has as many as it can show."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

WIDEST = 62
GRAINS = ("day", "week", "month")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Days that are looked at together; `end` is the last of them. `title` is in the language that was active."""

    start: date
    end: date
    title: str
    grain: str = "day"  # one of GRAINS

    @property
    def phrase(self) -> str:
        """The title as part of a sentence: "on 12 July", "in the week from 12 July", "in July 2026"."""
        if self.grain == "day":
            return _("on %(day)s") % {"day": self.title}
        if self.grain == "week":
            return _("in the %(week)s") % {"week": self.title}
        return _("in %(month)s") % {"month": self.title}

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.start).days + 1


def windows(since: date, until: date, *, widest: int = WIDEST) -> list[Window]:
    """The days from `since` to `until`, or their weeks or months: the finest of which there are `widest` at most.

    The first and the last window hold what lies in the period. Of a period that is too long even for that, the months.
    """
    for grain in GRAINS:
        if sum(1 for _one in _stretches(grain, since, until)) <= widest:
            break
    return of(grain, since, until)


def of(grain: str, since: date, until: date) -> list[Window]:
    """The same by one of GRAINS. Weeks begin on Mondays."""
    with_year = since.year != until.year
    return [
        Window(start, min(end, until), _title(grain, start, with_year), grain)
        for start, end in _stretches(grain, since, until)
    ]


def _stretches(grain: str, since: date, until: date) -> Iterator[tuple[date, date]]:
    start = since
    while start <= until:
        if grain == "day":
            end = start
        elif grain == "week":
            end = start + timedelta(days=6 - start.weekday())
        else:
            end = (start.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY
        yield start, end
        start = end + DAY


def _title(grain: str, start: date, with_year: bool) -> str:
    if grain == "month":
        return date_format(start, "F Y")
    day = date_format(start, "j F Y" if with_year else "j F")
    return day if grain == "day" else _("week from %(day)s") % {"day": day}


def place(windows: Sequence[Window], day: date) -> int:
    """The index of the window that a day lies in. Raises ValueError when it lies in none."""
    found = bisect_right(windows, day, key=lambda one: one.start) - 1
    if found < 0 or day > windows[found].end:
        raise ValueError(f"{day} lies in no window.")
    return found


def mark_at(windows: Sequence[Window], moment: date | datetime) -> float | None:
    """How far a moment is on an axis on which every window is as wide as the next, from 0 to 1; None outside of it."""
    if isinstance(moment, datetime):
        local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
        day = local.date()
        into = (local.replace(tzinfo=None) - datetime.combine(day, time())) / DAY
    else:
        day, into = moment, 0.0
    try:
        found = place(windows, day)
    except ValueError:
        return None
    window = windows[found]
    return (found + ((day - window.start).days + into) / window.days) / len(windows)
