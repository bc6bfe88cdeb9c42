"""`manage.py rebuild_rollups`: what the pages of monitoring read, counted anew from the answers."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from predictions.monitoring.rollups import days, due, rebuilding, rounds


class Command(BaseCommand):
    help = """Count anew what the pages of monitoring read, from the answers, decisions and outcomes themselves.

Nobody has to do this: the worker counts by itself what is new, old answers that appear, and every hour about whose
answers something becomes known. It is for a changed TIME_ZONE, for answers that were stored in bulk and should be
seen at once, and for doubts. Pages stay as they are and change day by day, the newest first.

Stop it whenever you like: what was not counted stays marked, the worker goes on with it, and so does
`rebuild_rollups --continue`. A worker that runs meanwhile helps."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="since", type=_day, metavar="DAY", help="First day, like 2026-03-01.")
        parser.add_argument("--to", dest="until", type=_day, metavar="DAY", help="Last day; today without it.")
        parser.add_argument(
            "--continue", dest="resumes", action="store_true", help="Count only what is marked or was never counted."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        since, until = options["since"] or days.day_of(due.FIRST), options["until"] or days.day_of(now)
        if since > until:
            raise CommandError("The first day must not be after the last one.")
        if not options["resumes"]:
            self.stdout.write(f"{rebuilding.mark(since, until, now)} days to count.")
        hours = 0
        for done in rebuilding.work(since, until):
            self.stdout.write(f"{done.day}: {done.hours} hours in {done.seconds:.1f} s")
            hours += done.hours
        rounds.make_limits()
        self.stdout.write(f"{hours} hours were counted.")


def _day(text: str) -> date:
    return date.fromisoformat(text)
