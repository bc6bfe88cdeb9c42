"""`manage.py list_partitions`: which parts the tables of answers have, and what was detached."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from predictions.models import DetachedPartition
from predictions.monitoring.rollups.days import moment_of
from predictions.partitions import detaching, making
from predictions.partitions.known import Partition, partitions


class Command(BaseCommand):
    help = "List the partitions of the answers and of the questions without one: name, range, estimated rows, size."

    def handle(self, *args: Any, **options: Any) -> None:
        for one in partitions(connection):
            rows = "not counted yet" if one.rows is None else f"{one.rows:,} rows"
            self.stdout.write(f"{one.name:44} {_range(one):26} {rows:>18} {one.size / 1e6:>11,.1f} MB")
        for gone in DetachedPartition.objects.order_by("table", "high"):
            said = f"{gone.rows:>13,} rows   detached on {gone.detached_at:%Y-%m-%d} to {detaching.SCHEMA}"
            self.stdout.write(f"{gone.name:44} {_range(gone):26} {said}")
        for sentence in making.problems(timezone.now()):
            self.stderr.write(sentence)


def _range(one: Partition | DetachedPartition) -> str:
    if one.high is None:
        return "everything else"
    end = f"{moment_of(one.high):%Y-%m-%d}"
    return f"before {end}" if one.low is None else f"{moment_of(one.low):%Y-%m-%d} to {end}"
