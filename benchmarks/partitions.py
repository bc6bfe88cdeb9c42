"""What partitions of the answers cost and save: `python -m benchmarks.partitions postgresql://owner@/scratch`.

In a scratch database that `manage.py migrate` has made, as a superuser: 24 months of made-up answers, once in monthly
partitions and once in one table with the same indexes and foreign keys. Prints medians in milliseconds. Takes about two
minutes, and leaves the database unfit for anything else.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg

MONTHS, ROWS = 24, 600_000
PARTITIONED, PLAIN = "predictions_prediction", "one_table"
# A user, a model and a version, made without the application; no trigger and no key is in the way of made-up rows.
PREPARE = """
SET session_replication_role = replica;
INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined) SELECT n, '', false, 'user' || n, '', '', '', false, true, now() FROM generate_series(1, 100) AS n;
INSERT INTO registry_registeredmodel (id, name, endpoint, repo_id, tracked_ref, input_kind, is_default, trusted,
    sync_error, created_at, approval, auto_promote, is_high_risk, metric_floors, repo_key, poll_minutes)
    VALUES (1, 'people', '', '', '', '', false, false, '', now(), 'one', false, true, '{}', '', 0);
INSERT INTO registry_modelversion (id, number, commit, status, reason, runtime, signature, is_draft, manifest_digest,
    metadata, report, attempts, created_at, model_id, progress)
    VALUES (1, 1, '', 'ready', '', 'onnx', '{}', false, '', '{}', '{}', 0, now(), 1, '');
"""
MONTH = """
CREATE TABLE month_{n} (LIKE predictions_prediction INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE predictions_prediction ATTACH PARTITION month_{n}
    FOR VALUES FROM (futurisys_first_id('{low}')) TO (futurisys_first_id('{high}'));
"""
# Ids that grow with time, spread over the months, with 80 bits that differ.
FILL = """
INSERT INTO predictions_prediction (id, salt, digest, request_id, row, inputs, warnings, source, trace_id, duration,
    outputs, label, score, user_id, version_id, key)
SELECT id, decode(md5(n::text), 'hex'), sha256(n::text::bytea), id, 0,
    jsonb_build_object('age', n %% 50, 'income', n %% 7000, 'years', n %% 30, 'department', 'Sales', 'travel', 'rarely'),
    '[]', 'api', '', 0.001, '{"label": "stays", "probabilities": {"stays": 0.8, "leaves": 0.2}}', 'stays', 0.2,
    1 + n %% 100, 1, ''
FROM (SELECT n, (left(futurisys_first_id(timestamptz '%s' + n * interval '%s seconds')::text, 14)
    || '7' || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid
    AS id FROM generate_series(1, %s) AS n) AS made
"""
NAMES = (
    "id, salt, digest, request_id, row, inputs, warnings, source, trace_id, duration, outputs, label, score, user_id,"
    " version_id, key"
)
QUERIES = {
    "by number": "SELECT * FROM {table} WHERE id = %(number)s",
    "newest 51 of all": "SELECT id FROM {table} ORDER BY id DESC LIMIT 51",
    "newest 51 of a person": "SELECT id FROM {table} WHERE user_id = 7 ORDER BY id DESC LIMIT 51",
    "51 of a person before one of a year ago": "SELECT id FROM {table} WHERE user_id = 7 AND id < %(number)s"
    " ORDER BY id DESC LIMIT 51",
    "count of an hour": "SELECT count(*) FROM {table} WHERE id >= %(low)s AND id < %(high)s",
}


def main(url: str) -> None:
    """Fill and measure."""
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection)
        values = numbers(connection)
        tables = {"one table": PLAIN, "partitions": PARTITIONED}
        for name, query in QUERIES.items():
            for title, table in tables.items():
                sql = query.format(table=table)
                told(f"{name}, {title}", lambda sql=sql: connection.execute(sql, values).fetchall(), 300)
        connection.execute("ALTER TABLE predictions_prediction DETACH PARTITION predictions_prediction_default")
        for name, query in QUERIES.items():
            sql = query.format(table=PARTITIONED)
            told(
                f"{name}, partitions without a default", lambda sql=sql: connection.execute(sql, values).fetchall(), 300
            )
        connection.execute("ALTER TABLE predictions_prediction ATTACH PARTITION predictions_prediction_default DEFAULT")
        connection.execute("SET session_replication_role = origin")
        for rows, times in ((1, 400), (100, 60), (1000, 15)):
            for _turn in range(2):  # in turns, so that what else the machine does meets both
                for title, table in tables.items():
                    told(
                        f"INSERT of {rows}, {title}",
                        lambda table=table, rows=rows: insert(connection, table, rows),
                        times,
                    )
        for rows, times in ((1, 200), (1000, 15)):
            for title in ("awaited_with_key", "predictions_awaited"):
                told(f"awaiting {rows}, {title}", lambda title=title, rows=rows: await_(connection, title, rows), times)


def fill(connection: "psycopg.Connection[Any]") -> None:
    """Both tables, with the same rows."""
    connection.execute(PREPARE)  # type: ignore[arg-type]
    first = connection.execute(
        "SELECT name FROM futurisys_partitions() WHERE facts = %s AND low IS NULL AND NOT is_default", [PARTITIONED]
    ).fetchone()
    connection.execute(f"ALTER TABLE {PARTITIONED} DETACH PARTITION {first[0]}; DROP TABLE {first[0]}")
    begin = "date_trunc('month', now() AT TIME ZONE 'UTC')"
    bounds = connection.execute(
        f"SELECT {begin} - make_interval(months => n), {begin} - make_interval(months => n - 1)"
        " FROM generate_series(%s, 0, -1) AS n",
        [MONTHS - 1],
    ).fetchall()
    for n, (low, high) in enumerate(bounds):
        connection.execute(MONTH.format(n=n, low=f"{low}Z", high=f"{high}Z"))
    start = bounds[0][0]
    seconds = int((bounds[-1][0] - start).total_seconds() / ROWS)
    connection.execute(FILL % (f"{start}Z", seconds, ROWS))
    connection.execute(f"CREATE TABLE {PLAIN} (LIKE {PARTITIONED} INCLUDING ALL)")
    for (definition,) in connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
        [PARTITIONED],
    ).fetchall():
        connection.execute(f"ALTER TABLE {PLAIN} ADD {definition} NOT VALID")
    connection.execute(f"INSERT INTO {PLAIN} SELECT * FROM {PARTITIONED} ORDER BY id")
    connection.execute("CREATE TABLE awaited_with_key (LIKE predictions_awaited INCLUDING ALL)")
    connection.execute(
        f"ALTER TABLE awaited_with_key ADD FOREIGN KEY (prediction_id) REFERENCES {PLAIN} (id) DEFERRABLE INITIALLY DEFERRED"
    )
    for table in (PARTITIONED, PLAIN):
        connection.execute(f"VACUUM ANALYZE {table}")


def numbers(connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    """Numbers of about a year ago."""
    row = connection.execute(
        "SELECT (SELECT id FROM one_table WHERE id < low ORDER BY id DESC LIMIT 1), low, high"
        " FROM futurisys_first_id(now() - interval '1 year') AS low,"
        " futurisys_first_id(now() - interval '1 year' + interval '1 hour') AS high"
    ).fetchone()
    return dict(zip(("number", "low", "high"), row, strict=True))


def insert(connection: "psycopg.Connection[Any]", table: str, rows: int) -> None:
    """New rows like the newest ones, as of now, in a transaction of their own; with their foreign keys checked."""
    connection.execute(
        f"INSERT INTO {table} ({NAMES}) SELECT (left(futurisys_first_id(clock_timestamp())::text, 14) || '7'"
        " || substr(x, 1, 3) || '-8' || substr(x, 4, 3) || '-' || substr(x, 7, 12))::uuid,"
        " ''::bytea, ''::bytea, gen_random_uuid(), 0, '{\"age\": 3, \"income\": 5}', '[]', 'api', '', 0.001, '{}',"
        " 'stays', 0.2, 7, (SELECT min(id) FROM registry_modelversion), ''"
        " FROM generate_series(1, %s) AS n, md5(gen_random_uuid()::text || n) AS x",
        [rows],
    )


def await_(connection: "psycopg.Connection[Any]", table: str, rows: int) -> None:
    """That answers wait for a decision, with the answers looked up by a foreign key or by the trigger; rolled back."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            f"INSERT INTO {table} (id, prediction_id, kind, model_id, user_id, due_date)"
            f" SELECT -row_number() OVER (), id, 'decision', 1, 7, now() FROM {PLAIN} WHERE user_id < 90 AND id >= %s"
            " ORDER BY id LIMIT %s",
            [numbers(connection)["low"], rows],
        )
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def told(name: str, work: Callable[[], object], times: int) -> None:
    """Run it some times and print the median."""
    taken = []
    for _time in range(times):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    print(f"{name}: {statistics.median(taken):.3f} ms", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
