"""The file: a tar archive of manifest.json, database.dump (of pg_dump, custom format) and its SHA-256.

Nothing of ours is needed to read it: `tar -xf FILE`, then pg_restore. The dump's size is known only at its end, and is
written into its header then.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

from futurisys.backup.programs import BackupError

MANIFEST, DUMP, DIGEST = "manifest.json", "database.dump", "database.dump.sha256"
BLOCK = tarfile.BLOCKSIZE
CHUNK = 1_048_576
NO_BACKUP = "This file is no backup of Futurisys."
CUT_OFF = "The backup is not complete: its end is missing. Nothing was restored."
DAMAGED = "The backup is damaged: take another one. Nothing was restored."


@contextlib.contextmanager
def part_of(path: Path) -> Iterator[BinaryIO]:
    """`path` with .part behind it, renamed when all went well and removed when not. Raises BackupError.

    One that a killed backup left behind is used again.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
    except OSError as error:
        raise BackupError(f"{part} cannot be written ({error.strerror}).") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"{part} is being written by another backup.") from None
        if not _is_there(part, file):  # another one ended before it was locked: what was opened is its backup now
            raise BackupError(f"{part} was written by another backup.")
        try:
            os.fchmod(file.fileno(), 0o600)
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def _is_there(path: Path, file: BinaryIO) -> bool:
    """Whether the open file still has this name."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def write(file: BinaryIO, manifest: dict[str, Any], dump: IO[bytes]) -> int:
    """Write all members; returns how long the dump is."""
    _add(file, MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    header = file.tell()
    file.write(bytes(BLOCK))
    digest, size = hashlib.sha256(), 0
    while content := dump.read(CHUNK):
        file.write(content)
        digest.update(content)
        size += len(content)
    _pad(file, size)
    _add(file, DIGEST, f"{digest.hexdigest()}  {DUMP}\n".encode())
    file.write(bytes(2 * BLOCK))
    end = file.tell()
    file.seek(header)
    file.write(_header(DUMP, size))
    file.seek(end)
    return size


class Archive:
    """A file that is there, open as long as the `with` block. Raises BackupError when it is not one of ours."""

    def __init__(self, path: Path) -> None:
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115 - `close` closes it
        except FileNotFoundError:
            raise BackupError(f"There is no file {path}.") from None
        except tarfile.TarError:
            raise BackupError(NO_BACKUP) from None
        except OSError as error:
            raise BackupError(f"{path} cannot be read ({error.strerror}).") from None
        try:
            self.manifest: Any = self._manifest()
            members = self._members()
            self._dump, self._digest = members[DUMP], self._content(members[DIGEST]).split()[:1]
        except BaseException:
            self._tar.close()
            raise

    def check(self) -> None:
        """Read the dump once. Raises BackupError when it is not as it was written."""
        digest = hashlib.sha256()
        for content in self.chunks():
            digest.update(content)
        if [digest.hexdigest().encode()] != self._digest:
            raise BackupError(DAMAGED)

    def chunks(self) -> Iterator[bytes]:
        """The dump, part by part."""
        stream = self._tar.extractfile(self._dump)
        assert stream is not None  # noqa: S101 - it is a file of the archive
        try:
            while content := stream.read(CHUNK):
                yield content
        except tarfile.TarError:
            raise BackupError(DAMAGED) from None

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *exception: object) -> None:
        self._tar.close()

    def _manifest(self) -> Any:
        first = self._tar.next()
        if first is None or first.name != MANIFEST:
            raise BackupError(NO_BACKUP)
        try:
            return json.loads(self._content(first))
        except (ValueError, tarfile.TarError):
            raise BackupError(NO_BACKUP) from None

    def _members(self) -> dict[str, tarfile.TarInfo]:
        try:
            members = {member.name: member for member in self._tar.getmembers()}
        except tarfile.TarError:
            members = {}
        if DUMP not in members or DIGEST not in members:
            raise BackupError(CUT_OFF)
        return members

    def _content(self, member: tarfile.TarInfo) -> bytes:
        stream = self._tar.extractfile(member)
        return stream.read(10_000_000) if stream else b""


def _add(file: BinaryIO, name: str, content: bytes) -> None:
    file.write(_header(name, len(content)) + content)
    _pad(file, len(content))


def _header(name: str, size: int) -> bytes:
    told = tarfile.TarInfo(name)
    told.size, told.mode, told.mtime = size, 0o600, int(time.time())
    return told.tobuf(tarfile.GNU_FORMAT)


def _pad(file: BinaryIO, size: int) -> None:
    file.write(bytes(-size % BLOCK))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
