"""No request waits for the database for ever, whatever the server, the network or a proxy does."""

import time

import psycopg
import pytest
from django.db import OperationalError, connections, transaction
from django.test import RequestFactory

from futurisys.database_url import connection_settings
from futurisys.middleware import patience_with
from futurisys.postgresql import patience

ADDRESS = "postgresql://someone:secret@db.example:5433/name"


@pytest.fixture
def own(database_environment: dict[str, str]):
    """A connection of the application that no other test uses."""
    connections["default"].close()
    yield connections["default"]
    connections["default"].close()


def test_waiting_ends_and_so_does_the_connection(own, owner_connection) -> None:
    with pytest.raises(OperationalError, match="no answer within"), patience.at_most(0.3):
        own.cursor().execute("SELECT pg_sleep(20)")
    assert not own.is_usable()  # nobody knows what the server still does
    own.close_if_unusable_or_obsolete()
    own.cursor().execute("SELECT 1")
    # What nobody waits for any more is not computed to its end.
    sleeping, end = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%'", time.monotonic() + 15
    while owner_connection.execute(sleeping).fetchone():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_all_waits_of_a_request_count_together(own) -> None:
    own.ensure_connection()
    with patience.at_most(0.5):
        own.cursor().execute("SELECT pg_sleep(0.3)")
        time.sleep(0.4)  # what is computed does not count
        own.cursor().execute("SELECT 1")
        with pytest.raises(OperationalError):
            own.cursor().execute("SELECT pg_sleep(0.4)")
    own.close()
    own.cursor().execute("SELECT pg_sleep(0.6)")  # outside there is the server's own limit


def test_leaving_a_transaction_that_waited_too_long_waits_for_nothing(own) -> None:
    with pytest.raises(OperationalError), patience.at_most(0.3), transaction.atomic():
        own.cursor().execute("SELECT pg_sleep(20)")
    assert own.connection is None  # Django would have connected anew
    own.cursor().execute("SELECT 1")
    assert own.get_autocommit()


def test_a_connection_that_the_server_has_ended_costs_no_request_its_answer(own, owner_connection) -> None:
    own.ensure_connection()
    owner_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [own.connection.info.backend_pid])
    own.close_if_unusable_or_obsolete()  # what Django does before each request
    assert own.connection is None
    own.cursor().execute("SELECT 1")


def test_a_living_connection_is_kept_without_a_question(own) -> None:
    own.ensure_connection()
    before = own.connection
    own.close_if_unusable_or_obsolete()
    assert own.connection is before


@pytest.fixture
def owner_connection(database_environment: dict[str, str]):
    """Someone who may end other people's connections."""
    with psycopg.connect(database_environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


def test_programs_wait_less_than_people_and_files_as_long_as_they_take(settings) -> None:
    settings.DATABASE_SECONDS, made = 4.0, RequestFactory()
    assert patience_with(made.get("/api/v1/models", headers={"accept": "text/html"})) == 4.0
    assert patience_with(made.get("/v2/models/iris")) == 4.0
    assert patience_with(made.get("/", headers={"accept": "text/html"})) == 12.0
    large = {"CONTENT_LENGTH": str(settings.MAX_BODY_BYTES + 1)}
    assert patience_with(made.generic("POST", "/batches/new", **large)) is None


def test_every_way_to_wait_has_a_limit() -> None:
    options = connection_settings(ADDRESS)["OPTIONS"]
    names = {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_count", "tcp_user_timeout"}
    assert all(options[name] for name in names)
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert f"-c {name}=" in options["options"]


def test_options_of_the_address_are_added_and_win() -> None:
    asked = "?connect_timeout=9&options=-c%20statement_timeout%3D1000&host=/var/run"
    found = connection_settings(ADDRESS + asked)
    assert (found["HOST"], found["OPTIONS"]["connect_timeout"]) == ("/var/run", "9")
    assert found["OPTIONS"]["options"].endswith("-c statement_timeout=1000")
    assert "-c lock_timeout=" in found["OPTIONS"]["options"]
