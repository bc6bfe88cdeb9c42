"""A spreadsheet becomes CSV: looked at as a ZIP file first, then read by a process of its own that can do no harm.

`sheet_child.py` reads it: in the jail that opens models (ADR 4), with MEMORY and CPU_SECONDS.
"""

import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from tempfile import TemporaryDirectory, TemporaryFile
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from django.utils.translation import gettext as _

from predictions.batches import sheet_child
from predictions.imports.csv_files import MAX_COLUMNS, FileRefused, FileTooLarge, Problem
from registry.importer.child import jail
from registry.texts import figure

MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
MOST_MEMBERS = 1_000
MOST_INFLATED = 300_000_000  # bytes of the files in it, and of what they become
MEMORY, CPU_SECONDS = 400_000_000, 240
_AT_ONCE = 1 << 16


def refuse_large(size: int) -> None:
    """Raises FileTooLarge for more bytes than a spreadsheet may have."""
    if size > MOST_BYTES:
        raise FileTooLarge(Problem(_large(_("An Excel file may have %(count)s bytes at most."), MOST_BYTES)))


def as_csv(content: bytes) -> Iterator[bytes]:
    """The first sheet that has rows as CSV (UTF-8, commas, decimal points), a line for each of its rows.

    Dates are ISO texts, booleans TRUE and FALSE, errors such as #N/A stay. Raises FileRefused, at the end, too: nothing
    that came before may be kept then.
    """
    refuse_large(len(content))
    _refuse_bomb(content)
    with TemporaryDirectory() as folder, TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        command = [sys.executable, "-I", "-B", sheet_child.__file__, jail.__file__]
        limits = [os.getpid(), MEMORY, CPU_SECONDS, MOST_ROWS, MAX_COLUMNS]
        child = subprocess.Popen(
            [*command, *map(str, limits)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
        with child:
            try:
                yield from _answer(child)
            finally:
                child.kill()


def _answer(child: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    assert child.stdout is not None  # noqa: S101
    size = 0
    while piece := child.stdout.read(_AT_ONCE):
        size += len(piece)
        if size > MOST_INFLATED:
            raise FileRefused(Problem(_too_much()))
        yield piece
    if status := child.wait():
        raise FileRefused(Problem(_SENTENCES.get(status, _unreadable)()))


def _refuse_bomb(content: bytes) -> None:
    """Raises FileRefused for what is no ZIP file, or holds too much. Sizes are claims, so all of it is inflated once."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            members, size = archive.infolist(), 0
            if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_INFLATED:
                raise FileRefused(Problem(_too_much()))
            for member in members:
                if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or member.flag_bits & 1:
                    raise FileRefused(Problem(_unreadable()))
                with archive.open(member) as file:
                    while piece := file.read(_AT_ONCE):
                        size += len(piece)
                        if size > MOST_INFLATED:
                            raise FileRefused(Problem(_too_much()))
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused(Problem(_unreadable())) from None


def _large(sentence: str, count: int) -> str:
    how = _("Save it as “CSV UTF-8”, which has no such limit, and select it again.")
    return f"{sentence % {'count': figure(count)}} {how}"


def _too_much() -> str:
    return _large(_("Unpacked, an Excel file may have %(count)s bytes at most."), MOST_INFLATED)


def _many_rows() -> str:
    return _large(_("An Excel file may hold %(count)s rows at most."), MOST_ROWS)


def _many_columns() -> str:
    return _("A file may have %(count)s columns at most.") % {"count": MAX_COLUMNS}


def _nothing() -> str:
    return _("The selected file is empty.")


def _unreadable() -> str:
    return _("The Excel file cannot be read. Open it, save it as “CSV UTF-8”, and select that file.")


_SENTENCES: dict[int, Callable[[], str]] = {
    sheet_child.MANY_ROWS: _many_rows,
    sheet_child.MANY_COLUMNS: _many_columns,
    sheet_child.NOTHING: _nothing,
    sheet_child.MUCH: _too_much,
}
