"""`manage.py detach_partition NAME`: a part of the answers leaves its table and stands alone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from predictions.partitions import detaching


class Command(BaseCommand):
    help = "Detach a partition of answers that are 90 days old or older, as the owner (DATABASE_OWNER_URL)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="As list_partitions names it.")
        parser.add_argument("--yes", action="store_true", help="Do it. Without it, only what would be done is said.")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = connections["owner"]
        if not detaching.may_own(owner):
            raise CommandError("Only the owner of the tables may detach a partition: set DATABASE_OWNER_URL.")
        try:
            plan = detaching.plan(owner, options["name"], timezone.now())
        except detaching.Refused as why:
            raise CommandError(str(why)) from why
        said = f"{plan.partition.name} has {plan.rows} rows"
        if not options["yes"]:
            raise CommandError(
                f"{said}. Detached, they are on no page and in no API, and monitoring keeps what it counted of them."
                " What waits for their decisions and outcomes waits no longer. Say --yes to detach it."
            )
        try:
            detaching.detach(owner, plan)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise CommandError("Somebody uses the table for long. Nothing was done: try again.") from error
            raise
        self.stdout.write(f"{said}, and is now {plan.table}. Archive it: pg_dump --table={plan.table}")
