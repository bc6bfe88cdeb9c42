"""What a benchmark of several parts tells: an entry for each, said as soon as it is there."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import machine
from benchmarks.load import BadRun
from benchmarks.pages import instance
from benchmarks.report import Entry
from futurisys.embedded import Error


def measured(
    options: argparse.Namespace, name: str, parts: Callable[[argparse.Namespace, Path, str], Iterator[Entry]]
) -> list[Entry] | None:
    """The entries of `parts(options, folder, database)` on a durable PostgreSQL server of their own; None if it broke off.

    `options`: with `json` and `seed`. Each entry goes to standard error at once, all to standard output at the end.
    """
    begun = time.monotonic()
    entries: list[Entry] = [{"machine": machine.name(), "seed": options.seed}]
    try:
        with tempfile.TemporaryDirectory(prefix=f"futurisys-{name}-") as temporary:
            folder = Path(temporary)
            more = {"OMP_NUM_THREADS": "1", "METRICS_FOLDER": str(folder / "metrics")}
            with instance(folder / "instance", keep=False, durable=True, more=more) as database:
                for entry in parts(options, folder, database):
                    print(f"[{time.monotonic() - begun:6.1f} s] {_line(entry)}", file=sys.stderr, flush=True)
                    entries.append(entry)
    except (BadRun, Error, TimeoutError) as error:
        print(error, file=sys.stderr)
        return None
    print(json.dumps(entries, indent=2) if options.json else "\n".join(map(_line, entries)))
    return entries[1:]


def _line(entry: Entry) -> str:
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in entry.items())
