"""Where the rows of a CSV file begin and end, found on its bytes without reading their cells. Pure; memory is flat.

A row ends where csv.reader ends it: at a line feed, a carriage return or both, outside of quotation marks. A quotation
mark opens a cell only as its first character. The encodings (csv_files.ENCODINGS) have ASCII characters as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from predictions.imports.csv_files import DELIMITERS, Dialect, FileRefused, Problem, sep_line
from registry.texts import figure

LONGEST_ROW = 1_000_000  # bytes
MOST_BYTES = 4_000_000  # of a slice
_BOM = b"\xef\xbb\xbf"
_START = 64  # bytes that hold the byte order mark and a line `sep=;`
_LF, _CR, _QUOTE = b'\n\r"'
_Positions = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Cut:
    """Some records of a file: `length` bytes at `offset`. `first`: records before; `line`: spreadsheet row of the first.

    Between them may be rows that hold nothing, which are no records but have a number in the spreadsheet.
    """

    first: int
    rows: int
    offset: int
    length: int
    line: int


@dataclass(frozen=True)
class _Block:
    """Whole rows that follow each other. `stops`: offset behind each; `filled`: indexes of those that hold something."""

    offset: int
    line: int
    stops: _Positions
    filled: _Positions

    @property
    def starts(self) -> _Positions:
        return np.concatenate(([self.offset], self.stops[:-1]))


def cut(parts: Iterator[bytes], dialect: Dialect, *, rows: int) -> Iterator[Cut]:
    """Slices of at most `rows` records and MOST_BYTES each, in the order of the file.

    The row of names, if the dialect has one, is no record. Raises FileRefused for a quotation mark that is never
    closed, a row of more than LONGEST_ROW bytes, and a file without records; the slices before were given by then.
    """
    slices = _Slices(rows, names_to_skip=int(dialect.header))
    for block in _blocks(filter(None, parts), dialect):
        yield from slices.add(block)
    yield from slices.end()
    if not slices.first:
        raise FileRefused(Problem(_("The file holds no records, only names of columns.")))


class _Slices:
    """Collects records until a slice is full."""

    def __init__(self, rows: int, names_to_skip: int) -> None:
        self.rows, self.to_skip = rows, names_to_skip
        self.first = self.count = self.start = self.stop = self.line = 0

    def add(self, block: _Block) -> Iterator[Cut]:
        """The slices that are full now. Works on whole slices, never row by row."""
        filled = block.filled[self.to_skip :]
        self.to_skip -= min(self.to_skip, len(block.filled))
        starts, stops = block.starts[filled], block.stops[filled]
        at = 0
        while at < len(filled):
            if not self.count:
                self.start, self.line = int(starts[at]), block.line + int(filled[at])
            fitting = int(np.searchsorted(stops, self.start + MOST_BYTES, "right")) - at
            taken = min(self.rows - self.count, fitting)
            if taken:
                at += taken
                self.count, self.stop = self.count + taken, int(stops[at - 1])
            if self.count == self.rows or at < len(filled):
                yield from self.end()

    def end(self) -> Iterator[Cut]:
        """What was collected, if anything was."""
        if self.count:
            yield Cut(self.first, self.count, self.start, self.stop - self.start, self.line)
        self.first, self.count = self.first + self.count, 0


def _blocks(parts: Iterator[bytes], dialect: Dialect) -> Iterator[_Block]:
    """Raises FileRefused for a row that is too long or never ends."""
    rest, offset = _begun(parts, dialect)
    line, delimiter = 1, DELIMITERS[dialect.delimiter].encode()
    for part in chain(parts, [b""]):
        content, is_last = rest + part, not part
        stops = _stops(content, delimiter, is_last=is_last)
        starts = np.concatenate(([0], stops))  # of what is left, too
        lengths = np.diff(starts, append=len(content))
        if lengths.max() > LONGEST_ROW:
            raise FileRefused(Problem(_too_long(), [line + int(np.argmax(lengths > LONGEST_ROW))]))
        if is_last and starts[-1] < len(content):
            sentence = _("A quotation mark stands alone: close it, or write it twice inside a text.")
            raise FileRefused(Problem(sentence, [line + len(stops)]))
        if len(stops):
            yield _Block(offset, line, stops + offset, _filled(content, stops, delimiter))
        line, offset, rest = line + len(stops), offset + int(starts[-1]), content[starts[-1] :]


def _begun(parts: Iterator[bytes], dialect: Dialect) -> tuple[bytes, int]:
    """The first bytes that are rows of the spreadsheet, and how many lie before."""
    head = b""
    while len(head) < _START and (part := next(parts, b"")):
        head += part
    before = header_bytes(head, dialect)
    return head[before:], before


def header_bytes(head: bytes, dialect: Dialect) -> int:
    """How many bytes stand before the first row of the spreadsheet: a byte order mark, a line for Excel alone."""
    mark = len(_BOM) if head.startswith(_BOM) else 0
    start = head[mark : mark + _START]
    return mark + (start.index(b"\n") + 1 if sep_line(start.decode(dialect.encoding, "replace")) else 0)


def longest_row(content: bytes, dialect: Dialect) -> int:
    """The bytes of the longest row in some whole rows."""
    stops = _stops(content, DELIMITERS[dialect.delimiter].encode(), is_last=True)
    return int(np.diff(stops, prepend=0).max(initial=0))


def _too_long() -> str:
    size = figure(LONGEST_ROW)
    return _("A row may have %(count)s bytes at most. Is a quotation mark never closed?") % {"count": size}


def _stops(content: bytes, delimiter: bytes, *, is_last: bool) -> _Positions:
    """Behind each row of `content`, which begins with one; at the end of the file a row needs no line feed."""
    octets = np.frombuffer(content, np.uint8)
    stops = np.flatnonzero(octets == _LF) + 1
    if b"\r" in content:
        # What follows the last one may not be here yet.
        returns = np.flatnonzero(octets[:-1] == _CR) + 1
        alone = returns[octets[returns] != _LF]
        stops = np.sort(np.concatenate((stops, alone))) if len(alone) else stops
    edges = _edges(content, octets, delimiter) if b'"' in content else stops[:0]
    stops = stops[np.searchsorted(edges, stops) % 2 == 0]
    if is_last and len(edges) % 2 == 0 and content and not (len(stops) and stops[-1] == len(content)):
        stops = np.append(stops, len(content))
    return stops


def _edges(content: bytes, octets: Any, delimiter: bytes) -> _Positions:
    """Where quoted cells begin and end, by turns: what lies behind an odd number of them is quoted.

    If each second quotation mark follows what ends a cell, or another mark (it is doubled), they are all edges.
    """
    quotes = np.flatnonzero(octets == _QUOTE)
    opening = quotes[::2]
    before = octets[opening - 1]
    fine = (opening == 0) | (before == delimiter[0]) | (before == _LF) | (before == _CR) | (before == _QUOTE)
    if fine.all():
        return quotes
    return np.array([edge for found in _quoted(delimiter).finditer(b"\n" + content) for edge in _ends(found)], int) - 1


def _quoted(delimiter: bytes) -> re.Pattern[bytes]:
    # The mark comes first, what has to stand before it after it: so the search leaps from mark to mark.
    return re.compile(rb'"(?<=[%b\r\n]")[^"]*+(?:""[^"]*+)*+("?)' % delimiter)


def _ends(found: re.Match[bytes]) -> tuple[int, ...]:
    return (found.start(), found.end() - 1) if found[1] else (found.start(),)


def _filled(content: bytes, stops: _Positions, delimiter: bytes) -> _Positions:
    """Indexes of the rows with a cell that is not empty."""
    starts = np.concatenate(([0], stops[:-1]))
    first = np.frombuffer(content, np.uint8)[starts]
    is_filled = (first != _LF) & (first != _CR)
    empty = re.compile(rb'(?:"")?(?:%b(?:"")?)*+[\r\n]*' % delimiter).fullmatch
    for index in np.flatnonzero((first == delimiter[0]) | (first == _QUOTE)).tolist():
        if empty(content, int(starts[index]), int(stops[index])):
            is_filled[index] = False
    return np.flatnonzero(is_filled)
