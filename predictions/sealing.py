"""Rows of answers, and of questions without one, numbered and sealed, as they are before anybody stores them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uuid_utils
import uuid_utils.compat
from django.contrib.auth.models import User

from predictions.models import BatchChunk, PredictionFailure
from predictions.models.writing import COPY_FROM, Rows
from registry.facts import seals
from registry.runtimes.base import RuntimeFailed
from registry.serving import Serving
from registry.signature import CleanTable


@dataclass(frozen=True, kw_only=True)
class Call:
    """What every row of one call shares."""

    model: str
    columns: Mapping[str, Sequence[Any]]
    rows: int
    partial: bool
    source: str
    by: User
    trace_id: str
    key: str | None
    fingerprint: bytes
    records: Sequence[int | None]
    cases: Sequence[str]
    confirmed: bool | None
    chunk: BatchChunk | None


def numbers(rows: int) -> list[Any]:
    """Numbers in order; of a large call as texts, which is what COPY and digests are made of."""
    if rows < COPY_FROM:
        return sorted(uuid_utils.compat.uuid7() for _ in range(rows))
    return sorted(str(uuid_utils.uuid7()) for _ in range(rows))


def answers(
    call: Call,
    asked: Serving,
    answering: Serving,
    table: CleanTable,
    outputs: list[dict[str, Any]],
    reasons: Sequence[dict[str, Any] | None],
    duration: float,
    ids: Sequence[Any],
) -> Rows:
    """One row for each of the `table`, with its number of `ids`; `asked`: who should have answered.

    `outputs`, `reasons`: what was answered, and why, row by row. `duration`: seconds that the runtime took for all.
    """
    warnings: list[list[dict[str, Any]]] = [[]] * table.rows
    for warning in table.warnings:
        kept = {key: value for key, value in warning.items() if key != "row"}
        kept |= {"confirmed": True} if call.confirmed else {}
        warnings[warning["row"]] = [*warnings[warning["row"]], kept]
    told = zip(table.records, outputs, warnings, reasons, strict=True)
    salts, digests = seals(_sealed(call, answering, ids, told), table.rows)
    shared = {"fallback_from": asked.version if answering is not asked else None, "duration": duration}
    own: dict[str, Sequence[Any]] = {
        "id": ids,
        "row": range(table.rows),
        "record_id": call.records,
        "key": call.cases,
        "inputs": table.records,
        "outputs": outputs,
        "label": [output.get("label", "")[:255] for output in outputs],
        "score": [output["score"] for output in outputs],
        "warnings": warnings,
        "explanation": reasons,
        "salt": salts,
        "digest": digests,
    }
    # What no row has is written down once.
    nothing = {name: own.pop(name)[0] for name in ("record_id", "key", "warnings", "explanation") if not any(own[name])}
    return Rows(shared=shared | nothing | _shared(call, answering, ids), own=own)


def failures(
    call: Call, answering: Serving, records: Sequence[dict[str, Any]], failed: RuntimeFailed, ids: Sequence[Any]
) -> list[PredictionFailure]:
    """One row for each of the clean `records` that got no answer, with its number of `ids`."""
    shared = _shared(call, answering, ids)
    sealed = _sealed(call, answering, ids, ([inputs, failed.kind] for inputs in records))
    salts, digests = seals(sealed, len(records))
    return [
        PredictionFailure(
            id=ids[row],
            row=row,
            inputs=inputs,
            duration=0.0,
            kind=failed.kind,
            reason=str(failed),
            record_id=call.records[row],
            key=call.cases[row],
            salt=salts[row],
            digest=digests[row],
            **shared,
        )
        for row, inputs in enumerate(records)
    ]


def _shared(call: Call, answering: Serving, ids: Sequence[Any]) -> dict[str, Any]:
    """The fields that all rows of a call have in common."""
    return {
        "request_id": ids[0],
        "version": answering.version,
        "ledger_entry": answering.entry,
        "source": call.source,
        "user": call.by,
        "batch": call.chunk.batch if call.chunk else None,
        "trace_id": call.trace_id,
    }


def _sealed(
    call: Call, answering: Serving, ids: Sequence[Any], payloads: Iterable[Sequence[Any]]
) -> Iterator[list[Any]]:
    """What the digest of each row is taken over: who asked what of which version, about whom, and what came of it."""
    version, entry = answering.version, answering.entry
    who = [str(ids[0]), call.source, call.by.pk, version.commit, version.number, entry and str(entry.pk)]
    batch = {"batch": str(call.chunk.batch_id)} if call.chunk else {}
    for number, record, case, payload in zip(ids, call.records, call.cases, payloads, strict=True):
        about = {**({} if record is None else {"record": record}), **({"key": case} if case else {}), **batch}
        yield [str(number), *who, *payload, about] if about else [str(number), *who, *payload]
