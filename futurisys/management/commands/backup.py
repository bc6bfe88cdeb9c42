"""`manage.py backup FILE`: the whole database in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model
from django.utils import timezone

from futurisys.backup import bundled, taking
from futurisys.backup.programs import BackupError
from futurisys.roles import fact_models


class Command(BaseCommand):
    help = "Write the whole database to one file, while everything runs. docs/backup.md says what is not in it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="Where to write it; only its owner may read it.")
        parser.add_argument("--force", action="store_true", help="Replace the file if it is there.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with bundled.running():
                taken = taking.take(options["file"], at=timezone.now(), force=options["force"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        told = taken.manifest
        rows = sum(told.rows.values())
        self.stdout.write(
            f"Wrote {options['file']}: {taken.size / 1e6:.1f} MB in {taken.seconds:.1f} s, {rows} rows of "
            f"{len(told.rows)} tables. Release {told.release}, PostgreSQL {told.postgresql}, taken at {told.taken_at}."
        )
        self.stdout.write(facts(told.rows))
        if told.pg_dump > told.postgresql:
            self.stderr.write(
                f"pg_dump of PostgreSQL {told.pg_dump} made it: it can be restored into {told.pg_dump} or newer, not "
                f"into {told.postgresql}. For that have pg_dump {told.postgresql} in the PATH."
            )


def facts(rows: dict[str, int]) -> str:
    """What was recorded, counted, in a line."""
    counts = {model: rows.get(f"public.{model._meta.db_table}") for model in fact_models()}
    return "Facts: " + ", ".join(_counted(model, count) for model, count in counts.items() if count is not None) + "."


def _counted(model: type[Model], count: int) -> str:
    return f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"
