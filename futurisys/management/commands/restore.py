"""`manage.py restore FILE`: a backup into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from futurisys.backup import bundled, restoring
from futurisys.backup.programs import BackupError
from futurisys.management.commands.backup import facts


class Command(BaseCommand):
    help = "Restore a backup into an empty database (DATABASE_OWNER_URL), and check that all of it is there."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="What manage.py backup wrote.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with bundled.running():
                restored = restoring.restore(options["file"], say=self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from None
        told = restored.manifest
        rows = sum(told.rows.values())
        self.stdout.write(
            f"Restored the backup of {told.taken_at}, release {told.release}, in {restored.seconds:.1f} s: {rows} rows "
            f"of {len(told.rows)} tables, as many as it was taken with. {facts(told.rows)}"
        )
        if restored.role:
            self.stdout.write(f"Rights granted to {restored.role}.")
        if restored.missing:
            self.stdout.write(f"This release has {len(restored.missing)} migrations more: run manage.py migrate.")
        self.stdout.write("Ask recorded questions again with manage.py replay_predictions.")
