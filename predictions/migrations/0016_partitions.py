"""Answers and failures are partitioned by month of their number. Why, and which locks are held: docs/adr/0024.

Not atomic: each step is a short transaction of its own, and what was done is not done again. The table that is there
becomes the first partition, in place: no row is copied or rewritten, and while its rows are checked others write.
"""

import time
from functools import partial
from typing import Any

import django.db.models.deletion
from django.db import OperationalError, migrations, models, transaction
from psycopg import sql

from predictions.partitions.aside import unhurried

FACTS = ("predictions_prediction", "predictions_predictionfailure")
# What points at an answer: PostgreSQL would refuse to detach answers that a foreign key protects.
ABOUT = ("decision", "estimate", "outcome", "awaited", "replayedanswer")
PATIENCE = "1500ms"  # of a step that everybody else has to wait for: an answer does for 2 s
TRIES = 40

FUNCTIONS = """
CREATE OR REPLACE FUNCTION futurisys_first_id(moment timestamptz) RETURNS uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
CREATE OR REPLACE FUNCTION futurisys_partitions()
RETURNS TABLE (facts text, name text, low uuid, high uuid, is_default boolean) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.relname::text, c.relname::text, substring(bound FROM 'FROM \\(''([0-9a-f-]+)''\\)')::uuid,
        substring(bound FROM 'TO \\(''([0-9a-f-]+)''\\)')::uuid, bound = 'DEFAULT'
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent,
        pg_get_expr(c.relpartbound, c.oid) AS bound
    WHERE inhparent IN ('public.predictions_prediction'::regclass, 'public.predictions_predictionfailure'::regclass)
        AND p.relkind = 'p'
$$;
CREATE OR REPLACE FUNCTION futurisys_protect_partition(name text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER fact_own_row BEFORE UPDATE OR DELETE ON public.%I
        FOR EACH ROW EXECUTE FUNCTION public.futurisys_refuse_change()', name);
    EXECUTE format('CREATE TRIGGER fact_own_table BEFORE TRUNCATE ON public.%I
        FOR EACH STATEMENT EXECUTE FUNCTION public.futurisys_refuse_change()', name);
END $$;
REVOKE ALL ON FUNCTION futurisys_protect_partition(text) FROM PUBLIC;
CREATE OR REPLACE FUNCTION futurisys_make_partitions(ahead integer) RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    -- The role that calls this may choose no more than which of four months.
    month timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => ahead);
    from_id uuid := public.futurisys_first_id(month AT TIME ZONE 'UTC');
    to_id uuid := public.futurisys_first_id((month + interval '1 month') AT TIME ZONE 'UTC');
    made text[] := '{}';
    parent text;
    fresh text;
BEGIN
    IF ahead IS NULL OR ahead NOT BETWEEN 0 AND 3 THEN
        RAISE EXCEPTION 'partitions are made for this month and the three after it, not for %', ahead
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Somebody else is at it: nothing to be done.
    IF NOT pg_try_advisory_xact_lock(1880162404, 24) THEN
        RETURN made;
    END IF;
    FOREACH parent IN ARRAY ARRAY['predictions_prediction', 'predictions_predictionfailure'] LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM public.futurisys_partitions() AS known WHERE known.facts = parent AND NOT known.is_default
            AND (known.low IS NULL OR known.low < to_id) AND (known.high IS NULL OR known.high > from_id));
        fresh := parent || to_char(month, '_YYYY_MM');
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS
            INCLUDING STORAGE INCLUDING COMPRESSION)', fresh, parent);
        PERFORM public.futurisys_protect_partition(fresh);
        -- Unlike CREATE TABLE ... PARTITION OF, this lets others write.
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            parent, fresh, from_id, to_id);
        made := made || fresh;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION futurisys_make_partitions(integer) FROM PUBLIC;
CREATE OR REPLACE FUNCTION futurisys_refuse_unknown_answer() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE unknown uuid;
BEGIN
    -- LIMIT keeps the inner query apart: each number is looked up in the index, however many there are.
    SELECT said.prediction_id INTO unknown FROM said LEFT JOIN LATERAL (
        SELECT true AS is_there FROM public.predictions_prediction WHERE id = said.prediction_id LIMIT 1
    ) AS answer ON true WHERE answer.is_there IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is about answer %, which is not there', TG_TABLE_NAME, unknown
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION IF EXISTS futurisys_make_partitions(integer);
DROP FUNCTION IF EXISTS futurisys_protect_partition(text);
DROP FUNCTION IF EXISTS futurisys_partitions();
DROP FUNCTION IF EXISTS futurisys_first_id(timestamptz);
DROP FUNCTION IF EXISTS futurisys_refuse_unknown_answer();
"""
CHECK = """
CREATE TRIGGER answer_is_there AFTER INSERT ON {table} REFERENCING NEW TABLE AS said
    FOR EACH STATEMENT EXECUTE FUNCTION futurisys_refuse_unknown_answer()
"""
# What the first partition holds: all there is, and the days in which this runs.
BOUND = """
SELECT date_trunc('month', GREATEST(now() + interval '7 days', newest) AT TIME ZONE 'UTC') + interval '1 month'
FROM (SELECT to_timestamp(('x' || left(replace(max(id::text), '-', ''), 12))::bit(48)::bigint / 1000.0) AS newest
      FROM (SELECT id FROM {table} ORDER BY id DESC LIMIT 1) AS last) AS found
"""


def partition(apps: Any, schema_editor: Any) -> None:
    """Turn both tables into the first partition of one of the same name."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for table in FACTS:
            if _kind(cursor, table) != "p":
                first, bound = _bounded(connection, table)
                try:
                    _patiently(connection, partial(_swap, cursor, table, first, bound))
                except Exception:  # left there, it would refuse answers from the bound on
                    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT partition_bound")
                    raise
                # The planner knows nothing of a table that has just begun to be one.
                with unhurried(connection) as aside:
                    aside.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        cursor.execute("SELECT futurisys_make_partitions(1)")


def _bounded(connection: Any, table: str) -> tuple[str, str]:
    """Have the rows checked against the bound while others read and write; the partition's name, and the bound."""
    with connection.cursor() as cursor:
        cursor.execute(BOUND.format(table=table))
        (end,) = cursor.fetchone()
        numbers = "SELECT futurisys_first_id(%s AT TIME ZONE 'UTC'), to_char(%s - interval '1 day', 'YYYY_MM')"
        cursor.execute(numbers, [end, end])
        bound, month = cursor.fetchone()

        def check() -> None:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS partition_bound")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT partition_bound CHECK (id < '{bound}') NOT VALID")

        _patiently(connection, check)
    with unhurried(connection) as aside:
        aside.execute(sql.SQL("ALTER TABLE {} VALIDATE CONSTRAINT partition_bound").format(sql.Identifier(table)))
    return f"{table}_until_{month}", str(bound)


def _patiently(connection: Any, step: Any) -> None:
    """A step that needs the table for itself gives up soon, so that nobody waits behind it, and comes again."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                step()
        except OperationalError:
            if not left:
                raise
            time.sleep(1)
        else:
            return


def _swap(cursor: Any, table: str, first: str, bound: str) -> None:
    suffix = first.removeprefix(table)
    indexes, constraints = _indexes(cursor, table), _constraints(cursor, table)
    rights = _rights(cursor, table)
    if table == FACTS[0]:
        for about in ABOUT:
            _trust(cursor, f"predictions_{about}", table)
    cursor.execute(f"ALTER TABLE {table} RENAME TO {first}")
    for name, _definition in indexes:
        cursor.execute(f"ALTER INDEX {name} RENAME TO {name}{suffix}")
    for name in ("row", "table"):
        cursor.execute(f"ALTER TRIGGER fact_{name} ON {first} RENAME TO fact_own_{name}")
    like = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION"
    cursor.execute(f"CREATE TABLE {table} (LIKE {first} {like}) PARTITION BY RANGE (id)")
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT partition_bound")
    for name, definition in constraints:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for name, definition in indexes:
        if name not in dict(constraints):
            cursor.execute(definition)
    # The row trigger of the parent is copied to every partition, which has one of its own for when it stands alone.
    for name, events, each in (("row", "UPDATE OR DELETE", "ROW"), ("table", "TRUNCATE", "STATEMENT")):
        cursor.execute(
            f"CREATE TRIGGER fact_{name} BEFORE {events} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION futurisys_refuse_change()"
        )
    cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{bound}')")
    cursor.execute(f"ALTER TABLE {first} DROP CONSTRAINT partition_bound")
    cursor.execute(f"CREATE TABLE {table}_default (LIKE {table} {like})")
    cursor.execute("SELECT futurisys_protect_partition(%s)", [f"{table}_default"])
    cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {table}_default DEFAULT")
    _hand_over(cursor, rights, first, table)


def _kind(cursor: Any, table: str) -> str:
    cursor.execute("SELECT relkind::text FROM pg_class WHERE oid = %s::regclass", [table])
    return str(cursor.fetchone()[0])


def _indexes(cursor: Any, table: str) -> list[tuple[str, str]]:
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        " WHERE indrelid = %s::regclass ORDER BY 1",
        [table],
    )
    return list(cursor.fetchall())


def _constraints(cursor: Any, table: str) -> list[tuple[str, str]]:
    """Primary and foreign keys; checks are part of LIKE."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('p', 'f') ORDER BY contype DESC, 1",
        [table],
    )
    return list(cursor.fetchall())


def _rights(cursor: Any, table: str) -> list[tuple[str, str]]:
    """Who may do what with a table, besides its owner."""
    cursor.execute(
        "SELECT rolname, privilege_type FROM pg_class, aclexplode(relacl) JOIN pg_roles ON pg_roles.oid = grantee"
        " WHERE pg_class.oid = %s::regclass AND grantee <> relowner",
        [table],
    )
    return list(cursor.fetchall())


def _hand_over(cursor: Any, rights: list[tuple[str, str]], old: str, new: str) -> None:
    """The same roles may do the same with the other table, and nothing with the one before."""
    for role, right in rights:
        names = {"role": sql.Identifier(role), "old": sql.Identifier(old), "new": sql.Identifier(new)}
        cursor.execute(sql.SQL(f"GRANT {right} ON {{new}} TO {{role}}").format(**names))
        cursor.execute(sql.SQL("REVOKE ALL ON {old} FROM {role}").format(**names))


def _trust(cursor: Any, table: str, answers: str) -> None:
    """A trigger in place of the foreign key: answers are never removed, so nothing but an INSERT is to be checked."""
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND confrelid = %s::regclass",
        [table, answers],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(f"DROP TRIGGER IF EXISTS answer_is_there ON {table}")
    cursor.execute(CHECK.format(table=table))


def unite(apps: Any, schema_editor: Any) -> None:
    """Back to one table: rows of later partitions are copied into the first one, under a lock."""
    connection = schema_editor.connection
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for table in FACTS:
            cursor.execute(
                "SELECT name FROM futurisys_partitions() WHERE facts = %s AND low IS NULL AND NOT is_default", [table]
            )
            found = cursor.fetchone()
            if found is None:
                raise OperationalError(
                    f"The first partition of {table} is detached: attach it again before going back."
                )
            _unite(cursor, table, found[0])
        for about in ABOUT:
            name = f"predictions_{about}"
            cursor.execute(f"DROP TRIGGER answer_is_there ON {name}")
            cursor.execute(
                f"ALTER TABLE {name} ADD CONSTRAINT {name}_prediction_id_fk FOREIGN KEY (prediction_id)"
                f" REFERENCES {FACTS[0]} (id) DEFERRABLE INITIALLY DEFERRED"
            )


def _unite(cursor: Any, table: str, first: str) -> None:
    rights = _rights(cursor, table)
    for role in {role for role, _right in _rights(cursor, first)}:
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(first), sql.Identifier(role)))
    cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {first}")
    cursor.execute(f"INSERT INTO {first} SELECT * FROM {table}")  # noqa: S608
    cursor.execute(f"DROP TABLE {table}")
    suffix = first.removeprefix(table)
    for name, _definition in _indexes(cursor, first):
        cursor.execute(f"ALTER INDEX {name} RENAME TO {name.removesuffix(suffix)}")
    for name in ("row", "table"):
        cursor.execute(f"ALTER TRIGGER fact_own_{name} ON {first} RENAME TO fact_{name}")
    cursor.execute(f"ALTER TABLE {first} RENAME TO {table}")
    for role, right in rights:
        names = {"role": sql.Identifier(role), "table": sql.Identifier(table)}
        cursor.execute(sql.SQL(f"GRANT {right} ON {{table}} TO {{role}}").format(**names))


def pointer(related_name: str, **more: Any) -> Any:
    """An answer that a row is about."""
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="predictions.prediction",
        verbose_name="answer",
        **more,
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("predictions", "0015_monitoring")]
    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunPython(partition, unite),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("awaited", "prediction", pointer("awaited", db_constraint=False, db_index=False)),
                migrations.AlterField("decision", "prediction", pointer("decisions", db_constraint=False)),
                migrations.AlterField("estimate", "prediction", pointer("estimates", db_constraint=False)),
                migrations.AlterField("outcome", "prediction", pointer("outcomes", db_constraint=False)),
                migrations.AlterField(
                    "replayedanswer", "prediction", pointer("+", db_constraint=False, db_index=False)
                ),
            ]
        ),
        # Last: it cannot be done again where a step before it failed.
        migrations.CreateModel(
            name="DetachedPartition",
            fields=[
                ("name", models.CharField(max_length=63, primary_key=True, serialize=False, verbose_name="name")),
                ("table", models.CharField(max_length=63, verbose_name="table of the database")),
                ("low", models.UUIDField(null=True, verbose_name="from")),
                ("high", models.UUIDField(verbose_name="to")),
                ("rows", models.PositiveBigIntegerField(verbose_name="rows")),
                ("detached_at", models.DateTimeField(auto_now_add=True, verbose_name="detached on")),
            ],
            options={
                "verbose_name": "detached partition",
                "verbose_name_plural": "detached partitions",
                "default_permissions": (),
            },
        ),
    ]
