"""Workers killed at random while they run a file, the broker emptied, messages delivered twice.

    python benchmarks/batch_kills.py [--json] [--rows 200000] [--child-kills 60] [--main-kills 10] [--purges 5]
                                     [--cuts 5] [--broker pgmq|redis|amqp] [--url URL] [--seed N]

A PostgreSQL server of its own and a worker with two processes. A file is run undisturbed, then as often as it takes
until every kill was made; each run must end with the same outcome for every row. A message is delivered again after
five seconds (pgmq, redis), a lease ends after three. Redis is started here; RabbitMQ has to run, at --url or RABBITMQ_URL.
Both are reached through a proxy, and a cut ends every connection for a second; pgmq's ways are those of the database
(database_faults.py). Ends with 1 when a row has no outcome, or two, or another one than undisturbed.
"""

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks import killing, machine
from benchmarks.killing import Harm, Worker
from benchmarks.load import BadRun
from benchmarks.pages import instance
from benchmarks.proxies import Proxy
from benchmarks.services import HOST, ROOT, free_port
from futurisys.embedded import Error

SEED = 5_061_121
LEASE, VISIBILITY, CHUNK = 3, 5, 1000
PATIENCE = 900
USER = "benchmark"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
Entry = dict[str, Any]


@contextmanager
def broker(kind: str, url: str, folder: Path) -> Iterator[str]:
    """The address of a broker of this kind. Raises BadRun."""
    if kind == "amqp":
        url = url or os.environ.get("RABBITMQ_URL", RABBITMQ)
    if kind == "pgmq" or url:
        yield url or "pgmq://"
        return
    program = shutil.which("redis-server")
    if program is None:
        raise BadRun("Install Redis (apt-get install redis-server), or name a server: --url redis://127.0.0.1:6379/0")
    port = free_port()
    with (folder / "redis.log").open("wb") as log:
        command = [program, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen([*command, "--dir", str(folder), "--maxmemory-policy", "noeviction"], stdout=log)
    try:
        while not _listens(HOST, port):
            if server.poll() is not None:
                raise BadRun((folder / "redis.log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        yield f"redis://{HOST}:{port}/0"
    finally:
        server.terminate()
        server.wait()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


@contextmanager
def cuttable(url: str) -> Iterator[tuple[str, Proxy | None]]:
    """The same broker through a proxy, and that; the database's own queue has none. Raises BadRun."""
    if url == "pgmq://":
        yield url, None
        return
    parts = urlsplit(url)
    target = (parts.hostname or HOST, parts.port or (5672 if parts.scheme == "amqp" else 6379))
    if not _listens(*target):
        raise BadRun(f"Nobody listens at {target[0]}:{target[1]}: start the broker, or name another one: --url")
    with Proxy(target) as way:
        who = f"{parts.username}:{parts.password}@" if parts.username else ""
        yield parts._replace(netloc=f"{who}{HOST}:{way.port}").geturl(), way


def put_in_charge(folder: Path) -> Any:
    """The iris example: trained, published, imported, promoted; the model and who asks it."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from registry.models import RegisteredModel

    train = [sys.executable, ROOT / "examples" / "iris" / "train.py", "--out", folder / "iris"]
    subprocess.run(train, check=True, capture_output=True, timeout=300)
    by = User.objects.create_superuser(USER)
    place = ["--repo", "benchmarks/iris", "--endpoint", "loopback"]
    with Path(os.devnull).open("w") as quiet:
        call_command("publish_model", str(folder / "iris"), *place, "--no-check", stdout=quiet)
        call_command("track_model", "iris", *place, stdout=quiet)
        call_command("sync_models", "iris", stdout=quiet)
        call_command("promote", "iris", "--reason", "It is killed.", "--by", USER, stdout=quiet)
    return RegisteredModel.objects.get(), by


def sweep() -> None:
    """What beat does every minute."""
    from predictions import tasks

    tasks.sweep_batches()


def disturbed(options: argparse.Namespace, folder: Path, way: Proxy | None) -> Iterator[Entry]:
    """One entry for each run: the undisturbed one first. Raises BadRun."""
    model, by = put_in_charge(folder)
    file = killing.flowers(options.rows, options.seed)
    chosen, cuts = random.Random(options.seed), options.cuts if way else 0
    harm = Harm(options.child_kills, options.main_kills, options.purges, cuts)
    worker = Worker(os.environ, folder / "worker.log", way=way)
    worker.start()
    try:
        calm = None
        while calm is None or harm.next(chosen):
            batch = killing.begun(file, by, model, worker, sweep)
            before, wish = dict(harm.done), Harm() if calm is None else harm
            seconds = killing.run(batch, worker, wish, chosen, sweep, seconds=PATIENCE)
            found = killing.outcome(batch)
            calm = calm or found
            made = {name: count - before[name] for name, count in harm.done.items()}
            exact = found.is_as(calm) and found.outcomes == found.different == options.rows
            yield {"seconds": round(seconds, 1), **made, **asdict(found), "exact": exact}
    finally:
        worker.stop()


def total(entries: Sequence[Entry], rows: int) -> Entry:
    """All disturbed runs together. `bound`: with 95 % certainty at most as large a share of the kills does harm."""
    runs = entries[1:]
    kills = sum(entry["child_kills"] + entry["main_kills"] for entry in runs)
    return {
        "runs": len(runs),
        "rows": rows * len(runs),
        "outcomes": sum(entry["outcomes"] for entry in runs),
        "kills": kills,
        "child_kills": sum(entry["child_kills"] for entry in runs),
        "main_kills": sum(entry["main_kills"] for entry in runs),
        "purges": sum(entry["purges"] for entry in runs),
        "cuts": sum(entry["cuts"] for entry in runs),
        "resumed": sum(entry["resumed"] for entry in runs),
        "exact_runs": sum(entry["exact"] for entry in runs),
        "bound": round(3 / kills, 4) if kills else None,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a row had not exactly the outcome that it has undisturbed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--child-kills", type=int, default=60)
    parser.add_argument("--main-kills", type=int, default=10)
    parser.add_argument("--purges", type=int, default=5, help="how often the broker is emptied")
    parser.add_argument("--cuts", type=int, default=5, help="how often its connections end")
    parser.add_argument("--broker", choices=["pgmq", "redis", "amqp"], default="pgmq")
    parser.add_argument("--url", default="", help="address of the broker")
    parser.add_argument("--seed", type=int, default=SEED)
    options, begun = parser.parse_args(arguments), time.monotonic()
    entries: list[Entry] = []
    try:
        with tempfile.TemporaryDirectory(prefix="futurisys-kills-") as temporary:
            folder = Path(temporary)
            with broker(options.broker, options.url, folder) as place, cuttable(place) as (url, way):
                more = {"CELERY_BROKER_URL": url, "VISIBILITY_TIMEOUT": str(VISIBILITY), "LOG_LEVEL": "WARNING"}
                more |= {"BATCH_LEASE_SECONDS": str(LEASE), "BATCH_ROWS": str(CHUNK), "OMP_NUM_THREADS": "1"}
                with instance(folder / "instance", keep=False, more=more):
                    for entry in disturbed(options, folder, way):
                        print(f"[{time.monotonic() - begun:6.1f} s] {_line(entry)}", file=sys.stderr, flush=True)
                        entries.append(entry)
    except (BadRun, Error) as error:
        print(error, file=sys.stderr)
        return 1
    about = {"machine": machine.name(), "broker": options.broker, "seed": options.seed}
    about |= {"lease_seconds": LEASE, "visibility_seconds": VISIBILITY, "rows_in_chunk": CHUNK}
    entries = [about, *entries, total(entries, options.rows)]
    print(json.dumps(entries, indent=2) if options.json else "\n".join(map(_line, entries)))
    return int(entries[-1]["exact_runs"] != entries[-1]["runs"])


def _line(entry: Entry) -> str:
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in entry.items())


if __name__ == "__main__":
    sys.exit(main())
