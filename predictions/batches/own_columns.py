"""The file's own columns beside its answers, for as long as the file is kept."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from predictions.answers.downloads import CHUNK
from predictions.batches.added import end_of_own
from predictions.batches.answer_columns import AnswerColumns, ForPeople
from predictions.batches.rows import read_chunk
from predictions.imports import wording
from predictions.imports.column_kinds import NUMBERS
from predictions.models import Batch, BatchChunk, Prediction, RejectedRow
from predictions.spreadsheets import FORMULA, Style, safe_cell
from registry.signature import Signature

_DECIMAL = re.compile(r"-?\d+\.\d+([eE][+-]?\d+)?", re.ASCII)
# As numbers of a workbook were written, and hardly anything else: 1.10 may be a version, and 01.10 a day.
_WRITTEN = re.compile(r"-?(0|[1-9]\d*)\.\d*[1-9](e[+-]\d+)?", re.ASCII)
_RISKY = frozenset(FORMULA)


class Cells:
    """Cells as they go back: calculated by no spreadsheet, numbers of a workbook with the decimal sign of the style."""

    def __init__(self, batch: Batch, signature: Signature, style: Style) -> None:
        is_moved = batch.kind == Batch.Kind.XLSX and style.point != "."
        self._point, self._decimals = style.point, _decimals(batch, signature) if is_moved else {}

    def row(self, cells: Sequence[str]) -> list[str]:
        """All cells of a row."""
        if self._decimals:
            return [self.cell(text, place) for place, text in enumerate(cells)]
        return [safe_cell(text) if text[:1] in _RISKY else text for text in cells]

    def cell(self, text: str, place: int) -> str:
        """One that stands in this column."""
        decimal = self._decimals.get(place)
        if decimal and decimal.fullmatch(text):
            text = text.replace(".", self._point)
        return safe_cell(text)


def _decimals(batch: Batch, signature: Signature) -> dict[int, re.Pattern[str]]:
    """Column -> what a number looks like in it. Of one that no field takes nobody knows whether it holds numbers."""
    fields: dict[str, int] = batch.mapping.get("fields", {})
    used = {*fields.values(), batch.mapping.get("key")}
    numbers = {feature.name for feature in signature.features if feature.kind in NUMBERS}
    unused = dict.fromkeys((place for place in range(len(batch.headings)) if place not in used), _WRITTEN)
    return unused | {place: _DECIMAL for name, place in fields.items() if name in numbers}


class OwnFile:
    """A line for each row that was answered, in the order of the file: its own columns, then the answer.

    All words are looked up here, as the lines are made when the request is over.
    """

    def __init__(
        self, batch: Batch, signature: Signature, style: Style, columns: type[AnswerColumns] = ForPeople
    ) -> None:
        self.batch, self.style = batch, style
        self.answers = columns(signature, frozenset(), style)
        self.cells = Cells(batch, signature, style)
        self.width = own_width(batch) if self.answers.drops_ours else len(batch.headings)
        own = batch.headings[: self.width]
        # Ours mean no field and are called like no other column, so that the file can be sent again.
        taken = {*map(wording.alike, own), *wording.fields(signature)}
        self.headings = [*map(safe_cell, own), *self.answers.headings(taken)]

    def first(self) -> str:
        """The line of headings."""
        return self.answers.mark + self.style.line(self.headings)

    def lines(self) -> Iterator[str]:
        """The other lines. Chunks that were split lie in one slice of the file, which is read once."""
        done = BatchChunk.objects.filter(batch=self.batch, status=BatchChunk.Status.DONE, request_id__isnull=False)
        slim = done.order_by("first").only("first", "rows", "offset", "length", "line", "skip", "request_id")
        for _offset, chunks in groupby(list(slim), attrgetter("offset")):
            yield from self._of_slice(list(chunks))

    def _of_slice(self, chunks: list[BatchChunk]) -> Iterator[str]:
        one, last = chunks[0], chunks[-1]
        place = {"offset": one.offset, "length": one.length, "line": one.line}
        read = read_chunk(BatchChunk(batch=self.batch, first=one.first - one.skip, rows=last.skip + last.rows, **place))
        for chunk in chunks:
            cells = read.cells[chunk.skip : chunk.skip + chunk.rows]
            yield from self._of_chunk(chunk, cells)

    def _of_chunk(self, chunk: BatchChunk, cells: list[list[str]]) -> Iterator[str]:
        own = self._answered(chunk, cells)
        answers = Prediction.objects.of_call(chunk.request_id)  # type: ignore[arg-type]  # those without one are left out
        found = list(answers.values_list("row", *self.answers.TOLD))
        # Whose answer it is is known by its place among the good rows: one missing, and it would be somebody else's.
        if len(cells) != chunk.rows or [row for row, *_told in found] != list(range(len(own))):
            yield from self._from_inputs(chunk)
            return
        for (number, row), (_row, *told) in zip(own, found, strict=True):
            yield self.style.line([*self.cells.row(row[: self.width]), *self.answers.cells(number, told)])

    def _answered(self, chunk: BatchChunk, cells: list[list[str]]) -> list[tuple[int, list[str]]]:
        """The rows of the chunk that were not rejected, with their numbers in the file, the first being 1."""
        reach = {"first__gte": chunk.first, "first__lt": chunk.first + chunk.rows}
        without = RejectedRow.objects.filter(batch=self.batch, **reach).values_list("first", flat=True)
        refused = {first + 1 for first in without}
        return [(number, row) for number, row in enumerate(cells, chunk.first + 1) if number not in refused]

    def _from_inputs(self, chunk: BatchChunk) -> Iterator[str]:
        """The same columns, filled with what the answers were made from: nothing is known of the others, nor of the place."""
        answers = Prediction.objects.of_call(chunk.request_id)  # type: ignore[arg-type]
        fields: dict[str, int] = self.batch.mapping.get("fields", {})
        named = self.batch.mapping.get("key")
        found = answers.values_list("key", "inputs", *self.answers.TOLD)
        for key, inputs, *told in found.iterator(chunk_size=CHUNK):
            own = [""] * len(self.batch.headings)
            for name, place in fields.items():
                own[place] = self.answers.shown(name, inputs.get(name))
            if named is not None:
                own[named] = safe_cell(key)
            yield self.style.line([*own[: self.width], *self.answers.cells(None, told)])


def own_width(batch: Batch) -> int:
    """How many columns are the file's own. Others came from here when it was sent again: they would be there twice."""
    end = end_of_own(batch.headings)
    used = {*batch.mapping.get("fields", {}).values(), batch.mapping.get("key")}
    return end if used.isdisjoint(range(end, len(batch.headings))) else len(batch.headings)
