"""A client that writes down what it was told, and the verdict of the database on it.

    ORACLE_TOKEN=fut_... python -m benchmarks.oracle --address http://127.0.0.1:8000 --folder FOLDER [--clients 8]

A process of its own. Each client has one connection, which it keeps, and one file, which only grows: a line "sent"
before a call, with the idempotency key and the rows, and a line "acknowledged" after it, with the body. Each line is on
the disk (fsync) before anything else happens. A broken connection, 409 or 503 is tried again with the same key until there
is an answer. SIGTERM ends it after the calls that run. `judge` reads the files and the tables and counts what does not fit.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from futurisys.embedded_programs import die_with_parent

MODEL = "iris"
IRIS = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
SIZES = [1] * 16 + [3] * 3 + [60]  # rows of a call; the last is stored by COPY
PAUSE = 0.05  # seconds before the next attempt
SEED = 6_261_121


# --- the client ------------------------------------------------------------------------------------------


class Client(threading.Thread):
    """One connection, one file."""

    def __init__(self, number: int, options: argparse.Namespace, token: str, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}")
        self.chosen, self.stop, self.token = random.Random(f"{options.seed}-{number}"), stop, token
        self.place = urlsplit(options.address)
        self.journal = (Path(options.folder) / f"{number}.jsonl").open("a")
        self.calls, self.points = options.calls, options.crash
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        """Call until told to stop; a call that was begun is brought to its end."""
        while not self.stop.is_set() and self.calls != 0:
            self.calls -= 1
            key, rows = f"oracle-{uuid.UUID(int=self.chosen.getrandbits(128))}", self._rows()
            self._write({"said": "sent", "key": key, "trace": trace_of(key), "rows": rows})
            self._call(key, rows)

    def _rows(self) -> list[dict[str, float]]:
        def flower() -> dict[str, float]:
            return {name: round(value * self.chosen.uniform(0.6, 1.8), 2) for name, value in IRIS.items()}

        return [flower() for _ in range(self.chosen.choice(SIZES))]

    def _call(self, key: str, rows: list[dict[str, float]]) -> None:
        before: list[str] = []
        point = self.chosen.choice(self.points) if self.points else ""
        while True:
            status, replayed, body = self._ask(key, rows, {} if before or not point else {"X-Crash": point})
            if status == 200 or status not in {0, 409, 503}:
                said = "acknowledged" if status == 200 else "refused"
                told = {"said": said, "key": key, "status": status, "replayed": replayed, "point": point, "body": body}
                self._write(told | {"before": before, "at": time.time()})
                return
            before.append(str(status or "broken"))
            time.sleep(PAUSE)

    def _ask(self, key: str, rows: list[dict[str, float]], more: dict[str, str]) -> tuple[int, bool, Any]:
        """Status, whether it is a replay, and the body; status 0 when the connection broke."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json", "Idempotency-Key": key}
        headers |= {"traceparent": f"00-{trace_of(key)}-00f067aa0ba902b7-01"} | more
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.place.hostname or "", self.place.port, timeout=60)
            text = json.dumps({"inputs": rows})
            self.connection.request("POST", f"/api/v1/models/{MODEL}/predict", text, headers)
            answer = self.connection.getresponse()
            content = answer.read()
            return answer.status, answer.headers.get("Idempotent-Replayed") == "true", json.loads(content)
        except (OSError, http.client.HTTPException, ValueError):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return 0, False, None

    def _write(self, line: dict[str, Any]) -> None:
        self.journal.write(json.dumps(line, separators=(",", ":")) + "\n")
        self.journal.flush()
        os.fsync(self.journal.fileno())


def trace_of(key: str) -> str:
    """Stored with each row of a call, so that a row is known for the call's even where its key is missing."""
    return key.removeprefix("oracle-").replace("-", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Call until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--calls", type=int, default=-1, help="of each client; without a number until SIGTERM")
    parser.add_argument("--crash", nargs="*", help="where the first attempt of a call kills its worker: faulty_wsgi.py")
    parser.add_argument("--seed", type=int, default=SEED)
    options, stop = parser.parse_args(arguments), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clients = [Client(number, options, os.environ["ORACLE_TOKEN"], stop) for number in range(options.clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return 0


# --- beside it -------------------------------------------------------------------------------------------


class Oracle:
    """The client as a process, as who harms the service sees it. A context manager."""

    def __init__(
        self, address: str, token: str, folder: Path, *, clients: int = 8, seed: int = SEED, more: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--address", address, "--folder", str(folder), "--clients", str(clients), "--seed", str(seed), *more]
        self._command = [sys.executable, "-m", "benchmarks.oracle", *options]
        self._environment = os.environ | {"ORACLE_TOKEN": token}
        self._process: subprocess.Popen[bytes] | None = None
        self._read: dict[Path, int] = {}
        self._count = 0

    def __enter__(self) -> "Oracle":
        root = Path(__file__).resolve().parent.parent
        self._process = subprocess.Popen(
            self._command,
            cwd=root,
            env=self._environment,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(60)
        self._process.kill()
        self._process.wait()

    def acknowledged(self) -> int:
        """How many calls were answered so far."""
        for path in self.folder.glob("*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                new = file.read()
            self._read[path] = self._read.get(path, 0) + len(new)
            self._count += new.count(b'"said":"acknowledged"')  # written in one piece
        return self._count

    def finish(self, *, seconds: float) -> None:
        """Until it ends by itself, all of its calls being made. Raises TimeoutError."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.acknowledged()} answers came within {seconds:.0f} s.") from None

    def wait_for(self, more: int, *, seconds: float = 120) -> None:
        """Until so many more were answered. Raises TimeoutError."""
        wanted, deadline = self.acknowledged() + more, time.monotonic() + seconds
        while self.acknowledged() < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._count} of {wanted} answers came within {seconds:.0f} s.")
            time.sleep(0.02)


# --- the verdict -----------------------------------------------------------------------------------------


@dataclass
class Verdict:
    """What the journals say, and what of it the tables do not. All but the first line must be 0."""

    sent: int = 0
    acknowledged: int = 0
    rows: int = 0
    replayed: int = 0
    again: dict[str, int] = field(default_factory=dict)  # attempts that came to nothing, by what happened
    missing: int = 0  # acknowledged rows that are not stored
    different: int = 0  # acknowledged rows that are stored with another content
    doubled: int = 0  # calls stored twice, or under two keys
    half: int = 0  # calls of which only some rows are stored, or whose key has no rows
    strangers: int = 0  # stored rows that nobody asked for
    refused: int = 0  # calls answered by another status than they may be

    @property
    def faults(self) -> int:
        """How much is wrong."""
        return self.missing + self.different + self.doubled + self.half + self.strangers + self.refused

    @property
    def bound(self) -> float:
        """With 95 % certainty at most this share of acknowledged calls is lost, none having been (3/n)."""
        return 3 / self.acknowledged if self.acknowledged else 1.0

    def entry(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self) | {"faults": self.faults, "bound": round(self.bound, 6)}


ROWS = """
SELECT trace_id, id::text, request_id::text, row, inputs, outputs, label, score, created_at
FROM predictions_prediction ORDER BY id
"""
Stored = tuple[Any, ...]


def judge(folder: Path, database: str, others: Iterable[Path] = ()) -> Verdict:
    """Compare the journals of a folder with the tables. Nobody else may have asked but the clients of `others`."""
    sent, told = _journals(folder)
    elsewhere = {key for other in others for key in _journals(other)[0]}
    by_trace: dict[str, list[Stored]] = defaultdict(list)
    with psycopg.connect(database) as connection:
        for trace, *row in connection.execute(ROWS):
            by_trace[trace].append(tuple(row))
        keys = connection.execute("SELECT key, request_id::text, rows FROM predictions_idempotencykey").fetchall()
    kept = {key: (request, rows) for key, request, rows in keys}
    found = Verdict(sent=len(sent), again=dict(Counter(each for line in told.values() for each in line["before"])))
    found.doubled += len(keys) - len(kept)
    known = set(map(trace_of, sent.keys() | elsewhere))
    found.strangers = sum(len(rows) for trace, rows in by_trace.items() if trace not in known)
    found.strangers += len(kept.keys() - sent.keys() - elsewhere)
    for key, rows in sent.items():
        _judge_call(found, rows, told.get(key), by_trace.get(trace_of(key), []), kept.get(key))
    return found


def repeated(folder: Path) -> dict[str, Any]:
    """What became of calls whose first attempt was to kill its worker: by place, how many were new, how many replays.

    `unharmed`: how many were answered at the first attempt.
    """
    crashes: dict[str, dict[str, int]] = {}
    unharmed = 0
    for line in _journals(folder)[1].values():
        if point := line["point"]:
            how = "replay" if line["replayed"] else "new"
            crashes.setdefault(point, {"new": 0, "replay": 0})[how] += 1
            unharmed += not line["before"]
    return {"crashes": crashes, "unharmed": unharmed}


def _journals(folder: Path) -> tuple[dict[str, list[dict[str, float]]], dict[str, dict[str, Any]]]:
    """Key -> the rows that were sent; key -> the last line about it."""
    sent, told = {}, {}
    for line in _lines(folder):
        if line["said"] == "sent":
            sent[line["key"]] = line["rows"]
        else:
            told[line["key"]] = line
    return sent, told


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.jsonl")):
        with path.open() as file:
            yield from map(json.loads, file)


def _judge_call(
    found: Verdict,
    asked: list[dict[str, float]],
    line: dict[str, Any] | None,
    stored: list[Stored],
    key: tuple[str, int] | None,
) -> None:
    """Count what is wrong with one call."""
    calls = {row[1] for row in stored}
    found.doubled += len(calls) > 1
    if stored or key:
        whole = len(stored) == len(asked) * len(calls) and key is not None and key == (stored[0][1], len(asked))
        found.half += not whole
    if line is None:  # nobody knows: stored or not, both are right
        return
    if line["said"] == "refused":
        found.refused += 1
        return
    found.acknowledged += 1
    found.rows += len(asked)
    found.replayed += line["replayed"]
    body, rows = line["body"], {row[0]: row for row in stored}
    found.different += len(body["predictions"]) != len(asked)
    for place, answer in enumerate(body["predictions"]):
        row = rows.get(answer["id"])
        found.missing += row is None
        found.different += row is not None and not _is_as_told(body, answer, asked[place], row)


def _is_as_told(body: dict[str, Any], answer: dict[str, Any], asked: dict[str, float], row: Stored) -> bool:
    _, request, number, inputs, outputs, label, score, created_at = row
    told = body["request_id"], answer["row"], asked, answer["label"], answer["score"]
    same = told == (request, number, inputs, label, score)
    same = same and all(answer[name] == value for name, value in outputs.items())
    return same and (number > 0 or datetime.fromisoformat(body["created_at"]) == created_at)


if __name__ == "__main__":
    sys.exit(main())
