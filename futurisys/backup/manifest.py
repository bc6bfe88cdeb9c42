"""What a backup says of itself: when and of what release it was taken, and how many rows each table had."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from futurisys.backup.programs import BackupError

PRODUCT, FORMAT = "futurisys", 1
OURS = "NOT LIKE ALL (ARRAY['pg\\_%', 'information\\_schema'])"  # what a schema's name is not like
# Partitions are counted with their table, partitions that were detached by themselves.
TABLES = f"""
SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname {OURS} ORDER BY 1, 2
"""  # noqa: S608
# Functions that not everybody may call; those of an extension come with it.
PRIVATE = f"""
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
WHERE nspname {OURS} AND proacl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
ORDER BY 1
"""  # noqa: S608
MIGRATIONS = "SELECT app || '.' || name FROM django_migrations ORDER BY 1"


@dataclass(frozen=True)
class Manifest:
    """The first member of the file. `rows`: of each table; `private_functions`: that not everybody may call."""

    product: str
    format: int
    release: str
    taken_at: str
    postgresql: int
    pg_dump: int
    migrations: list[str]
    rows: dict[str, int]
    private_functions: list[str]

    def as_json(self) -> dict[str, Any]:
        """What is stored."""
        return asdict(self)


def describe(connection: "psycopg.Connection[Any]", *, pg_dump: int, taken_at: datetime) -> Manifest:
    """The manifest of what this connection's transaction sees."""
    return Manifest(
        product=PRODUCT,
        format=FORMAT,
        release=settings.VERSION,
        taken_at=taken_at.isoformat(timespec="seconds"),
        postgresql=major_of(connection),
        pg_dump=pg_dump,
        migrations=_column(connection, MIGRATIONS),
        rows=count_rows(connection),
        private_functions=_column(connection, PRIVATE),
    )


def read(said: Any) -> Manifest:
    """The manifest of a file, unless this release cannot restore it. Raises BackupError."""
    if not isinstance(said, dict) or said.get("product") != PRODUCT:
        raise BackupError("This file is no backup of Futurisys.")
    if said.get("format") != FORMAT:
        raise BackupError(
            f"The backup has format {said.get('format')}, this release reads {FORMAT}: use the release that made it."
        )
    try:
        manifest = Manifest(**said)
    except TypeError:
        raise BackupError("The backup's manifest is damaged.") from None
    _refuse_newer(manifest)
    return manifest


def missing_migrations(manifest: Manifest) -> list[str]:
    """Migrations of this release that the backup does not have."""
    return sorted(_known() - set(manifest.migrations))


def count_rows(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """The number of rows of each table, counted one by one."""
    counts = {}
    for schema, table in connection.execute(TABLES).fetchall():
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        counts[f"{schema}.{table}"] = int(connection.execute(statement).fetchone()[0])  # type: ignore[index]
    return counts


def major_of(connection: "psycopg.Connection[Any]") -> int:
    """The server's major version."""
    return connection.info.server_version // 10_000


def _refuse_newer(manifest: Manifest) -> None:
    if unknown := sorted(set(manifest.migrations) - _known()):
        first = f"{unknown[0]} and {len(unknown) - 1} more" if len(unknown) > 1 else unknown[0]
        raise BackupError(
            f"The backup is of release {manifest.release}, whose migrations this release {settings.VERSION} does not "
            f"know ({first}): restore it with release {manifest.release} or newer."
        )
    if _number(manifest.release) > _number(settings.VERSION):
        raise BackupError(
            f"The backup is of release {manifest.release}, this is {settings.VERSION}: restore it with the release "
            "that made it, or a newer one."
        )


def _known() -> set[str]:
    """The migrations of this release."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


def _number(release: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", release)]


def _column(connection: "psycopg.Connection[Any]", query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query).fetchall()]
