"""How far a batch is, from its chunks, in one query."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from predictions.models import Batch, BatchChunk

Status, Part = Batch.Status, BatchChunk.Status
WINDOW = timedelta(seconds=60)  # that the rate is of
SOONEST = 2.0  # seconds; before that a rate says nothing


@dataclass(frozen=True)
class Progress:
    """Rows of the file, `done` of them checked or run; `rate` in rows a second, None while it is not known.

    While a file is checked, `rejected` are the bad rows found so far; once it runs, those of the chunks that are done.
    """

    rows: int
    done: int
    predicted: int
    rejected: int
    rate: float | None
    seconds_left: float | None
    resumed: int
    chunks_done: int
    chunks: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.done / self.rows if self.rows else 0.0


def progress_of(batch: Batch, at: datetime) -> Progress:
    """What the chunks of a batch say now."""
    left = Part.CUT if batch.status in {Status.CHECKING, Status.CHECKED} else Part.DONE
    is_done = ~Q(status=Part.CUT) if left == Part.CUT else Q(status=Part.DONE)
    since = max(at - WINDOW, batch.submitted_at) if batch.submitted_at else at
    found = batch.chunks.aggregate(
        chunks=Count("pk"),
        chunks_done=Count("pk", filter=is_done),
        all=Sum("rows", default=0),
        done=Sum("rows", filter=is_done, default=0),
        predicted=Sum("predicted", default=0),
        rejected=Sum("rejected", filter=is_done, default=0),
        lately=Sum("rows", filter=Q(finished_at__gt=since), default=0),
    )
    rows, lately = batch.rows or found.pop("all"), found.pop("lately")
    found.pop("all", None)
    rate = _rate(lately, (at - since).total_seconds()) if batch.status == Status.RUNNING else None
    seconds_left = (rows - found["done"]) / rate if rate else None
    return Progress(rows=rows, rate=rate, seconds_left=seconds_left, resumed=batch.resumed, **found)


def _rate(rows: int, seconds: float) -> float | None:
    return rows / seconds if rows and seconds >= SOONEST else None
