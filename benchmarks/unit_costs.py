"""What one prediction costs, by the piece: what docs/scaling.md multiplies.

    python -m benchmarks.unit_costs [--json] [--calls 400] [--rows 60000]

One process, the attrition example (27 columns), a durable PostgreSQL server of its own. CPU is that of the processes
themselves, the web's (through every middleware, as a WSGI server calls it) and its PostgreSQL session's: other work on
the machine makes it a little more, and does not count. WAL and bytes are PostgreSQL's own figures, a checkpoint before.
"""

import argparse
import csv
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.pages import instance

Entry = dict[str, Any]
WAL = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
# A table and its partitions, with indexes and what is stored out of line.
BYTES = """
SELECT sum(pg_total_relation_size(relid)), sum(pg_table_size(relid))
FROM pg_partition_tree('predictions_prediction') WHERE isleaf
"""


class Meter:
    """Reads what was spent: CPU of this process and of its database session, and WAL."""

    def __init__(self, owner: str) -> None:
        import psycopg
        from django.db import connection

        self._other = psycopg.connect(owner, autocommit=True)  # whose own reading is not counted
        connection.ensure_connection()
        self._session = connection.connection.info.backend_pid

    def spent(self, work: Callable[[], object]) -> tuple[float, float, int]:
        """Seconds of CPU here, there, and bytes of WAL."""
        self._other.execute("CHECKPOINT")
        time.sleep(0.3)
        wal, there, here = self._wal(), machine.cpu_seconds(self._session), time.process_time()
        work()
        here, there = time.process_time() - here, machine.cpu_seconds(self._session) - there
        return here, there, self._wal() - wal

    def _wal(self) -> int:
        return int(self._other.execute(WAL).fetchone()[0])  # type: ignore[index]

    def table(self) -> tuple[int, int]:
        """Bytes of the answers: all, and without indexes."""
        all_of_it, without = self._other.execute(BYTES).fetchone()  # type: ignore[misc]
        return int(all_of_it), int(without)


def employees(folder: Path) -> list[dict[str, str]]:
    """Rows of the example's own test set, as the model takes them."""
    from registry import serving

    names = [feature.name for feature in serving.champion("attrition").signature.features]
    with (folder / "attrition" / "test_set.csv").open() as file:
        return [{name: row[name] for name in names} for row in csv.DictReader(file)]


def calling(rows: Sequence[dict[str, str]], at_once: int) -> Callable[[int], None]:
    """`call(n)`: so many calls of the API, each for so many rows."""
    from django.contrib.auth.models import User
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory
    from knox.models import AuthToken

    handler, factory = WSGIHandler(), RequestFactory()
    key = AuthToken.objects.create(User.objects.get(username="business"))[1]
    inputs = [typed(row) for row in rows]
    bodies = [json.dumps({"inputs": inputs[at : at + at_once] if at_once > 1 else inputs[at]}) for at in range(100)]

    def call(count: int) -> None:
        for number in range(count):
            body = bodies[number % len(bodies)]
            request = factory.post(
                "/api/v1/models/attrition/predict",
                body,
                content_type="application/json",
                headers={"authorization": f"Token {key}"},
            )
            answer = handler(request.environ, lambda status, _headers: statuses.append(status))
            b"".join(answer)
            answer.close()
        assert set(statuses) == {"200 OK"}, statuses[-1]

    statuses: list[str] = []
    return call


def typed(row: dict[str, str]) -> dict[str, Any]:
    """The same with numbers as numbers."""
    found: dict[str, Any] = {}
    for name, text in row.items():
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = text
    return found


def file_of(rows: Sequence[dict[str, str]], count: int) -> bytes:
    """A CSV file of as many, one after the other."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows[number % len(rows)] for number in range(count))
    return text.getvalue().encode()


def batch(rows: Sequence[dict[str, str]], count: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """To check and to run a file, as one worker process does it."""
    from django.contrib.auth.models import User

    from predictions.batches import intake, running, verbs
    from predictions.models import Batch
    from registry.models import RegisteredModel

    by, model = User.objects.get(username="business"), RegisteredModel.objects.get(name="attrition")
    file = io.BytesIO(file_of(rows, count))
    kept = intake.receive(file=file, name="employees.csv", model=model, by=by, language="en")
    mapping = {"fields": {name: place for place, name in enumerate(rows[0])}, "key": None}
    verbs.start_check(batch=kept, mapping=mapping, dataset=None, by=by)

    def work(status: str) -> None:
        running.work(seconds=600)
        kept.refresh_from_db()
        assert kept.status == status, (kept.status, kept.reason)

    def run() -> None:
        verbs.submit(batch=kept, by=by)
        work(Batch.Status.DONE)

    return lambda: work(Batch.Status.CHECKED), run


def measured(options: argparse.Namespace, owner: str, folder: Path) -> Sequence[Entry]:
    """An entry for each way to ask."""
    from benchmarks import filling

    filling.people()
    filling.models(folder, ["attrition"])
    meter, rows, entries = Meter(owner), employees(folder), []
    for at_once, calls in ((1, options.calls), (100, options.calls // 8)):
        call = calling(rows * 3, at_once)
        call(60 if at_once == 1 else 10)
        web, there, wal = meter.spent(lambda call=call, calls=calls: call(calls))
        entries.append(_entry(f"API, {at_once} a call", calls, calls * at_once, web, there, wal))
    check, run = batch(rows, options.rows)
    entries.append(_entry("file, checked", 1, options.rows, *meter.spent(check)))
    before = meter.table()
    entries.append(_entry("file, run", 1, options.rows, *meter.spent(run)))
    grown, heap = (after - earlier for after, earlier in zip(meter.table(), before, strict=True))
    stored = {"bytes_a_row": round(grown / options.rows), "of_them_indexes": round((grown - heap) / options.rows)}
    return [*entries, {"what": "stored answers", "rows": options.rows, **stored}]


def _entry(what: str, calls: int, rows: int, web: float, there: float, wal: int) -> Entry:
    each = {"cpu_us_a_row": round(web / rows * 1e6, 1), "postgresql_us_a_row": round(there / rows * 1e6, 1)}
    return {"what": what, "calls": calls, "rows": rows, **each, "wal_bytes_a_row": round(wal / rows)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rows", type=int, default=60_000, help="of the file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="futurisys-costs-") as temporary:
        folder = Path(temporary)
        more = {"CELERY_BROKER_URL": "memory://"}
        with instance(folder / "instance", keep=False, durable=True, more=more) as owner:
            entries = [{"machine": machine.name()}, *measured(options, owner, folder)]
    print(json.dumps(entries, indent=2) if options.json else "\n".join(map(str, entries)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
