"""What workers do: one piece of work after the other, each of them again by somebody else if it is not finished.

Nothing here holds a lock while it works, nothing is half done: a worker may be killed at any moment. An answer that
comes after its lease went to somebody else is rolled back by the waist (ChunkTaken), or was first and is the one.
"""

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from predictions import actions
from predictions.batches import checking, closing, cutting, intake, parts, splitting, turns, unattended
from predictions.batches.rows import ChunkRows, columns, keys, read_chunk
from predictions.batches.turns import Kind, Piece, take
from predictions.batches.verbs import NothingToRun
from predictions.exceptions import (
    AWAY,
    ChunkTaken,
    InvalidInput,
    ModelSuspended,
    NotAllowed,
    NotAnswered,
    NotNow,
    RuntimeFailed,
    UnknownModel,
)
from predictions.imports.csv_files import Dialect, FileRefused
from predictions.models import Batch, BatchChunk, Record, RejectedRow, Source
from registry import clock, serving

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
ONLY_SO_OFTEN = {Kind.READ, Kind.CHOOSE, Kind.CUT, Kind.START}
CERTAIN = {"model", "answer"}  # what fails in this way fails again
SUSPENDED_SECONDS, LOCKED_SECONDS = 60, 5  # until it is tried again


def work(*, seconds: float) -> bool:
    """Do what waits, piece by piece, for about that long. Whether there may be more."""
    ends = time.monotonic() + seconds
    while piece := take(clock.now()):
        do(piece)
        if time.monotonic() > ends:
            return True
    return False


def do(piece: Piece) -> None:
    """Do one piece of work, in the language of who sent the file.

    Raises what the database says when it is away; what else goes wrong is counted, and the others are not kept waiting.
    """
    with translation.override(piece.batch.language), _no_collection():
        try:
            _WAYS[piece.kind](piece)
        except (OperationalError, InterfaceError):
            raise
        except ChunkTaken:
            logger.info("a chunk was taken over", extra=_names(piece))
        except Exception:
            logger.exception("a piece of a batch failed", extra=_names(piece))
            _again(piece)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Thousands of rows are many objects and no cycles: looking for some again and again takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _names(piece: Piece) -> dict[str, str]:
    return {"batch": str(piece.batch.pk), "kind": piece.kind.value, "chunk": str(piece.chunk and piece.chunk.first)}


def _again(piece: Piece) -> None:
    """Somebody tries again; after the third time in smaller chunks, or never."""
    if piece.chunk is not None:
        _failed(piece.chunk)
    elif piece.kind in ONLY_SO_OFTEN and piece.batch.attempts >= MAX_ATTEMPTS:
        closing.refuse(piece.batch, _("The file could not be read in %(count)s attempts.") % {"count": MAX_ATTEMPTS})
    else:
        Batch.objects.filter(pk=piece.batch.pk, lease=piece.lease).update(lease=None, leased_until=None)


def _failed(chunk: BatchChunk, kind: str = "") -> None:
    if chunk.attempts >= MAX_ATTEMPTS or kind in CERTAIN:
        splitting.split(chunk, code="not_answered")
    else:
        BatchChunk.objects.release(chunk=chunk)


# -- the whole file


def _read(piece: Piece) -> None:
    if piece.batch.attempts > MAX_ATTEMPTS:  # who tried before was lost
        _again(piece)
    else:
        intake.convert(piece.batch)


def _cut(piece: Piece) -> None:
    """Find where the chunks begin, all of them or none."""
    batch = piece.batch
    if batch.attempts > MAX_ATTEMPTS:
        _again(piece)
        return
    size = settings.BATCH_ROWS if batch.version and batch.version.runtime == "onnx" else settings.BATCH_ROWS_ISOLATED
    try:
        cuts = list(cutting.cut(_kept(piece, parts.stream(batch.pk)), Dialect(**batch.dialect), rows=size))
    except FileRefused as refused:
        closing.refuse(batch, str(refused))
        return
    rows = cuts[-1].first + cuts[-1].rows
    with transaction.atomic():
        mine = Batch.objects.filter(pk=batch.pk, lease=piece.lease, status=Batch.Status.CHECKING)
        if not mine.update(rows=rows, attempts=0, lease=None, leased_until=None):
            raise ChunkTaken
        BatchChunk.objects.bulk_create(
            (
                BatchChunk(batch=batch, first=c.first, rows=c.rows, offset=c.offset, length=c.length, line=c.line)
                for c in cuts
            ),
            batch_size=1000,
        )


def _kept(piece: Piece, content: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of a file, while the lease is kept: a giant takes longer than one lasts. Raises ChunkTaken."""
    time_kept = turns.lease_time()
    patience = time_kept.total_seconds() / 3
    renew_at = time.monotonic() + patience
    for part in content:
        yield part
        if time.monotonic() > renew_at:
            renew_at = time.monotonic() + patience
            mine = Batch.objects.filter(pk=piece.batch.pk, lease=piece.lease, status=piece.batch.status)
            if not mine.update(leased_until=clock.now() + time_kept):
                raise ChunkTaken


def _choose(piece: Piece) -> None:
    _go_on(piece, unattended.choose_again)


def _start(piece: Piece) -> None:
    _go_on(piece, unattended.run)


def _go_on(piece: Piece, step: Callable[[Batch], None]) -> None:
    """What a person would do next with a file. It waits where they could try again, and ends where they could not."""
    try:
        step(piece.batch)
    except ModelSuspended as suspended:
        _wait_whole(piece, str(suspended), seconds=SUSPENDED_SECONDS)
    except (NotAllowed, UnknownModel):
        closing.refuse(piece.batch, _no_right())
    except NothingToRun as nothing:
        closing.refuse(piece.batch, str(nothing))
    except InvalidInput as invalid:
        closing.refuse(piece.batch, " ".join(f"{error['field']}: {error['message']}" for error in invalid.errors))
    except NotNow:  # somebody was faster, and this changes nothing; or somebody else is at it at this moment
        _wait_whole(piece, "", seconds=LOCKED_SECONDS)


def _wait_whole(piece: Piece, reason: str, *, seconds: float) -> None:
    """Look at a file again later, as if it had not been tried."""
    mine = Batch.objects.filter(pk=piece.batch.pk, lease=piece.lease, status=piece.batch.status)
    mine.update(reason=reason, lease=None, leased_until=clock.now() + timedelta(seconds=seconds), attempts=0)


def _close(piece: Piece) -> None:
    closing.close(piece.batch)


# -- one chunk


def _check(piece: Piece) -> None:
    chunk, batch = _chunk(piece), piece.batch
    if chunk.attempts > MAX_ATTEMPTS:
        splitting.split(chunk, code="crashed")
        return
    assert batch.version is not None  # pinned before it was cut  # noqa: S101
    checking.check_chunk(chunk, batch, serving.signature_of(batch.version))


def _run(piece: Piece) -> None:
    """Ask about the good rows of a chunk; whatever comes of it, the batch goes on or says why it waits."""
    chunk, batch = _chunk(piece), piece.batch
    if chunk.attempts > MAX_ATTEMPTS:
        splitting.split(chunk, code="crashed")
        return
    try:
        _ask(chunk, batch)
    except ModelSuspended as suspended:
        _wait(piece, str(suspended), seconds=SUSPENDED_SECONDS)
    except (NotAllowed, UnknownModel):
        _give_up(chunk, batch)
    except (RuntimeFailed, NotAnswered) as failed:
        if failed.kind in AWAY:
            _wait(piece, _("The model cannot answer at the moment. It is asked again."), seconds=AWAY[failed.kind])
        else:
            _failed(chunk, failed.kind)


def _chunk(piece: Piece) -> BatchChunk:
    assert piece.chunk is not None  # noqa: S101
    return piece.chunk


def _ask(chunk: BatchChunk, batch: Batch) -> None:
    """Raises what the waist raises, but InvalidInput: such rows are rejected, and the others asked about again."""
    assert batch.version is not None  # noqa: S101
    signature = serving.pinned(batch.version, batch.ledger_entry).signature
    rows = read_chunk(chunk)
    while kept := _good(chunk, rows):
        called = keys(rows, batch, kept)
        try:
            actions.predict(
                model=batch.model.name,
                columns=columns(rows, batch, signature, kept),
                rows=len(kept),
                source=Source.BATCH,
                by=batch.user,
                cases=called,
                records=_records(batch, called),
                chunk=chunk,
            )
        except InvalidInput as invalid:
            wrong = checking.by_row(invalid.errors, kept)
            if not splitting.refuse(chunk, checking.rejected(chunk, rows, wrong)):
                raise ChunkTaken from invalid
        else:
            break
    else:
        splitting.finish(chunk, [])
    if batch.reason:  # it waited
        Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING, is_cancelled=False).update(reason="")


def _good(chunk: BatchChunk, rows: ChunkRows) -> list[int]:
    """Indexes of the rows that were not rejected."""
    if not chunk.rejected:
        return list(range(len(rows.cells)))
    reach = {"first__gte": chunk.first, "first__lt": chunk.first + chunk.rows}
    refused = set(RejectedRow.objects.filter(batch_id=chunk.batch_id, **reach).values_list("first", flat=True))
    return [index for index, first in enumerate(rows.firsts) if first not in refused]


def _records(batch: Batch, called: list[str]) -> list[int | None] | None:
    """The records that rows are about, when their keys are those of a set."""
    if batch.dataset_id is None:
        return None
    known = Record.objects.filter(dataset_id=batch.dataset_id, key__in={key for key in called if key})
    numbers = dict(known.values_list("key", "pk"))
    return [numbers.get(key) for key in called]


def _wait(piece: Piece, reason: str, *, seconds: float) -> None:
    """Give the chunk back as if it had not been tried, and look at the batch again later."""
    chunk = _chunk(piece)
    until = clock.now() + timedelta(seconds=seconds)
    mine = BatchChunk.objects.filter(pk=chunk.pk, lease=chunk.lease)
    mine.update(lease=None, leased_until=None, attempts=F("attempts") - 1)
    Batch.objects.filter(pk=piece.batch.pk, status=Batch.Status.RUNNING).update(
        reason=reason, lease=None, leased_until=until
    )


def _give_up(chunk: BatchChunk, batch: Batch) -> None:
    """Who sent the file may not ask any more: what was answered stays."""
    BatchChunk.objects.release(chunk=chunk)
    Batch.objects.filter(pk=batch.pk, status=Batch.Status.RUNNING).update(is_cancelled=True, reason=_no_right())


def _no_right() -> str:
    return _("Whoever sent the file may no longer ask this model.")


_WAYS: dict[Kind, Callable[[Piece], None]] = {
    Kind.READ: _read,
    Kind.CHOOSE: _choose,
    Kind.CUT: _cut,
    Kind.CHECK: _check,
    Kind.START: _start,
    Kind.RUN: _run,
    Kind.CLOSE: _close,
}
