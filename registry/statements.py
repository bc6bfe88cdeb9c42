"""Statements that are sent at every call: the server plans each of them once for a connection."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

_KEPT = "futurisys_prepared"  # the attribute of the driver's connection that keeps its cursor


class _PreparedCursor(psycopg.Cursor[Any]):
    """Prepares what it executes, unless settings.PREPARED_STATEMENTS says that nothing is: see docs/adr/0020."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "_PreparedCursor":
        super().execute(query, params, **{**options, "prepare": True})
        return self

    def _convert_query(self, query: Any, params: Any = None) -> Any:
        # The driver forgets the text of what was prepared; Django shows it to who logs or counts queries.
        self._query = super()._convert_query(query, params)
        return self._query


def fetched(
    connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Execute a statement whose text is always the same, and fetch all its rows; the server binds the parameters.

    Raises django.db.Error. For a connection there is one cursor: a new one asks how to write down each type again.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    driver = connection.connection
    cursor = getattr(driver, _KEPT, None)
    if cursor is None:
        cursor = _PreparedCursor(driver)
        setattr(driver, _KEPT, cursor)
    # What connection.cursor() does with one of Django's own: failed transactions and tests that count see it too.
    wrapped = connection._prepare_cursor(cursor)  # type: ignore[attr-defined]
    wrapped.execute(statement, parameters)
    rows: list[tuple[Any, ...]] = wrapped.fetchall()
    return rows
