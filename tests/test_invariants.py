"""The four invariants of the house. Each test here was seen to fail with its invariant broken on purpose."""

import ast
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections, transaction
from django.test import Client

from futurisys.roles import fact_models
from predictions import actions
from predictions.models import IdempotencyKey, Prediction, Source
from registry.models import LedgerEntry, ModelVersion
from tests.worlds import IRIS, ROOT

BOTH = pytest.mark.django_db(databases=["default", "owner"], transaction=True)

# Fails when the transaction commits, as a full disk would: after the INSERT went well.
REFUSE_COMMIT = """
CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON predictions_prediction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_commit();
"""
ACCEPT_COMMIT = "DROP TRIGGER refuse_commit ON predictions_prediction; DROP FUNCTION refuse_commit();"


@contextmanager
def commits_fail() -> Iterator[None]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(REFUSE_COMMIT)
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(ACCEPT_COMMIT)


# 1. No record, no answer


@BOTH
@pytest.mark.parametrize("key", [None, "a-key"])
def test_api_shows_nothing_that_was_not_committed(
    iris: ModelVersion, analyst: User, token, client: Client, key
) -> None:
    headers = {"authorization": token(analyst)} | ({"idempotency-key": key} if key else {})
    with commits_fail():
        body = {"model": "iris", "inputs": IRIS}
        response = client.post("/api/v1/predict", body, "application/json", headers=headers)
    assert (response.status_code, response.json()["code"]) == (503, "not_recorded")
    assert b"setosa" not in response.content
    assert not Prediction.objects.exists()
    assert not IdempotencyKey.objects.exists()


@BOTH
def test_form_shows_nothing_that_was_not_committed(iris: ModelVersion, analyst: User, client: Client) -> None:
    client.force_login(analyst)
    with commits_fail():
        form = {f"x-{name}": value for name, value in IRIS.items()} | {"idempotency_key": "k"}
        response = client.post("/predict/iris/", form)
    assert response.status_code == 503
    assert "Location" not in response
    assert b"etosa" not in response.content


@BOTH
def test_many_rows_are_all_stored_or_none(iris: ModelVersion, analyst: User) -> None:
    columns = {name: [value] * 60 for name, value in IRIS.items()}
    with commits_fail(), pytest.raises(DatabaseError):
        actions.predict(model="iris", columns=columns, rows=60, source=Source.API, by=analyst)
    assert not Prediction.objects.exists()


# 2. No model pickle in a web process, nor in the worker itself

SERVE = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "futurisys.settings"
from futurisys.wsgi import application
from django.test import Client
token, row = sys.argv[1:]
answer = Client().post("/api/v1/predict", json.loads(row), "application/json", headers={"authorization": token})
assert answer.status_code == 200, answer.content
from django.contrib.auth.models import User
reader = Client()
reader.force_login(User.objects.get(username="analyst"))
for page in ("/", "/registry/", "/registry/iris/", "/registry/iris/versions/1/"):
    answer = reader.get(page)
    assert answer.status_code == 200, (page, answer.content)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
HEAVY = {"sklearn", "pandas", "scipy", "shap", "joblib", "skops", "skl2onnx", "cloudpickle"}
IN_THE_CHILD = "registry/importer/child/"


def test_web_process_that_served_has_not_loaded_a_model_library(
    iris: ModelVersion, analyst: User, token, database_environment: dict[str, str]
) -> None:
    row = json.dumps({"model": "iris", "inputs": IRIS, "explain": True})
    command = [sys.executable, "-c", SERVE, token(analyst), row]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=database_environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not (HEAVY | {"huggingface_hub"}) & set(json.loads(done.stdout))


IMPORT = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "futurisys.settings"
import django
django.setup()
from django.core.management import call_command
call_command("check_model", sys.argv[1], stdout=sys.stderr)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_process_that_imported_a_version_has_not_loaded_a_model_library(example) -> None:
    command = [sys.executable, "-c", IMPORT, str(example("iris"))]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "runtime onnx" in done.stderr
    assert not HEAVY & set(json.loads(done.stdout))


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}


# Verbs and pure modules: they know no request, form or answer.
NO_DOORS = {
    "futurisys/accounts/roles.py",
    "futurisys/accounts/tokens.py",
    "predictions/actions.py",
    *(f"predictions/batches/{name}.py" for name in ("checking", "closing", "cutting", "hints", "intake", "parts")),
    *(f"predictions/batches/{name}.py" for name in ("rows", "running", "splitting", "summaries", "turns", "verbs")),
    "predictions/calibration.py",
    "predictions/decisions/verbs.py",
    "predictions/explanations.py",
    "predictions/imports/column_kinds.py",
    "predictions/imports/csv_files.py",
    "predictions/imports/file_kinds.py",
    "predictions/imports/verbs.py",
    "predictions/imports/wording.py",
    "predictions/fingerprints.py",
    "predictions/masking.py",
    *(f"predictions/monitoring/alerts/{name}.py" for name in ("conditions", "machine", "rules", "verbs")),
    *(f"predictions/monitoring/comparison/{name}.py" for name in ("running", "turns", "verbs")),
    *(f"predictions/outcomes/{name}.py" for name in ("matching", "planning", "verbs", "words", "writing")),
    "predictions/sealing.py",
    "predictions/what_if.py",
    "registry/actions.py",
    "registry/automation.py",
    "registry/confirmation.py",
    "registry/discovery.py",
    "registry/drafting.py",
    "registry/oversight.py",
    "registry/promotions.py",
    "registry/serving.py",
    "registry/signature.py",
    "registry/signature_diff.py",
}


def product_files() -> list[Path]:
    return [path for app in ("futurisys", "registry", "predictions") for path in sorted((ROOT / app).rglob("*.py"))]


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_the_rooms_apart(path: Path) -> None:
    name, found = path.relative_to(ROOT).as_posix(), imports_of(path)
    roots = {module.split(".")[0] for module in found}
    if not name.startswith(IN_THE_CHILD):
        assert not roots & (HEAVY | {"pickle", "dill", "shelve", "marshal"})
    else:
        assert not roots & {"django", "predictions", "futurisys"}
    if not name.startswith("registry/hub"):
        assert "huggingface_hub" not in roots
    if not name.startswith("futurisys/"):
        assert "futurisys" not in roots
    if name.startswith("registry/"):
        assert "predictions" not in roots
    if name in NO_DOORS:
        assert not {"django.http", "django.forms", "django.shortcuts"} & found
        assert "rest_framework" not in roots


def test_every_verb_is_where_the_rule_looks() -> None:
    assert not [name for name in NO_DOORS if not (ROOT / name).is_file()]


# 3. One waist: tests/test_doors.py


# 4. Facts are rows that are inserted

CHANGES = [
    "UPDATE {table} SET id = id",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ADD COLUMN x int",
    "DROP TRIGGER fact_row ON {table}",
    "DROP TABLE {table} CASCADE",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET salt = EXCLUDED.salt",
    "MERGE INTO {table} t USING {table} s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone",
    "SELECT * FROM {table} FOR UPDATE",
    "CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "SET ROLE futurisys",
    "GRANT UPDATE ON {table} TO CURRENT_USER",
]
FACTS = [model._meta.db_table for model in fact_models()]


def test_the_facts_are_the_ones_the_design_names() -> None:
    names = {model.__name__ for model in fact_models()}
    assert names == {
        *{"Prediction", "PredictionFailure", "IdempotencyKey", "LedgerEntry"},
        *{"Decision", "Estimate", "Outcome"},
    }


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", FACTS)
def test_application_role_cannot_change_a_fact(db: None, table: str, change: str) -> None:
    with connections["default"].cursor() as cursor, pytest.raises(DatabaseError) as refused, transaction.atomic():
        cursor.execute(change.format(table=table))
        if change.startswith("GRANT"):  # PostgreSQL only warns that nothing was granted
            cursor.execute(f"UPDATE {table} SET id = id")
    assert refused.value.__cause__.sqlstate in {"42501", "22023", "0LP01"}


@BOTH
@pytest.mark.parametrize("change", CHANGES[:3])
def test_triggers_stop_even_the_owner(iris: ModelVersion, analyst: User, change: str) -> None:
    columns = {name: [value] for name, value in IRIS.items()}
    actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=analyst, idempotency_key="k")
    for table in (Prediction._meta.db_table, IdempotencyKey._meta.db_table, LedgerEntry._meta.db_table):
        with connections["owner"].cursor() as cursor, pytest.raises(DatabaseError, match="holds facts"):
            cursor.execute(change.format(table=table))
    assert Prediction.objects.count() == 1


def test_the_orm_cannot_change_a_fact_either(iris: ModelVersion) -> None:
    entry = LedgerEntry.objects.get()
    for change in (entry.delete, entry.save, LedgerEntry.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_ready_version_stays_as_it_is(iris: ModelVersion) -> None:
    changes = {"commit": "f" * 40, "signature": {}, "runtime": "isolated", "status": "rejected"}
    for name, value in changes.items():
        with pytest.raises(DatabaseError, match="is ready"), transaction.atomic():
            ModelVersion.objects.filter(pk=iris.pk).update(**{name: value})
    with pytest.raises(DatabaseError, match="file of a ready version"), transaction.atomic():
        iris.files.update(path="x")


@BOTH
def test_one_key_at_once_from_many_threads_is_one_record(iris: ModelVersion, analyst: User) -> None:
    columns, answers = {name: [value] for name, value in IRIS.items()}, []
    begin = threading.Barrier(8)

    def call() -> None:
        begin.wait()
        asked = {"model": "iris", "columns": columns, "rows": 1, "source": Source.API, "by": analyst}
        answers.append(actions.predict(**asked, idempotency_key="one"))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Prediction.objects.count() == 1
    assert [answer.replayed for answer in answers].count(False) == 1
    assert len({answer.request_id for answer in answers}) == 1
