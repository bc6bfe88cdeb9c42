"""Take a backup: pg_dump and the counts of the manifest see the same moment."""

import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import psycopg

from futurisys.backup import archive, manifest, programs
from futurisys.backup.manifest import Manifest
from futurisys.backup.programs import BackupError


@dataclass(frozen=True)
class Taken:
    """A backup that was written."""

    manifest: Manifest
    size: int
    seconds: float


def take(path: Path, *, at: datetime, force: bool = False) -> Taken:
    """Write a backup of the whole database to `path`, as the owner, whatever others do meanwhile. Raises BackupError.

    `force`: replace what is there.
    """
    begun = time.monotonic()
    if path.is_dir() or (path.exists() and not force):
        raise BackupError(f"{path} is there already: name another file, or say --force to replace it.")
    with programs.connect() as connection:
        program = programs.for_dump(manifest.major_of(connection))
        try:
            with archive.part_of(path) as file, connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone()  # type: ignore[misc]
                told = manifest.describe(connection, pg_dump=program.major, taken_at=at)
                _dump(program.path, snapshot, told, file)
        except psycopg.Error as error:
            raise BackupError(f"The database cannot be read: {str(error).strip().splitlines()[0]}") from error
        except OSError as error:
            raise BackupError(f"{path} cannot be written ({error.strerror}). No backup was made.") from error
    return Taken(told, path.stat().st_size, time.monotonic() - begun)


def _dump(program: Path, snapshot: str, told: Manifest, file: BinaryIO) -> None:
    command: list[str | Path] = [
        program,
        "--format=custom",
        f"--snapshot={snapshot}",
        "--no-password",
        f"--dbname={programs.place()}",
    ]
    with TemporaryFile() as said:  # a pipe that nobody reads would stop it
        with subprocess.Popen(command, env=programs.environment(), stdout=subprocess.PIPE, stderr=said) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            try:
                archive.write(file, told.as_json(), process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            raise BackupError(f"pg_dump failed: {said.read().decode(errors='replace').strip()[-800:]}")
