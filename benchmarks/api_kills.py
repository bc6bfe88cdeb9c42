"""The web server killed at random under load, and at chosen places: nothing that was acknowledged may be missing.

    python -m benchmarks.api_kills [--json] [--kills 200] [--master-kills 50] [--calls 15000] [--crashes 500] [--seed N]

A durable PostgreSQL server of its own, gunicorn as `make run` starts it, and the client of oracle.py in a process of its
own: it writes down what it sent and what it was told, and repeats what broke with the same key. Then the tables are
compared with its files. First workers are killed (SIGKILL), then the master, whom a new one follows; then a worker ends
at a chosen place of a call, `--crashes` times for each of the five (faulty_wsgi.py). Ends with 1 when an acknowledged
answer is not stored as it was told, a call is stored twice, or a repeated call is answered otherwise than it should be.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import oracle
from benchmarks.entries import measured
from benchmarks.oracle import Oracle, judge
from benchmarks.report import Entry
from benchmarks.web import Web

LOST, UNKNOWN, KEPT = ("computed", "inserted"), ("committing",), ("committed", "replying")
PATIENCE = 120  # seconds without progress


def kill_workers(web: Web, client: Oracle, chosen: random.Random, *, kills: int, calls: int) -> int:
    """SIGKILL workers one after the other, so many answers apart; how many were. Raises TimeoutError."""
    made = 0
    while made < kills:
        client.wait_for(max(1, calls // kills), seconds=PATIENCE)
        time.sleep(chosen.uniform(0, 0.1))
        made += web.kill_worker(chosen)
    return made


def kill_masters(web: Web, client: Oracle, chosen: random.Random, *, kills: int, calls: int) -> int:
    """SIGKILL the master, and start another one; how often. Raises TimeoutError and BadRun."""
    for _ in range(kills):
        client.wait_for(max(1, calls // kills), seconds=PATIENCE)
        time.sleep(chosen.uniform(0, 0.1))
        web.kill_master()
    return kills


def crash(web: Web, token: str, folder: Path, *, points: Sequence[str], crashes: int, seed: int) -> None:
    """Calls whose first attempt ends its worker at one of these points. Raises TimeoutError."""
    calls = ["--calls", str(crashes), "--crash", *points]
    with Oracle(web.address, token, folder, clients=1, seed=seed, more=calls) as client:
        client.finish(seconds=60 + 3 * crashes)


def verdict(folder: Path, database: str, others: Sequence[Path] = ()) -> Entry:
    """What the tables say of the journals of a folder."""
    return judge(folder, database, others).entry() | oracle.repeated(folder)


def is_right(entry: Entry) -> bool:
    """Whether nothing is wrong, and every call whose worker ended was repeated with the outcome its place implies."""
    wrong = entry["faults"] + entry["unharmed"]
    for point, how in entry["crashes"].items():
        wrong += how["replay"] if point in LOST else how["new"] if point in KEPT else 0
    return not wrong


def disturbed(options: argparse.Namespace, folder: Path, database: str) -> Iterator[Entry]:
    """One entry for each way to be harmed. Raises BadRun."""
    from knox.models import AuthToken

    from benchmarks.batch_kills import put_in_charge

    _, by = put_in_charge(folder)
    token, chosen = AuthToken.objects.create(by)[1], random.Random(options.seed)
    plans = [("worker", kill_workers, options.kills, options.calls)]
    plans += [("master", kill_masters, options.master_kills, options.calls // 4)]
    done: list[Path] = []
    with Web(os.environ, folder) as web:
        for whom, kill, kills, calls in plans:
            begun, journals = time.monotonic(), folder / whom
            with Oracle(web.address, token, journals, seed=options.seed + len(done)) as client:
                client.wait_for(8)
                made = kill(web, client, chosen, kills=kills, calls=calls) if kills else 0
                client.wait_for(8)
            told = {"killed": whom, "kills": made, "seconds": round(time.monotonic() - begun, 1)}
            yield told | verdict(journals, database, done)
            done.append(journals)
    with Web(os.environ, folder, application="benchmarks.faulty_wsgi", preload=True) as web:
        for point in (*LOST, *UNKNOWN, *KEPT) if options.crashes else ():
            begun, journals = time.monotonic(), folder / point
            crash(web, token, journals, points=[point], crashes=options.crashes, seed=options.seed + len(done))
            told = {"killed": f"at “{point}”", "kills": options.crashes, "seconds": round(time.monotonic() - begun, 1)}
            yield told | verdict(journals, database, done)
            done.append(journals)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--kills", type=int, default=200, help="of workers")
    parser.add_argument("--master-kills", type=int, default=50)
    parser.add_argument("--calls", type=int, default=15_000, help="that are answered while workers are killed")
    parser.add_argument("--crashes", type=int, default=500, help="at each of the five places")
    parser.add_argument("--seed", type=int, default=oracle.SEED)
    options = parser.parse_args(arguments)
    entries = measured(options, "kills", disturbed)
    return int(entries is None or not all(map(is_right, entries)))


if __name__ == "__main__":
    sys.exit(main())
