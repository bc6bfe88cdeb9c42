"""Where rows begin and end: as csv.reader sees it, whatever the cells hold and however the bytes arrive."""

import csv
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictions.batches import cutting
from predictions.batches.cutting import Cut, cut
from predictions.imports.csv_files import Dialect, FileRefused

PLAIN = Dialect("semicolon", header=False)
NAMED = Dialect("semicolon")
# What a text of any characters hardly ever holds, and a file often does.
PIECES = ['"', '""', "\n", "\r", "\r\n", ";", ",", "a", " ", "é", "'", "\x00", "\ufeff", "sep=;\n", ""]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join)


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def cuts(content: bytes, dialect: Dialect = PLAIN, rows: int = 2, size: int = 3) -> list[Cut]:
    return list(cut(pieces(content, size), dialect, rows=rows))


def refusal(content: bytes, dialect: Dialect = PLAIN, size: int = 100_000) -> str:
    with pytest.raises(FileRefused) as refused:
        cuts(content, dialect, size=size)
    return str(refused.value)


def read(content: bytes, first_line: int = 1) -> list[tuple[int, list[str]]]:
    """Rows that hold something, with their numbers, as csv.reader reads them."""
    text = content.decode("utf-8", "surrogateescape")
    rows = csv.reader(StringIO(text, newline=""), delimiter=";")
    return [(number, row) for number, row in enumerate(rows, first_line) if any(row)]


def test_slices_lie_where_the_rows_are() -> None:
    content = b"id;a\n1;x\n2;y\n\n3;z\n"
    assert cuts(content, NAMED) == [Cut(0, 2, 5, 8, 2), Cut(2, 1, 14, 4, 5)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_the_last_row_needs_no_line_feed(end: bytes) -> None:
    assert [one.rows for one in cuts(b"1;x\n2;y" + end)] == [2]


def test_rows_in_a_quoted_cell_are_none() -> None:
    content = b'1;"x\n2;y"\n"3;""\n"\n4;5" \n'
    assert [(one.first, one.rows, one.line) for one in cuts(content, rows=1)] == [(0, 1, 1), (1, 1, 2), (2, 1, 3)]


def test_a_mark_inside_a_cell_opens_nothing() -> None:
    assert [one.rows for one in cuts(b'1;5" screen\n2;6" screen\n3;"x"y"\n', rows=9)] == [3]


def test_rows_without_anything_are_no_records_but_counted() -> None:
    assert cuts(b';\n1;x\n"";""\n\r\n2;y\n;;\n') == [Cut(0, 2, 2, 16, 2)]


def test_a_mark_of_order_and_a_line_for_excel_are_skipped() -> None:
    found = cuts(b"\xef\xbb\xbfsep=;\r\nid;a\r\n1;x\r\n", NAMED)
    assert found == [Cut(0, 1, 16, 5, 2)]


def test_a_slice_has_no_more_than_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MOST_BYTES", 10)
    assert [(one.rows, one.length) for one in cuts(b"1;abc\n2;d\n3;efgh\n", rows=100)] == [(2, 10), (1, 7)]


@pytest.mark.parametrize("part", [1, 7, 1 << 20])
def test_a_mark_that_is_never_closed_is_refused(part: int) -> None:
    assert refusal(b'id;a\n1;x\n2;"y\n3;z\n', size=part).endswith("Row 3.")


def test_a_row_without_end_is_refused() -> None:
    assert "Is a quotation mark never closed? Row 2." in refusal(b'id;a\n1;"' + b"secret\n" * 200_000)
    assert refusal(b"1;x\n" + b"a" * (cutting.LONGEST_ROW + 1)).endswith("Row 2.")
    assert [one.rows for one in cuts(b"1;" + b"a" * (cutting.LONGEST_ROW - 3) + b"\n", size=1 << 20)] == [1]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"id;a\n", b"\xef\xbb\xbfid;a\n;\n"])
def test_a_file_of_names_alone_is_refused(content: bytes) -> None:
    assert "holds no records" in refusal(content, NAMED)


def test_a_million_empty_lines_take_no_time_and_no_memory() -> None:
    content = b"id;a\n1;x\n" + b"\r\n" * 1_000_000 + b"2;y\n"
    assert [one.line for one in cuts(content, NAMED, rows=1, size=1 << 20)] == [2, 1_000_003]


@given(TEXTS, st.integers(1, 30), st.integers(1, 4), st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_slices_hold_what_the_file_holds(text: str, size: int, rows: int, header: bool) -> None:
    content = text.encode("utf-8", "surrogatepass")
    dialect = Dialect("semicolon", header=header)
    start = cutting.header_bytes(content, dialect)
    expected = read(content[start:])[int(header) :]
    try:
        found = cuts(content, dialect, rows, size)
    except FileRefused:
        assert '"' in text or not expected
        return
    assert [one.first for one in found] == list(range(0, len(expected), rows))
    pairs = [pair for one in found for pair in read(content[one.offset : one.offset + one.length], one.line)]
    assert pairs == expected
