"""A connection for statements of the owner that take minutes: Django's own are given up after half a minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def unhurried(owner: BaseDatabaseWrapper) -> "Iterator[psycopg.Connection[Any]]":
    """To the same database as the same role, outside of every transaction of Django."""
    with psycopg.connect(**owner.get_connection_params(), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        yield connection
