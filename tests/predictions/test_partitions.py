"""The tables of answers are partitioned by month: what each part keeps, and how the next ones are made."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import uuid_utils.compat
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone

from predictions import admin_lists, tasks
from predictions.activity import number_at
from predictions.models import Awaited, Comparison, Decision, Estimate, Outcome, Prediction, ReplayedAnswer
from predictions.partitions import making
from predictions.partitions.known import TABLES, partitions, strays
from registry.models import ModelVersion
from tests.predictions import months as here
from tests.predictions.histories import ask, made_at
from tests.predictions.months import ANSWERS, begin, months_of_partitions, name_of, names  # noqa: F401  a fixture

BOTH = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
Months = Callable[[int], None]


def as_owner(statement: str, values: list[Any] | None = None) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def as_application(statement: str) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


@contextmanager
def somebody_else(statement: str) -> Iterator[None]:
    """Inside, another connection of the owner has run the statement, and its transaction stays open."""
    with connections["owner"].copy().cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
            cursor.db.close()


# What each part keeps


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_each_partition_by_itself_refuses_changes_even_to_the_owner(iris: ModelVersion, change: str) -> None:
    for one in partitions(connections["owner"]):
        triggers = as_owner(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [one.name]
        )
        assert {("fact_own_row",), ("fact_own_table",), ("fact_row",)} <= set(triggers), one.name
        if change.startswith("TRUNCATE"):  # the others fire where there are rows
            with pytest.raises(DatabaseError, match="holds facts"), transaction.atomic(using="owner"):
                as_owner(change.format(one.name))


@BOTH
def test_rows_refuse_changes_in_every_partition(iris: ModelVersion, analyst: User, months: Months) -> None:
    months(3)
    now = ask(analyst)[0]
    made_at(now, here.within(2))
    made_at(now, begin(-2))
    for name in (name_of(2), name_of(0), f"{ANSWERS}_default"):
        assert as_owner(f"SELECT count(*) FROM {name}") == [(1,)]
        for change in ("UPDATE {} SET key = 'x'", "DELETE FROM {}"):
            with pytest.raises(DatabaseError, match="holds facts"):
                as_owner(change.format(name))


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        *["SELECT * FROM {0}", "INSERT INTO {0} SELECT * FROM {0}", "DELETE FROM {0}", "DROP TABLE {0}"],
        *["ALTER TABLE predictions_prediction DETACH PARTITION {0}", "SELECT futurisys_protect_partition('{0}')"],
        "CREATE TABLE mine PARTITION OF predictions_prediction FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
    ],
)
def test_the_application_may_do_nothing_with_a_partition(statement: str) -> None:
    for one in partitions(connections["owner"]):
        with pytest.raises(DatabaseError) as refused:
            as_application(statement.format(one.name))
        assert refused.value.__cause__.sqlstate == "42501"


@pytest.mark.django_db
def test_indexes_bear_the_names_that_django_knows() -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, ANSWERS)
    assert {index.name for index in Prediction._meta.indexes} <= set(found)
    assert {tuple(each["columns"]) for each in found.values() if each["primary_key"]} == {("id",)}
    referred = {field.column for field in Prediction._meta.fields if field.is_relation}
    assert {each["columns"][0] for each in found.values() if each["foreign_key"]} == referred


@BOTH
def test_the_admin_still_knows_about_how_many_rows_there_are(iris: ModelVersion, analyst: User, months: Months) -> None:
    months(2)
    answer = ask(analyst, rows=7)[0]
    made_at(answer, here.within(1))
    as_owner(f"ANALYZE {ANSWERS}")
    assert admin_lists.estimated_rows(ANSWERS) == 8


# What is about an answer needs one: a trigger says so, as a foreign key did


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Decision, Estimate, Outcome, Awaited, ReplayedAnswer])
def test_nothing_is_about_an_answer_that_is_not_there(iris: ModelVersion, analyst: User, model: type[Any]) -> None:
    known, sealed = ask(analyst)[0], {"salt": b"s" * 16, "digest": b"d" * 32, "by": analyst}
    today = timezone.localdate()
    asked = {"since_date": today, "until_date": today, "most": 10}
    more: dict[type[Any], dict[str, Any]] = {
        Decision: {**sealed, "verdict": "agree", "reason": "fits"},
        Estimate: {**sealed, "label": "setosa"},
        Outcome: {**sealed, "label": "setosa", "observed_date": today},
        Awaited: {"kind": "decision", "model": iris.model, "user": analyst, "due_date": today},
        ReplayedAnswer: {"comparison": Comparison.objects.create(model=iris.model, by=analyst, **asked), "place": 0},
    }
    unknown = uuid_utils.compat.uuid7()
    with pytest.raises(IntegrityError, match=f"is about answer {unknown}, which is not there"), transaction.atomic():
        model.objects.bulk_create([model(prediction_id=number, **more[model]) for number in (known.pk, unknown)])
    model.objects.create(prediction=known, **more[model])


# Months to come


@BOTH
def test_beat_makes_the_next_three_months_once(months: Months) -> None:
    months(1)
    for _time in range(2):
        tasks.make_partitions()
        for table in TABLES:
            ahead = [name_of(-month, table) for month in (1, 2, 3)]
            assert names(table) == [name_of(0, table), *ahead, f"{table}_default"]


@pytest.mark.django_db
@pytest.mark.parametrize("ahead", ["-1", "4", "NULL"])
def test_only_which_of_four_months_may_be_asked(ahead: str) -> None:
    with pytest.raises(DatabaseError, match="partitions are made for this month and the three after it"):
        as_application(f"SELECT futurisys_make_partitions({ahead})")
    assert as_application("SELECT futurisys_make_partitions(0)") == ([],)


@BOTH
def test_answers_are_stored_while_a_partition_is_made(iris: ModelVersion, analyst: User, months: Months) -> None:
    """Its locks are held as long as this takes: an answer would wait for two seconds, and then be refused."""
    months(1)
    with somebody_else("SELECT futurisys_make_partitions(3)"):
        few, many = ask(analyst), ask(analyst, rows=60)
        assert Prediction.objects.get(pk=few[0].pk).label == "setosa"
    assert Prediction.objects.count() == len(few) + len(many)
    assert name_of(-3) not in names()


@BOTH
def test_two_beats_at_once_make_it_once(months: Months) -> None:
    months(1)
    ready = threading.Barrier(2)
    made: list[list[str]] = []

    def beat() -> None:
        ready.wait()
        made.append(making.make())
        connections.close_all()

    threads = [threading.Thread(target=beat) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 2
    found = [name for names_made in made for name in names_made]
    assert len(found) == len(set(found))
    tasks.make_partitions()  # whoever came second may have left a month to the next day
    assert name_of(-3) in names()


@BOTH
def test_who_reads_all_partitions_for_long_is_not_disturbed(
    months: Months, caplog: pytest.LogCaptureFixture, iris: ModelVersion, analyst: User
) -> None:
    months(1)
    with somebody_else(f"SELECT count(*) FROM {ANSWERS}"), caplog.at_level(logging.INFO):
        assert making.make() == []
        assert ask(analyst)
    assert "somebody reads all partitions" in caplog.text
    assert making.make() == [name_of(-month, table) for month in (2, 3) for table in TABLES]


# Made too late, or a clock that runs ahead


@BOTH
def test_an_answer_without_a_partition_of_its_own_is_stored_all_the_same(
    months: Months, caplog: pytest.LogCaptureFixture, iris: ModelVersion, analyst: User
) -> None:
    """As beat was away for long: next month has begun in the default partition, which then becomes its partition."""
    months(1)
    early = made_at(ask(analyst)[0], here.within(-5))
    later = made_at(early, here.within(-6))
    assert Prediction.objects.get(pk=early.pk).label == "setosa"
    made = making.make()
    assert name_of(-3) in made
    assert "2 rows lie in the default partition of predictions_prediction" in caplog.text
    said = StringIO()
    call_command("make_partitions", stdout=said, stderr=said)
    healed = f"{ANSWERS}_until_{begin(-7):%Y_%m}"
    assert healed in said.getvalue()
    assert as_owner(f"SELECT id FROM {healed} ORDER BY id") == [(early.pk,), (later.pk,)]
    assert strays(connection, partitions(connection)) == dict.fromkeys(TABLES, 0)
    assert Prediction.objects.get(pk=early.pk).label == "setosa"
    with pytest.raises(DatabaseError, match="holds facts"):
        as_owner(f"DELETE FROM {healed}")
    made_at(early, begin(-9))
    assert as_owner(f"SELECT count(*) FROM {ANSWERS}_default") == [(1,)]


@BOTH
def test_a_month_that_began_in_the_default_partition_is_followed_by_none_until_it_has_its_own(
    months: Months, iris: ModelVersion, analyst: User
) -> None:
    months(1)
    early = made_at(ask(analyst)[0], here.within(-3))
    assert making.make() == [name_of(-2, table) for table in TABLES]
    call_command("make_partitions", stdout=StringIO())
    assert as_owner(f"SELECT id FROM {ANSWERS}_until_{begin(-4):%Y_%m}") == [(early.pk,)]
    assert name_of(-3, TABLES[1]) in names(TABLES[1])


@BOTH
def test_a_clock_that_is_wrong_by_years_is_told(months: Months, iris: ModelVersion, analyst: User) -> None:
    months(1)
    made_at(ask(analyst)[0], timezone.now() + timedelta(days=4000))
    with pytest.raises(CommandError, match="which clock was wrong"):
        call_command("make_partitions")
    assert as_owner(f"SELECT count(*) FROM {ANSWERS}_default") == [(1,)]


@pytest.mark.django_db
def test_who_has_no_partition_for_next_week_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert making.problems(timezone.now()) == []
    sentences = making.problems(begin(-6))
    assert [sentence.split(" has no partition")[0] for sentence in sentences] == list(TABLES)


@BOTH
def test_partitions_are_listed(months: Months, iris: ModelVersion, analyst: User) -> None:
    months(2)
    made_at(ask(analyst)[0], here.within(1))
    as_owner(f"ANALYZE {ANSWERS}")
    said = StringIO()
    call_command("list_partitions", stdout=said)
    lines = {line.split()[0]: line for line in said.getvalue().splitlines()}
    assert f"{begin(1):%Y-%m-%d} to {begin(0):%Y-%m-%d}" in lines[name_of(1)]
    assert " 1 rows " in lines[name_of(1)]
    assert "everything else" in lines[f"{ANSWERS}_default"]
    assert number_at(begin(1)) == next(one.low for one in partitions(connection) if one.name == name_of(1))


@BOTH
def test_rows_that_postgresql_has_not_counted_are_not_said_to_be_none(
    months: Months, iris: ModelVersion, analyst: User
) -> None:
    months(3)
    made_at(ask(analyst)[0], here.within(1))
    said = StringIO()
    call_command("list_partitions", stdout=said)
    lines = {line.split()[0]: line for line in said.getvalue().splitlines()}
    assert " not counted yet " in lines[name_of(1)]
    assert " 0 rows " in lines[name_of(2)]
