"""The database crashes, refuses, goes silent, dawdles, hangs up, is full: what the API says, and whether it recovers.

    python -m benchmarks.database_faults [--json] [--crashes 50] [--seconds 60] [--full-seconds 300] [--control] [--seed N]

A durable PostgreSQL server of its own and gunicorn as `make run` starts it. First the server is stopped as pg_ctl stop -m
immediate does it while the client of oracle.py asks, and started again; then the tables are compared with its files.
Then four callers ask through a proxy that harms the connection (proxies.py), and while others hold every connection
that the server has. Ends with 1 when an acknowledged answer is missing, when a caller is told anything but 503 in the right
shape, waits longer than promised, or sees a prediction, or when the service is not as before afterwards.
`--control` runs the crashes with synchronous_commit=off instead, where answers must be missing: it shows that the test can fail.
"""

import argparse
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg
from psycopg import sql

from benchmarks import callers, oracle
from benchmarks.entries import measured
from benchmarks.load import BadRun
from benchmarks.oracle import Oracle, judge
from benchmarks.proxies import PASS, REFUSE, RESET, SILENT, SLOW, Proxy, behind, socket_of
from benchmarks.report import Entry
from benchmarks.web import Web
from futurisys.embedded import Cluster

DATABASE_SECONDS = 5.0  # as futurisys/settings.py has it
SPARE = 1.0
RECOVERY_SECONDS = 5.0
FAULTS = (REFUSE, SILENT, SLOW, RESET)
# Sessions of the web server; in this database nobody else has the application's role.
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND pid <> ALL(%s)"
ROOM = 40  # connections of the application's role


# --- crashes ---------------------------------------------------------------------------------------------


def crash_backend(database: str, chosen: random.Random) -> None:
    """SIGKILL one process of PostgreSQL: it ends all others at once, throws shared memory away and recovers from its log.

    Returns when it takes connections again.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        backends = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        known = [pid for (pid,) in connection.execute(backends)]
        started = "SELECT pg_postmaster_start_time(), pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        before = connection.execute(started).fetchone()
        os.kill(chosen.choice(known), signal.SIGKILL)
        deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.Error), psycopg.connect(database) as connection:
            if connection.execute(started).fetchone() != before:
                return
        time.sleep(0.02)
    raise BadRun("PostgreSQL did not come back within a minute.")


def crash_server(cluster: Cluster, away: float) -> None:
    """End the server as pg_ctl stop -m immediate does, and start it again so many seconds later. Raises Error."""
    pid = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    deadline = time.monotonic() + 60
    while cluster.is_running() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(away)
    cluster.start()


def crashed(options: argparse.Namespace, folder: Path, web: Web, token: str, cluster: Cluster, database: str) -> Entry:
    """The server ends so often while the oracle's client asks; what was lost, and how soon there was an answer again."""
    chosen, recovered, begun = random.Random(options.seed), [], time.monotonic()
    with Oracle(web.address, token, folder / "crashes", seed=options.seed) as client:
        client.wait_for(8)
        for _ in range(options.crashes):
            client.wait_for(options.calls // options.crashes)
            time.sleep(chosen.uniform(0, 0.1))
            crash_server(cluster, chosen.uniform(0, 1))
            back = time.monotonic()
            client.wait_for(1)
            recovered.append(time.monotonic() - back)
    found = judge(folder / "crashes", database)
    told = {"fault": "crash", "crashes": options.crashes, "seconds": round(time.monotonic() - begun, 1)}
    told |= found.entry() | {"slowest_recovery": round(max(recovered, default=0), 2)}
    return told | {"wrong": found.faults + (told["slowest_recovery"] > RECOVERY_SECONDS)}


# --- a connection that is harmed -------------------------------------------------------------------------


def harmed(who: callers.Callers, proxy: Proxy, fault: str, seconds: float) -> Entry:
    """What callers are told while the proxy does this to the connection, and right after it."""
    who.ask(1)
    proxy.mode = fault
    try:
        seen = who.ask(seconds)
    finally:
        proxy.mode = PASS
    return {"fault": fault} | told(who, seen)


def told(who: callers.Callers, seen: Sequence[callers.Seen]) -> Entry:
    """Of what was seen during a fault, and of three calls of each caller after it."""
    slow = sorted(each.seconds for each in seen)
    after = who.ask_each(3)
    return {
        "calls": len(seen),
        "refused": sum(each.is_refusal for each in seen),
        "predictions_shown": sum(each.shows for each in seen),
        "p99_seconds": round(slow[int(0.99 * (len(slow) - 1))], 2),
        "slowest_seconds": round(slow[-1], 2),
        "calls_after": len(after),
        "failed_after": sum(each.status != 200 for each in after),
        "examples": sorted(
            {each.text for each in seen if not each.is_refusal} | {e.text for e in after if e.status != 200}
        )[:3],
    }


def is_wrong(entry: Entry, patience: float = DATABASE_SECONDS) -> int:
    """How much is not as it should be."""
    others = entry["calls"] - entry["refused"] + entry["predictions_shown"] + entry["failed_after"]
    return others + (entry["p99_seconds"] > patience + SPARE) + entry.get("leaked", 0)


# --- no connection left ----------------------------------------------------------------------------------


@contextlib.contextmanager
def every_connection_taken(app: str, owner: str) -> Iterator[int]:
    """All connections that the application's role may have are somebody else's; how many these are.

    It may have `ROOM` of them: a server that others use too is not filled, and says the same (SQLSTATE 53300).
    """
    held: list[psycopg.Connection[Any]] = []

    def take() -> None:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(app))

    role = sql.Identifier(psycopg.conninfo.conninfo_to_dict(app)["user"])
    limit = sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(limit.format(role, ROOM))
        try:
            take()
            connection.execute(OTHERS, [held[0].info.user, [each.info.backend_pid for each in held]])
            take()
            yield len(held)
        finally:
            connection.execute(limit.format(role, -1))
            for each in held:
                each.close()


def full(who: callers.Callers, app: str, owner: str, seconds: float) -> Entry:
    """What callers are told while the server has no connection left, and right after it."""
    who.ask_each(3)
    before = sessions(app, owner)
    with every_connection_taken(app, owner) as taken:
        seen = who.ask(seconds)
    found = {"fault": "full", "taken": taken} | told(who, seen)
    after = sessions(app, owner)
    return found | {"sessions_before": before, "sessions_after": after, "leaked": max(0, after - before)}


def sessions(app: str, owner: str) -> int:
    """Connections of the application, once those that were closed are gone."""
    user = psycopg.conninfo.conninfo_to_dict(app)["user"]
    time.sleep(0.5)
    with psycopg.connect(owner) as connection:
        row = connection.execute(SESSIONS, [user]).fetchone()
        assert row is not None
        return int(row[0])


# --- all of it -------------------------------------------------------------------------------------------


def disturbed(options: argparse.Namespace, folder: Path, owner: str) -> Iterator[Entry]:
    """One entry for each fault. Raises BadRun."""
    from knox.models import AuthToken

    from benchmarks.batch_kills import put_in_charge

    _, by = put_in_charge(folder)
    token, session = AuthToken.objects.create(by)[1], callers.session_of(by)
    cluster, app = Cluster(folder / "instance" / "postgres"), os.environ["DATABASE_URL"]
    try:
        if options.crashes:
            more = {"DATABASE_URL": f"{app}&options={quote('-c synchronous_commit=off')}"} if options.control else {}
            with Web(os.environ | more, folder) as web:
                yield crashed(options, folder, web, token, cluster, owner)
        if options.control:
            return
        with Proxy(socket_of(app)) as proxy, Web(os.environ | {"DATABASE_URL": behind(proxy, app)}, folder) as web:
            who = callers.Callers(web.address, token, session)
            for fault in FAULTS if options.seconds else ():
                found = harmed(who, proxy, fault, options.seconds)
                yield found | {"wrong": is_wrong(found)}
            if options.full_seconds:
                found = full(who, app, owner, options.full_seconds)
                yield found | {"wrong": is_wrong(found)}
    finally:
        cluster.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when something is wrong; with --control, when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--crashes", type=int, default=50)
    parser.add_argument("--calls", type=int, default=10_000, help="that are answered between the crashes")
    parser.add_argument("--seconds", type=float, default=60, help="of each fault of the connection")
    parser.add_argument("--full-seconds", type=float, default=300, help="without a connection left")
    parser.add_argument("--control", action="store_true", help="crashes with synchronous_commit=off")
    parser.add_argument("--seed", type=int, default=oracle.SEED)
    options = parser.parse_args(arguments)
    entries = measured(options, "faults", disturbed)
    if entries is None:
        return 1
    wrong = sum(entry["wrong"] for entry in entries)
    return int(not wrong if options.control else bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
