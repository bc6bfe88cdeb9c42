"""What is wrong in a chunk of a file, and what the model never saw: found before anything is asked.

Runs over every row of a file, so it cleans columns and not rows, and looks at single rows only where something is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db import transaction

from predictions.batches.rows import ChunkRows, columns, keys, read_chunk
from predictions.exceptions import ChunkTaken, InvalidInput
from predictions.imports.csv_files import LONGEST_KEY
from predictions.models import Batch, BatchChunk, RejectedRow
from registry.signature import CleanTable, Signature

BINS = 20  # over the range that the model learned from
LINES = 10  # spreadsheet rows that are kept of one kind of error in a chunk
EXAMPLES = 3
Errors = dict[int, list[dict[str, str]]]  # index in the chunk -> [{"field", "code"}]


def check_chunk(chunk: BatchChunk, batch: Batch, signature: Signature) -> None:
    """Keep the findings of a leased chunk and its bad rows, and turn it to checked; all of it or nothing.

    Raises ChunkTaken when its lease is somebody else's by now.
    """
    rows = read_chunk(chunk)
    errors = _faults(rows, batch)
    good, table = _cleaned(rows, batch, signature, errors)
    findings = _findings(rows, batch, signature, errors, good, table)
    settle(chunk, rejected(chunk, rows, errors), findings)


def settle(chunk: BatchChunk, refused: list[RejectedRow], findings: dict[str, Any]) -> None:
    """Store the rejected rows and turn the chunk to checked. Raises ChunkTaken."""
    with transaction.atomic():
        mine = BatchChunk.objects.filter(pk=chunk.pk, lease=chunk.lease, status=BatchChunk.Status.CUT)
        done = mine.update(
            status=BatchChunk.Status.CHECKED,
            findings=findings,
            rejected=len(refused),
            attempts=0,
            lease=None,
            leased_until=None,
        )
        if not done:
            raise ChunkTaken
        RejectedRow.objects.bulk_create(refused, batch_size=1000)


def rejected(chunk: BatchChunk, rows: ChunkRows, errors: Errors) -> list[RejectedRow]:
    """The rows with errors, as they are kept."""
    return [
        RejectedRow(
            batch_id=chunk.batch_id,
            first=rows.firsts[index],
            line=rows.lines[index],
            cells=rows.cells[index],
            errors=found,
        )
        for index, found in sorted(errors.items())
    ]


def by_row(errors: Iterable[dict[str, Any]], indexes: list[int]) -> Errors:
    """What InvalidInput says of asked rows, by their index in the chunk."""
    found: Errors = defaultdict(list)
    for error in errors:
        found[indexes[error["row"]]].append({"field": error["field"], "code": error["code"]})
    return dict(found)


def _faults(rows: ChunkRows, batch: Batch) -> Errors:
    """What is wrong with rows themselves, whatever the model wants."""
    errors: Errors = {index: [{"field": "", "code": code}] for index, code in rows.faults.items()}
    for index, key in enumerate(keys(rows, batch)):
        if len(key) > LONGEST_KEY and index not in errors:
            errors[index] = [{"field": "", "code": "cell_too_long"}]
    return errors


def _cleaned(rows: ChunkRows, batch: Batch, signature: Signature, errors: Errors) -> tuple[list[int], CleanTable]:
    """The good rows, by their index, and their values; `errors` is told of the others."""
    for _again in range(2):
        good = [index for index in range(len(rows.cells)) if index not in errors] if errors else None
        kept = list(range(len(rows.cells))) if good is None else good
        try:
            return kept, signature.clean(columns(rows, batch, signature, good), len(kept))
        except InvalidInput as invalid:
            errors |= by_row(invalid.errors, kept)
    raise AssertionError("Good rows have no errors.")  # the second time only good ones are left


def _findings(
    rows: ChunkRows, batch: Batch, signature: Signature, errors: Errors, good: list[int], table: CleanTable
) -> dict[str, Any]:
    wrong = [(index, each["field"], each["code"]) for index, found in sorted(errors.items()) for each in found]
    unseen = [(good[each["row"]], each["field"], each["code"]) for each in table.warnings]
    places = batch.mapping["fields"]
    return {
        "errors": _grouped(wrong, rows, places),
        "warnings": _grouped(unseen, rows, places),
        "warned": len({index for index, _field, _code in unseen}),
        "columns": _spreads(signature, table),
    }


def _grouped(found: list[tuple[int, str, str]], rows: ChunkRows, places: dict[str, int]) -> list[dict[str, Any]]:
    """[{"field", "code", "count", "lines", "examples"}], the most frequent first."""
    counts = Counter((field, code) for _index, field, code in found)
    where: dict[tuple[str, str], list[int]] = defaultdict(list)
    examples: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for index, field, code in found:
        kind = field, code
        if len(where[kind]) < LINES:
            where[kind].append(rows.lines[index])
        if len(examples[kind]) < EXAMPLES:
            examples[kind] |= dict.fromkeys(_text(rows.cells[index], places.get(field)))
    return [
        {
            "field": field,
            "code": code,
            "count": count,
            "lines": where[field, code],
            "examples": [*examples[field, code]],
        }
        for (field, code), count in counts.most_common()
    ]


def _text(row: list[str], place: int | None) -> list[str]:
    return [row[place]] if place is not None and place < len(row) and row[place] else []


def _spreads(signature: Signature, table: CleanTable) -> dict[str, dict[str, Any]]:
    """Where the numbers of each column lie beside what the model learned from."""
    found = {}
    for feature in signature.features:
        if feature.train_range is None or feature.dtype not in {"number", "integer"} or not table.rows:
            continue
        values = table.columns[feature.name].astype(np.float64)
        values = values[~np.isnan(values)]
        low, high = feature.train_range
        bins = (
            np.histogram(values, bins=BINS, range=(low, high))[0].tolist() if low < high else _all_in_one(values, low)
        )
        found[feature.name] = {"bins": bins, "below": int((values < low).sum()), "above": int((values > high).sum())}
    return found


def _all_in_one(values: Any, low: float) -> list[int]:
    return [int((values == low).sum()), *[0] * (BINS - 1)]
