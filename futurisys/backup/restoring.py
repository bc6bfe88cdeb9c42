"""Put a backup into an empty database, and check that all of it is there before the application may read it."""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import psycopg
from psycopg import sql

from futurisys import roles
from futurisys.backup import manifest, programs
from futurisys.backup.archive import Archive
from futurisys.backup.manifest import OURS, Manifest
from futurisys.backup.programs import BackupError, Program

Say = Callable[[str], object]
# Made before the first row, dropped after the last check: a database that has it is not to be used.
MARK = "futurisys_restore"
MAKE_MARK = f"CREATE TABLE IF NOT EXISTS public.{MARK} (of text, began_at timestamptz DEFAULT now())"
# Tables, views and sequences that no extension brought.
THINGS = f"""
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND nspname {OURS} AND relname <> '{MARK}'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
"""  # noqa: S608
DAMAGED = "SELECT count(*) FROM registry_artifact WHERE encode(sha256(content), 'hex') <> sha256"
# Facts whose table lacks one of the two triggers that refuse changes.
OPEN = """
SELECT t FROM unnest(%s::text[]) AS t WHERE to_regclass(t) IS NOT NULL AND 2 > (
    SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(t) AND tgenabled IN ('O', 'A')
    AND tgname IN ('fact_row', 'fact_table'))
"""


@dataclass(frozen=True)
class Restored:
    """A backup that is in the database, checked."""

    manifest: Manifest
    role: str
    missing: list[str]
    seconds: float


def restore(path: Path, *, say: Say) -> Restored:
    """Restore a backup into the owner's database, which must be empty, and give the application's role its rights.

    Raises BackupError; then the database is as empty as before, or holds a table that says that it is not to be used.
    """
    begun = time.monotonic()
    with Archive(path) as archive:
        told = manifest.read(archive.manifest)
        with programs.connect() as connection:
            program = programs.for_restore(told.pg_dump, manifest.major_of(connection))
            _refuse_full(connection)
            say("The file is read and checked ...")
            archive.check()
            say("Tables, rows and indexes are made ...")
            connection.execute(MAKE_MARK)
            connection.execute(f"INSERT INTO public.{MARK} (of) VALUES (%s)", [told.taken_at])  # noqa: S608
            try:
                _fill(program, archive)
            except BaseException:
                _forget(connection)
                raise
            say("Rows are counted, files of models are checked ...")
            role = _finish(connection, told)
    return Restored(told, role, manifest.missing_migrations(told), time.monotonic() - begun)


def _refuse_full(connection: "psycopg.Connection[Any]") -> None:
    (things,) = connection.execute(THINGS).fetchone()  # type: ignore[misc]
    (marked,) = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{MARK}"]).fetchone()  # type: ignore[misc]
    name = connection.info.dbname
    if marked and things:
        rows = connection.execute(f"SELECT of, began_at FROM public.{MARK}").fetchall()  # noqa: S608
        of, when = rows[0] if rows else ("?", "?")
        raise BackupError(
            f"The restore of the backup of {of} into {name} that began at {when} did not come to its end: "
            "drop this database, make it anew and restore again."
        )
    if things:
        raise BackupError(
            f"The database {name} is not empty: a backup is restored into an empty one. Make one with "
            "CREATE DATABASE and name it in DATABASE_OWNER_URL and DATABASE_URL; nothing is ever dropped here."
        )


def _fill(program: Program, archive: Archive) -> None:
    """All in one transaction: who is interrupted leaves nothing behind."""
    command: list[str | Path] = [
        program.path,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
    ]
    command += ["--no-password", f"--dbname={programs.place()}"]
    environment = programs.environment()
    with TemporaryFile() as said:
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:
            assert process.stdin is not None  # noqa: S101 - it is a pipe
            try:
                with suppress(BrokenPipeError):  # it says itself why it ended
                    for content in archive.chunks():
                        process.stdin.write(content)
            except BaseException:
                process.kill()
                raise
            finally:
                with suppress(BrokenPipeError):
                    process.stdin.close()
        if process.returncode:
            said.seek(0)
            why = said.read().decode(errors="replace").strip()[-800:]
            raise BackupError(f"pg_restore failed, and nothing was restored: {why}")


def _finish(connection: "psycopg.Connection[Any]", told: Manifest) -> str:
    """Check what is there, and only then let the application's role read it; its name."""
    for function in told.private_functions:
        _make_private(connection, function)
    _compare(told.rows, manifest.count_rows(connection))
    (damaged,) = connection.execute(DAMAGED).fetchone()  # type: ignore[misc]
    if damaged:
        raise BackupError(f"{damaged} files of models are not as they were stored: this database is not to be used.")
    tables = [model._meta.db_table for model in roles.fact_models()]
    if unprotected := connection.execute(OPEN, [tables]).fetchall():
        raise BackupError(f"Facts could be changed in {unprotected[0][0]}: this database is not to be used.")
    connection.execute("ANALYZE")
    role = roles.grant()
    connection.execute(f"DROP TABLE public.{MARK}")
    return role


def _make_private(connection: "psycopg.Connection[Any]", function: str) -> None:
    """Who may call a function is not in the dump, and by itself everybody may."""
    (known,) = connection.execute("SELECT to_regprocedure(%s)::text", [function]).fetchone()  # type: ignore[misc]
    if known is None:
        raise BackupError(f"The function {function} is missing: this database is not to be used.")
    connection.execute(sql.SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(sql.SQL(known)))


def _compare(wanted: dict[str, int], there: dict[str, int]) -> None:
    there = {name: rows for name, rows in there.items() if name != f"public.{MARK}"}
    for name in sorted(wanted.keys() | there.keys()):
        if wanted.get(name) != there.get(name):
            raise BackupError(
                f"{name} has {there.get(name, 'no')} rows, the backup says {wanted.get(name, 'none')}: "
                "this database is not to be used."
            )


def _forget(connection: "psycopg.Connection[Any]") -> None:
    """Nothing was restored: it is an empty database again."""
    with suppress(psycopg.Error):
        connection.execute(f"DROP TABLE public.{MARK}")
