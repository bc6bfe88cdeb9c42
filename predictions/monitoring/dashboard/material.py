"""What the sections of a dashboard share: the roll-ups of the period, read once and added up by stretch of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from django.contrib.auth.models import AnonymousUser, User
from numpy.typing import NDArray

from predictions.monitoring import links
from predictions.monitoring.dashboard import axis, ledger_marks
from predictions.monitoring.dashboard.axis import Axis
from predictions.monitoring.dashboard.sums import PLACES, Counts, by_source, whole
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.layout import FIXED, LATENCY_BINS
from predictions.monitoring.rollups.reading import Slice, Wanted
from predictions.monitoring.rollups.tally import Tally
from registry.models import LedgerEntry, ModelVersion

BEGUN = 1 / 3  # of an earlier period: a model that began later has none that could be compared
WIDESTS = (62, 27, 12, 6)  # how many stretches of time are tried
_ROWS = "predictions.view_prediction"  # only who sees what others were answered is led to rows


@dataclass(frozen=True)
class Material:
    """The roll-ups of a period. `versions`: the model's ready ones, oldest first."""

    wanted: Wanted
    versions: list[ModelVersion]
    user: User | AnonymousUser

    @cached_property
    def days(self) -> list[Slice]:
        """A slice for each day and version. One query."""
        return reading.days(self.wanted, self.versions)

    @cached_property
    def axis(self) -> Axis:
        """Hours of a short period, else days, weeks or months."""
        return axis.of_hours(self.wanted, self.entries) if axis.is_short(self.wanted) else self._by_days(WIDESTS[0])

    def _by_days(self, widest: int) -> Axis:
        known = self._axes
        if widest not in known:
            known[widest] = axis.of_days(self.wanted, self.entries, widest=widest)
        return known[widest]

    @cached_property
    def _axes(self) -> dict[int, Axis]:
        return {}

    @cached_property
    def entries(self) -> list[LedgerEntry]:
        """The ledger of the model, oldest first. One query."""
        return ledger_marks.entries_of(self.wanted.model)

    def dense(self, counted: Callable[[Tally], Sequence[float]], least: int) -> tuple[Axis, NDArray[np.float64]]:
        """The finest axis of days on which most stretches that have any cases have `least`, and what was counted there.

        `counted`: figures of a tally that can be added, the number of cases last; the sums come back by stretch. What
        is known late or seldom, such as outcomes, would leave the single days of a long period empty.
        """
        figures = [counted(one.tally) for one in self.days]
        for widest in WIDESTS:
            line = self._by_days(widest)
            sums = np.zeros((len(line.titles), len(figures[0]) if figures else 1))
            for one, found in zip(self.days, figures, strict=True):
                sums[line.place(one.start)] += found
            cases = sums[:, -1]
            if 2 * int((cases >= least).sum()) >= int((cases > 0).sum()):
                break
        return line, sums

    @cached_property
    def _slices(self) -> list[Slice]:
        if not self.axis.is_hourly:
            return self.days
        return reading.hours(self.wanted, *axis.span(self.wanted), self.versions)

    @cached_property
    def fixed(self) -> Counts:
        """What every version counts, by stretch of `axis`: as many columns as layout.FIXED."""
        found = np.zeros((len(self.axis.titles), len(FIXED)), np.int64)
        for one in self._slices:
            found[self.axis.place(one.start)] += one.tally.counts[: len(FIXED)]
        return found

    @cached_property
    def latency(self) -> Counts:
        """Calls by how long they took, by stretch of `axis`."""
        found = np.zeros((len(self.axis.titles), LATENCY_BINS), np.int64)
        for one in self._slices:
            found[self.axis.place(one.start)] += one.tally.latency
        return found

    def series(self, name: str) -> Counts:
        """One of layout.FIXED by stretch of `axis`."""
        found: Counts = self.fixed[:, PLACES[name]]
        return found

    def total(self, name: str) -> int:
        """One of layout.FIXED over the whole period."""
        return int(self.series(name).sum())

    @cached_property
    def totals(self) -> list[Slice]:
        """The whole period, a slice for each version that answered."""
        return reading.by_version(self.days)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The titles of the classes, those of the newest version that has one."""
        found: dict[str, str] = {}
        for one in self.totals:
            signature = one.tally.layout.signature
            found |= {label: signature.class_title(label) for label in one.tally.layout.classes}
        return found

    def sources(self) -> dict[str, Counts]:
        """What every version counts, by door. One query."""
        return by_source(self.wanted, self.versions)

    def before(self) -> int | None:
        """Answers in as many days before the period; None where they were not asked for most of it. One query."""
        span = self.wanted.until - self.wanted.since + timedelta(days=1)
        earlier = replace(self.wanted, since=self.wanted.since - span, until=self.wanted.until - span)
        first, counts = whole(earlier, self.versions)
        if first is None:
            return 0
        return int(counts[PLACES["answers"]]) if first - earlier.since <= span * BEGUN else None

    @property
    def sees_rows(self) -> bool:
        """Whether numbers lead the reader to the answers that they count."""
        return self.user.has_perm(_ROWS)

    def rows(self, **filters: object) -> str:
        """links.rows for who may follow it, else ""."""
        return links.rows(self.wanted, **filters) if self.sees_rows else ""
