"""Who is served next: one piece of work is leased at a time, of the batch that has waited longest.

A piece takes seconds at most, so that a file of millions of rows does not keep a file of ten waiting. A lease that ran
out is free again by itself: there is nothing to repair after a worker was lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from predictions.models import Batch, BatchChunk

Status, Part = Batch.Status, BatchChunk.Status
# What is done with the chunks of a batch in this state: those that are not in that one yet.
TODO = {Status.CHECKING: Part.CUT, Status.RUNNING: Part.CHECKED}
READING_SECONDS = 300  # for which nobody else reads a spreadsheet: the time limit of the task
LOOKED_AT = 20  # batches, of those that wait longest


class Kind(Enum):
    """What there is to be done."""

    READ = "read"  # make the rows of a spreadsheet CSV
    CHOOSE = "choose"  # the columns of a file that nobody is asked about
    CUT = "cut"
    CHECK = "check"
    START = "start"  # the run of such a file, after its check
    RUN = "run"
    CLOSE = "close"  # all chunks are done


# What is done with a batch that would wait for a person, when nobody is asked about it.
UNATTENDED = {Status.MAPPING: Kind.CHOOSE, Status.CHECKED: Kind.START}


@dataclass(frozen=True)
class Piece:
    """Work that nobody else does until the lease ends. `chunk`: None for work on the whole file."""

    kind: Kind
    batch: Batch
    lease: UUID
    chunk: BatchChunk | None = None


def lease_time() -> timedelta:
    """How long a piece belongs to whoever took it."""
    return timedelta(seconds=settings.BATCH_LEASE_SECONDS)


def take(at: datetime) -> Piece | None:
    """Lease the next piece of work; None when nothing waits that nobody is at."""
    for batch in waiting(at).select_related("user", "ledger_entry", "version__model", "model", "dataset")[:LOOKED_AT]:
        if piece := _of(batch, at):
            return piece
    return None


def waiting(at: datetime) -> QuerySet[Batch]:
    """Batches with something to do that nobody is at, whoever was served longest ago first."""
    chunks = BatchChunk.objects.filter(batch=OuterRef("pk"))
    to_check, to_run = chunks.filter(status=Part.CUT), chunks.filter(status=Part.CHECKED)
    checking = Q(status=Status.CHECKING) & (Q(rows=None) | Exists(to_check.free(at=at)) | ~Exists(to_check))
    running = Q(status=Status.RUNNING, is_cancelled=False) & (Exists(to_run.free(at=at)) | ~Exists(to_run))
    cancelled = Q(status=Status.RUNNING, is_cancelled=True) & ~Exists(to_run.filter(leased_until__gte=at))
    choosing = Q(status=Status.MAPPING, wishes__isnull=False)
    starting = Q(status=Status.CHECKED, runs_after_check=True)
    found = Batch.objects.filter(Q(status=Status.READING) | choosing | checking | starting | running | cancelled)
    return found.filter(_free(at)).order_by(F("served_at").asc(nulls_first=True), "created_at")


def free_chunks(at: datetime, most: int) -> int:
    """How many chunks wait, `most` at most."""
    wanted = Q()
    for batch, part in TODO.items():
        wanted |= Q(batch__status=batch, status=part)
    found = BatchChunk.objects.free(at=at).filter(wanted, batch__is_cancelled=False)
    return len(found.exclude(batch__leased_until__gte=at).values_list("pk")[:most])


def at_work(at: datetime) -> int:
    """How many pieces are leased: as many workers are at work, or were until they were lost."""
    parts = BatchChunk.objects.exclude(status=Part.DONE).filter(leased_until__gte=at, batch__status__in=TODO)
    whole = Batch.objects.filter(status__in=[*TODO, Status.READING], leased_until__gte=at)
    return parts.count() + whole.exclude(lease=None).count()


def was_served(*, since: datetime) -> bool:
    """Whether anybody took a piece since then."""
    return Batch.objects.filter(status__in=[*TODO, Status.READING], served_at__gte=since).exists()


def _free(at: datetime) -> Q:
    # A batch that waits for its model is "leased" to nobody until it is looked at again.
    return Q(leased_until=None) | Q(leased_until__lt=at)


def _of(batch: Batch, at: datetime) -> Piece | None:
    """The next piece of one batch; None when others were faster."""
    if batch.status == Status.READING:
        return _whole(Kind.READ, batch, at, timedelta(seconds=READING_SECONDS))
    if kind := UNATTENDED.get(Status(batch.status)):
        return _whole(kind, batch, at, lease_time())
    if batch.status == Status.CHECKING and batch.rows is None:
        return _whole(Kind.CUT, batch, at, lease_time())
    part = TODO[Status(batch.status)]
    if not batch.is_cancelled:
        if piece := _chunk(batch, part, at):
            return piece
        if batch.chunks.filter(status=part).exists():
            return None
    return _whole(Kind.CLOSE, batch, at, lease_time())


def _chunk(batch: Batch, part: BatchChunk.Status, at: datetime) -> Piece | None:
    lease = uuid4()
    with transaction.atomic():
        free = BatchChunk.objects.free(at=at).filter(batch=batch, status=part).order_by("first")
        chunk = free.select_for_update(skip_locked=True).first()
        if chunk is None or not BatchChunk.objects.lease_to(lease, pk=chunk.pk, at=at, until=at + lease_time()):
            return None
        _served(batch, at, is_resumed=chunk.leased_until is not None)
    chunk.batch, chunk.lease, chunk.attempts = batch, lease, chunk.attempts + 1
    return Piece(Kind.CHECK if part == Part.CUT else Kind.RUN, batch, lease, chunk)


def _whole(kind: Kind, batch: Batch, at: datetime, time: timedelta) -> Piece | None:
    lease = uuid4()
    with transaction.atomic():
        free = Batch.objects.filter(_free(at), pk=batch.pk, status=batch.status)
        if not free.update(lease=lease, leased_until=at + time, attempts=F("attempts") + 1):
            return None
        _served(batch, at, is_resumed=batch.lease is not None)
    batch.lease, batch.attempts = lease, batch.attempts + 1
    return Piece(kind, batch, lease)


def _served(batch: Batch, at: datetime, *, is_resumed: bool) -> None:
    if is_resumed:
        Batch.objects.filter(pk=batch.pk).update(served_at=at, resumed=F("resumed") + 1)
        return
    # Whoever holds the row at this moment says the same. If its host was cut off, nobody waits for that to be noticed.
    free = Batch.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=batch.pk)
    Batch.objects.filter(pk__in=free.values("pk")).update(served_at=at)
