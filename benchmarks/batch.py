"""A file of a million rows through the wizard's back end, and through a bare script: `make batch`.

    python benchmarks/batch.py [--json] [--rows 1000000] [--rounds 3] [--only-ours]

A PostgreSQL server of its own, the worker as `make run` starts it, a file of a key and 29 columns. Ours: receive the
file, suggest the columns, check every row, run it, close it. Theirs (peer/batch.py): read, predict, COPY into the same
table, one process, nothing checked. They take turns; the table is emptied before each. `ratio` is our rows per second
by theirs, everything from the first byte to "done" counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import psycopg

from benchmarks import machine, models
from benchmarks.load import BadRun
from benchmarks.pages import instance
from benchmarks.services import ROOT
from futurisys.supervisor import Failed, Stopped, Supervisor

FOLDER = ROOT / "var" / "benchmarks" / "batch"
KEY, USER, MODEL = "employee", "benchmark", "linear"
BLOCK = 100_000  # people made up at once
PATIENCE = 3_600
Entry = dict[str, Any]
Say = Callable[[str], None]


def write_file(path: Path, rows: int) -> None:
    """A CSV file of a key and the model's 29 columns; a file that is there already stays."""
    if path.exists():
        return
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        for start in range(0, rows, BLOCK):
            people = models.employees(min(BLOCK, rows - start), seed=start + 11)
            people.insert(0, KEY, [f"E{number:08}" for number in range(start, start + len(people))])
            people.to_csv(file, index=False, header=start == 0)
    part.rename(path)


@contextmanager
def served(say: Say) -> Iterator[tuple[str, Supervisor]]:
    """The database with the model in charge, and a worker at work; yields the owner's address and the supervisor."""
    with instance(FOLDER / "instance", keep=False, durable=True) as owner:
        say("training, publishing, importing and promoting the model")
        _put_in_charge()
        with Supervisor(FOLDER / "log", cwd=ROOT) as supervisor:
            quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
            command = [sys.executable, "-m", "celery", "-A", "futurisys", "worker", "-B", "--concurrency", "2", *quiet]
            supervisor.start("worker", [*command, "--schedule-filename", str(FOLDER / "schedule")])
            yield owner, supervisor


def _put_in_charge() -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    models.repository(MODEL, rows=1470, trees=1).write(FOLDER / "instance" / MODEL)
    User.objects.create_superuser(USER)
    place = ["--repo", f"benchmarks/{MODEL}", "--endpoint", "loopback"]
    with Path(os.devnull).open("w") as quiet:
        call_command("publish_model", str(FOLDER / "instance" / MODEL), *place, "--no-check", stdout=quiet)
        call_command("track_model", MODEL, *place, stdout=quiet)
        call_command("sync_models", MODEL, stdout=quiet)
        call_command("promote", MODEL, "--reason", "It is measured.", "--by", USER, stdout=quiet)


def emptied(owner: str) -> None:
    """Neither side begins with the rows of the one before, or with its unwritten pages."""
    with psycopg.connect(owner, autocommit=True) as connection:
        # The trigger that refuses this is for everybody but a superuser who says so.
        connection.execute("SET session_replication_role = replica")
        connection.execute("TRUNCATE predictions_prediction, predictions_batch CASCADE")
        connection.execute("CHECKPOINT")


class Memory(threading.Thread):
    """The most megabytes that each process held: this one receives the file, as a web process does."""

    def __init__(self, worker: int) -> None:
        super().__init__(daemon=True)
        self.worker, self.ended = worker, threading.Event()
        self.most: dict[str, float] = {}

    def run(self) -> None:
        """Look every second."""
        while not self.ended.wait(1):
            self._look("web", os.getpid())
            self._look("worker", self.worker)
            for number in machine.descendants(self.worker):
                self._look("worker's child", number)

    def _look(self, name: str, pid: int) -> None:
        try:
            self.most[name] = max(self.most.get(name, 0), machine.megabytes(pid))
        except (OSError, ValueError):
            return  # it has ended


def ours(file: Path, supervisor: Supervisor) -> Entry:
    """Seconds of each step of one run. Raises BadRun."""
    from django.contrib.auth.models import User

    from predictions.batches import intake, mapping, verbs
    from predictions.models import Batch
    from registry import serving

    by, begun = User.objects.get(username=USER), time.perf_counter()
    champion = serving.champion(MODEL)
    with file.open("rb") as content:
        batch = intake.receive(file=content, name=file.name, model=champion.model, by=by, language="en")
    received = time.perf_counter()
    found = mapping.suggest(batch.headings, champion.signature)
    verbs.start_check(batch=batch, mapping=found, dataset=None, by=by)
    checked = _until(batch, Batch.Status.CHECKED, supervisor)
    verbs.submit(batch=batch, by=by)
    done = _until(batch, Batch.Status.DONE, supervisor)
    steps = {"receive": received - begun, "check": checked - received, "run": done - checked, "total": done - begun}
    return {name: round(seconds, 2) for name, seconds in steps.items()} | {"rows": batch.rows}


def _until(batch: Any, status: str, supervisor: Supervisor) -> float:
    deadline = time.monotonic() + PATIENCE
    while True:
        batch.refresh_from_db()
        if batch.status == status:
            return time.perf_counter()
        if batch.is_over or time.monotonic() > deadline:
            raise BadRun(f"The batch is {batch.status} and not {status}: {batch.reason}")
        supervisor.check()
        time.sleep(0.2)


def theirs(file: Path, owner: str) -> Entry:
    """What the bare script says of one run; it writes the same table. Raises BadRun."""
    from django.contrib.auth.models import User

    from registry import artifacts, serving

    champion = serving.champion(MODEL)
    graph = FOLDER / "graph.onnx"
    graph.write_bytes(artifacts.read(champion.version, "model.converted.onnx") or b"")
    assert champion.entry is not None
    shared = {
        "version_id": str(champion.version.pk),
        "ledger_entry_id": str(champion.entry.pk),
        "user_id": str(User.objects.get(username=USER).pk),
        "source": "batch",
        "warnings": "[]",
        "trace_id": "",
        "duration": "0",
        "salt": "",
        "digest": "",
    }
    script = [sys.executable, str(ROOT / "benchmarks" / "peer" / "batch.py"), str(file), str(graph)]
    options = ["--database", owner, "--table", "predictions_prediction", "--shared", json.dumps(shared)]
    done = subprocess.run([*script, *options], check=False, capture_output=True, text=True)
    if done.returncode:
        raise BadRun(f"The bare script failed: {done.stderr[-2000:]}")
    found: Entry = json.loads(done.stdout)
    return found


def measured(options: argparse.Namespace, say: Say) -> Entry:
    """All rounds, their medians, and the ratio."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"employees-{options.rows}.csv"
    say(f"making up {options.rows:,} people")
    write_file(file, options.rows)
    runs: list[Entry] = []
    bare: list[Entry] = []
    with served(say) as (owner, supervisor):
        memory = Memory(supervisor.children[0].process.pid)
        memory.start()
        for number in range(options.rounds):
            if not options.only_ours:
                emptied(owner)
                bare.append(theirs(file, owner))
                say(f"round {number + 1}, bare script: {bare[-1]}")
            emptied(owner)
            runs.append(ours(file, supervisor))
            say(f"round {number + 1}, ours: {runs[-1]}")
        memory.ended.set()
    return _entry(options, runs, bare, memory.most)


def _entry(options: argparse.Namespace, runs: list[Entry], bare: list[Entry], memory: dict[str, float]) -> Entry:
    seconds = {step: statistics.median(run[step] for run in runs) for step in ("receive", "check", "run", "total")}
    found: Entry = {
        "machine": machine.name(),
        "rows": options.rows,
        "columns": 30,
        "rounds": options.rounds,
        "seconds": seconds,
        "rows_per_second": round(options.rows / seconds["total"]),
        "most_megabytes": memory,
        "runs": runs,
    }
    if bare:
        other = statistics.median(run["seconds"] for run in bare)
        found |= {"bare_seconds": other, "bare_rows_per_second": round(options.rows / other)}
        found |= {"ratio": round(other / seconds["total"], 2), "bare_runs": bare}
    return found


def table(found: Entry) -> str:
    """The same for a person."""
    steps = ", ".join(f"{name} {value:.1f} s" for name, value in found["seconds"].items())
    memory = ", ".join(f"{name} {value:.0f} MB" for name, value in found["most_megabytes"].items())
    lines = [
        f"{found['machine']}; {found['rows']:,} rows x {found['columns']} columns, medians of {found['rounds']} rounds",
        f"ours         {found['rows_per_second']:>9,} rows/s   ({steps})",
    ]
    if "ratio" in found:
        lines.append(f"bare script  {found['bare_rows_per_second']:>9,} rows/s   ({found['bare_seconds']:.1f} s)")
        lines.append(f"ratio        {found['ratio']:>9.2f}")
    return "\n".join([*lines, f"at most      {memory}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="A large file against a bare script.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-ours", action="store_true", help="for the memory of a larger file")
    options, begun = parser.parse_args(arguments), time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - begun:6.1f} s] {what}", file=sys.stderr, flush=True)

    try:
        found = measured(options, say)
    except (BadRun, Failed) as error:
        print(error, file=sys.stderr)
        return 1
    except Stopped:
        return 130
    print(json.dumps(found, indent=2) if options.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
