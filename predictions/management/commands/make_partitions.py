"""`manage.py make_partitions`: what beat does every hour, and what only the owner of the tables can do after it did not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone
from psycopg import sql

from predictions.partitions import detaching, healing, making
from predictions.partitions.aside import unhurried
from predictions.partitions.known import TABLES


class Command(BaseCommand):
    help = """Make the partitions of this month and the next three. Nobody has to do this: beat does it every hour.

As the owner (DATABASE_OWNER_URL) this also mends what came of partitions that were made too late: a default partition
with rows becomes the partition of their months, and a new, empty one takes its place. Its rows are read for that, which
may take minutes and keeps nobody waiting; then others wait for some milliseconds. At the end the tables are analyzed as
a whole, which PostgreSQL does by itself for their parts only."""

    def handle(self, *args: Any, **options: Any) -> None:
        owner = connections["owner"]
        made = []
        if is_owner := detaching.may_own(owner):
            try:
                made += healing.heal(owner, timezone.now())
            except healing.Unhealed as why:
                raise CommandError(str(why)) from why
        made += making.make(warn=self.stderr.write)
        self.stdout.write(f"Made: {', '.join(made)}." if made else "Every partition is there.")
        if is_owner:
            with unhurried(owner) as aside:
                for table in TABLES:
                    aside.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
