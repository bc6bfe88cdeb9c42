"""The rows of a chunk as texts, and its columns as the waist takes them. What is wrong with a row is said of that row."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from itertools import zip_longest
from threading import Lock
from typing import Any
from unicodedata import is_normalized

import numpy as np

from predictions.batches import cutting, parts
from predictions.imports.column_kinds import NUMBERS, could_be_thousands, meaning_to
from predictions.imports.csv_files import DELIMITERS, Dialect, cleaned
from predictions.models import Batch, BatchChunk
from registry.signature import Feature, Signature

LONGEST_CELL = 32_000  # characters
MOST_CELLS = 1_000  # that are kept of a row
_MARKS = {"point": ", \u00a0\u2009\u202f", "comma": "., \u00a0\u2009\u202f"}  # only with these a number has to be told
_DECIMAL_COMMAS = re.compile(r"(?:-?\d+(?:,\d+)?\n)*+", re.ASCII)
_END, _EDGE = 1, 2
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what no encoding has is read as surrogates
_limit = Lock()


@dataclass(frozen=True)
class ChunkRows:
    """Records of a file, by their index in the chunk.

    `firsts`: records of the file before each; `lines`: its spreadsheet row; `cells`: its texts, cleaned and storable.
    `faults`: what is wrong with the row itself: ragged_long, ragged_short, bad_character, cell_too_long.
    """

    firsts: list[int]
    lines: list[int]
    cells: list[list[str]]
    faults: dict[int, str] = field(default_factory=dict)


def read_chunk(chunk: BatchChunk) -> ChunkRows:
    """The records of a chunk, from the stored file. Nothing in a file makes it raise."""
    dialect = Dialect(**chunk.batch.dialect)
    content = parts.read(chunk.batch_id, chunk.offset, chunk.length)
    text, is_storable = _decoded(content, dialect.encoding)
    table = _table(text, dialect)
    is_clean = _is_clean(text, dialect, len(table))
    lines: Sequence[int] = range(chunk.line, chunk.line + len(table))
    if chunk.skip or len(table) != chunk.rows:
        filled = [(line, row) for line, row in zip(lines, table, strict=True) if any(row)]
        filled = filled[chunk.skip : chunk.skip + chunk.rows]
        lines, table = [line for line, _row in filled], [row for _line, row in filled]
    faults = _ragged(table, len(chunk.batch.headings))
    if not is_storable:
        faults |= _made_storable(table)
    if cutting.longest_row(content, dialect) > LONGEST_CELL:
        faults = _too_long(table) | faults
    if not is_clean:
        _clean(table)
    return ChunkRows(list(range(chunk.first, chunk.first + len(table))), list(lines), table, faults)


def _decoded(content: bytes, encoding: str) -> tuple[str, bool]:
    try:
        return content.decode(encoding), b"\x00" not in content
    except UnicodeDecodeError:
        return content.decode(encoding, "surrogateescape"), False


def _table(text: str, dialect: Dialect) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=DELIMITERS[dialect.delimiter]))
    except csv.Error:  # a cell of more than 131 072 characters, which is a fault of its row
        with _large_cells():
            return list(csv.reader(StringIO(text, newline=""), delimiter=DELIMITERS[dialect.delimiter]))


@contextmanager
def _large_cells() -> Iterator[None]:
    # The limit is the process's, not a reader's: another thread must find it as it was.
    with _limit:
        before = csv.field_size_limit(cutting.LONGEST_ROW)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _ragged(cells: list[list[str]], width: int) -> dict[int, str]:
    """Rows with too many or too few cells; empty ones at the end are cut off."""
    if set(map(len, cells)) <= {width}:
        return {}
    faults = {}
    for index, row in enumerate(cells):
        if len(row) > width and not any(row[width:]):
            del row[width:]
        if len(row) != width:
            faults[index] = "ragged_long" if len(row) > width else "ragged_short"
        del row[MOST_CELLS:]
    return faults


def _made_storable(cells: list[list[str]]) -> dict[int, str]:
    """Rows with a character that cannot be kept; another one takes its place."""
    faults = {}
    for index, row in enumerate(cells):
        if _UNSTORABLE.search("".join(row)):
            faults[index] = "bad_character"
            row[:] = [_UNSTORABLE.sub("\ufffd", text) for text in row]
    return faults


def _too_long(cells: list[list[str]]) -> dict[int, str]:
    return {index: "cell_too_long" for index, row in enumerate(cells) if max(map(len, row)) > LONGEST_CELL}


def _is_clean(text: str, dialect: Dialect, rows: int) -> bool:
    """Whether no cell of these rows needs to be cleaned, told from the text as a whole: in most files none does.

    Texts of Latin-1 are in NFC. A space or an apostrophe beside what ends a cell may have to go, and so may a line feed
    or a tab in a quoted cell.
    """
    if '"' in text:
        ends = text.count("\n") + (not text.endswith("\n"))
        if ends != rows or text.count("\r") != text.count("\r\n") or dialect.delimiter == "tab":
            return False
    try:
        octets = np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return False
    kinds = _kinds(DELIMITERS[dialect.delimiter])[octets]
    ends_before, edges_after = kinds[:-1] == _END, kinds[1:] == _EDGE
    edges_before, ends_after = kinds[:-1] == _EDGE, kinds[1:] == _END
    is_inside = not ((ends_before & edges_after) | (edges_before & ends_after)).any()
    return is_inside and not (kinds[:1] == _EDGE).any() and not (kinds[-1:] == _EDGE).any()


@cache
def _kinds(delimiter: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """What each character of Latin-1 is: the end of a cell, what may be cut from its edges, or neither."""
    ends, edges = set(f'{delimiter}"\r\n'), {character for character in map(chr, range(256)) if character.isspace()}
    edges |= {"'"}
    kinds = [_END if chr(code) in ends else _EDGE if chr(code) in edges else 0 for code in range(256)]
    return np.array(kinds, np.uint8)


def _clean(cells: list[list[str]]) -> None:
    """Clean every cell in place, column by column, as few columns need it."""
    for place, column in enumerate(_by_column(cells)):
        texts = list(set(column))
        joined = "\n".join(texts)
        if list(map(str.strip, texts)) == texts and "'" not in joined and is_normalized("NFC", joined):
            continue
        meant = {text: cleaned(text) for text in texts}
        for row in cells:
            if place < len(row):
                row[place] = meant[row[place]]


def columns(
    rows: ChunkRows, batch: Batch, signature: Signature, keep: list[int] | None = None
) -> dict[str, list[str | None]]:
    """Feature -> its texts as the waist takes them, of the rows with these indexes; None where nothing was said.

    A number has a decimal point, the title of a choice in any language is its value. A point that could mean thousands
    becomes a comma, which the waist refuses as such.
    """
    cells = rows.cells if keep is None else [rows.cells[index] for index in keep]
    found, places = _by_column(cells), batch.mapping.get("fields", {})
    decimal = batch.dialect["decimal"]
    return {
        feature.name: _texts(feature, found[place], decimal)
        if (place := places.get(feature.name)) is not None and place < len(found)
        else [None] * len(cells)
        for feature in signature.features
    }


def _by_column(cells: list[list[str]]) -> list[tuple[str, ...]]:
    is_even = len(set(map(len, cells))) == 1
    return list(zip(*cells, strict=True) if is_even else zip_longest(*cells, fillvalue=""))


def keys(rows: ChunkRows, batch: Batch, keep: list[int] | None = None) -> list[str]:
    """What the key column calls the rows with these indexes; empty texts without such a column."""
    place = batch.mapping.get("key")
    cells = rows.cells if keep is None else [rows.cells[index] for index in keep]
    return ["" if place is None or place >= len(row) else row[place] for row in cells]


def _texts(feature: Feature, texts: Sequence[str], decimal: str) -> list[str | None]:
    changes: dict[str, str | None] = {"": None} if "" in texts else {}
    is_number = feature.kind in NUMBERS
    joined = "".join(texts) if is_number else ""
    if feature.categories or any(mark in joined for mark in _MARKS[decimal]):
        changes |= _changes(feature, set(texts) - {"", *map(str, feature.values)}, decimal)
    return list(map(changes.get, texts, texts)) if changes else list(texts)


def _changes(feature: Feature, texts: set[str], decimal: str) -> dict[str, str | None]:
    """What these different texts become."""
    is_number = feature.kind in NUMBERS
    if decimal == "comma" and feature.dtype == "number" and _DECIMAL_COMMAS.fullmatch("\n".join([*texts, ""])):
        return {text: text.replace(",", ".") for text in texts}
    meaning = meaning_to(feature, decimal)
    return {
        text: text.replace(".", ",") if is_number and could_be_thousands(text, decimal) else str(meaning(text))
        for text in texts
    }
