"""A worker that is killed at random while it runs a file, and what must come of it: one outcome for every row.

Used by the long form (batch_kills.py) and by the short one in the suite. Django must be set up.
"""

import contextlib
import csv
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kombu import Connection

from benchmarks import machine
from benchmarks.load import BadRun
from benchmarks.proxies import PASS, REFUSE, Proxy
from benchmarks.services import ROOT
from futurisys.embedded_programs import die_with_parent

IRIS = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
HEADINGS = ["flower", *IRIS]
MAPPING = {"fields": {name: HEADINGS.index(name) for name in IRIS}, "key": 0}
BAD = 97  # each row whose number it divides cannot be read
START_SECONDS = 90

# The same for the same rows in any order; a row more, or one less, or another answer changes it. Two runtimes of one
# graph may differ in the last digits with the size of a call, so scores are compared to nine.
DIGEST = """
SELECT md5(string_agg(told, ',' ORDER BY told)), count(*), count(DISTINCT told),
    (SELECT count(*) FROM {rejected} WHERE batch_id = %(batch)s)
FROM (
    SELECT key || ':' || label || ':' || round(score::numeric, 9) AS told FROM {answers} WHERE batch_id = %(batch)s
    UNION ALL SELECT 'rejected ' || line || ':' || errors FROM {rejected} WHERE batch_id = %(batch)s
) AS outcomes
"""


def flowers(rows: int, seed: int) -> bytes:
    """A CSV file of flowers that differ, some of them with a word for a number."""
    chosen, text = random.Random(seed), io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for number in range(rows):
        values = [round(value * chosen.uniform(0.6, 1.8), 2) for value in IRIS.values()]
        writer.writerow([f"F-{number}", *values] if number % BAD else [f"F-{number}", "tall", *values[1:]])
    return text.getvalue().encode()


@dataclass(frozen=True)
class Outcome:
    """What is stored of a batch. `outcomes`: answers and rejected rows together; `different`: without doubles."""

    status: str
    digest: str
    outcomes: int
    different: int
    rejected: int
    resumed: int

    def is_as(self, other: "Outcome") -> bool:
        """Whether both runs came to the same end."""
        return (self.status, self.digest, self.outcomes) == (other.status, other.digest, other.outcomes)


def outcome(batch: Any) -> Outcome:
    """Read it from the tables themselves."""
    from django.db import connection

    batch.refresh_from_db()
    with connection.cursor() as cursor:
        tables = {"answers": "predictions_prediction", "rejected": "predictions_rejectedrow"}
        cursor.execute(DIGEST.format(**tables), {"batch": batch.pk})
        return Outcome(batch.status, *cursor.fetchone(), batch.resumed)


class Worker:
    """A Celery worker with two processes. `way`: what its messages come through, `app`: the Celery application."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, *, way: Proxy | None = None, app: str = "futurisys"
    ) -> None:
        self.environment, self.log, self.way, self.app = dict(environment), log, way, app
        self.main: subprocess.Popen[bytes] | None = None
        self.sessions: list[int] = []

    def start(self) -> None:
        """Begin; whoever it was before is over."""
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        command = [sys.executable, "-m", "celery", "-A", self.app, "worker", "--concurrency", "2", *quiet]
        with self.log.open("ab") as log:
            self.main = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            )
        self.sessions.append(self.main.pid)

    def children(self) -> list[int]:
        """The processes of its pool."""
        assert self.main is not None
        return machine.children(self.main.pid)

    def kill_child(self, chosen: random.Random) -> bool:
        """SIGKILL one of its processes, wherever it is; False when there is none."""
        known = self.children()
        if not known:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(chosen.choice(known), signal.SIGKILL)
        return True

    def kill(self) -> None:
        """SIGKILL the main process alone: its children find out by themselves, as they would."""
        assert self.main is not None
        self.main.kill()
        self.main.wait()

    def cut(self) -> None:
        """End its connections to the broker, which is away for a second."""
        assert self.way is not None
        self.way.mode = REFUSE
        time.sleep(1)
        self.way.mode = PASS

    def purge(self) -> None:
        """Empty the broker, as FLUSHALL does."""
        from futurisys.celery import app

        url = self.environment.get("CELERY_BROKER_URL", "pgmq://")
        with app.connection_for_write() if url == "pgmq://" else Connection(url) as connection:
            connection.default_channel.queue_purge("futurisys")

    def stop(self) -> None:
        """End all of it."""
        if self.main is None:
            return
        self.main.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.main.wait(45)
        for session in self.sessions:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(session, signal.SIGKILL)  # nobody else is in them
        self.main.wait()

    def tail(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-3000:]


KINDS = ("child_kills", "main_kills", "purges", "cuts")


@dataclass
class Harm:
    """What is to be done to a worker, and what was done."""

    child_kills: int = 0
    main_kills: int = 0
    purges: int = 0
    cuts: int = 0
    pause: tuple[float, float] = (0.2, 1.2)  # seconds between two of them
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def next(self, chosen: random.Random) -> str:
        """The next thing to do, "" when everything was done."""
        left = [name for name, count in self.done.items() for _ in range(getattr(self, name) - count)]
        return chosen.choice(left) if left else ""

    def do(self, what: str, worker: Worker, chosen: random.Random) -> None:
        """Do it."""
        if what == "child_kills" and not worker.kill_child(chosen):
            return  # it is just being started
        if what == "main_kills":
            worker.kill()
            worker.start()
        if what == "purges":
            worker.purge()
        if what == "cuts":
            worker.cut()
        self.done[what] += 1


def begun(file: bytes, by: Any, model: Any, worker: Worker, sweep: Callable[[], None]) -> Any:
    """A checked file that runs from now on."""
    from predictions.batches import intake, verbs
    from predictions.models import Batch

    batch = intake.receive(file=io.BytesIO(file), name="flowers.csv", model=model, by=by, language="en")
    verbs.start_check(batch=batch, mapping=MAPPING, dataset=None, by=by)
    for _ in watched(batch, worker, sweep, until={Batch.Status.CHECKED}, seconds=START_SECONDS + len(file) / 100_000):
        pass
    verbs.submit(batch=batch, by=by)
    return batch


def run(
    batch: Any, worker: Worker, harm: Harm, chosen: random.Random, sweep: Callable[[], None], seconds: float
) -> float:
    """Let the file be run while the worker is harmed; how many seconds it took. Raises BadRun when it does not end."""
    from predictions.models.batch import OVER

    start = time.monotonic()
    due = start + chosen.uniform(*harm.pause)
    for _ in watched(batch, worker, sweep, until=OVER, seconds=seconds):
        if time.monotonic() > due and _is_busy() and (what := harm.next(chosen)):
            harm.do(what, worker, chosen)
            due = time.monotonic() + chosen.uniform(*harm.pause)
    return time.monotonic() - start


def _is_busy() -> bool:
    """Whether somebody took a piece a moment ago: killing the idle proves little."""
    from datetime import timedelta

    from django.utils import timezone

    from predictions.batches import turns

    return turns.was_served(since=timezone.now() - timedelta(seconds=0.3))


def watched(
    batch: Any, worker: Worker, sweep: Callable[[], None], *, until: set[str], seconds: float, every: float = 1.0
) -> Iterator[None]:
    """Look at a batch ten times a second until it is in one of these states; `sweep` stands for the beat.

    Raises BadRun when that takes too long, or its worker has ended by itself.
    """
    deadline, sweep_at = time.monotonic() + seconds, 0.0
    while True:
        batch.refresh_from_db(fields=["status", "reason"])
        if batch.status in until:
            return
        if time.monotonic() > deadline or batch.is_over or (worker.main and worker.main.poll() is not None):
            raise BadRun(f"The batch is {batch.status}: {batch.reason} {worker.tail()}")
        if time.monotonic() > sweep_at:
            sweep_at = time.monotonic() + every
            sweep()
        yield
        time.sleep(0.1)
