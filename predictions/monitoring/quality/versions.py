"""Measures of each version beside what its manifest promises: tables, and pictures of the main ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.monitoring.quality import offline, rightness
from predictions.monitoring.quality.measure import Measure, few
from predictions.monitoring.quality.offline import Promise
from predictions.monitoring.quality.words import VERDICTS, Said, ends, live, measure_title, promised, sayer, title
from predictions.monitoring.rollups.reading import Slice
from registry import charts
from registry.charts import Range, Ranges
from registry.presenters.states import Words

PICTURED = ("accuracy", "balanced_accuracy", "recall", "precision", "roc_auc", "mae")
MOST_PICTURED = 4


@dataclass(frozen=True)
class MeasureLine:
    """One measure of a version."""

    title: str
    live: Said
    promised: Said | None
    verdict: Words
    tag: str


@dataclass(frozen=True)
class VersionTable:
    """The measures of a version; `lack`: why there are none."""

    title: str
    url: str
    lack: str
    lines: list[MeasureLine]

    @property
    def has_promises(self) -> bool:
        return any(line.promised for line in self.lines)


def version_tables(totals: Sequence[Slice], unit: str) -> list[VersionTable]:
    """A table for each version, the newest first."""
    return [_table(one, unit) for one in reversed(totals)]


def _table(one: Slice, unit: str) -> VersionTable:
    told = offline.promises(one.version)
    found = rightness.measures(one.tally)
    lines = [_line(measure, told.get(measure.name) if not measure.about else None, unit) for measure in found]
    url = reverse("registry-version", args=[one.version.model.name, one.version.number])
    return VersionTable(
        _("Version %(number)s") % {"number": one.version.number}, url, few(one.tally["outcomes"]), lines
    )


def _line(measure: Measure, promise: Promise | None, unit: str) -> MeasureLine:
    said = promised(measure.name, promise, unit) if promise else None
    verdict, tag = VERDICTS[offline.verdict(measure, promise)]
    return MeasureLine(title(measure), live(measure, unit), said, verdict, tag)


def measure_charts(totals: Sequence[Slice], unit: str) -> list[tuple[str, Ranges]]:
    """Title and picture of the main measures that some version has: live and promised, all versions on one axis."""
    found = [(one, {each.name: each for each in rightness.measures(one.tally) if not each.about}) for one in totals]
    told = {one.version.pk: offline.promises(one.version) for one in totals}
    named = [name for name in PICTURED if any(each[name].value is not None for _one, each in found if name in each)]
    return [
        (
            measure_title(name),
            _chart(name, [(one, each[name], told[one.version.pk].get(name)) for one, each in found], unit),
        )
        for name in named[:MOST_PICTURED]
    ]


def _chart(name: str, rows: Sequence[tuple[Slice, Measure, Promise | None]], unit: str) -> Ranges:
    ranges = [row for one, measure, promise in reversed(rows) for row in _rows(one, measure, promise, unit)]
    low, high = ends(ranges) if name != "mae" else (0.0, 1.1 * max(row.high or row.value or 0.0 for row in ranges))
    return charts.ranges(ranges, low=low, high=high or 1.0, say=sayer(name, unit))


def _rows(one: Slice, measure: Measure, promise: Promise | None, unit: str) -> Iterator[Range]:
    words, said = {"number": one.version.number}, live(measure, unit)
    yield Range(_("Version %(number)s") % words, measure.value, measure.low, measure.high, said.on, said.lack)
    if promise:
        on = promised(measure.name, promise, unit).on
        yield Range(_("Version %(number)s, promised") % words, promise.value, promise.low, promise.high, on)
