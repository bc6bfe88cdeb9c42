"""Two releases side by side: this release's web server on a database that the next one has migrated, as docs/upgrade.md has it."""

import json
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client

from futurisys import health
from predictions.models import Prediction
from registry.models import ModelVersion
from tests.predictions.files import submitted, work_off
from tests.servers import Server
from tests.worlds import IRIS

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
# What a migration may do while the release before it runs.
ADDED = """
CREATE TABLE futurisys_next (id bigint GENERATED ALWAYS AS IDENTITY, said text);
ALTER TABLE predictions_prediction ADD COLUMN next_text text;
ALTER TABLE predictions_prediction ADD COLUMN next_number integer NOT NULL DEFAULT 7;
ALTER TABLE registry_registeredmodel ADD COLUMN next_flag boolean NOT NULL DEFAULT false;
CREATE INDEX next_index ON predictions_prediction (next_number, id);
INSERT INTO django_migrations (app, name, applied) VALUES ('predictions', '0099_next', now());
"""
REMOVED = """
DELETE FROM django_migrations WHERE name = '0099_next';
DROP INDEX next_index;
ALTER TABLE registry_registeredmodel DROP COLUMN next_flag;
ALTER TABLE predictions_prediction DROP COLUMN next_number;
ALTER TABLE predictions_prediction DROP COLUMN next_text;
DROP TABLE futurisys_next;
"""


@pytest.fixture
def migrated(database_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a database that the next release has migrated."""
    with psycopg.connect(database_environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(ADDED)
        yield database_environment | {"FUTURISYS_ENV": "development"}
        owner.execute(REMOVED)


def test_this_release_answers_on_the_next_ones_database(
    migrated: dict[str, str], iris: ModelVersion, analyst: User, token: Any, tmp_path: Path
) -> None:
    server = Server(migrated, tmp_path)
    try:
        server.until_ready()
        assert checks(server)["migrations"] == checks(server)["models"] == "ok"
        assert server.post({"model": "iris", "inputs": IRIS}, token(analyst)) == 200
        rows = [IRIS] * 60  # so many go another way into the table
        assert server.post({"model": "iris", "inputs": rows}, token(analyst)) == 200
    finally:
        server.process.terminate()
        server.process.wait(20)
    submitted(iris, analyst, 60)
    work_off()  # as a worker of this release would
    assert Prediction.objects.count() == 121
    with psycopg.connect(migrated["DATABASE_OWNER_URL"]) as owner:
        assert owner.execute("SELECT DISTINCT next_text, next_number FROM predictions_prediction").fetchall() == [
            (None, 7)
        ]


def checks(server: Server) -> dict[str, str]:
    """What readiness says; databases of tests forget, which it says too."""
    try:
        said = server.get("/health/ready")
    except urllib.error.HTTPError as error:
        said = error.read().decode()
    return dict(json.loads(said)["checks"])


def test_a_release_whose_migrations_are_missing_is_not_ready(
    database_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so gets no request from a proxy that asks."""
    monkeypatch.setattr(health, "_migrated", False)
    with psycopg.connect(database_environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        gone = "DELETE FROM django_migrations WHERE app = 'predictions' AND name = '0016_partitions' RETURNING applied"
        (applied,) = owner.execute(gone).fetchone()  # type: ignore[misc]
        try:
            response = Client().get("/health/ready")
        finally:
            again = "INSERT INTO django_migrations (app, name, applied) VALUES ('predictions', '0016_partitions', %s)"
            owner.execute(again, [applied])
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "Migrations are not applied: run manage.py migrate."
