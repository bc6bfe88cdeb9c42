"""From one table to partitions and back, with rows in it: nothing is copied, and everybody keeps their rights."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from uuid_utils.compat import uuid7

from predictions.models import Decision, Prediction
from predictions.partitions.known import TABLES
from registry.models import ModelVersion
from tests.predictions.histories import ask, decide, made_at
from tests.predictions.months import ANSWERS, begin, first_of, names, within

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
migration = import_module("predictions.migrations.0016_partitions")


class Editor:
    """What a migration is given."""

    connection = connections["owner"]


def as_owner(statement: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(autouse=True)
def _as_before(transactional_db: None) -> Iterator[None]:
    """Whatever a test leaves, the tables are partitioned and empty afterwards. They are not those of before."""
    before = oids()
    yield
    connections.close_all()
    as_owner("SET session_replication_role = replica")
    for table in TABLES:
        as_owner(f"DELETE FROM {table}")
    as_owner("SET session_replication_role = DEFAULT")
    migration.partition(None, Editor)
    for old, new in zip(before, oids(), strict=True):
        if old != new:  # see tests/conftest.py
            as_owner(f'ALTER TABLE kept."{old}" RENAME TO "{new}"')


def oids() -> list[int]:
    return [number for table in TABLES for (number,) in as_owner(f"SELECT '{table}'::regclass::oid::bigint")]


def described() -> list[Any]:
    """Indexes and constraints of both tables as PostgreSQL knows them, triggers, and who may do what."""
    those = "IN (" + ", ".join(f"'{table}'::regclass" for table in TABLES) + ")"
    asked = [
        f"SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid {those}",
        f"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid {those}",
        f"SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgrelid {those} AND tgname LIKE 'fact%'",
        f"SELECT oid::regclass::text, relacl::text FROM pg_class WHERE oid {those}",
    ]
    return [sorted(as_owner(each)) for each in asked]


def test_there_and_back_and_there_again(iris: ModelVersion, analyst: User) -> None:
    now = ask(analyst, rows=3)
    old, ahead = made_at(now[0], within(14)), made_at(now[0], within(-1))
    decided = decide(now[1], analyst)
    known = set(Prediction.objects.values_list("pk", flat=True))
    partitioned = described()

    migration.unite(None, Editor)
    assert names() == []
    assert set(Prediction.objects.values_list("pk", flat=True)) == known
    assert described() == partitioned
    with pytest.raises(IntegrityError, match="foreign key"), transaction.atomic():
        Decision.objects.create(prediction_id=uuid7(), **told(analyst))
    (file,) = as_owner(f"SELECT pg_relation_filenode('{ANSWERS}')")

    migration.partition(None, Editor)
    with connections["owner"].cursor() as cursor:
        first = first_of(cursor, ANSWERS)
    assert as_owner(f"SELECT pg_relation_filenode('{first}')") == [file], "the rows are where they were"
    assert described() == partitioned
    assert set(Prediction.objects.values_list("pk", flat=True)) == known
    assert {number for (number,) in as_owner(f"SELECT id FROM {first}")} == known, f"{old} and {ahead}, too"
    assert first.endswith(f"_until_{begin(-1):%Y_%m}"), "a row of next month is in it"
    assert Decision.objects.get().pk == decided.pk
    for statement in (f"SELECT * FROM {first}", f"INSERT INTO {first} SELECT * FROM {first}"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with pytest.raises(DatabaseError, match="holds facts"):
        as_owner(f"DELETE FROM {first}")
    with pytest.raises(IntegrityError, match="which is not there"), transaction.atomic():
        Decision.objects.create(prediction_id=uuid7(), **told(analyst))
    ask(analyst)
    assert Prediction.objects.count() == len(known) + 1


def test_a_table_that_somebody_uses_is_waited_for(
    iris: ModelVersion, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try gives up soon, so that answers are stored between two of them."""
    answer = ask(analyst)[0]
    migration.unite(None, Editor)
    monkeypatch.setattr(migration, "PATIENCE", "200ms")
    tries: list[float] = []
    reader = connections["owner"].copy()

    def meanwhile(seconds: float) -> None:
        tries.append(seconds)
        ask(analyst)
        if len(tries) == 2:
            reader.close()

    monkeypatch.setattr(migration.time, "sleep", meanwhile)
    with reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT count(*) FROM {ANSWERS}")
        migration.partition(None, Editor)
    assert len(tries) == 2
    assert Prediction.objects.count() == 3
    assert Prediction.objects.filter(pk=answer.pk).exists()
    assert names()


def told(by: User) -> dict[str, Any]:
    return {"by": by, "verdict": "agree", "reason": "fits", "salt": b"s" * 16, "digest": b"d" * 32}
