"""Many callers with one idempotency key at once: one record, everyone else a replay or 409.

    python -m benchmarks.api_races [--json] [--rounds 200] [--callers 50] [--seed N]

gunicorn as `make run` starts it, on a PostgreSQL server of its own. In each round so many connections are opened, then
the same request goes out on all of them at the same moment. Ends with 1 when a round has not exactly one new answer and
one stored row, when an answer is another one, or when PostgreSQL counted a deadlock.
"""

import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg

from benchmarks import machine
from benchmarks.load import BadRun
from benchmarks.oracle import IRIS, MODEL
from benchmarks.pages import instance
from benchmarks.web import Web
from futurisys.embedded import Error

SEED = 6_261_122
CALLERS = 50
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
STORED = """
SELECT k.key, (SELECT count(*) FROM predictions_prediction p WHERE p.trace_id = replace(k.key, 'race-', ''))
FROM predictions_idempotencykey k WHERE k.key = ANY(%s)
"""
Entry = dict[str, Any]


def race(address: str, token: str, database: str, *, rounds: int, callers: int = CALLERS, seed: int = SEED) -> Entry:
    """What came of all rounds; `wrong` counts the rounds that were not as they must be."""
    chosen, told, wrong, keys = random.Random(seed), Counter[str](), 0, []
    with psycopg.connect(database, autocommit=True) as connection:
        before = connection.execute(DEADLOCKS).fetchone()
        with ThreadPoolExecutor(callers) as pool:
            for _ in range(rounds):
                key = f"race-{uuid.UUID(int=chosen.getrandbits(128)).hex}"
                row = {name: round(value * chosen.uniform(0.6, 1.8), 2) for name, value in IRIS.items()}
                start = threading.Barrier(callers)
                answers = list(pool.map(lambda _, k=key, r=row, s=start: ask(address, token, k, r, s), range(callers)))  # type: ignore[misc]
                round_ = Counter(said for said, _ in answers)
                bodies = {body for said, body in answers if said in {"new", "replay"}}
                wrong += round_["new"] != 1 or len(bodies) != 1 or bool(round_.keys() - {"new", "replay", "in use"})
                told += round_
                keys.append(key)
        stored = dict(connection.execute(STORED, [keys]).fetchall())
        wrong += sum(stored.get(key) != 1 for key in keys)
        time.sleep(1.2)  # statistics are sent once a second
        after = connection.execute(DEADLOCKS).fetchone()
    assert before is not None
    assert after is not None
    counts = {"rounds": rounds, "calls": rounds * callers, "records": sum(stored.values())}
    return counts | {"answers": dict(told), "deadlocks": after[0] - before[0], "wrong": wrong}


def ask(address: str, token: str, key: str, row: dict[str, float], start: threading.Barrier) -> tuple[str, str]:
    """What one caller was told, and the number of the call: "new", "replay", "in use", or what must not be."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    headers["traceparent"] = f"00-{key.removeprefix('race-')}-00f067aa0ba902b7-01"
    try:
        connection.connect()
        start.wait(60)
        connection.request("POST", f"/api/v1/models/{MODEL}/predict", json.dumps({"inputs": row}), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError, threading.BrokenBarrierError) as error:
        return repr(error), ""
    finally:
        connection.close()
    if answer.status == 200:
        return "replay" if answer.headers.get("Idempotent-Replayed") == "true" else "new", body["request_id"]
    return "in use" if answer.status == 409 and answer.headers.get("Retry-After") else str(answer.status), ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a round was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print an object")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--callers", type=int, default=CALLERS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="futurisys-races-") as temporary:
            folder = Path(temporary)
            more = {"OMP_NUM_THREADS": "1", "METRICS_FOLDER": str(folder / "metrics")}
            with instance(folder / "instance", keep=False, durable=True, more=more) as database:
                entry = raced(options, folder, database)
    except (BadRun, Error) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        json.dumps(entry, indent=2) if options.json else ", ".join(f"{name}: {value}" for name, value in entry.items())
    )
    return int(bool(entry["wrong"] or entry["deadlocks"]))


def raced(options: argparse.Namespace, folder: Path, database: str) -> Entry:
    """The rounds against a server that was started for them. Raises BadRun."""
    from knox.models import AuthToken

    from benchmarks.batch_kills import put_in_charge

    _, by = put_in_charge(folder)
    token = AuthToken.objects.create(by)[1]
    with Web(os.environ, folder) as web:
        size = {"rounds": options.rounds, "callers": options.callers, "seed": options.seed}
        begun = time.monotonic()
        found = race(web.address, token, database, **size)
    seconds = round(time.monotonic() - begun, 1)
    bound = round(3 / options.rounds, 4)
    return {"machine": machine.name(), "seed": options.seed, "seconds": seconds, **found, "bound": bound}


if __name__ == "__main__":
    sys.exit(main())
