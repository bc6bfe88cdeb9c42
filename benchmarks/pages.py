"""Each page's time with a million answers and a hundred thousand records: `make pages`.

    python benchmarks/pages.py [--json] [--answers 1000000] [--records 100000] [--limit 100] [--only WORD ...]
                               [--keep FOLDER]

A PostgreSQL server of its own is filled in bulk (filling.py), then each page is asked for in this process, as its
reader, and its time on the server is taken. Ends with 1 when a page is over the limit, or is no page.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg

from benchmarks import machine
from examples.local_hub import LocalHub
from futurisys.embedded import Cluster

WARM, TIMES = 3, 15
TOKEN = "hf_benchmark"
Entry = dict[str, Any]


@contextmanager
def instance(
    folder: Path, *, keep: bool, durable: bool = False, more: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A server and a Hub in `folder`, and Django set up to use them; yields the address of the database's owner.

    `more`: environment variables that differ from those of every benchmark.
    """
    cluster = Cluster(folder / "postgres")
    try:
        cluster.start(durable=durable)
        with LocalHub(folder / "hub", token=TOKEN) as hub:
            _set_up(cluster, folder, hub.url, more or {})
            yield cluster.owner_url
    finally:
        from django.db import connections

        connections.close_all()
        cluster.stop() if keep else cluster.remove()


def _set_up(cluster: Cluster, folder: Path, hub: str, more: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(machine.clean_environment()):
        del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "futurisys.settings",
        "FUTURISYS_ENV": "development",
        "SECRET_KEY": "benchmark" * 8,
        "DATABASE_URL": cluster.app_url,
        "DATABASE_OWNER_URL": cluster.owner_url,
        "FUTURISYS_LOOPBACK_HUB": hub,
        "FUTURISYS_LOOPBACK_TOKEN": TOKEN,
        "ARTIFACT_CACHE": str(folder / "artifacts"),
        "ENVIRONMENT_CACHE": str(folder / "environments"),
        "LOG_LEVEL": "ERROR",
        **more,
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def filled(database: str, answers: int, records: int, folder: Path) -> None:
    """Fill the tables, unless an earlier run did."""
    from benchmarks import filling
    from predictions.models import Prediction

    if not Prediction.objects.exists():
        filling.fill(database, filling.Size(answers, records), folder / "models")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def measured(only: Sequence[str] = ()) -> Iterator[Entry]:
    """An entry for each page: median and slowest time in ms, what of it two processes computed, queries, bytes, status."""
    from benchmarks import page_list

    for page in page_list.pages():
        if not only or any(word in f"{page.name}, {page.reader}" for word in only):
            yield _measured(page)


def _measured(page: Any) -> Entry:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(User.objects.get(username=page.reader))

    def ask() -> Any:
        return client.get(page.address) if page.sent is None else client.post(page.address, page.sent)

    for _ in range(WARM):
        response = ask()
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    times, here, there = [], time.process_time(), machine.cpu_seconds(backend)
    for _ in range(TIMES):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * 1000)
    here, there = time.process_time() - here, machine.cpu_seconds(backend) - there
    with CaptureQueriesContext(connection) as queries:
        ask()
    slowest = max(queries.captured_queries, key=lambda query: float(query["time"]), default={"sql": ""})
    return {
        "page": page.name,
        "reader": page.reader,
        "address": page.address,
        "status": response.status_code,
        "median_ms": round(statistics.median(times), 1),
        "slowest_ms": round(max(times), 1),
        "python_cpu_ms": round(here / TIMES * 1000, 1),
        "database_cpu_ms": round(there / TIMES * 1000, 1),
        "queries": len(queries),
        "bytes": len(response.content),
        "slowest_query": slowest["sql"],
    }


def is_slow(entry: Entry, limit: float) -> bool:
    """Whether it takes too long, or is no page at all."""
    return bool(entry["median_ms"] > limit or entry["status"] != 200)


HEAD = f"{'page':44} {'reader':9} {'ms':>7} {'slowest':>8} {'Python':>7} {'SQL':>6} {'queries':>7} {'kB':>6}"


def line(entry: Entry, limit: float) -> str:
    """For a person; what is slow, or no page, is marked."""
    mark = f"  <- {entry['status'] if entry['status'] != 200 else 'slow'}" if is_slow(entry, limit) else ""
    return (
        f"{entry['page']:44} {entry['reader']:9} {entry['median_ms']:7.1f} {entry['slowest_ms']:8.1f} "
        f"{entry['python_cpu_ms']:7.1f} {entry['database_cpu_ms']:6.1f} "
        f"{entry['queries']:7} {entry['bytes'] / 1000:6.0f}{mark}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every page is there and fast enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--limit", type=float, default=100, help="milliseconds")
    parser.add_argument("--only", nargs="*", default=[], help="pages whose name or reader has one of these words")
    parser.add_argument("--keep", type=Path, help="fill this folder, or measure again what an earlier run left there")
    parser.add_argument("--json", action="store_true", help="a list of objects, with each page's slowest query")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        with instance(folder, keep=options.keep is not None) as database:
            _say(f"{machine.name()}, load {os.getloadavg()[0]:.1f}: filling ...")
            begun = time.monotonic()
            filled(database, options.answers, options.records, folder)
            _say(f"{options.answers} answers and {options.records} records after {time.monotonic() - begun:.0f} s.")
            entries = report(measured(options.only), options.limit, as_json=options.json)
    return int(any(is_slow(entry, options.limit) for entry in entries))


def report(entries: Iterable[Entry], limit: float, *, as_json: bool) -> list[Entry]:
    """Print a list of objects at the end, or a line for each page as it comes."""
    if as_json:
        found = list(entries)
        print(json.dumps(found, indent=1))
        return found
    print(HEAD, "-" * len(HEAD), sep="\n")
    found = []
    for entry in entries:
        print(line(entry, limit), flush=True)
        found.append(entry)
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
