"""A default partition with rows becomes the partition of their months, while everybody goes on asking."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from predictions.activity import number_at
from predictions.models import Prediction
from predictions.partitions import healing, making
from predictions.partitions.known import PROMISE, TABLES, broken_off, partitions, strays
from registry.models import ModelVersion
from tests.predictions.histories import ask, made_at
from tests.predictions.months import ANSWERS, begin, months_of_partitions, name_of, within  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
Months = Callable[[int], None]
DEFAULT = f"{ANSWERS}_default"
HEALED = f"{ANSWERS}_until_{begin(-6):%Y_%m}"  # the month after that of the rows is in it
ROWS = 5_000
FILL = """
INSERT INTO predictions_prediction (id, salt, digest, request_id, row, inputs, warnings, source, trace_id, duration,
    outputs, label, score, user_id, version_id, key)
SELECT (left(futurisys_first_id(%s + n * interval '1 minute')::text, 14) || '7' || substr(md5(n::text), 1, 3) || '-8'
    || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid,
    salt, digest, request_id, row, inputs, warnings, source, trace_id, duration,
    outputs, label, score, user_id, version_id, key
FROM predictions_prediction, generate_series(1, %s) AS n WHERE id = %s
"""


def as_owner(statement: str, values: list[Any] | None = None) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def mend() -> str:
    said = StringIO()
    call_command("make_partitions", stdout=said, stderr=said)
    return said.getvalue()


def promises() -> list[Any]:
    return as_owner("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = %s", [PROMISE])


@pytest.fixture(name="late")
def some_thousand_answers_without_a_partition(
    months: Months, iris: ModelVersion, analyst: User
) -> Iterator[Prediction]:
    """One of them: this month there is a partition, five months later none, and it has begun."""
    months(1)
    answer = made_at(ask(analyst)[0], begin(-5))
    as_owner(FILL, [begin(-5), ROWS, answer.pk])
    yield answer
    healing._take_back(connections["owner"], DEFAULT)  # where a test failed


@contextmanager
def somebody_asks(by: User, late: Prediction) -> Iterator[list[float]]:
    """Inside, answers of now and of the month without a partition are stored all the time: how long each took."""
    taken: list[float] = []
    failed: list[Exception] = []
    over = threading.Event()

    def store() -> None:
        try:
            while not over.is_set():
                begun = time.monotonic()
                ask(by)
                made_at(late, within(-5) + timedelta(milliseconds=len(taken)))
                taken.append(time.monotonic() - begun)
        except Exception as error:  # noqa: BLE001  told below
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=store)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join(30)
    assert not failed


def wait_for_more(taken: list[float]) -> None:
    """Returns when some more were stored, and fails when none are."""
    enough, last = len(taken) + 3, time.monotonic() + 20
    while len(taken) < enough:
        assert time.monotonic() < last, "nothing is stored any more"
        time.sleep(0.02)


def test_answers_are_stored_all_the_time(late: Prediction, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as long as the rows are read: for these few that is over in a moment, so here it waits for some answers."""
    known = Prediction.objects.count()
    keep, meanwhile = healing._keep, []

    def read_slowly(aside: Any, default: str) -> None:
        assert promises() == [(DEFAULT,)]
        wait_for_more(taken)
        made_at(late, begin(-7) - timedelta(milliseconds=1))  # whose clock is ahead by another month
        keep(aside, default)
        wait_for_more(taken)
        meanwhile.extend(taken)

    monkeypatch.setattr(healing, "_keep", read_slowly)
    with somebody_asks(analyst, late) as taken:
        wait_for_more(taken)
        assert HEALED in mend()
        wait_for_more(taken)
    assert len(meanwhile) >= 6
    assert max(taken) < 2, "an answer waits no longer for a lock"
    assert Prediction.objects.count() == known + 2 * len(taken) + 1
    assert as_owner(f"SELECT count(*) FROM {HEALED}") == [(1 + ROWS + len(taken) + 1,)]
    assert as_owner(f"SELECT count(*) FROM {DEFAULT}") == [(0,)]
    assert promises() == []


def test_no_row_is_read_under_the_lock(late: Prediction) -> None:
    """PostgreSQL says itself, to who wants to know, whether it reads a table to attach it."""
    owner = connections["owner"]
    said: list[str] = []
    as_owner("SET client_min_messages = debug1")

    def listener(heard: Any) -> None:
        said.append(heard.message_primary)

    owner.connection.add_notice_handler(listener)
    try:
        assert healing.heal(owner, timezone.now()) == [HEALED]
    finally:
        owner.connection.remove_notice_handler(listener)
        as_owner("RESET client_min_messages")
    assert [each for each in said if HEALED in each] == [
        f'partition constraint for table "{HEALED}" is implied by existing constraints'
    ], "and no index of it is built"
    its_turn = said.index(f'verifying table "{DEFAULT}"')  # of the new one, which is empty
    assert not [each for each in said[:its_turn] if "foreign key" in each]


# Broken off


@pytest.mark.parametrize("is_read", [False, True])
def test_what_a_killed_run_left_is_told_and_taken_up(late: Prediction, is_read: bool) -> None:
    low = max(one.high for one in partitions(connection) if one.facts == ANSWERS and one.high)
    with connections["owner"].cursor() as cursor:
        healing._promise(cursor, default=DEFAULT, low=low, high=number_at(begin(-6)))
    if is_read:
        as_owner(f"ALTER TABLE {DEFAULT} VALIDATE CONSTRAINT {PROMISE}")
    sentence = f"Mending {DEFAULT} was broken off, and it refuses answers of later months since."
    assert [each for each in making.problems(timezone.now()) if each.startswith(sentence)]
    assert HEALED in mend()
    assert promises() == []
    assert making.problems(timezone.now()) == []
    made_at(late, begin(-9))
    assert as_owner(f"SELECT count(*) FROM {DEFAULT}") == [(1,)]


def test_a_run_that_is_stopped_leaves_no_check(late: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would refuse answers from its end on."""

    def stop(*_: Any) -> None:
        assert promises() == [(DEFAULT,)]
        raise KeyboardInterrupt

    with monkeypatch.context() as then:
        then.setattr(healing, "_keep", stop)
        with pytest.raises(KeyboardInterrupt):
            mend()
    assert promises() == []
    assert HEALED in mend()


def test_a_row_of_another_time_that_came_meanwhile_is_told(late: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    promise = healing._promise

    def come_first(cursor: Any, **more: Any) -> None:
        made_at(late, timezone.now() + timedelta(days=4000))
        promise(cursor, **more)

    monkeypatch.setattr(healing, "_promise", come_first)
    with pytest.raises(CommandError, match=f"{DEFAULT} got a row of another time meanwhile"):
        mend()
    assert promises() == []


# Others at the same tables


def test_a_table_that_somebody_reads_is_waited_for_in_short_turns(
    late: Prediction, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = connections["owner"].copy()
    until = threading.Timer(4, reader.close)
    monkeypatch.setattr(reader, "validate_thread_sharing", lambda: None)
    with reader.cursor() as cursor, somebody_asks(analyst, late) as taken:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT count(*) FROM {ANSWERS}")
        until.start()
        wait_for_more(taken)
        assert HEALED in mend()
        assert until.finished.is_set()
    assert max(taken) < 2, "an answer waits no longer for a lock"


def test_who_reads_for_too_long_is_told(late: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healing, "TRIES", 2)
    monkeypatch.setattr(healing, "PAUSE", 0)
    reader = connections["owner"].copy()
    with reader.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT count(*) FROM {ANSWERS}")
        with pytest.raises(CommandError, match="Somebody uses the tables of the answers for long"):
            mend()
    reader.close()
    assert HEALED in mend()


def test_beat_makes_nothing_while_somebody_mends(late: Prediction) -> None:
    with healing._alone(connections["owner"]):
        assert making.make() == []
        with pytest.raises(CommandError, match="Somebody else makes partitions"):
            mend()
        with connections["owner"].cursor() as cursor:
            healing._promise(cursor, default=DEFAULT, low=None, high=number_at(begin(-6)))
        assert broken_off(connection) == [], "it is at work"
    assert broken_off(connection) == [DEFAULT]
    assert name_of(-3) in making.make()
    mend()
    assert strays(connection, partitions(connection)) == dict.fromkeys(TABLES, 0)


def test_beat_gives_up_what_takes_longer_than_an_answer_waits(
    late: Prediction, analyst: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would do so under a lock: everybody's answers would wait, and fail."""
    monkeypatch.setattr(making, "LONGEST", "3ms")
    before = partitions(connection)
    with caplog.at_level(logging.INFO):
        assert making.make() == []
    assert "the default partition holds too much to be looked through" in caplog.text
    assert "Run manage.py make_partitions" in caplog.text
    assert partitions(connection) == before
    assert ask(analyst)
