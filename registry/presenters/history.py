"""The ledger as a timeline, and who answered at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from registry import charts
from registry.models import LedgerEntry
from registry.presenters import person
from registry.texts import age

Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Period:
    """A ledger entry and the time it was in force; `end` is None for the latest."""

    entry: LedgerEntry
    end: datetime | None
    now: datetime

    @property
    def what(self) -> str:
        """What was done, as a heading."""
        number = {"number": self.entry.to_version.number}
        if self.entry.kind == Kind.SUSPEND:
            return _("Suspended, with version %(number)s in charge") % number
        if self.entry.kind == Kind.RESUME:
            return _("Version %(number)s answers again") % number
        if self.entry.kind == Kind.ROLLBACK:
            return _("Back to version %(number)s") % number
        return _("Version %(number)s put in charge") % number

    @property
    def came_from(self) -> int | None:
        """The number of the version before, where it was another one."""
        before = self.entry.from_version
        return before.number if before and before.pk != self.entry.to_version_id else None

    @property
    def by(self) -> str:
        return person(self.entry.by)

    @property
    def approved_by(self) -> str:
        return person(self.entry.approved_by) if self.entry.approved_by else ""

    @property
    def answers(self) -> bool:
        return self.entry.answers

    @property
    def length(self) -> timedelta:
        """How long; the database's clock may have been set back, but no time is shorter than none."""
        return max((self.end or self.now) - self.entry.created_at, timedelta())

    @property
    def lasted(self) -> str:
        """The same in words."""
        return age(self.length)


def timeline(entries: Sequence[LedgerEntry], *, now: datetime) -> list[Period]:
    """Entries, newest first, each with its end: the beginning of the one before it in the list, None for the first."""
    ends = [None, *(entry.created_at for entry in entries)]
    return [Period(entry, end, now) for entry, end in zip(entries, ends, strict=False)]


def ribbon(periods: Sequence[Period]) -> list[charts.Segment]:
    """The same from left to right, as a picture; nothing while there is nothing to compare."""
    if len(periods) < 2:
        return []
    here = periods[0].entry.to_version_id
    return charts.ribbon([(each.length.total_seconds(), _label(each), _kind(each, here)) for each in reversed(periods)])


def _label(period: Period) -> str:
    return _("v%(number)s") % {"number": period.entry.to_version.number} if period.answers else ""


def _kind(period: Period, here: int) -> str:
    """`here`: the version that is in charge at the end."""
    if not period.answers:
        return "stop"
    return "here" if period.entry.to_version_id == here else "other"
