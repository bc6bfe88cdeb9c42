"""The bytes of a file of rows, kept in the database in parts, so that any worker reads them and none holds them all."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from predictions.imports.csv_files import FileTooLarge, Problem
from predictions.models import Batch, BatchPart

_TABLE = BatchPart._meta.db_table
_COPY = f'COPY "{_TABLE}" (batch_id, number, content) FROM STDIN (FORMAT BINARY)'


class Readable(Protocol):
    """What `store` needs of a file."""

    def read(self, size: int, /) -> bytes: ...


def store(batch: Batch, file: Readable, seen: Callable[[bytes], object] | None = None) -> tuple[int, str]:
    """Keep a file: how many bytes it has, and its SHA-256. `seen` is shown each part on its way.

    All of it or nothing, one part in memory at a time. Raises FileTooLarge beyond MAX_BATCH_BYTES.
    """
    size, digest = 0, hashlib.sha256()
    with (
        transaction.atomic(),
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        # It takes the bytes as they are; as literals of a statement they would be twice as many.
        cursor.cursor.copy(_COPY) as copy,
    ):
        copy.set_types(["uuid", "int4", "bytea"])
        for number, content in enumerate(_in_parts(file)):
            size += len(content)
            refuse_large(size)
            digest.update(content)
            if seen:
                seen(content)
            copy.write_row((batch.pk, number, content))
    return size, digest.hexdigest()


def refuse_large(size: int) -> None:
    """Raises FileTooLarge for more bytes than a file of rows may have."""
    if size > settings.MAX_BATCH_BYTES:
        sentence = _("The selected file must be smaller than %(size)d MB.")
        raise FileTooLarge(Problem(sentence % {"size": settings.MAX_BATCH_BYTES // 1_000_000}))


def _in_parts(file: Readable) -> Iterator[bytes]:
    """Parts of BatchPart.SIZE bytes, however few `read` gives at a time."""
    rest = bytearray()
    while content := file.read(BatchPart.SIZE):
        rest += content
        while len(rest) >= BatchPart.SIZE:
            yield bytes(rest[: BatchPart.SIZE])
            del rest[: BatchPart.SIZE]
    if rest:
        yield bytes(rest)


def read(batch_id: UUID, offset: int, length: int) -> bytes:
    """The bytes from `offset` on, fewer at the end of the file. Only what is asked for leaves the database."""
    if length <= 0:
        return b""
    size, end = BatchPart.SIZE, offset + length
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT substring(content FROM greatest(%s - number::bigint * {size}, 0)::int + 1"  # noqa: S608
            f" FOR least(%s - number::bigint * {size}, {size})::int"
            f" - greatest(%s - number::bigint * {size}, 0)::int)"
            f' FROM "{_TABLE}" WHERE batch_id = %s AND number BETWEEN %s AND %s ORDER BY number',
            [offset, end, offset, batch_id, offset // size, (end - 1) // size],
        )
        return b"".join(bytes(content) for (content,) in cursor)


def stream(batch_id: UUID) -> Iterator[bytes]:
    """Each part in turn. A query each: a cursor that outlives its transaction would copy the whole file to disk."""
    number = 0
    while part := BatchPart.objects.filter(batch_id=batch_id, number=number).values_list("content").first():
        yield bytes(part[0])
        number += 1


def remove(batch_id: UUID) -> None:
    """Forget the file."""
    BatchPart.objects.filter(batch_id=batch_id).delete()
