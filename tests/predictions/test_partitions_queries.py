"""With two years of partitions the queries of pages read as few rows as before: an index of each part, and no sort."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from predictions.activity import number_at
from predictions.calls import _LAST_ROWS
from predictions.history import search
from predictions.history.wanted import Wanted
from predictions.models import Prediction
from predictions.models.prediction import a_second_after
from predictions.monitoring.rollups.due import _NEWEST
from predictions.monitoring.rollups.verifying import _COUNTS
from tests.predictions.months import ANSWERS, begin, cut, name_of, within

MONTHS = 24
# Rows alone, without the people and versions that they are about: those have no part in what is asked here.
FILL = """
INSERT INTO predictions_prediction (id, salt, digest, request_id, row, inputs, warnings, source, trace_id, duration,
    outputs, label, score, user_id, version_id, key)
SELECT id, ''::bytea, ''::bytea, id, 0, '{}', '[]', 'api', '', 0, '{}', 'class' || n %% 5, 0.5, n %% 20, n %% 3, 'K-' || n
FROM (SELECT n, (left(futurisys_first_id(begin + n * interval '25 minutes')::text, 14) || '7'
    || substr(md5(n::text), 1, 3) || '-8' || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid AS id
    FROM generate_series(1, 1000) AS n, unnest(%s::timestamptz[]) AS month (begin)) AS made
"""


@pytest.fixture(name="plan", scope="module")
def plan_with_two_years(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """`plan(statement, values)`: how it is run, on 24 partitions with 1 000 rows each, of which nothing is kept."""
    owner = connections["owner"]
    with django_db_blocker.unblock(), transaction.atomic(using="owner"), owner.cursor() as cursor:
        cut(cursor, MONTHS)
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(FILL, [[begin(ago) for ago in range(MONTHS)]])
        cursor.execute(f"ANALYZE {ANSWERS}")

        def plan(statement: str, values: Any) -> str:
            with owner.cursor() as asked:
                asked.execute(f"EXPLAIN (ANALYZE, COSTS off, TIMING off) {statement}", values)
                return "\n".join(line for (line,) in asked.fetchall())

        yield plan
        transaction.set_rollback(True, using="owner")


def read(plan: str) -> set[str]:
    """The partitions of which something was looked at, in the order of their months."""
    lines = [line for line in plan.splitlines() if "never executed" not in line]
    return set(re.findall(rf"on ({ANSWERS}_\w+)", "\n".join(lines)))


def read_whole(plan: str) -> set[str]:
    """Partitions with rows that were read without an index."""
    return set(re.findall(rf"Seq Scan on ({ANSWERS}_\w+)", plan)) & {name_of(ago) for ago in range(MONTHS)}


def is_read_in_order(plan: str) -> bool:
    """Whether index by index is read, as far as needed: no partition as a whole, and nothing is sorted."""
    return not read_whole(plan) and not re.search(r"Sort \(|Bitmap", plan) and "Index" in plan


def rows_read(plan: str) -> int:
    """Of all partitions together."""
    return sum(int(float(rows)) for rows in re.findall(rf"on {ANSWERS}_\w+ .*rows=([\d.]+)", plan))


@pytest.mark.parametrize("asked", [Wanted(), Wanted(user=7), Wanted(label="class3")], ids=["all", "person", "label"])
def test_a_page_of_the_history_reads_the_newest_of_each_month_and_sorts_nothing(plan: Any, asked: Wanted) -> None:
    conditions = " AND ".join(search._conditions(asked, None)) or "TRUE"
    values = search._values(asked) | {"most": 51}
    found = plan(search._PLAIN.format(conditions=conditions, order="DESC"), values)
    assert "Merge Append" in found, found
    assert is_read_in_order(found), found
    assert rows_read(found) <= 51 + 2 * MONTHS, found


def test_of_each_version_the_newest_are_read(plan: Any) -> None:
    asked = Wanted(versions=(1, 2))
    found = plan(search._BY_VERSION.format(conditions="TRUE", order="DESC"), search._values(asked) | {"most": 51})
    assert "Merge Append" in found, found
    assert not read_whole(found), found
    assert rows_read(found) <= 51 + 2 * MONTHS, found


@pytest.mark.parametrize("asked", [Wanted(key="K-40"), Wanted(record=5)], ids=["key", "record"])
def test_a_case_is_looked_up_in_each_month(plan: Any, asked: Wanted) -> None:
    """Of which there are few answers: that they are sorted takes nothing."""
    conditions = " AND ".join(search._conditions(asked, None))
    found = plan(search._PLAIN.format(conditions=conditions, order="DESC"), search._values(asked) | {"most": 51})
    assert not read_whole(found), found
    assert rows_read(found) <= 2 * MONTHS, found


def test_the_page_before_an_answer_of_a_year_ago_leaves_out_what_is_newer(plan: Any) -> None:
    found = plan(
        f"SELECT id FROM {ANSWERS} WHERE user_id = 7 AND id < %s ORDER BY id DESC LIMIT 51", [number_at(within(12))]
    )
    assert is_read_in_order(found), found
    assert name_of(12) in read(found)
    assert not {name_of(ago) for ago in range(11)} & read(found)


@pytest.mark.parametrize("days", [0, 400])
def test_an_answer_is_looked_up_in_its_month(plan: Any, days: int) -> None:
    number = number_at(within(days // 31))
    found = plan(f"SELECT * FROM {ANSWERS} WHERE id = %s", [number])
    assert read(found) == {name_of(days // 31)}, found


def test_the_answers_of_a_call_are_read_in_its_month(plan: Any) -> None:
    begun = number_at(within(3))
    statement, values = Prediction.objects.of_call(begun).query.sql_with_params()
    assert read(plan(statement, [str(each) if isinstance(each, UUID) else each for each in values])) == {name_of(3)}
    assert read(plan(_LAST_ROWS, [[begun], [a_second_after(begun)], 7])) <= {name_of(3)}


def test_an_hour_is_counted_in_its_month(plan: Any) -> None:
    low, high = number_at(within(5)), number_at(within(5).replace(hour=11))
    assert read(plan(_COUNTS, [[low], [high]])) == {name_of(5)}
    assert read(plan(_NEWEST, [[low], [high]])) == {name_of(5)}
