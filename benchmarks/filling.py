"""An instance as a company would have it after a year: people of every role, two models, many records, many answers.

A few hundred answers are made by the product itself; the others are copies of those with numbers, people, records and
times of their own, inserted by the server in bulk. Django must be set up.
"""

import csv
import io
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from benchmarks.filling_facts import facts
from benchmarks.services import ROOT
from futurisys.accounts import roles
from predictions import actions
from predictions.listing import columns
from predictions.models import Dataset, Prediction, Record, Source
from registry import serving
from registry.models import RegisteredModel

EXAMPLES = ("iris", "attrition")
DATASET = "employees"
KEY = "id_employee"
CALLS = (1_000, 5_000)  # records of the larger calls
EXPLAINED = 20
FAILURES = 0.01  # for each answer
# Who looks at pages. "business" asked every second question, "newcomer" none.
PEOPLE = {
    "business": roles.BUSINESS_USER,
    "newcomer": roles.BUSINESS_USER,
    "decider": roles.DECISION_MAKER,
    "manager": roles.MODEL_MANAGER,
    "approver": roles.APPROVER,
    "auditor": roles.AUDITOR,
    "admin": roles.ADMINISTRATOR,
}
COLLEAGUES = 20

# Keys go on where those of the file end; who is older, better paid and further away differs.
RECORDS = """
INSERT INTO predictions_record (dataset_id, key, data, search, created_at, updated_at)
SELECT dataset_id, number::text, data || jsonb_build_object(
        %(key)s::text, number, 'age', 18 + (hashint4(number) & 65535) %% 43,
        'revenu_mensuel', 1000 + (hashint4(number + 1) & 65535) %% 19000),
    replace(search, key, number::text), now(), now()
FROM (SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM predictions_record) AS known
JOIN generate_series(%(first)s::int, %(last)s::int) AS number ON known.place = number %% %(known)s
"""
# A number begins with its millisecond, as a UUIDv7 does; "far" makes neighbours differ in everything else.
ANSWERS = """
INSERT INTO {table} (id, request_id, created_at, row, user_id, record_id, key, {kept})
SELECT made.id, made.id, moment, 0, CASE WHEN far %% 2 = 0 THEN %(business)s ELSE %(others)s[1 + far / 2 %% %(count)s] END,
    record.id, COALESCE(record.key, ''), {kept}
FROM (
    SELECT *, (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || substr(tail, 1, 3) || '8'
        || substr(tail, 4, 15))::uuid AS id
    FROM (
        SELECT number, hashint8(number)::bigint & 2147483647 AS far, md5(number::text) AS tail,
            now() - interval '1 hour' - (%(last)s - number) * interval '400 days' / %(last)s AS moment
        FROM generate_series(1, %(last)s) AS number
    ) AS made
) AS made
JOIN template ON template.place = far / 2 %% (SELECT count(*) FROM template)
LEFT JOIN predictions_record AS record
    ON by_record AND far / 64 %% 5 < 2 AND record.id = %(first)s + (far / 320) %% %(records)s
"""
TEMPLATE = """
CREATE TEMP TABLE template AS
SELECT row_number() OVER (ORDER BY prediction.id) - 1 AS place, model.name = 'attrition' AS by_record, {columns}
FROM predictions_prediction AS prediction JOIN registry_modelversion AS version ON version.id = prediction.version_id
JOIN registry_registeredmodel AS model ON model.id = version.model_id
"""
KEPT = ["salt", "digest", "version_id", "ledger_entry_id", "inputs", "warnings", "source", "trace_id", "duration"]
ANSWERED = [*KEPT, "outputs", "label", "score", "explanation"]
FAILED = [*KEPT, "kind", "reason"]


@dataclass(frozen=True)
class Size:
    """How much there is."""

    answers: int
    records: int


def fill(database: str, size: Size, folder: Path) -> None:
    """Everything, in a migrated database whose owner's address is `database`; models are trained into `folder`."""
    people()
    models(folder)
    records(database, size, folder / "attrition" / "test_set.csv")
    asked(folder / "iris" / "test_set.csv")
    answers(database, size)
    calls()
    facts(database)


def people() -> None:
    """One of each role, and colleagues who ask."""
    for name, role in PEOPLE.items():
        is_staff = role in (roles.AUDITOR, roles.ADMINISTRATOR)
        user = User.objects.create_user(name, is_staff=is_staff, is_superuser=role == roles.ADMINISTRATOR)
        user.groups.add(Group.objects.get(name=role))
    for number in range(COLLEAGUES):
        User.objects.create_user(f"colleague{number}").groups.add(Group.objects.get(name=roles.BUSINESS_USER))


def models(folder: Path, names: Sequence[str] = EXAMPLES) -> None:
    """Trained, published, imported and put in charge by the real commands."""
    for name in names:
        command = [sys.executable, ROOT / "examples" / name / "train.py", "--out", folder / name]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        published(name, folder, *(["--default"] if name == "attrition" else []))


def published(name: str, folder: Path, *options: str) -> None:
    """The next version of a model, from the folder that holds it by its name; `options`: how it is tracked first."""
    where = ["--repo", f"benchmarks/{name}", "--endpoint", "loopback"]
    _command("publish_model", str(folder / name), *where, "--no-check")
    if not RegisteredModel.objects.filter(name=name).exists():
        _command("track_model", name, *where, *options)
    _command("sync_models", name)
    _command("promote", name, "--reason", "Its pages are measured.", "--by", "admin")


def _command(*arguments: str) -> None:
    call_command(*arguments, stdout=io.StringIO())


def records(database: str, size: Size, file: Path) -> None:
    """The example's own employees, and as many more as are wanted."""
    _command(
        "import_records",
        str(file),
        "--dataset",
        DATASET,
        "--title",
        "Employees",
        "--model",
        "attrition",
        "--by",
        "admin",
    )
    known = Record.objects.count()
    taken = max(int(key) for key in Record.objects.values_list("key", flat=True))
    with psycopg.connect(database) as connection:
        values = {"key": KEY, "known": known, "first": taken + 1, "last": taken + size.records - known}
        connection.execute(RECORDS, values)
    Dataset.objects.update(size=Record.objects.count())
    columns.rebuild(Dataset.objects.get())


def asked(flowers: Path) -> None:
    """What the others are copies of: records through the table, some alone with reasons, and flowers by the API."""
    found = list(Record.objects.order_by("pk")[:300])
    _ask_about("business", found, source=Source.RECORDS)
    for record in found[:EXPLAINED]:
        _ask_about("business", [record], source=Source.FORM, explain=True)
    with flowers.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    _ask("business", "iris", rows, source=Source.API)


def _ask_about(name: str, found: Sequence[Record], **how: Any) -> None:
    _ask(name, "attrition", [record.data for record in found], records=[record.pk for record in found], **how)


def _ask(name: str, model: str, rows: Sequence[dict[str, Any]], **how: Any) -> None:
    features = serving.champion(model).signature.features
    columns = {feature.name: [row[feature.name] for row in rows] for feature in features}
    actions.predict(model=model, columns=columns, rows=len(rows), by=User.objects.get(username=name), **how)


def answers(database: str, size: Size) -> None:
    """Copies over the last 400 days, and one failure for a hundred of them."""
    wanted = User.objects.exclude(username__in=["business", "newcomer"]).values_list("pk", flat=True)
    values = {
        "business": User.objects.get(username="business").pk,
        "others": list(wanted),
        "count": len(wanted),
        "first": Record.objects.order_by("pk").values_list("pk", flat=True)[0],
        "records": size.records,
    }
    with psycopg.connect(database) as connection:
        columns = ", ".join(f"prediction.{name}" for name in ANSWERED)
        connection.execute(TEMPLATE.format(columns=columns))
        connection.execute("ALTER TABLE template ADD kind text DEFAULT 'deadline', ADD reason text DEFAULT 'Too late.'")
        last = max(1, size.answers - Prediction.objects.count() - sum(CALLS))
        for table, kept, count in (
            ("predictions_prediction", ANSWERED, last),
            ("predictions_predictionfailure", FAILED, max(1, int(last * FAILURES))),
        ):
            connection.execute(ANSWERS.format(table=table, kept=", ".join(kept)), values | {"last": count})


def calls() -> None:
    """Large calls, the newest answers of all."""
    for rows in CALLS:
        found = list(Record.objects.order_by("-pk")[:rows])
        _ask_about("decider", found, source=Source.RECORDS)
