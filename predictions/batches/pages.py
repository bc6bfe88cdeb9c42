"""What the page of one file shows: how far it is while it runs, and what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum as Total
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.batches.downloads import has_own_columns, hidden_from, sees_all, signature_of
from predictions.batches.listing import titled
from predictions.batches.pictures import Picture
from predictions.batches.progress import Progress, progress_of
from predictions.batches.reasons import Reason, Reasons
from predictions.batches.states import state_of
from predictions.batches.sums import Sum
from predictions.imports.csv_files import DECIMALS, DELIMITER_TITLES, ENCODINGS
from predictions.masking import MASK
from predictions.models import Batch, RejectedRow
from registry.presenters import person
from registry.presenters.states import State
from registry.texts import age, figure, percentage

FIRST_ROWS = 10
STEP = 10  # percent between two announcements


@dataclass(frozen=True)
class Running:
    """How far a file is, in numbers and words."""

    batch: Batch
    progress: Progress

    @property
    def percent(self) -> int:
        """Whole percents; 100 only once every row is done."""
        return int(100 * self.progress.done / self.progress.rows) if self.progress.rows else 0

    @property
    def rows(self) -> str:
        return figure(self.progress.rows, grouped=True)

    @property
    def done(self) -> str:
        return figure(self.progress.done, grouped=True)

    @property
    def answered(self) -> str:
        return figure(self.progress.predicted, grouped=True)

    @property
    def rejected(self) -> str:
        return figure(self.progress.rejected, grouped=True)

    @property
    def rate(self) -> str:
        """Rows a second, to two digits; empty while nobody knows."""
        rate = self.progress.rate
        if not rate:
            return ""
        return figure(float(f"{rate:.2g}"), grouped=True) if rate < 100 else figure(round(rate, -1), grouped=True)

    @property
    def left(self) -> str:
        """How long it will take yet, in words; empty while nobody knows."""
        seconds = self.progress.seconds_left
        return "" if seconds is None else age(timedelta(seconds=seconds))

    @property
    def announced(self) -> str:
        """What a screen reader is told every ten percent."""
        share = percentage(float(self.percent // STEP * STEP))
        if self.left:
            return _("%(share)s done. Time left: %(left)s.") % {"share": share, "left": self.left}
        return _("%(share)s done.") % {"share": share}


@dataclass(frozen=True)
class Refused:
    """A row without an answer. `cell`: what stands in the column that is meant, as it was sent."""

    line: int
    key: str
    reasons: list[tuple[Reason, str]]


class BatchPage:
    """Everything the page of one file shows to one person."""

    def __init__(self, batch: Batch, user: User, *, at: datetime) -> None:
        self.batch, self.user, self.at = batch, user, at
        self.is_mine = batch.user_id == user.pk
        self.title = titled(batch, batch.version)

    @property
    def state(self) -> State:
        return state_of(self.batch)

    @cached_property
    def progress(self) -> Progress:
        return progress_of(self.batch, self.at)

    @cached_property
    def running(self) -> Running:
        return Running(self.batch, self.progress)

    @property
    def may_cancel(self) -> bool:
        """Whether there is still something to stop, for whoever sent it or looks after the files of others."""
        is_theirs = self.is_mine or self.user.has_perm("predictions.change_batch")
        is_open = not self.batch.is_over and not self.batch.is_cancelled
        return is_open and is_theirs and self.user.has_perm("predictions.add_batch")

    @property
    def asked_by(self) -> str:
        return person(self.batch.user)

    @property
    def promoted_by(self) -> str:
        return person(self.batch.ledger_entry.by) if self.batch.ledger_entry else ""

    # What came of it

    @cached_property
    def sum(self) -> Sum:
        """What the rows of the file became. Of a cancelled one, rows that were not asked may be rejected, too."""
        counts = self.batch.chunks.aggregate(
            answered=Total("predicted", default=0), rejected=Total("rejected", default=0)
        )
        return Sum(self.batch, **counts)

    @property
    def has_results(self) -> bool:
        return self.batch.is_over and self.sum.answered > 0

    @property
    def answers_url(self) -> str:
        """The answers among all others."""
        return reverse("history-search", query={"batch": str(self.batch.pk)})

    @cached_property
    def picture(self) -> Picture:
        return Picture(self.batch)

    # The rows without an answer

    @property
    def leaves_out(self) -> bool:
        """Whether the downloads lack columns that this person may not see."""
        if self.batch.version is None or sees_all(self.batch, self.user):
            return False
        known = {*self.batch.mapping.get("fields", {}).values(), self.batch.mapping.get("key")}
        return bool(self._hidden or {*range(len(self.batch.headings))} - known)

    @property
    def columns(self) -> str:
        """Which columns come back with the answers, for who may see all of them."""
        if not self.has_results or not sees_all(self.batch, self.user):
            return ""
        until = (self.batch.finished_at or self.at) + timedelta(days=settings.BATCH_FILE_DAYS)
        day = {"day": date_format(timezone.localtime(until), "j F Y")}
        if has_own_columns(self.batch, self.user):
            told = _("The answers come back behind the file's own columns, which are kept until %(day)s.")
            return told % day
        if until <= self.at:
            gone = _(
                "The file's own columns were kept until %(day)s. Now answers come back with the fields that they were made from."
            )
            return gone % day
        return _("The answers come back with the fields that they were made from.")

    @cached_property
    def _hidden(self) -> frozenset[str]:
        return hidden_from(self.batch, self.user) if self.batch.version else frozenset()

    @cached_property
    def refused(self) -> list[Refused]:
        """The first rows that got no answer, and why."""
        if self.batch.version is None:
            return []
        rows = list(RejectedRow.objects.filter(batch=self.batch).order_by("first")[:FIRST_ROWS])
        return [
            self._refused(row, why)
            for row, why in zip(rows, Reasons(self.batch, signature_of(self.batch)).of(rows), strict=True)
        ]

    def _refused(self, row: RejectedRow, why: list[Reason]) -> Refused:
        hidden = {self.batch.mapping.get("fields", {}).get(name) for name in self._hidden}
        place = self.batch.mapping.get("key")
        key = row.cells[place] if place is not None and place < len(row.cells) else ""
        return Refused(row.line, key, [(reason, _cell(row.cells, reason.place, hidden)) for reason in why])

    @property
    def more_refused(self) -> bool:
        return self.sum.rejected > len(self.refused)

    # How it was read

    @property
    def read_as(self) -> list[str]:
        """How the file is written, in words."""
        if self.batch.kind == Batch.Kind.XLSX:
            return [str(Batch.Kind.XLSX.label)]
        known = {"delimiter": DELIMITER_TITLES, "decimal": DECIMALS, "encoding": ENCODINGS}
        dialect = self.batch.dialect
        return [str(words[dialect[name]]) for name, words in known.items() if dialect.get(name) in words]

    @property
    def size(self) -> str:
        return figure(self.batch.size, grouped=True)


def _cell(cells: list[str], place: int | None, hidden: set[int | None]) -> str:
    if place is None or place >= len(cells):
        return ""
    return MASK if place in hidden else cells[place]
