"""The waist: every door asks through `predict`, and nothing is answered that is not stored."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from psycopg.errors import LockNotAvailable

from predictions import explanations, metrics, sealing
from predictions.batches.summaries import summary
from predictions.exceptions import AWAY, ChunkTaken, KeyInUse, KeyReused, NotAnswered, Unconfirmed
from predictions.fingerprints import fingerprint
from predictions.models import Awaited, BatchChunk, IdempotencyKey, Prediction, PredictionFailure, Source
from predictions.models.writing import INSTANCES_TO, Rows
from predictions.partial import Picked, pick
from predictions.sealing import Call
from registry import labels, runtimes, serving
from registry.facts import seal
from registry.models import ModelVersion
from registry.rights import demand
from registry.runtimes.base import RuntimeFailed
from registry.serving import Serving
from registry.signature import CleanTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a call was answered: `size` stored rows. `replayed`: they were stored by an earlier call.

    `refused`: errors of rows that a partial call left out; `places`: which row of the question each stored one answers,
    None when it is all of them.
    """

    request_id: UUID
    version: ModelVersion
    size: int
    replayed: bool = False
    refused: Sequence[dict[str, Any]] = ()
    places: Sequence[int] | None = None
    written: Rows | None = field(default=None, repr=False)

    @cached_property
    def predictions(self) -> list[Prediction]:
        """The stored rows, in order: those of this very call as they were written, others are read."""
        if self.written is not None and self.size <= INSTANCES_TO:
            return Prediction.objects.written(self.written)
        return list(Prediction.objects.for_call_page().of_request(self.request_id, self.size))


def predict(
    *,
    model: str,
    columns: Mapping[str, Sequence[Any]],
    rows: int,
    source: str,
    by: User,
    version: int | None = None,
    explain: bool = False,
    idempotency_key: str | None = None,
    trace_id: str = "",
    records: Sequence[int | None] | None = None,
    cases: Sequence[str] | None = None,
    confirmed: bool | None = None,
    partial: bool = False,
    chunk: BatchChunk | None = None,
) -> Answer:
    """Answer `rows` questions and store each answer before returning it.

    `columns`: field -> `rows` raw values as the door received them (bytes of a picture for an image model).
    `records`: per row the Record that the question is about; `cases`: what its door calls it, the key of the record or
    of the row. `chunk`: the leased part of a file that the rows are of; its batch has pinned the version, and it is
    turned to done in the transaction that stores the answers. `confirmed`: whether the person knows of values that the
    model never saw, for doors that ask; None where nobody is asked, and warnings are only kept. `partial`: leave out
    rows with errors, as long as there are others; else one error refuses the call.
    Steps: replay, resolve, clean, run, label, explain, insert. Raises NotAllowed, UnknownModel, ModelSuspended,
    InvalidInput, Unconfirmed (nothing stored), NotAnswered (the failure is stored), KeyReused, KeyInUse, and
    django.db.Error when the database cannot store: then nothing was answered.
    """
    demand(by, "predictions.add_prediction")
    begun = time.perf_counter()
    call = Call(
        model=model,
        columns=columns,
        rows=rows,
        partial=partial,
        source=str(source),  # its text: an enumeration takes longer to write down
        by=by,
        trace_id=trace_id,
        key=idempotency_key,
        fingerprint=fingerprint(source, model, version, columns, rows, explain, records, partial)
        if idempotency_key
        else b"",
        records=records or [None] * rows,
        cases=cases or [""] * rows,
        confirmed=confirmed,
        chunk=chunk,
    )
    if stored := _replay(call):
        return stored
    asked = _resolve(call, version)
    picked = _picked(call, asked)
    table = picked.table
    if confirmed is False and table.warnings:
        raise Unconfirmed(table.warnings)
    call = replace(call, records=picked.of(call.records), cases=picked.of(call.cases)) if picked.places else call
    started = time.perf_counter()
    answering, scores = _run(asked, table, call)
    duration = time.perf_counter() - started
    outputs = labels.outputs(answering.signature, scores)
    reasons = explanations.explain(answering, table, scores) if explain else [None] * table.rows
    numbers = sealing.numbers(table.rows)
    told = sealing.answers(call, asked, answering, table, outputs, reasons, duration, numbers)
    answer = _store(call, told, answering.version, picked)
    metrics.asked(model, answer.version.number, call.source, "answered", answer.size)
    metrics.took(model, time.perf_counter() - begun)
    return answer


def _picked(call: Call, asked: Serving) -> Picked:
    """The clean rows, and what was refused is counted. Raises InvalidInput."""
    good = 0
    try:
        picked = pick(asked.signature, call.columns, call.rows, partial=call.partial)
        good = picked.table.rows
    finally:
        if good < call.rows:
            metrics.asked(call.model, asked.version.number, call.source, "refused", call.rows - good)
    return picked


def _resolve(call: Call, version: int | None) -> Serving:
    if call.chunk is not None:
        batch = call.chunk.batch
        return serving.pinned(batch.version, batch.ledger_entry)  # type: ignore[arg-type]  # pinned before it was cut
    return serving.champion(call.model) if version is None else serving.version(call.model, version)


def _replay(call: Call) -> Answer | None:
    """The stored answer of the same key and request, also after a promotion or while the model is suspended."""
    if call.key is None:
        return None
    known = IdempotencyKey.objects.filter(user=call.by, key=call.key).first()
    if known is None:
        return None
    if bytes(known.fingerprint) != call.fingerprint:
        raise KeyReused(_("This idempotency key was already used for another request. Use a new key."))
    first = Prediction.objects.for_page().filter(pk=known.request_id).first()
    if first is None:  # its partition was detached
        raise KeyReused(_("What was answered under this idempotency key is archived. Use a new key."))
    stored = Answer(known.request_id, first.version, known.rows, replayed=True)
    if not call.partial:
        return stored
    # The rows that were left out are found again: a version does not change, nor did the question.
    left = pick(serving.signature_of(first.version), call.columns, call.rows, partial=True)
    return replace(stored, refused=left.refused, places=left.places)


def _run(asked: Serving, table: CleanTable, call: Call) -> tuple[Serving, NDArray[np.float64]]:
    """Who answered, and the scores. A champion that cannot be loaded is answered for by the one before it."""
    try:
        return asked, _scores(asked, table)
    except RuntimeFailed as failed:
        before = serving.previous(asked) if failed.kind == "load" else None
        if before is None:
            raise _failure(call, asked, table, failed) from failed
        names = {"version": str(asked.version), "to": str(before.version), "why": str(failed)}
        logger.warning("fallback", extra=names)
    try:
        return before, _scores(before, table)
    except RuntimeFailed as failed:
        raise _failure(call, before, table, failed) from failed


def _scores(answering: Serving, table: CleanTable) -> NDArray[np.float64]:
    """Raises RuntimeFailed: of kind "load" when the version cannot be had here, by whichever runtime."""
    return runtimes.load(answering.version).predict(table.columns, table.rows)


def _failure(call: Call, answering: Serving, table: CleanTable, failed: RuntimeFailed) -> Exception:
    """Record that clean questions got no answer, one row each.

    Not of a chunk of many: it is asked again in smaller ones, until the rows are alone that cannot be answered. Nor of
    a chunk whose model is away: it waits.
    """
    if call.chunk is not None and (table.rows > 1 or failed.kind in AWAY):
        return failed
    rows = sealing.failures(call, answering, table.records, failed, sealing.numbers(table.rows))
    with transaction.atomic(durable=True):
        PredictionFailure.objects.bulk_create(rows)
    metrics.asked(call.model, answering.version.number, call.source, "failed", table.rows)
    text = _("The model could not answer. The question was recorded.")
    return NotAnswered(text, kind=failed.kind, failure_id=UUID(str(rows[0].pk)))


def _store(call: Call, rows: Rows, version: ModelVersion, picked: Picked) -> Answer:
    """Commit the rows and the key together; a call that lost the race for its key answers what the winner stored."""
    request_id = UUID(str(rows.own["id"][0]))
    awaited = _awaited(call, version)
    try:
        if call.key is None and call.chunk is None and not awaited:
            _refuse_to_nest()
            Prediction.objects.record(rows)  # one statement, which is its own transaction
        else:
            with transaction.atomic(durable=True):
                if call.chunk is not None:
                    _settle(call.chunk, request_id, rows)
                if call.key is not None:
                    _key_row(call, request_id, len(rows)).save(force_insert=True)
                Prediction.objects.record(rows)
                for kind, due in awaited.items():
                    Awaited.objects.expect(rows.own["id"], kind=kind, due=due, model=version.model, user=call.by)
    except IntegrityError:
        if stored := _replay(call):
            return stored
        raise
    except OperationalError as error:
        if call.key is not None and isinstance(error.__cause__, LockNotAvailable):
            raise KeyInUse(_("A call with this idempotency key is still running. Try again in a moment.")) from error
        raise
    return Answer(request_id, version, len(rows), refused=picked.refused, places=picked.places, written=rows)


def _settle(chunk: BatchChunk, request_id: UUID, rows: Rows) -> None:
    told = summary(rows)
    if not BatchChunk.objects.settle(chunk=chunk, request_id=request_id, predicted=len(rows), summary=told):
        raise ChunkTaken


def _awaited(call: Call, version: ModelVersion) -> dict[Awaited.Kind, date]:
    """What the answers will wait for, and since when it is due. What was only tried out waits for nothing.

    Nor does what somebody asked who sees made-up examples alone: nobody could decide about it or know what became of it.
    """
    if call.source == Source.CHANGED or not call.by.has_perm("predictions.view_dataset"):
        return {}
    model, today = version.model, timezone.localdate()
    found = {Awaited.Kind.DECISION: today} if model.is_high_risk else {}
    if model.outcome_days is not None:
        found[Awaited.Kind.OUTCOME] = today + timedelta(days=model.outcome_days)
    return found


def _refuse_to_nest() -> None:
    """What durable=True does: inside somebody's transaction an answer would be shown before it is stored."""
    if any(not block._from_testcase for block in transaction.get_connection().atomic_blocks):
        raise RuntimeError("predict() must not run inside a transaction: it could be rolled back after the answer.")


def _key_row(call: Call, request_id: UUID, rows: int) -> IdempotencyKey:
    return IdempotencyKey(
        user=call.by,
        key=call.key or "",
        fingerprint=call.fingerprint,
        request_id=request_id,
        rows=rows,
        **seal([call.by.pk, call.key, call.fingerprint.hex(), str(request_id), rows]),
    )
