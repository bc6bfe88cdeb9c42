"""A file of rows comes in: kept in parts, told apart from other kinds, and read far enough to know its columns."""

import codecs
import csv
from collections.abc import Mapping
from dataclasses import asdict, replace
from io import SEEK_END, StringIO
from tempfile import TemporaryFile
from typing import Any, Protocol

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from predictions.batches import cutting, hints, parts, xlsx
from predictions.imports import csv_files
from predictions.imports.csv_files import DELIMITERS, LOOKED_AT, MAX_COLUMNS, Dialect, FileRefused, Problem, cleaned
from predictions.imports.file_kinds import kind_of
from predictions.models import Batch
from registry.models import RegisteredModel
from registry.rights import demand

_FIRST_BYTES = 131_072  # that headings and samples are read from; csv.reader refuses no cell as short as this
_END_BYTES = 8_000
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Upload(Protocol):
    """A file that can be read more than once."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


class _Utf8:
    """Whether all that was seen is UTF-8: the first accent may stand in the last row."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_valid = True

    def see(self, content: bytes, *, is_last: bool = False) -> None:
        try:
            self._decoder.decode(content, is_last)
        except UnicodeDecodeError:
            self._is_valid = False
            self._decoder.reset()

    def encoding(self) -> str:
        """The encoding, now that everything was seen."""
        self.see(b"", is_last=True)
        return "utf-8" if self._is_valid else "cp1252"


def receive(
    *, file: Upload, name: str, model: RegisteredModel, by: User, language: str, more: Mapping[str, Any] | None = None
) -> Batch:
    """Keep a file of rows that `model` will be asked about: its columns are to be chosen next.

    A spreadsheet is read by a worker first. `more`: further fields of the batch, of files that programs send.
    Raises NotAllowed, FileRefused; nothing is kept then.
    """
    demand(by, "predictions.add_batch")
    is_excel = _refuse_other_kinds(file)
    name = "".join(character for character in name if character.isprintable())[-255:]
    batch = Batch(name=name, size=0, user=by, model=model, language=language, **(more or {}))
    utf8 = _Utf8()
    file.seek(0)
    with transaction.atomic():
        if is_excel:
            batch.kind, batch.status = Batch.Kind.XLSX, Batch.Status.READING
        batch.save()
        batch.size, batch.sha256 = parts.store(batch, file, utf8.see)
        if not is_excel:
            start = parts.read(batch.pk, 0, LOOKED_AT + 1)
            _describe(batch, replace(csv_files.guess(start, utf8.encoding()), **_wished(batch)))
        batch.save()
        if is_excel:
            hints.after_commit()
    return batch


def _wished(batch: Batch) -> dict[str, Any]:
    """What a program said of how the file is written."""
    return batch.wishes["dialect"] if batch.wishes else {}


def _refuse_other_kinds(file: Upload) -> bool:
    """Whether it is a spreadsheet; otherwise it may be a CSV file. Raises FileRefused for anything else."""
    size = file.seek(0, SEEK_END)
    parts.refuse_large(size)
    file.seek(max(size - _END_BYTES, 0))
    end = file.read(_END_BYTES)
    file.seek(0)
    start = file.read(LOOKED_AT)
    kind = kind_of(start + end)
    if kind == "xlsx":
        xlsx.refuse_large(size)
        return True
    if kind == "xls" and _ENCRYPTED in start + file.read(xlsx.MOST_BYTES):
        raise FileRefused(Problem(_("The selected file has a password. Save it without one, and select it again.")))
    csv_files.refuse_other_kinds(start if len(start) == size else start + end, most=size)
    return False


def reread(*, batch: Batch, dialect: Dialect) -> None:
    """Read a file in another way, as long as its columns are being chosen. Raises FileRefused, for no columns."""
    _describe(batch, dialect)
    known = {"dialect": batch.dialect, "headings": batch.headings, "mapping": batch.mapping}
    Batch.objects.filter(pk=batch.pk, status=Batch.Status.MAPPING).update(**known)


def samples(batch: Batch, rows: int = 3) -> list[list[str]]:
    """The cells of the first rows, as many to a row as there are columns."""
    dialect, width = Dialect(**batch.dialect), len(batch.headings)
    body = _first_rows(batch, dialect)[int(dialect.header) :]
    return [[cleaned(cell) for cell in [*row, *[""] * width][:width]] for row in body[:rows]]


def _describe(batch: Batch, dialect: Dialect) -> None:
    """Say how it is written, and what its columns are called. A mapping of other columns is no use any more."""
    rows = _first_rows(batch, dialect)
    if not rows:
        raise FileRefused(Problem(_("The selected file is empty.")))
    first, width = rows[0], len(rows[0])
    # Spreadsheets leave empty columns at the end.
    while width > 1 and not any(row[width - 1].strip() for row in rows if len(row) >= width):
        width -= 1
    if width > MAX_COLUMNS:
        raise FileRefused(Problem(_("A file may have %(count)s columns at most.") % {"count": MAX_COLUMNS}))
    names = first[:width] if dialect.header else [""] * width
    headings = [in_one_line(name) or f"column_{number}" for number, name in enumerate(names, 1)]
    batch.mapping = batch.mapping if headings == batch.headings else {}
    batch.dialect, batch.headings = asdict(dialect), headings


def in_one_line(text: str) -> str:
    """A heading as it is kept: spreadsheets have some of several lines."""
    plain = "".join(character if character.isprintable() else " " for character in csv_files.heading(text))
    return " ".join(plain.split())[: csv_files.LONGEST_NAME]


def _first_rows(batch: Batch, dialect: Dialect) -> list[list[str]]:
    """The first rows that hold something, names included, without one that may go on."""
    content = parts.read(batch.pk, 0, _FIRST_BYTES)
    text = content[cutting.header_bytes(content, dialect) :].decode(dialect.encoding, "replace")
    rows = list(
        csv.reader(StringIO(text.replace("\x00", "\ufffd"), newline=""), delimiter=DELIMITERS[dialect.delimiter])
    )
    whole = rows[:-1] if len(content) == _FIRST_BYTES and len(rows) > 1 else rows
    return [row for row in whole if any(row)]


def convert(batch: Batch) -> None:
    """Turn a spreadsheet into CSV: its columns are to be chosen next, or it is refused with a reason.

    The new parts take the place of the old ones in one transaction, if the batch still waits for this lease.
    """
    with override(batch.language), TemporaryFile() as lines:
        try:
            # Outside of any transaction: it takes a minute, and somebody may cancel meanwhile.
            for piece in xlsx.as_csv(b"".join(parts.stream(batch.pk))):
                lines.write(piece)
            lines.seek(0)
            with transaction.atomic():
                if _is_mine(batch):
                    _replace(batch, lines)
        except FileRefused as refused:
            with transaction.atomic():
                if _is_mine(batch):
                    _refuse(batch, str(refused))


def _is_mine(batch: Batch) -> bool:
    """Whether it still waits to be read by whoever has this lease. Nobody takes it away until the transaction ends."""
    mine = Batch.objects.select_for_update().filter(pk=batch.pk, lease=batch.lease, status=Batch.Status.READING)
    return mine.exists()


def _replace(batch: Batch, lines: parts.Readable) -> None:
    parts.remove(batch.pk)
    parts.store(batch, lines)
    guessed = csv_files.guess(parts.read(batch.pk, 0, LOOKED_AT + 1), "utf-8")
    _describe(batch, Dialect("comma", "utf-8", "point", _wished(batch).get("header", guessed.header)))
    batch.status, batch.lease, batch.leased_until, batch.attempts = Batch.Status.MAPPING, None, None, 0
    batch.save(update_fields=["status", "dialect", "headings", "mapping", "lease", "leased_until", "attempts"])


def _refuse(batch: Batch, reason: str) -> None:
    parts.remove(batch.pk)
    batch.status, batch.reason, batch.lease, batch.leased_until = Batch.Status.REFUSED, reason, None, None
    batch.finished_at = timezone.now()
    batch.save(update_fields=["status", "reason", "lease", "leased_until", "finished_at"])
