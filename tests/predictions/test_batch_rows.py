"""The rows of a chunk: faults are said of their row, and texts come as the waist takes them."""

import csv
import unicodedata
from io import BytesIO, StringIO
from time import process_time
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictions.batches import cutting, intake, parts, rows
from predictions.batches.rows import ChunkRows, read_chunk
from predictions.imports.csv_files import DELIMITERS, Dialect, FileRefused, cleaned
from predictions.models import Batch, BatchChunk, BatchPart
from registry.models import RegisteredModel
from registry.signature import Feature, Refused, Signature

SIGNATURE = Signature.parse(
    {
        "task": "tabular-classification",
        "inputs": {
            "features": [
                {"name": "pay", "dtype": "number"},
                {"name": "years", "dtype": "integer"},
                {"name": "sex", "dtype": "category", "categories": [
                    {"value": "F", "label": {"en": "Woman", "fr": "Femme"}}, {"value": "M", "label": {"en": "Man"}}]},
                {"name": "grade", "dtype": "category", "categories": [{"value": 1, "label": "One"}, {"value": 2}]},
                {"name": "remote", "dtype": "boolean", "nullable": True},
                {"name": "note", "dtype": "string", "nullable": True},
            ]
        },
    }
)  # fmt: skip


@pytest.fixture
def model(db: None) -> RegisteredModel:
    return RegisteredModel.objects.create(name="pay", endpoint="huggingface", repo_id="demo/pay")


@pytest.fixture
def received(model: RegisteredModel, analyst: User) -> Any:
    """`received(content)`: the batch that a file becomes."""
    return lambda content: intake.receive(file=BytesIO(content), name="a.csv", model=model, by=analyst, language="en")


def chunks(batch: Batch, count: int = 5000) -> list[ChunkRows]:
    dialect = Dialect(**batch.dialect)
    return [
        read_chunk(BatchChunk(batch=batch, **vars(one)))
        for one in cutting.cut(parts.stream(batch.pk), dialect, rows=count)
    ]


def only(batch: Batch) -> ChunkRows:
    (found,) = chunks(batch)
    return found


def column(name: str, texts: list[str], decimal: str = "point") -> list[str | None]:
    """What the waist is given of a column with these texts."""
    batch = Batch(dialect={"decimal": decimal}, mapping={"fields": {name: 0}})
    found = ChunkRows(list(range(len(texts))), list(range(len(texts))), [[text] for text in texts])
    return rows.columns(found, batch, SIGNATURE)[name]


def taken(feature: Feature, text: str | None) -> Any:
    """What the model takes, or the code of its refusal."""
    try:
        return feature.clean(text)
    except Refused as refused:
        return refused.code


# Rows


def test_rows_have_their_texts_and_their_numbers(received: Any) -> None:
    found = only(received('id;name\n1; Zoe\u0301 \n\n\'=2;"a\nb"\n'.encode()))
    assert found == ChunkRows([0, 1], [2, 4], [["1", "Zoé"], ["=2", "a\nb"]])


def test_a_chunk_may_be_a_part_of_its_slice(received: Any) -> None:
    batch = received(b"id,a\n1,x\n\n2,y\n3,z\n4,w\n")
    (one,) = cutting.cut(parts.stream(batch.pk), Dialect(**batch.dialect), rows=100)
    chunk = BatchChunk(batch=batch, **(vars(one) | {"first": 1, "skip": 1, "rows": 2}))
    assert read_chunk(chunk) == ChunkRows([1, 2], [4, 5], [["2", "y"], ["3", "z"]])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b"1,x,2", "ragged_long"),
        (b"1", "ragged_short"),
        (b"1,\x00", "bad_character"),
        (b"1," + b"x" * 33_000, "cell_too_long"),
        (b'1,"' + b"x\n" * 100_000 + b'"', "cell_too_long"),
    ],
)
def test_a_fault_is_said_of_its_row_alone(received: Any, row: bytes, fault: str) -> None:
    found = only(received(b"id,a\n0,w\n%b\n2,y,,\n" % row))
    assert (found.faults, found.lines) == ({1: fault}, [2, 3, 4])
    assert (found.cells[0], found.cells[2]) == (["0", "w"], ["2", "y"])


def test_a_byte_that_the_encoding_lacks_is_a_fault(received: Any) -> None:
    found = only(received(b"id,a\n0,\xe9\n1,\x81\n"))
    assert (found.cells, found.faults) == ([["0", "é"], ["1", "\ufffd"]], {1: "bad_character"})


def test_a_large_cell_leaves_the_limit_as_it_was(received: Any) -> None:
    before = csv.field_size_limit()
    assert only(received(b"id,a\n1," + b"x" * 900_000 + b"\n")).faults == {0: "cell_too_long"}
    assert csv.field_size_limit() == before


# Columns


@pytest.mark.parametrize(
    ("name", "decimal", "text", "value"),
    [
        ("pay", "point", "1234.5", 1234.5),
        ("pay", "point", "1,234.5", 1234.5),
        ("pay", "point", "1 234.5", 1234.5),
        ("pay", "point", "1,5", 1.5),
        ("pay", "point", "1,234", "ambiguous_number"),
        ("pay", "comma", "1234,5", 1234.5),
        ("pay", "comma", "1,234", 1.234),
        ("pay", "comma", "1.234,5", 1234.5),
        ("pay", "comma", "1 234,5", 1234.5),
        ("pay", "comma", "1\u202f234,5", 1234.5),
        ("pay", "comma", "12.5", 12.5),
        ("pay", "comma", "1.234", "ambiguous_number"),
        ("pay", "comma", "1.234.567", 1234567.0),
        ("pay", "comma", "-0,5", -0.5),
        ("pay", "comma", "12 €", "not_a_number"),
        ("pay", "comma", "", "missing"),
        ("years", "point", "12", 12),
        ("years", "comma", "12,0", 12),
        ("years", "comma", "1.234", "ambiguous_number"),
        ("years", "comma", "12,5", "not_an_integer"),
        ("sex", "point", "F", "F"),
        ("sex", "point", "femme", "F"),
        ("sex", "point", "MAN", "M"),
        ("sex", "point", "x", "unknown_category"),
        ("grade", "point", "one", 1),
        ("grade", "comma", "2,0", 2),
        ("remote", "point", "Oui", True),
        ("remote", "point", "", None),
        ("note", "comma", "1,5", "1,5"),
    ],
)
@pytest.mark.parametrize("others", [[], ["7"], ["1 000 000", "nothing"]])
def test_a_text_means_the_same_whatever_stands_below(
    name: str, decimal: str, text: str, value: Any, others: list[str]
) -> None:
    given = column(name, [text, *others], decimal)[0]
    assert taken(next(feature for feature in SIGNATURE.features if feature.name == name), given) == value


def test_a_field_without_a_column_is_missing_everywhere() -> None:
    batch = Batch(dialect={"decimal": "point"}, mapping={"fields": {"pay": 1}, "key": 0})
    found = ChunkRows([0, 1, 2], [2, 3, 4], [["a", "1", "z"], ["b"], ["c", "3", "x"]], {1: "ragged_short"})
    assert rows.columns(found, batch, SIGNATURE, keep=[0, 2])["pay"] == ["1", "3"]
    assert rows.columns(found, batch, SIGNATURE)["years"] == [None, None, None]
    assert rows.keys(found, batch, keep=[1, 2]) == ["b", "c"]
    assert rows.keys(found, Batch(mapping={"key": None})) == ["", "", ""]


# Any file


TEXTS = st.sampled_from(["", "a", " é ", '"', 'x"y', "\n", "\r\n", ";", ",", "\t", "1,5", "'=1", "e\u0301"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4
)
TABLES = st.lists(st.lists(TEXTS, min_size=2, max_size=4), min_size=1, max_size=8)
ENOUGH = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@given(
    TABLES,
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 40),
    st.integers(1, 3),
)
@settings(max_examples=60, **ENOUGH)
def test_chunks_hold_what_csv_reader_reads(
    received: Any, monkeypatch: Any, table: list[list[str]], delimiter: str, end: str, size: int, count: int
) -> None:
    monkeypatch.setattr(BatchPart, "SIZE", size)
    written = StringIO(newline="")
    csv.writer(written, delimiter=DELIMITERS[delimiter], lineterminator=end).writerows([["id", "name"], *table])
    batch = received(written.getvalue().encode())
    batch.dialect |= {"delimiter": delimiter, "header": True}
    reader = csv.reader(StringIO(written.getvalue(), newline=""), delimiter=DELIMITERS[delimiter])
    expected = [(line, row) for line, row in enumerate(reader, 1) if any(row)][1:]
    try:
        found = chunks(batch, count)
    except FileRefused:
        assert not expected
        return
    pairs = [pair for one in found for pair in zip(one.lines, one.cells, strict=True)]
    assert [line for line, _row in pairs] == [line for line, _row in expected]
    for (_line, row), (_number, wanted) in zip(pairs, expected, strict=True):
        clean = [cleaned(text) for text in wanted]
        assert row == clean or (row == clean[: len(row)] and not any(wanted[len(row) :]))
    assert [first for one in found for first in one.firsts] == list(range(len(expected)))


LINES = st.sampled_from([b"1;2\n", b'"', b"\x00", b"\xff\xfe", b"\x81", b";" * 300, b"\r", b"\n" * 50, b"sep=;\n"])


@given(st.lists(LINES | st.binary(max_size=30) | st.just(b"x" * 140_000), max_size=12).map(b"".join))
@settings(max_examples=60, **ENOUGH)
def test_any_file_is_read_or_refused(received: Any, content: bytes) -> None:
    start = process_time()
    try:
        batch = received(content)
        intake.samples(batch)
        found = chunks(batch, 3)
    except FileRefused:
        return
    counted = sum(one.rows for one in cutting.cut(parts.stream(batch.pk), Dialect(**batch.dialect), rows=9))
    assert sum(len(one.cells) for one in found) == counted > 0
    assert all(unicodedata.is_normalized("NFC", text) for one in found for row in one.cells for text in row)
    assert process_time() - start < 2 + 2 * len(content) / 1_000_000
