"""A chunk that cannot be answered is cut into smaller ones, until the rows are alone that nobody can answer."""

from bisect import bisect_left
from math import isqrt

from django.db import transaction

from predictions.batches import checking
from predictions.batches.rows import read_chunk
from predictions.models import BatchChunk, RejectedRow

Status = BatchChunk.Status
FEW = 100  # rows, that are asked about one by one


def split(chunk: BatchChunk, *, code: str) -> None:
    """Put smaller chunks in place of a leased one; one that is a single row is rejected with this code.

    Nothing happens when its lease is somebody else's by now. From 10 000 rows to single ones are two steps.
    """
    if chunk.rows == 1:
        _reject(chunk, code)
        return
    size = 1 if chunk.rows <= FEW else isqrt(chunk.rows)
    with transaction.atomic():
        if not BatchChunk.objects.filter(pk=chunk.pk, lease=chunk.lease).delete()[0]:
            return
        reach = chunk.first, chunk.first + chunk.rows
        refused = RejectedRow.objects.filter(batch_id=chunk.batch_id, first__gte=reach[0], first__lt=reach[1])
        firsts = list(refused.order_by("first").values_list("first", flat=True))
        BatchChunk.objects.bulk_create(_part(chunk, skipped, size, firsts) for skipped in range(0, chunk.rows, size))


def _part(chunk: BatchChunk, skipped: int, size: int, refused: list[int]) -> BatchChunk:
    """The chunk of the `size` rows after the first `skipped`: of the same slice, with more rows to skip in it."""
    first, rows = chunk.first + skipped, min(size, chunk.rows - skipped)
    return BatchChunk(
        batch_id=chunk.batch_id,
        first=first,
        rows=rows,
        offset=chunk.offset,
        length=chunk.length,
        line=chunk.line,
        skip=chunk.skip + skipped,
        status=chunk.status,
        findings={} if skipped else chunk.findings,  # the check's sums stay what they were
        rejected=bisect_left(refused, first + rows) - bisect_left(refused, first),
    )


def _reject(chunk: BatchChunk, code: str) -> None:
    if chunk.rejected:  # nothing is left to be asked
        finish(chunk, [])
        return
    rows = read_chunk(chunk)
    refused = checking.rejected(chunk, rows, {0: [{"field": "", "code": code}]})
    if chunk.status == Status.CUT:
        error = {"field": "", "code": code, "count": 1, "lines": rows.lines, "examples": []}
        checking.settle(chunk, refused, {"errors": [error]})
        return
    finish(chunk, refused)


def finish(chunk: BatchChunk, refused: list[RejectedRow]) -> bool:
    """Turn a leased chunk to done that has no row to be answered left, keeping these rejected rows too."""
    with transaction.atomic():
        if not refuse(chunk, refused):
            return False
        return BatchChunk.objects.settle(chunk=chunk, request_id=None, predicted=0, summary={})


def refuse(chunk: BatchChunk, refused: list[RejectedRow]) -> bool:
    """Keep more rejected rows of a leased chunk; False when its lease is somebody else's by now."""
    with transaction.atomic():
        mine = BatchChunk.objects.filter(pk=chunk.pk, lease=chunk.lease, status=Status.CHECKED)
        if not mine.update(rejected=chunk.rejected + len(refused)):
            return False
        RejectedRow.objects.bulk_create(refused, batch_size=1000)
    chunk.rejected += len(refused)
    return True
