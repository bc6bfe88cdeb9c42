"""A file of rows comes in: kept in parts, and read far enough to know its columns."""

import hashlib
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User

from futurisys.accounts import roles
from predictions.batches import intake, parts
from predictions.imports.csv_files import Dialect, FileRefused
from predictions.models import Batch, BatchPart
from registry.exceptions import NotAllowed
from registry.models import RegisteredModel
from tests.worlds import member

FRENCH = "matricule;salaire;présent;\r\n007;1 234,5;Oui;\r\n008;2 000,25;Non;\r\n"


@pytest.fixture
def receive(db: None, analyst: User) -> Any:
    """`receive(content)`: the batch that a file becomes, or FileRefused."""
    model = RegisteredModel.objects.create(name="pay", endpoint="huggingface", repo_id="demo/pay")
    known = {"name": "a.csv", "model": model, "by": analyst, "language": "fr"}
    return lambda content, **more: intake.receive(**({"file": BytesIO(content)} | known | more))


def refusal(receive: Any, content: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        receive(content)
    assert not Batch.objects.exists()
    assert not BatchPart.objects.exists()
    return str(refused.value)


# Parts


def test_a_file_is_kept_as_it_is(receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchPart, "SIZE", 10)
    content = FRENCH.encode()
    batch = receive(content)
    assert (batch.size, batch.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert list(parts.stream(batch.pk)) == [content[start : start + 10] for start in range(0, len(content), 10)]


@pytest.mark.parametrize(("offset", "length"), [(0, 5), (3, 10), (9, 2), (10, 10), (8, 25), (60, 900), (5, 0)])
def test_any_bytes_can_be_read(receive: Any, monkeypatch: pytest.MonkeyPatch, offset: int, length: int) -> None:
    monkeypatch.setattr(BatchPart, "SIZE", 10)
    content = FRENCH.encode()
    assert parts.read(receive(content).pk, offset, length) == content[offset : offset + length]


def test_parts_are_whole_however_little_is_read_at_once(receive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchPart, "SIZE", 10)
    batch = receive(FRENCH.encode())
    parts.remove(batch.pk)

    class Slow(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 3))

    assert parts.store(batch, Slow(b"x" * 25)) == (25, hashlib.sha256(b"x" * 25).hexdigest())
    assert [len(part) for part in parts.stream(batch.pk)] == [10, 10, 5]


def test_a_disk_that_is_full_leaves_nothing(receive: Any) -> None:
    class Full(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 64_000:
                raise OSError(28, "No space left on device")
            return super().read(size)

    with pytest.raises(OSError, match="No space"):
        receive(b"", file=Full(b"id;a\n" + b"1;x\n" * 100_000))
    assert not Batch.objects.exists()


def test_nobody_sends_files_without_the_right(receive: Any) -> None:
    with pytest.raises(NotAllowed):
        receive(FRENCH.encode(), by=member("vera", roles.AUDITOR))


def test_a_file_has_a_limit(receive: Any, settings: Any) -> None:
    settings.MAX_BATCH_BYTES = 1_000_000
    assert refusal(receive, b"id;a\n" + b"1;x\n" * 300_000) == "The selected file must be smaller than 1 MB."


# How it is written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_how_it_is_written_is_guessed(receive: Any, encoding: str) -> None:
    batch = receive(FRENCH.encode(encoding))
    assert (batch.status, batch.kind, batch.language) == (Batch.Status.MAPPING, "csv", "fr")
    expected = {"delimiter": "semicolon", "decimal": "comma", "header": True}
    assert batch.dialect == expected | {"encoding": encoding.removesuffix("-sig")}
    assert batch.headings == ["matricule", "salaire", "présent"]
    assert intake.samples(batch, 1) == [["007", "1 234,5", "Oui"]]


@pytest.mark.parametrize("late", [2_000_000, 64_000 - 3, BatchPart.SIZE - 1, 2 * BatchPart.SIZE - 2])
def test_the_first_accent_may_come_late(receive: Any, late: int) -> None:
    rows = (b"id;name\n" + b"1;Ann\n" * 400_000)[:late]
    assert receive(rows + "é\n".encode()).dialect["encoding"] == "utf-8"
    assert receive(rows + "é\n".encode("cp1252")).dialect["encoding"] == "cp1252"
    assert receive(rows + "é".encode()[:1]).dialect["encoding"] == "cp1252"


def test_headings_are_one_line_and_may_be_missing_or_there_twice(receive: Any) -> None:
    batch = receive(b'id;"Monthly\nincome";;a;a;\n1;2;3;4;5;\n')
    assert batch.headings == ["id", "Monthly income", "column_3", "a", "a"]


def test_a_file_may_have_one_column(receive: Any) -> None:
    assert receive(b"pay\n1\n2\n").headings == ["pay"]


def test_a_file_of_numbers_has_no_names(receive: Any) -> None:
    batch = receive(b"1;2\n3;4\n")
    assert (batch.dialect["header"], batch.headings) == (False, ["column_1", "column_2"])
    assert intake.samples(batch) == [["1", "2"], ["3", "4"]]


def test_it_can_be_read_in_another_way(receive: Any) -> None:
    batch = receive(FRENCH.encode())
    batch.mapping = {"fields": {"pay": 1}, "key": 0}
    intake.reread(batch=batch, dialect=Dialect("semicolon", "utf-8", "point"))
    batch.refresh_from_db()
    assert (batch.dialect["decimal"], batch.mapping["key"]) == ("point", 0)
    intake.reread(batch=batch, dialect=Dialect("tab", "cp1252", "comma", header=False))
    batch.refresh_from_db()
    assert (batch.headings, batch.mapping) == (["column_1"], {})


def test_too_many_columns_are_refused_and_change_nothing(receive: Any) -> None:
    content = b"a;" + b"b," * 250 + b"\n1;" + b"2," * 250 + b"\n1;2\n1;2\n"
    batch = receive(content)
    assert batch.dialect["delimiter"] == "semicolon"
    with pytest.raises(FileRefused, match="200 columns"):
        intake.reread(batch=batch, dialect=Dialect("comma"))
    batch.refresh_from_db()
    assert batch.dialect["delimiter"] == "semicolon"


def test_what_is_running_is_not_read_in_another_way(receive: Any) -> None:
    batch = receive(FRENCH.encode())
    Batch.objects.update(status=Batch.Status.RUNNING)
    intake.reread(batch=batch, dialect=Dialect("tab"))
    batch.refresh_from_db()
    assert batch.dialect["delimiter"] == "semicolon"


def test_a_long_name_keeps_its_end(receive: Any) -> None:
    assert receive(b"id;a\n1;x\n", name="é" * 300 + "\x00\n.csv").name == "é" * 251 + ".csv"


# What is no file of rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"\n" * 200_000, "is empty"),
        ("id;a\n1;x\n".encode("utf-16"), "UTF-16"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(3_000), "old Excel file"),
        (b"\xd0\xcf\x11\xe0" + bytes(200_000) + "EncryptedPackage".encode("utf-16-le"), "has a password"),
        (b"PK\x03\x04 data.csv", "ZIP file"),
        (b"PK\x03\x04 mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "spreadsheet"),
        (b"PK\x03\x04 xl/workbook.xml" + bytes(20_000_001), "20\u202f000\u202f000 bytes at most. Save it as"),
        (b'[{"id": 1}]', "JSON"),
        (bytes(range(256)), "not a CSV table"),
    ],
)
def test_other_kinds_are_told_apart(receive: Any, content: bytes, words: str) -> None:
    assert words in refusal(receive, content)
