"""What the rows of a file became: numbers that add up, as a sentence and as one bar."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions.models import Batch
from registry import charts
from registry.texts import figure

Status = Batch.Status


@dataclass(frozen=True)
class Part:
    """One of the numbers, with its word; `kind` decides its colour."""

    text: str
    kind: str
    segment: charts.Segment


@dataclass(frozen=True)
class Sum:
    """The rows of a file that is over, those that were answered and those that were rejected."""

    batch: Batch
    answered: int
    rejected: int

    @property
    def rows(self) -> int:
        """How many the file has, as far as they were ever counted."""
        return self.batch.rows or 0

    @property
    def missing(self) -> int:
        """Rows that have neither an answer nor a reason."""
        return max(self.rows - self.answered - self.rejected, 0)

    @property
    def sentence(self) -> str:
        """What came of the file."""
        texts = {"rows": _figure(self.rows), "answered": _figure(self.answered), "missing": _figure(self.missing)}
        return self._told() % texts

    def _told(self) -> str:
        if self.batch.status == Status.REFUSED:
            return _("The file was refused")
        if self.batch.status == Status.INCOMPLETE:
            return _("Incomplete: %(missing)s of %(rows)s rows have neither an answer nor a reason")
        if self.batch.status == Status.CANCELLED:
            return self._cancelled()
        if self.answered == self.rows:
            return _("The row was answered") if self.rows == 1 else _("All %(rows)s rows were answered")
        return _("%(answered)s of %(rows)s rows were answered")

    def _cancelled(self) -> str:
        if self.answered == 1:
            return _("Cancelled: one of %(rows)s rows was answered before")
        if self.answered:
            return _("Cancelled: %(answered)s of %(rows)s rows were answered before")
        return _("Cancelled before any row was answered")

    @property
    def parts(self) -> list[Part]:
        """The numbers that are not 0, as stretches of one bar."""
        was_cancelled = self.batch.status == Status.CANCELLED
        known = [
            (self.answered, _("%(count)s answered"), "answered"),
            (self.rejected, _("1 rejected") if self.rejected == 1 else _("%(count)s rejected"), "rejected"),
            (self.missing, _("%(count)s not asked") if was_cancelled else _("%(count)s missing"), "rest"),
        ]
        shown = [item for item in known if item[0]]
        segments = charts.ribbon([(count, "", kind) for count, _text, kind in shown])
        return [
            Part(text % {"count": _figure(count)}, kind, segment)
            for (count, text, kind), segment in zip(shown, segments, strict=True)
        ]

    @property
    def equation(self) -> str:
        """`9 700 answered + 300 rejected = 10 000 rows in the file`."""
        texts = {"parts": " + ".join(part.text for part in self.parts), "rows": _figure(self.rows)}
        if self.rows == 1:
            return _("%(parts)s = 1 row in the file") % texts
        return _("%(parts)s = %(rows)s rows in the file") % texts


def _figure(number: int) -> str:
    return figure(number, grouped=True)
