"""`manage.py replay_predictions`: whether recorded answers come out the same again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from futurisys.backup import bundled
from futurisys.backup.programs import BackupError
from predictions.monitoring.comparison.reproducing import CLOSE, Found, reproduce


class Command(BaseCommand):
    help = (
        "Ask the newest recorded questions again, each on the version that answered it, and compare labels, scores and "
        "seals. Writes nothing. Fails when one differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=1000, metavar="N", help="How many answers; 0: all there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 0:
            raise CommandError("--count is 0 or more.")
        try:
            with bundled.running():
                found = self._ask(options["count"], tell=options["verbosity"] > 1)
        except BackupError as error:
            raise CommandError(str(error)) from None
        impossible = sum(found.impossible.values())
        self.stdout.write(
            f"{found.asked} answers asked again: {found.equal} equal, {found.different} different, {impossible} not "
            f"possible. Seals: {found.asked - found.broken} intact, {found.broken} broken."
        )
        self.stdout.write(f"Scores differ by {found.largest:.1e} at most; up to {CLOSE:.0e} is the same.")
        for why, rows in found.impossible.items():
            self.stdout.write(f"{rows} not possible. {why}")
        for sentence in found.said:
            self.stdout.write(sentence)
        if not found.is_fine:
            raise CommandError("Recorded answers do not come out as they were.")

    def _ask(self, most: int, *, tell: bool) -> Found:
        found = Found()
        for found in reproduce(most):
            if tell:
                self.stdout.write(f"{found.asked} asked ...")
        return found
