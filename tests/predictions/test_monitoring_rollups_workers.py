"""Who counts: several at once, when something goes wrong, the task, the command; and what pages read."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from predictions import tasks
from predictions.decisions import verbs as decisions
from predictions.models import DailyRollup, HourlyRollup, HourToCount, Prediction
from predictions.monitoring.rollups import counting, days, keeping, layout, reading, rounds
from predictions.monitoring.rollups.reading import Wanted
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions.histories import made_at
from tests.predictions.rolling import HOUR, NOON, counted

# Many at once, and what goes wrong


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_count_each_answer_once(asked: Prediction) -> None:
    for minutes in range(0, 300, 20):
        made_at(asked, NOON + timedelta(minutes=minutes))
    late = NOON + timedelta(hours=8)
    hours = [NOON + HOUR * count for count in range(5)]

    def count(order: list[datetime]) -> None:
        try:
            keeping.count_hours(order, late)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(count, [hours, hours[::-1], hours[2:]]))
    assert [counted(hour) for hour in hours] == [3] * 5
    day = DailyRollup.objects.get(field="", source="")
    assert Tally.stored(layout.of(asked.version), day)["answers"] == 15


@pytest.mark.django_db(transaction=True)
def test_who_finds_a_day_taken_leaves_it(asked: Prediction) -> None:
    made_at(asked, NOON)

    def count() -> list[datetime]:
        try:
            return keeping.count_hours([NOON], NOON + HOUR, waits=False)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            keeping.count_hour(NOON + 3 * HOUR, NOON + HOUR)
            assert pool.submit(count).result() == []
        assert pool.submit(count).result() == [NOON]


@pytest.mark.django_db(transaction=True)
def test_a_mark_that_commits_while_an_hour_is_counted_stays(
    asked: Prediction, decider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = days.hour_of(asked.created_at)
    real = counting.count

    def decided_meanwhile() -> None:
        try:
            decisions.decide(prediction=asked, by=decider, verdict="agree", reason="fits")
        finally:
            connections.close_all()

    def count(asked: datetime) -> Any:
        found = real(asked)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(decided_meanwhile).result()
        return found

    monkeypatch.setattr(keeping, "count", count)
    keeping.count_hour(hour, timezone.now())
    assert HourToCount.objects.filter(hour=hour).count() == 1


def test_a_day_that_fails_keeps_no_other_waiting(
    asked: Prediction, clock: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    for ago in (1, 2):
        made_at(asked, NOON - timedelta(days=ago))
    clock(NOON)
    real = counting.count

    def count(hour: datetime) -> Any:
        if days.day_of(hour) == date(2026, 3, 9):
            raise ValueError
        return real(hour)

    monkeypatch.setattr(keeping, "count", count)
    assert rounds.work(seconds=60) is False
    assert list(DailyRollup.objects.filter(field="", source="").values_list("day", flat=True)) == [date(2026, 3, 8)]
    assert "hours could not be counted" in caplog.text


def test_a_version_whose_files_are_damaged_is_left_out(
    asked: Prediction, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def of(version: ModelVersion) -> Any:
        raise RuntimeFailed("The artifact is damaged.", kind="load")

    monkeypatch.setattr(layout, "of", of)
    keeping.count_hour(days.hour_of(asked.created_at), timezone.now())
    assert not HourlyRollup.objects.exists()
    assert "a version is not counted" in caplog.text


# The task and the command


def test_the_task_sends_itself_while_there_is_more(asked: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.roll_up, "apply_async", lambda **how: sent.append(how))
    monkeypatch.setattr(tasks, "ROLL_UP_SECONDS", -1)
    made_at(asked, NOON)
    tasks.roll_up()
    assert [set(how["kwargs"]) for how in sent] == [{"until"}]
    tasks.roll_up(until=0.0)  # beat has sent another one since
    assert len(sent) == 1


def test_everything_is_counted_anew_by_the_command(asked: Prediction, capsys: Any) -> None:
    for ago in (3, 2, 1):
        made_at(asked, NOON - timedelta(days=ago))
    call_command("rebuild_rollups", "--from", "2026-03-08", "--to", "2026-03-09")
    said = capsys.readouterr().out.splitlines()
    assert (said[0], said[-1]) == ("2 days to count.", "48 hours were counted.")
    assert [line.partition(":")[0] for line in said[1:3]] == ["2026-03-09", "2026-03-08"]
    HourlyRollup.objects.all().delete()
    call_command("rebuild_rollups")
    assert set(DailyRollup.objects.values_list("day", flat=True)) > {date(2026, 3, day) for day in (7, 8, 9)}
    assert not HourToCount.objects.exists()


def test_a_command_that_was_stopped_is_continued(asked: Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    for ago in (2, 1):
        made_at(asked, NOON - timedelta(days=ago))
    real = keeping.count_hours

    def stopped(hours: list[datetime], *given: Any, **how: Any) -> Any:
        if days.day_of(hours[0]) == date(2026, 3, 8):
            raise KeyboardInterrupt
        return real(hours, *given, **how)

    monkeypatch.setattr(keeping, "count_hours", stopped)
    with pytest.raises(KeyboardInterrupt):
        call_command("rebuild_rollups", "--to", "2026-03-09", stdout=None)
    assert HourToCount.objects.count() == 24
    monkeypatch.setattr(keeping, "count_hours", real)
    call_command("rebuild_rollups", "--continue", stdout=None)
    assert (HourToCount.objects.count(), counted(NOON - timedelta(days=2))) == (0, 1)


def test_a_period_that_ends_before_it_begins_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="first day"):
        call_command("rebuild_rollups", "--from", "2026-03-09", "--to", "2026-03-08")


# Pages


def test_pages_read_as_many_rows_as_there_are_days(asked: Prediction, analyst: User) -> None:
    def read() -> tuple[int, int]:
        wanted = Wanted(model=asked.version.model, since=date(2026, 3, 1), until=date(2026, 3, 10))
        with CaptureQueriesContext(connection) as queries:
            found = reading.days(wanted)
        return sum(one.tally["answers"] for one in found), len(queries)

    read()
    for tail in range(3):
        made_at(asked, NOON + timedelta(seconds=tail))
    keeping.count_hour(NOON, NOON + HOUR)
    few = read()
    for tail in range(30):
        made_at(asked, NOON - timedelta(days=tail % 5, seconds=tail - 100))
    call_command("rebuild_rollups", stdout=None)
    assert (few, read()) == ((3, 2), (33, 2))
