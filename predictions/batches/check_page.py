"""What the page between the check of a file and its run shows."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from django.db.models import Sum
from django.utils.translation import gettext as _

from predictions.batches import findings
from predictions.batches.findings import Findings, Repair, Spread
from predictions.models import Batch, BatchChunk
from registry import charts, serving
from registry.presenters import title_of
from registry.signature import Feature, Signature, text_in
from registry.texts import ends, figure, svg_percent

FOLDED_FROM = 5  # pictures
EMPTY = svg_percent(0)


class CheckingPage:
    """How far the check is. `rows`: of the file, None while they are still counted."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.rows = batch, batch.rows

    @cached_property
    def done(self) -> int:
        """Rows that were checked."""
        checked = BatchChunk.objects.filter(batch=self.batch).exclude(status=BatchChunk.Status.CUT)
        return checked.aggregate(rows=Sum("rows"))["rows"] or 0

    @property
    def shown_rows(self) -> str:
        return figure(self.rows or 0, grouped=True)

    @property
    def shown_done(self) -> str:
        return figure(self.done, grouped=True)

    @property
    def tenth(self) -> int:
        """How many tenths are done: each is said once to who cannot see it."""
        return 10 * self.done // self.rows if self.rows else 0


@dataclass(frozen=True)
class SpreadBar:
    """One upright bar; `is_outside`: of values that the model never saw."""

    column: charts.Column
    is_outside: bool


@dataclass(frozen=True)
class SpreadChart:
    """The numbers of a column against the range that the model learned from."""

    title: str
    low: str
    high: str
    bars: list[SpreadBar]
    outside: int
    seen_x: str
    seen_width: str

    @property
    def shown_outside(self) -> str:
        return figure(self.outside, grouped=True)

    @property
    def columns(self) -> list[charts.Column]:
        """For the table under the picture: where there are rows."""
        return [bar.column for bar in self.bars if bar.column.height != EMPTY]


def spread_chart(feature: Feature, spread: Spread) -> SpreadChart:
    """A bar for what lies below, one for each stretch of the range, one for what lies above."""
    low, high = feature.train_range or (0.0, 0.0)
    counts = [spread.below, *spread.bins, spread.above]
    columns = charts.histogram(spread.bins, low, high).columns
    first, last = ends(low, high, text_in(feature.unit))
    below, above = _("below %(low)s") % {"low": first}, _("above %(high)s") % {"high": last}
    titles = [below, *(column.title for column in columns), above]
    drawn = charts.histogram(counts, 0, len(counts)).columns
    named = [replace(column, title=title) for column, title in zip(drawn, titles, strict=True)]
    return SpreadChart(
        title=feature.title,
        low=first,
        high=last,
        bars=[SpreadBar(column, index in {0, len(named) - 1}) for index, column in enumerate(named)],
        outside=spread.below + spread.above,
        seen_x=svg_percent(100 / len(counts)),
        seen_width=svg_percent(100 * (len(counts) - 2) / len(counts)),
    )


@dataclass
class CheckPage:
    """What the check of a whole file found, for whoever sent it: nothing is hidden. `said`: why it was not run."""

    batch: Batch
    said: list[str] = field(default_factory=list)

    @cached_property
    def signature(self) -> Signature:
        """Of the version that it was checked with."""
        assert self.batch.version is not None  # noqa: S101  whoever was checked has one
        return serving.signature_of(self.batch.version)

    @property
    def model_title(self) -> str:
        return title_of(self.batch.version) if self.batch.version else ""

    @cached_property
    def findings(self) -> Findings:
        chunks = BatchChunk.objects.filter(batch=self.batch).order_by("first")
        # One after the other: those of a large file do not fit into memory at once.
        return findings.summed(chunks.values_list("findings", flat=True).iterator(chunk_size=100))

    @property
    def rows(self) -> int:
        return self.batch.rows or 0

    @cached_property
    def rejected(self) -> int:
        return BatchChunk.objects.filter(batch=self.batch).aggregate(rows=Sum("rejected"))["rows"] or 0

    @property
    def good(self) -> int:
        """Rows that can be run, those with warnings included."""
        return max(self.rows - self.rejected, 0)

    @property
    def warned(self) -> int:
        return min(self.findings.warned, self.good)

    @property
    def shares(self) -> list[tuple[str, int, str, str]]:
        """Kind, number, number as text and words: good, with warnings, rejected."""
        counts = [("good", self.good - self.warned), ("warned", self.warned), ("rejected", self.rejected)]
        words = {
            "good": _("Rows without a remark:"),
            "warned": _("Rows with a warning:"),
            "rejected": _("Rejected rows:"),
        }
        return [(kind, count, figure(count, grouped=True), words[kind]) for kind, count in counts]

    @property
    def bar(self) -> list[charts.Segment]:
        return charts.ribbon([(count, text, kind) for kind, count, text, _words in self.shares if count])

    @property
    def shown_rows(self) -> str:
        return figure(self.rows, grouped=True)

    @property
    def shown_good(self) -> str:
        return figure(self.good, grouped=True)

    @cached_property
    def errors(self) -> list[Repair]:
        decimal = self.batch.dialect.get("decimal", "point")
        return findings.repairs(self.findings.errors, self.signature, decimal)

    @cached_property
    def warnings(self) -> list[Repair]:
        return findings.doubts(self.findings.warnings, self.signature)

    @cached_property
    def pictures(self) -> list[SpreadChart]:
        """Pictures of the columns that hold numbers, those with the most outside first."""
        spreads = self.findings.spreads
        known = [f for f in self.signature.features if f.name in spreads and f.train_range]
        drawn = [spread_chart(feature, spreads[feature.name]) for feature in known]
        return sorted(drawn, key=lambda chart: -chart.outside)

    @property
    def is_folded(self) -> bool:
        return len(self.pictures) >= FOLDED_FROM

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        return [("", "", sentence) for sentence in self.said]
