"""The database crashes, refuses, goes silent, dawdles, hangs up, is full: 503 in the shape of the door, and it recovers.

The real web server, and a proxy that harms its connections. The long form is benchmarks/database_faults.py.
"""

import os
import random
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from psycopg import sql

from benchmarks import callers, database_faults
from benchmarks.oracle import Oracle, judge
from benchmarks.proxies import Proxy, behind, socket_of
from benchmarks.web import Web
from registry.models import ModelVersion

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 20_261_124
SECONDS = 2  # of each fault
PATIENCE = 1.0  # seconds that a call may wait for the database here
NEVER = 20.0  # seconds: whoever waits for so long would have waited for ever


@pytest.fixture
def app_address(database_environment: dict[str, str]) -> str:
    """Address of the test database, as the application."""
    return database_environment["DATABASE_URL"]


def test_whatever_happens_to_the_connection_the_api_says_503_and_recovers(
    iris: ModelVersion, analyst: User, token, web_environment, app_address: str, owner_address: str, tmp_path: Path
) -> None:
    key, session = token(analyst).removeprefix("Token "), callers.session_of(analyst)
    with Proxy(socket_of(app_address)) as proxy:
        address = f"{behind(proxy, app_address)}?connect_timeout=2"
        changes = {"DATABASE_URL": address, "DATABASE_SECONDS": str(PATIENCE)}
        with Web(web_environment | changes, tmp_path) as web:
            who = callers.Callers(web.address, key, session)
            for fault in database_faults.FAULTS:
                check(database_faults.harmed(who, proxy, fault, SECONDS))
            found = database_faults.full(who, app_address, owner_address, SECONDS)
            check(found)
            assert (found["leaked"], found["taken"] > 0) == (0, True), found


def check(found: dict) -> None:
    """Everybody was refused, and nobody afterwards."""
    assert found["calls"] == found["refused"] >= 4, found
    assert found["slowest_seconds"] < NEVER, found
    assert (found["predictions_shown"], found["failed_after"]) == (0, 0), found


def test_nothing_acknowledged_is_lost_when_the_database_crashes(
    iris: ModelVersion, analyst: User, token, web_environment, owner_address: str, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    if os.environ.get("DATABASE_URL"):
        pytest.skip("A server that others use is not killed: unset DATABASE_URL.")
    with psycopg.connect(owner_address, autocommit=True) as connection:
        # The tests' server forgets on purpose; what it has written survives the end of its processes.
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))
    chosen, key = random.Random(SEED), token(analyst).removeprefix("Token ")
    try:
        with (
            Web(web_environment, tmp_path) as web,
            Oracle(web.address, key, tmp_path / "journals", seed=SEED) as client,
        ):
            for _ in range(2):
                client.wait_for(60)
                database_faults.crash_backend(owner_address, chosen)
            client.wait_for(60)
    finally:
        with psycopg.connect(owner_address, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET synchronous_commit").format(name))
    found = judge(tmp_path / "journals", owner_address)
    assert found.faults == 0, (found, web.tail())
    assert found.acknowledged == found.sent >= 180, found
    assert found.again, found  # or nobody noticed the crashes
