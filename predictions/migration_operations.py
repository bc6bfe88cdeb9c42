"""What migrations of large and busy tables need besides Django's operations."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from predictions.partitions.aside import unhurried

LOCK = 1880162405  # of who builds an index; the second number is the index's name
_IS_VALID = """
SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname = %s AND indrelid = to_regclass(quote_ident(%s))
"""


class AddIndexUnhurried(AddIndexConcurrently):
    """AddIndexConcurrently for a table of any size that is in use, and one that may be broken off and run again.

    PostgreSQL reads the table twice and waits for every transaction that began before. Django's connection ends that: after
    half a minute, and after two seconds with a transaction, as lock_timeout counts for it. The index that is left then
    is not valid, takes writes all the same, and its name is taken.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Build it, unless that was done and only not noted; a broken one goes first."""
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        build = self.index.create_sql(model, schema_editor, concurrently=True)
        if schema_editor.collect_sql:  # sqlmigrate only shows it
            schema_editor.execute(build, params=None)
        else:
            _build(schema_editor.connection, model._meta.db_table, self.index.name, str(build))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop it, which waits as long."""
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.collect_sql:
            schema_editor.remove_index(model, self.index, concurrently=True)
        else:
            with unhurried(schema_editor.connection) as aside:
                aside.execute("SET lock_timeout = 0")
                aside.execute(_drop(self.index.name))


def _build(owner: BaseDatabaseWrapper, table: str, name: str, build: str) -> None:
    with unhurried(owner) as aside:
        # Nobody waits behind these: reading and writing go on.
        aside.execute("SET lock_timeout = 0")
        # Not waited for: PostgreSQL would have the builder wait for who waits.
        row = aside.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCK, name]).fetchone()
        if not row or not row[0]:
            raise CommandError(
                f"Another migrate is building the index {name}: wait until it is done, then migrate again."
            )
        found = aside.execute(_IS_VALID, [name, table]).fetchone()
        if found and not found[0]:
            aside.execute(_drop(name))
        if not found or not found[0]:
            aside.execute(build.encode())


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name))
