"""The two database roles: the owner migrates, the application inserts facts and can never change them.

Applied by `manage.py migrate` after each run, so that a new table cannot be forgotten.
"""

from django.apps import apps
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from registry.facts import Fact

# Fetched by a worker as messages; written by the transport alone.
QUEUE_SCHEMA = "pgmq"
# Runs as the owner, whoever calls it, and takes which of four months: see docs/adr/0024.
MAKE_PARTITIONS = "public.futurisys_make_partitions(integer)"


def grant() -> str:
    """Create the application's role if it is missing and give it just its rights; returns its name.

    Returns "" when one role does both (development only, a system check says so). Runs as the owner.
    """
    role: str = connections["default"].settings_dict["USER"]
    owner = connections["owner"]
    if not role or role == owner.settings_dict["USER"]:
        return ""
    # At once: others answer meanwhile, and between taking a right away and giving it they would lack it.
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        _create_role(cursor, role, connections["default"].settings_dict["PASSWORD"])
        for statement in _statements(owner):
            cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
    return role


def _create_role(cursor: CursorWrapper, role: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def _statements(owner: BaseDatabaseWrapper) -> list[str]:
    tables = set(owner.introspection.table_names())
    facts = {model._meta.db_table for model in fact_models()} & tables
    quoted = {name: owner.ops.quote_name(name) for name in tables}
    statements = ["GRANT USAGE ON SCHEMA public TO {role}", "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"]
    for table in sorted(tables):
        statements.append(f"REVOKE ALL ON {quoted[table]} FROM {{role}}")
        rights = "SELECT, INSERT" if table in facts else "SELECT, INSERT, UPDATE, DELETE"
        statements.append(f"GRANT {rights} ON {quoted[table]} TO {{role}}")
    if _has_function(owner, MAKE_PARTITIONS):
        statements.append(f"REVOKE ALL ON FUNCTION {MAKE_PARTITIONS} FROM PUBLIC")
        statements.append(f"GRANT EXECUTE ON FUNCTION {MAKE_PARTITIONS} TO {{role}}")
    if _has_queue(owner):
        statements += [
            f"GRANT USAGE ON SCHEMA {QUEUE_SCHEMA} TO {{role}}",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {QUEUE_SCHEMA} TO {{role}}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA {QUEUE_SCHEMA} TO {{role}}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {QUEUE_SCHEMA} TO {{role}}",
        ]
    return statements


def fact_models() -> list[type[models.Model]]:
    """Every concrete model whose rows are facts."""
    return [model for model in apps.get_models() if issubclass(model, Fact)]


def _has_queue(owner: BaseDatabaseWrapper) -> bool:
    with owner.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [QUEUE_SCHEMA])
        return cursor.fetchone() is not None


def _has_function(owner: BaseDatabaseWrapper, function: str) -> bool:
    with owner.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure(%s) IS NOT NULL", [function])
        return bool(cursor.fetchone()[0])
