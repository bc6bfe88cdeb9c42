"""Monitoring with much to monitor: `make rollups`.

    python benchmarks/rollups.py --hour 100000 [--profile]
    python benchmarks/rollups.py --answers 10000 --against 10000000 [--limit 100] [--ratio 1.5] [--keep FOLDER]
    ... --json

A PostgreSQL server of its own is filled in bulk (filling_rollups.py). `--hour`: so many answers of one hour, and how long
it takes to count them. `--against`: the pages of monitoring are asked for twice, with the one number of answers of 400
days and then with the other. Ends with 1 when the hour takes 10 seconds, when a page takes longer than `--limit`
milliseconds, or when more answers make it slower by more than `--ratio`.
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import machine, pages

DAYS = 400
HOUR_LIMIT = 10.0  # seconds
Entry = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hour", type=int, help="answers of one hour, to be counted")
    parser.add_argument("--profile", action="store_true", help="show what counting spends its time with")
    parser.add_argument("--answers", type=int, default=10_000, help="answers of the first measurement")
    parser.add_argument("--against", type=int, default=10_000_000, help="answers of the second one")
    parser.add_argument("--limit", type=float, default=100, help="milliseconds that a page may take")
    parser.add_argument("--ratio", type=float, default=1.5, help="how much slower the second one may be")
    parser.add_argument("--keep", type=Path, help="leave the server's data in this folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        with pages.instance(folder, keep=options.keep is not None) as database:
            _say(f"{machine.name()}, load {os.getloadavg()[0]:.1f}: filling ...")
            end = _prepared(folder)
            if options.hour:
                return _hour(database, options, end)
            return _against(database, options, end)


def _prepared(folder: Path) -> datetime:
    """People and two versions, each of which answered some hundred questions. Returns a moment before all of them."""
    from benchmarks import filling, filling_rollups

    list(page_list())  # that they are there is known before hours of filling
    end = datetime.now(UTC) - timedelta(hours=1)
    filling.people()
    filling_rollups.versions(folder / "models")
    return end


def _hour(database: str, options: argparse.Namespace, end: datetime) -> int:
    from benchmarks import filling_rollups

    hour = end.replace(minute=0, second=0, microsecond=0) - timedelta(days=100)
    filling_rollups.answers(database, 1, options.hour, begin=hour, end=hour + timedelta(hours=1))
    entry = counted(hour, profile=options.profile)
    if options.json:
        print(json.dumps(entry, indent=1))
    else:
        print(
            f"{entry['answers']} answers of an hour in {entry['seconds']:.2f} s ({entry['again']:.2f} s the second time),"
        )
        print(f"of which two processes computed {entry['cpu']:.2f} s.")
        print(f"{entry['rows']} rows of {entry['bytes_per_row']} bytes, {entry['memory_mb']} MB more memory at most.")
    return int(entry["seconds"] > HOUR_LIMIT)


def counted(hour: datetime, *, profile: bool = False) -> Entry:
    """Seconds that counting an hour takes, the first and the second time, and what it leaves."""
    from predictions.models import HourlyRollup
    from predictions.monitoring.rollups import keeping
    from predictions.monitoring.rollups.layout import FIXED
    from predictions.monitoring.rollups.tally import ARRAYS, array

    memory, cpu = _peak_memory(), _computed()
    seconds = [_timed(lambda: keeping.count_hour(hour, datetime.now(UTC))) for _ in range(2)]
    memory, cpu = _peak_memory() - memory, _computed() - cpu
    if profile:
        with cProfile.Profile() as profiler:
            keeping.count_hour(hour, datetime.now(UTC))
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    rows = list(HourlyRollup.objects.filter(hour=hour).values("field", *ARRAYS))
    of_all = [array("counts", row["counts"])[FIXED.index("answers")] for row in rows if not row["field"]]
    sizes = [sum(len(row[name]) for name in ARRAYS) for row in rows]
    return {
        "answers": int(sum(of_all)),
        "seconds": round(seconds[0], 3),
        "again": round(seconds[1], 3),
        "rows": len(rows),
        "bytes_per_row": sum(sizes) // max(1, len(sizes)),
        "cpu": round(cpu / 2, 3),
        "memory_mb": round(memory / 1e6),
    }


def _computed() -> float:
    """Seconds that this process and its session in the database have computed."""
    from django.db import connection

    connection.ensure_connection()
    return time.process_time() + machine.cpu_seconds(connection.connection.info.backend_pid)


def _peak_memory() -> int:
    """The most bytes that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _against(database: str, options: argparse.Namespace, end: datetime) -> int:
    found: list[list[Entry]] = []
    sizes = sorted([options.answers, options.against])
    for first, last in zip([0, sizes[0]], sizes, strict=True):
        seconds = _timed(lambda first=first, last=last: fill(database, first + 1, last, end))  # type: ignore[misc]
        hours, counting = rebuilt()
        _say(f"{last} answers after {seconds:.0f} s, {hours} hours counted in {counting:.0f} s.")
        found.append(list(measured()))
    entries = compared(*found)
    if options.json:
        print(json.dumps(entries, indent=1))
    else:
        print(HEAD.format(*sizes), *(line(entry, options.limit, options.ratio) for entry in entries), sep="\n")
    return int(any(is_bad(entry, options.limit, options.ratio) for entry in entries))


def fill(database: str, first: int, last: int, end: datetime) -> None:
    """Answers over the days before `end`."""
    from benchmarks import filling_rollups

    filling_rollups.answers(database, first, last, begin=end - timedelta(days=DAYS), end=end)


def rebuilt() -> tuple[int, float]:
    """Everything is counted: how many hours, in how many seconds."""
    from django.utils import timezone

    from predictions.monitoring.rollups import days, due, rebuilding, rounds

    begun = time.perf_counter()
    since, until = days.day_of(due.FIRST), days.day_of(timezone.now())
    rebuilding.mark(since, until, timezone.now())
    hours = sum(done.hours for done in rebuilding.work(since, until))
    counting = time.perf_counter() - begun
    rounds.make_limits()
    return hours, counting


def measured() -> Iterator[Entry]:
    """An entry for each page, as benchmarks/pages.py makes them."""
    for page in page_list():
        yield pages._measured(page)


def page_list() -> Iterator[Any]:
    """The pages of monitoring over all of the time."""
    from django.urls import reverse
    from django.utils import timezone

    from benchmarks.filling_rollups import MODEL
    from benchmarks.page_list import Page

    since = timezone.localdate() - timedelta(days=DAYS)
    whole = f"?from={since}"
    yield Page("all models", "decider", reverse("monitoring"))
    for title, name in (("dashboard", "model"), ("drift", "drift"), ("quality", "quality")):
        address = reverse(f"monitoring-{name}", args=[MODEL])
        yield Page(title, "decider", address)
        yield Page(f"{title}, {DAYS} days", "decider", address + whole)
    segment = f"{reverse('monitoring-model', args=[MODEL])}{whole}&segment=departement:Consulting&version=2"
    yield Page("dashboard, one department", "decider", segment)


def compared(few: Sequence[Entry], many: Sequence[Entry]) -> list[Entry]:
    """The two measurements of each page beside each other."""
    return [
        {
            "page": one["page"],
            "address": one["address"],
            "status": max(one["status"], other["status"]),
            "few_ms": one["median_ms"],
            "many_ms": other["median_ms"],
            "few_cpu_ms": _computed_of(one),
            "many_cpu_ms": _computed_of(other),
            "ratio": round(other["median_ms"] / one["median_ms"], 2),
            "queries": other["queries"],
            "slowest_query": other["slowest_query"],
        }
        for one, other in zip(few, many, strict=True)
    ]


def _computed_of(entry: Entry) -> float:
    return round(float(entry["python_cpu_ms"] + entry["database_cpu_ms"]), 1)


def is_bad(entry: Entry, limit: float, ratio: float) -> bool:
    """Whether a page takes too long, depends on how many answers there are, or is none."""
    return bool(entry["many_ms"] > limit or entry["ratio"] > ratio or entry["status"] != 200)


HEAD = "page                           {:>10} {:>10} answers; in brackets what two processes computed"


def line(entry: Entry, limit: float, ratio: float) -> str:
    """For a person; what is slow, or no page, is marked."""
    mark = f"  <- {entry['status'] if entry['status'] != 200 else 'slow'}" if is_bad(entry, limit, ratio) else ""
    times = f"{entry['few_ms']:7.1f} ms {entry['many_ms']:7.1f} ms ({entry['few_cpu_ms']:.0f}, {entry['many_cpu_ms']:.0f} ms)"
    return f"{entry['page']:30} {times}  x {entry['ratio']:.2f}, {entry['queries']} queries{mark}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
