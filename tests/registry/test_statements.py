"""Statements that the server plans once for a connection."""

from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, connection, transaction
from django.db.utils import ProgrammingError

from registry.statements import fetched

pytestmark = pytest.mark.django_db

PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"


def how_many(marker: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(PREPARED, [f"%{marker}%"])
        (found,) = cursor.fetchone()
    return int(found)


def test_it_is_planned_once_however_often_it_is_sent() -> None:
    rows = [fetched(connection, "SELECT %s::text AS once", [text]) for text in ("a", "b", "it's")]
    assert rows == [[("a",)], [("b",)], [("it's",)]]
    connection.ensure_connection()
    assert how_many("AS once") == 1


def test_behind_a_pooler_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    assert fetched(connection, "SELECT %s::text AS never", ["a"]) == [("a",)]
    assert how_many("AS never") == 0


def test_the_setting_decides() -> None:
    assert settings.PREPARED_STATEMENTS
    assert settings.DATABASES["default"]["OPTIONS"]["prepare_threshold"] is not None


def test_it_is_counted_as_every_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1) as seen:
        fetched(connection, "SELECT %s::int", [1])
    assert "SELECT" in seen.captured_queries[0]["sql"]


def test_errors_are_those_of_django_and_the_next_statement_works() -> None:
    with pytest.raises(DataError), transaction.atomic():
        fetched(connection, "SELECT %s::int", ["no number"])
    with pytest.raises(ProgrammingError), transaction.atomic():
        fetched(connection, "SELECT %s FROM no_such_table", [1])
    assert fetched(connection, "SELECT %s::int", ["1"]) == [(1,)]


def test_a_new_connection_gets_a_cursor_of_its_own() -> None:
    first = connection.connection
    assert fetched(connection, "SELECT %s::int", [1]) == [(1,)]
    other = connection.copy()
    try:
        assert fetched(other, "SELECT %s::int", [2]) == [(2,)]
        assert other.connection is not first
    finally:
        other.close()
