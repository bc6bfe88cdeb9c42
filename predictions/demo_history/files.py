"""A file of rows that was answered long ago: the file itself is gone by now, what is known of it stays."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from predictions.batches.summaries import summary
from predictions.demo_history.people import KEY, People
from predictions.models import Batch, BatchChunk
from predictions.models.writing import Rows
from predictions.sealing import Call
from registry.serving import Serving

TOOK = timedelta(seconds=40)  # from sending the file to its answers, with a look at its columns


def with_file(call: Call, answering: Serving, people: People, rows: slice, moment: datetime) -> Call:
    """The same call about the rows of a file."""
    content = _content(people, rows)
    names = [KEY, *people.columns]
    batch = Batch(
        user=call.by,
        name=f"candidates-{moment:%Y-%m}.csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        status=Batch.Status.DONE,
        model=answering.model,
        version=answering.version,
        ledger_entry=answering.entry,
        dialect={"delimiter": "comma", "encoding": "utf-8", "decimal": "point", "header": True},
        headings=names,
        mapping={"fields": {name: place for place, name in enumerate(names) if place}, "key": 0},
        rows=call.rows,
        created_at=moment - TOOK,
        submitted_at=moment,
        served_at=moment,
        finished_at=moment + timedelta(seconds=1),
    )
    chunk = BatchChunk(
        batch=batch,
        first=0,
        rows=call.rows,
        offset=0,
        length=len(content),
        line=2,
        status=BatchChunk.Status.DONE,
        finished_at=moment,
    )
    return replace(call, chunk=chunk)


def settled(chunk: BatchChunk, rows: Rows) -> BatchChunk:
    """The chunk with what became of it."""
    chunk.request_id, chunk.predicted, chunk.summary = rows.own["id"][0], len(rows), summary(rows)
    return chunk


def store(chunk: BatchChunk) -> None:
    """Insert the file and its only chunk."""
    batch, sent = chunk.batch, chunk.batch.created_at
    batch.save(force_insert=True)
    Batch.objects.filter(pk=batch.pk).update(created_at=sent)  # auto_now_add would say today
    chunk.save(force_insert=True)


def _content(people: People, rows: slice) -> bytes:
    columns = [people.keys[rows], *(values[rows] for values in people.columns.values())]
    lines = [",".join([KEY, *people.columns]), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    return "\n".join(lines).encode() + b"\n"
