"""The end of a batch: what is really stored is counted, and it is done only if that is every row of the file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from predictions import metrics
from predictions.batches import parts
from predictions.models import Batch, BatchChunk, BatchPart, Prediction, RejectedRow
from predictions.models.batch import OVER
from predictions.models.prediction import a_second_after
from registry.texts import figure

Status = Batch.Status
DRAFT_DAYS = 7  # for which a file waits to be run
AT_ONCE = 20  # chunks whose answers are counted in one statement


@dataclass(frozen=True)
class Count:
    """What is stored of a batch."""

    rows: int
    answered: int
    rejected: int

    @property
    def is_complete(self) -> bool:
        """Whether every row of the file has an answer or a reason why not."""
        return self.rows == self.answered + self.rejected

    def __str__(self) -> str:
        """The sentence of an incomplete batch."""
        told = _("Rows in the file: %(rows)s. Found: %(answered)s answers and %(rejected)s rejected rows.")
        return told % {name: figure(getattr(self, name)) for name in ("rows", "answered", "rejected")}


def close(batch: Batch) -> None:
    """Turn a batch to what it is now that no chunk is left: checked, done, incomplete or cancelled.

    `batch`: under a lease; nothing happens when somebody closed it already.
    """
    if batch.status == Status.CHECKING:
        _end(batch, status=Status.CHECKED)
        return
    found = count(batch)
    if batch.is_cancelled:
        ended = _end(batch, status=Status.CANCELLED, finished_at=timezone.now(), reason=batch.reason)
    else:
        status = Status.DONE if found.is_complete else Status.INCOMPLETE
        reason = "" if found.is_complete else str(found)
        ended = _end(batch, status=status, finished_at=timezone.now(), reason=reason)
    if ended:
        metrics.file_ended(answered=found.answered, rejected=found.rejected)
    # The file comes back beside its answers, for a while.
    if not settings.BATCH_FILE_DAYS or not batch.chunks.filter(predicted__gt=0).exists():
        parts.remove(batch.pk)


def refuse(batch: Batch, reason: str) -> None:
    """End a leased batch whose file cannot be read."""
    if _end(batch, status=Status.REFUSED, finished_at=timezone.now(), reason=reason):
        parts.remove(batch.pk)


def _end(batch: Batch, **values: object) -> bool:
    mine = Batch.objects.filter(pk=batch.pk, status=batch.status, lease=batch.lease)
    return bool(mine.update(lease=None, leased_until=None, attempts=0, **values))


def count(batch: Batch) -> Count:
    """Count the rows of a batch where they are stored, whatever its chunks say of them."""
    rejected = RejectedRow.objects.filter(batch=batch).count()
    return Count(batch.rows or 0, _answered(batch), rejected)


def _answered(batch: Batch) -> int:
    """Answers of the batch, wherever they came from: between its first call and its last.

    Nobody has an index on the batch of an answer, so the calls divide the table into stretches of the primary key,
    each of which takes milliseconds.
    """
    found = batch.chunks.order_by("request_id").values_list("request_id", flat=True)
    calls = [call for call in found if call is not None]
    if not calls:
        return 0
    ends = [*calls[AT_ONCE::AT_ONCE], a_second_after(calls[-1])]
    answers = Prediction.objects.filter(batch=batch)
    stretches = zip(calls[::AT_ONCE], ends, strict=True)
    return sum(answers.filter(id__gte=start, id__lt=end).count() for start, end in stretches)


def tidy(at: datetime) -> None:
    """Give up files that nobody ran for a week, and forget the content of those that were over BATCH_FILE_DAYS ago.

    The row of a batch stays: deleting it would make the database look for it in every answer.
    """
    old = Batch.objects.filter(
        status__in=[Status.MAPPING, Status.CHECKED], created_at__lt=at - timedelta(days=DRAFT_DAYS)
    )
    for batch in old:
        with override(batch.language):
            reason = _("It was not run within %(days)s days.") % {"days": DRAFT_DAYS}
            forget(batch, status=Status.CANCELLED, finished_at=at, reason=reason)
    # One at a time: a file may have gigabytes.
    for pk in _kept_long_enough(at):
        parts.remove(pk)


def _kept_long_enough(at: datetime) -> list[UUID]:
    """Batches that are over and whose file is there for no use any more."""
    oldest = at - timedelta(days=settings.BATCH_FILE_DAYS)
    over = BatchPart.objects.filter(number=0, batch__status__in=OVER)
    old = Q(batch__finished_at=None) | Q(batch__finished_at__lte=oldest) | Q(batch__status=Status.REFUSED)
    return list(over.filter(old).values_list("batch_id", flat=True))


def forget(batch: Batch, **values: object) -> bool:
    """End a batch of which nothing was asked, with everything that was kept of its file. False when it went on."""
    mine = Batch.objects.filter(pk=batch.pk, status=batch.status)
    if not mine.update(lease=None, leased_until=None, **values):
        return False
    BatchChunk.objects.filter(batch=batch).delete()
    RejectedRow.objects.filter(batch=batch).delete()
    parts.remove(batch.pk)
    return True
