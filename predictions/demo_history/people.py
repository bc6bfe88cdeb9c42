"""Whom the made-up company asks about: what examples/attrition/history.py writes, read a day at a time."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from predictions.demo_history.plan import Plan

SCRIPT = "examples/attrition/history.py"
SECONDS = 120
KEY, OUTCOME, DAY, KIND, STAFF = "id_employee", "outcome", "day", "kind", "staff"


@dataclass
class People:
    """Some people of one day, as columns; `outcomes`: what became of each, whatever was answered."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def add(self, row: dict[str, str]) -> None:
        """Add one, as the file has it."""
        self.keys.append(row[KEY])
        self.outcomes.append(row[OUTCOME])
        for name, value in row.items():
            if name not in {DAY, KIND, KEY, OUTCOME}:
                self.columns.setdefault(name, []).append(_typed(value))


@dataclass
class Day:
    """Who is asked about on one day: the `new`, one after the other, and the `staff` all at once."""

    new: People = field(default_factory=People)
    staff: People = field(default_factory=People)


def make(plan: Plan, folder: Path) -> Path:
    """Make everybody up; the file. Raises subprocess.SubprocessError."""
    told, out = folder / "plan.json", folder / "people.csv"
    parts = {"counts": plan.counts, "reviews": plan.reviews, "staff": plan.staff, "changes": plan.changes}
    told.write_text(json.dumps(parts))
    command = [sys.executable, SCRIPT, "--plan", str(told), "--out", str(out), "--seed", str(plan.seed)]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True, timeout=SECONDS)
    return out


def days(file: Path) -> Iterator[tuple[int, Day]]:
    """Each day with its people, in order."""
    with file.open(encoding="utf-8", newline="") as lines:
        number, day = 0, Day()
        for row in csv.DictReader(lines):
            if int(row[DAY]) != number:
                yield number, day
                number, day = int(row[DAY]), Day()
            (day.staff if row[KIND] == STAFF else day.new).add(row)
        yield number, day


def records(file: Path) -> bytes:
    """The staff as a file of records: everybody as they were when they were looked at last."""
    latest: dict[str, dict[str, str]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row[KIND] == STAFF:
                latest[row[KEY]] = {name: value for name, value in row.items() if name not in {DAY, KIND, OUTCOME}}
    if not latest:
        return b""
    rows = [",".join(next(iter(latest.values()))), *(",".join(row.values()) for row in latest.values())]
    return "\n".join(rows).encode() + b"\n"


def _typed(value: str) -> int | str:
    return int(value) if value.isdecimal() else value
