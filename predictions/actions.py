"""The waist: every door asks through `predict`, and nothing is answered that is not stored."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import uuid_utils.compat
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from psycopg.errors import LockNotAvailable

from predictions import explanations
from predictions.exceptions import KeyInUse, KeyReused, NotAnswered, Unconfirmed
from predictions.models import IdempotencyKey, Prediction, PredictionFailure
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
    """What a call was answered: its stored rows, in order. `replayed`: they were stored by an earlier call."""

    request_id: UUID
    version: ModelVersion
    predictions: list[Prediction]
    replayed: bool = False


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What every row of one call shares."""

    model: str
    source: str
    by: User
    trace_id: str
    key: str | None
    fingerprint: bytes
    records: Sequence[int | None]
    confirmed: bool | None


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
    confirmed: bool | None = None,
) -> Answer:
    """Answer `rows` questions and store each answer before returning it.

    `columns`: field -> `rows` raw values as the door received them (bytes of a picture for an image model).
    `records`: per row the Record that the question is about. `confirmed`: whether the person knows of values that the
    model never saw, for doors that ask; None where nobody is asked, and warnings are only kept.
    Steps: replay, resolve, clean, run, label, explain, insert. Raises NotAllowed, UnknownModel, ModelSuspended,
    InvalidInput, Unconfirmed (nothing stored), NotAnswered (the failure is stored), KeyReused, KeyInUse, and
    django.db.Error when the database cannot store: then nothing was answered.
    """
    demand(by, "predictions.add_prediction")
    call = _Call(
        model=model,
        source=source,
        by=by,
        trace_id=trace_id,
        key=idempotency_key,
        fingerprint=_fingerprint(source, model, version, columns, rows, explain, records) if idempotency_key else b"",
        records=records or [None] * rows,
        confirmed=confirmed,
    )
    if stored := _replay(call):
        return stored
    asked = serving.champion(model) if version is None else serving.version(model, version)
    table = asked.signature.clean(columns, rows)
    if confirmed is False and table.warnings:
        raise Unconfirmed(table.warnings)
    started = time.perf_counter()
    answering, scores = _run(asked, table, call)
    duration = time.perf_counter() - started
    outputs = labels.outputs(answering.signature, scores)
    reasons = explanations.explain(answering, table, scores) if explain else [None] * rows
    predictions = _rows(call, asked, answering, table, outputs, reasons, duration)
    return _store(call, predictions, answering.version)


def _fingerprint(
    source: str,
    model: str,
    version: int | None,
    columns: Mapping[str, Sequence[Any]],
    rows: int,
    explain: bool,
    records: Sequence[int | None] | None,
) -> bytes:
    """SHA-256 of the canonical request: the same key with another request must not find this one's answer."""
    request: list[Any] = [
        source,
        model,
        version,
        {name: list(values) for name, values in columns.items()},
        rows,
        explain,
    ]
    if records is not None:
        request.append(list(records))
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), default=_digest)
    return hashlib.sha256(text.encode()).digest()


def _digest(value: Any) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)


def _replay(call: _Call) -> Answer | None:
    """The stored answer of the same key and request, also after a promotion or while the model is suspended."""
    if call.key is None:
        return None
    known = IdempotencyKey.objects.filter(user=call.by, key=call.key).first()
    if known is None:
        return None
    if bytes(known.fingerprint) != call.fingerprint:
        raise KeyReused(_("This idempotency key was already used for another request. Use a new key."))
    predictions = list(Prediction.objects.for_page().of_request(known.request_id, known.rows))
    return Answer(known.request_id, predictions[0].version, predictions, replayed=True)


def _run(asked: Serving, table: CleanTable, call: _Call) -> tuple[Serving, NDArray[np.float64]]:
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


def _failure(call: _Call, answering: Serving, table: CleanTable, failed: RuntimeFailed) -> NotAnswered:
    """Record that clean questions got no answer, one row each."""
    ids = _ids(table.rows)
    rows = [
        PredictionFailure(
            inputs=inputs,
            duration=0.0,
            kind=failed.kind,
            reason=str(failed),
            **_asked(call, answering, ids, row, [inputs, failed.kind]),
        )
        for row, inputs in enumerate(table.records)
    ]
    with transaction.atomic(durable=True):
        PredictionFailure.objects.bulk_create(rows)
    text = _("The model could not answer. The question was recorded.")
    return NotAnswered(text, kind=failed.kind, failure_id=ids[0])


def _ids(rows: int) -> list[UUID]:
    return sorted(uuid_utils.compat.uuid7() for _ in range(rows))


def _asked(call: _Call, answering: Serving, ids: list[UUID], row: int, payload: list[Any]) -> dict[str, Any]:
    """The fields an answer and a failure share, and the seal over who asked what of which version."""
    version, entry = answering.version, answering.entry
    who = [str(ids[row]), str(ids[0]), call.source, call.by.pk, version.commit, version.number, entry and str(entry.pk)]
    about = [] if call.records[row] is None else [{"record": call.records[row]}]
    return {
        "id": ids[row],
        "request_id": ids[0],
        "row": row,
        "version": version,
        "ledger_entry": entry,
        "source": call.source,
        "user": call.by,
        "record_id": call.records[row],
        "trace_id": call.trace_id,
        **seal([*who, *payload, *about]),
    }


def _rows(
    call: _Call,
    asked: Serving,
    answering: Serving,
    table: CleanTable,
    outputs: list[dict[str, Any]],
    reasons: Sequence[dict[str, Any] | None],
    duration: float,
) -> list[Prediction]:
    ids = _ids(table.rows)
    warnings: list[list[dict[str, Any]]] = [[] for _ in range(table.rows)]
    for warning in table.warnings:
        kept = {key: value for key, value in warning.items() if key != "row"}
        warnings[warning["row"]].append(kept | ({"confirmed": True} if call.confirmed else {}))
    fallback = asked.version if answering is not asked else None
    return [
        Prediction(
            inputs=table.records[row],
            outputs=output,
            label=output.get("label", "")[:255],
            score=output["score"],
            warnings=warnings[row],
            explanation=reasons[row],
            fallback_from=fallback,
            duration=duration,
            **_asked(call, answering, ids, row, [table.records[row], output, warnings[row], reasons[row]]),
        )
        for row, output in enumerate(outputs)
    ]


def _store(call: _Call, predictions: list[Prediction], version: ModelVersion) -> Answer:
    """Commit the rows and the key together; a call that lost the race for its key answers what the winner stored."""
    request_id = predictions[0].id
    try:
        if call.key is None:
            _refuse_to_nest()
            Prediction.objects.record(predictions)  # one statement, which is its own transaction
        else:
            with transaction.atomic(durable=True):
                _key_row(call, request_id, len(predictions)).save(force_insert=True)
                Prediction.objects.record(predictions)
    except IntegrityError:
        if stored := _replay(call):
            return stored
        raise
    except OperationalError as error:
        if call.key is not None and isinstance(error.__cause__, LockNotAvailable):
            raise KeyInUse(_("A call with this idempotency key is still running. Try again in a moment.")) from error
        raise
    return Answer(request_id, version, predictions)


def _refuse_to_nest() -> None:
    """What durable=True does: inside somebody's transaction an answer would be shown before it is stored."""
    if any(not block._from_testcase for block in transaction.get_connection().atomic_blocks):
        raise RuntimeError("predict() must not run inside a transaction: it could be rolled back after the answer.")


def _key_row(call: _Call, request_id: UUID, rows: int) -> IdempotencyKey:
    return IdempotencyKey(
        user=call.by,
        key=call.key or "",
        fingerprint=call.fingerprint,
        request_id=request_id,
        rows=rows,
        **seal([call.by.pk, call.key, call.fingerprint.hex(), str(request_id), rows]),
    )
