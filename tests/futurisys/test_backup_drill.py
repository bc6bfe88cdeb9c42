"""The drill: everything that was recorded is dumped, restored somewhere else, and answers there as it did."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from psycopg import sql

from predictions import actions
from predictions.decisions import verbs as decisions
from predictions.models import Prediction
from predictions.outcomes import verbs as outcomes
from registry.models import ModelVersion
from tests.predictions.deciding import answer, attrition, decider  # noqa: F401  fixtures
from tests.predictions.files import submitted, work_off
from tests.servers import Server
from tests.worlds import IRIS, ROOT

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
BODY = {"model": "iris", "inputs": IRIS}


@pytest.fixture
def elsewhere(database_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of an empty database on the same server."""
    with psycopg.connect(database_environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
        old = connection.info.dbname
        new = f"{old}_restored"
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(new)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(new)))
        yield {name: url.replace(f"/{old}?", f"/{new}?") for name, url in database_environment.items()}
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(new)))


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`manage(environment, "restore", file)`: a command, as people run it."""

    def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ARTIFACT_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(
            command, cwd=ROOT, env=environment | own, check=False, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.fixture
def world(iris: ModelVersion, answer: Prediction, analyst: User, decider: User, token: Any) -> dict[str, Any]:  # noqa: F811
    """Two models, a file, answers by form and by API, what people made of them, and what became of it."""
    decisions.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    seen = {"origin": "hand", "observed_date": answer.created_at.date()}
    outcomes.record_outcome(prediction=answer, by=decider, label=answer.label, **seen)
    work_off_file(iris, analyst)
    key = token(analyst)
    columns = {name: [value] for name, value in IRIS.items()}
    actions.predict(model="iris", columns=columns, rows=1, source="form", by=analyst, explain=True)
    return {"token": key}


def work_off_file(version: ModelVersion, by: User) -> None:
    submitted(version, by, 60)
    work_off()


def post(server: Server, token: str, key: str) -> tuple[dict[str, Any], str]:
    """The body of an answer, and whether it was a stored one."""
    headers = {"Authorization": token, "Content-Type": "application/json", "Idempotency-Key": key}
    place = f"http://127.0.0.1:{server.port}/api/v1/predict"
    request = urllib.request.Request(place, json.dumps(BODY).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response), response.headers.get("Idempotent-Replayed", "")


def test_what_was_recorded_is_there_again_and_answers(
    world: dict[str, Any], database_environment: dict[str, str], elsewhere: dict[str, str], manage: Any, tmp_path: Path
) -> None:
    file = tmp_path / "futurisys.backup"
    first = asked_through_the_api(world["token"])
    taken = manage(database_environment, "backup", file)
    assert taken.returncode == 0, taken.stderr
    restored = manage(elsewhere, "restore", file)
    assert restored.returncode == 0, restored.stderr
    assert facts(restored.stdout) == facts(taken.stdout)
    assert "63 recorded answers" in facts(taken.stdout)
    assert counts(elsewhere) == counts(database_environment)
    again = manage(elsewhere, "replay_predictions")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("63 answers asked again: 63 equal, 0 different, 0 not possible. Seals: 63 intact")
    nobody_changes_a_fact(elsewhere)
    refuses_to_restore_twice(manage(elsewhere, "restore", file))
    it_answers(elsewhere, world["token"], first, tmp_path)


def asked_through_the_api(token: str) -> dict[str, Any]:
    from django.test import Client

    headers = {"authorization": token, "idempotency-key": "once"}
    response = Client().post("/api/v1/predict", BODY, content_type="application/json", headers=headers)
    assert response.status_code == 200, response.content
    return dict(response.json())


def facts(said: str) -> str:
    return said[said.index("Facts: ") :].splitlines()[0]


def counts(environment: dict[str, str]) -> dict[str, int]:
    from futurisys.backup.manifest import count_rows

    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as connection:
        return count_rows(connection)


def nobody_changes_a_fact(environment: dict[str, str]) -> None:
    """Neither the application's role, by right, nor the owner, by trigger; and nobody calls what only the owner may."""
    for url, why in (("DATABASE_URL", "permission denied for table"), ("DATABASE_OWNER_URL", "holds facts")):
        with psycopg.connect(environment[url], autocommit=True) as connection:
            for statement in (
                "UPDATE predictions_prediction SET label = 'x'",
                "DELETE FROM registry_ledgerentry",
                "TRUNCATE predictions_decision CASCADE",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match=why):
                    connection.execute(statement)
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as connection:
        everybody = "SELECT has_function_privilege('public', %s, 'EXECUTE')"
        for function in ("pgmq.create(text)", "futurisys_make_partitions(integer)"):
            assert connection.execute(everybody, [function]).fetchone() == (False,)


def refuses_to_restore_twice(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 1
    assert "is not empty: a backup is restored into an empty one" in done.stderr


def it_answers(environment: dict[str, str], token: str, first: dict[str, Any], folder: Path) -> None:
    """The web server on the restored database: ready, an old key has its old answer, a new one a new answer."""
    server = Server(environment | {"FUTURISYS_ENV": "development"}, folder)
    try:
        server.until_ready()
        try:
            health = server.get("/health/ready")
        except urllib.error.HTTPError as error:
            health = error.read().decode()
        found = json.loads(health)["checks"]
        # Databases of tests forget: nothing else may be wrong.
        assert {name: said for name, said in found.items() if name != "database"} == dict.fromkeys(
            ("migrations", "roles", "models"), "ok"
        )
        assert post(server, token, "once") == (first, "true")
        second, replayed = post(server, token, "twice")
        assert replayed != "true"
        assert second["predictions"][0]["label"] == first["predictions"][0]["label"] == "setosa"
        assert second["request_id"] != first["request_id"]
    finally:
        server.process.terminate()
        server.process.wait(20)
