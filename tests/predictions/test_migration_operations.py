"""An index of a large table that is in use: Django's own operation is ended by the limits of its connection."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from futurisys.postgresql import patience
from predictions.migration_operations import LOCK, AddIndexUnhurried

BOTH = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
TABLE, INDEX = "predictions_measured", "measured_by_value"


def as_owner(statement: str, values: list[Any] | None = None) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def found() -> list[Any]:
    """Whether the index is valid, how it is made, and which one it is."""
    return as_owner(
        "SELECT indisvalid, pg_get_indexdef(indexrelid), indexrelid::bigint FROM pg_index"
        " JOIN pg_class ON pg_class.oid = indexrelid WHERE relname = %s",
        [INDEX],
    )


@pytest.fixture(name="migrate")
def a_table_and_its_migration(transactional_db: None) -> Iterator[Any]:
    """`migrate()` builds the index on a table with rows; `migrate(back=True)` drops it."""
    as_owner(f"CREATE TABLE {TABLE} AS SELECT n AS id, n %% 7 AS value FROM generate_series(1, 100) AS n", [])
    without = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("value", models.IntegerField())]
    without.add_model(ModelState("predictions", "Measured", fields))

    def migrate(operation: type[AddIndexConcurrently] = AddIndexUnhurried, *, back: bool = False) -> None:
        add = operation("measured", models.Index(fields=["value"], name=INDEX))
        with_index = without.clone()
        add.state_forwards("predictions", with_index)
        with connections["owner"].schema_editor(atomic=False) as editor:
            if back:
                add.database_backwards("predictions", editor, with_index, without)
            else:
                add.database_forwards("predictions", editor, without, with_index)

    yield migrate
    as_owner(f"DROP TABLE {TABLE}")


@pytest.fixture(name="writer")
def somebody_whose_transaction_lasts(migrate: Any) -> Iterator[Any]:
    """Three seconds, on another connection, with a lock on the table."""
    other = connections["owner"].copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"INSERT INTO {TABLE} VALUES (101, 1)")
    over = threading.Timer(3, other.connection.commit)  # psycopg lets another thread use it
    over.start()
    yield over
    over.join()
    other.connection.close()


@BOTH
def test_a_transaction_of_somebody_else_and_a_long_build_do_not_end_it(
    migrate: Any, writer: threading.Timer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three limits are shorter than the transaction here: for locks, for statements, and the client's."""
    owner = connections["owner"]
    owner.close()
    options = owner.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"] + " -c statement_timeout=1500")
    monkeypatch.setattr(patience, "LONGEST", 2.5)
    begun = time.monotonic()
    migrate()
    assert time.monotonic() - begun > 2
    assert [valid for valid, _how, _number in found()] == [True]
    assert as_owner(f"SELECT count(*) FROM {TABLE}") == [(101,)]
    owner.close()


@BOTH
def test_what_a_build_that_was_ended_left_is_replaced(migrate: Any, writer: threading.Timer) -> None:
    """Django's operation leaves such an index, and cannot be run again."""
    with pytest.raises(DatabaseError, match="lock timeout"):
        migrate(AddIndexConcurrently)
    ((valid, _how, broken),) = found()
    assert not valid
    with pytest.raises(DatabaseError, match="already exists"):
        migrate(AddIndexConcurrently)
    migrate()
    ((valid, _how, built),) = found()
    assert valid
    assert built != broken


@BOTH
def test_what_somebody_else_is_building_is_not_taken_for_broken(migrate: Any) -> None:
    other = connections["owner"].copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCK, INDEX])
        with pytest.raises(CommandError, match=f"Another migrate is building the index {INDEX}"):
            migrate()
    other.close()
    assert found() == []


@BOTH
def test_a_run_that_was_killed_before_it_was_noted_is_run_again(migrate: Any) -> None:
    migrate()
    before = found()
    migrate()
    assert found() == before
    migrate(back=True)
    assert found() == []
    migrate(back=True)


@pytest.mark.django_db
def test_migrations_build_no_index_with_the_limits_of_a_connection() -> None:
    loader = MigrationLoader(connections["default"])
    ours = [one for (app, _name), one in loader.disk_migrations.items() if one.__module__.split(".")[0] == app]
    built = [each for one in ours for each in one.operations if isinstance(each, AddIndexConcurrently)]
    assert len(built) >= 4
    assert {type(each) for each in built} == {AddIndexUnhurried}


@BOTH
def test_what_it_will_do_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sqlmigrate", "predictions", "0009", database="owner")
    assert 'CREATE INDEX CONCURRENTLY "prediction_by_call"' in capsys.readouterr().out
