"""Hours and days where the installation is, clocks that change included."""

import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from predictions.activity import number_at
from predictions.monitoring.rollups import days

PARIS, KOLKATA, SANTIAGO, LORD_HOWE = "Europe/Paris", "Asia/Kolkata", "America/Santiago", "Australia/Lord_Howe"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "count", "begin"),
    [
        ("UTC", date(2026, 3, 29), 24, "2026-03-29T00:00"),
        (PARIS, date(2026, 3, 29), 23, "2026-03-28T23:00"),
        (PARIS, date(2026, 10, 25), 25, "2026-10-24T22:00"),
        (KOLKATA, date(2026, 3, 29), 24, "2026-03-28T18:30"),
        (SANTIAGO, date(2026, 9, 6), 23, "2026-09-06T04:00"),  # its midnight does not exist
        (LORD_HOWE, date(2026, 10, 4), 24, "2026-10-03T13:30"),  # of 23 hours and a half
    ],
)
def test_a_day_has_its_hours(settings: Any, zone: str, day: date, count: int, begin: str) -> None:
    settings.TIME_ZONE = zone
    hours = days.hours_of(day)
    assert (len(hours), hours[0]) == (count, at(begin))
    assert all(days.end_of(hour) == later for hour, later in pairwise(hours))
    assert days.end_of(hours[-1]) == days.begin_of(day + timedelta(days=1))


@pytest.mark.parametrize("zone", ["UTC", PARIS, KOLKATA, SANTIAGO, LORD_HOWE])
@pytest.mark.parametrize("begin", ["2026-03-28T20:00", "2026-04-04T10:00", "2026-09-05T20:00", "2026-10-24T20:00"])
def test_every_moment_lies_in_one_hour_of_its_day(settings: Any, zone: str, begin: str) -> None:
    settings.TIME_ZONE = zone
    for minutes in range(0, 40 * 60, 7):
        moment = at(begin) + timedelta(minutes=minutes)
        hour = days.hour_of(moment)
        assert hour <= moment < days.end_of(hour)
        assert hour in days.hours_of(days.day_of(moment))


def test_hours_of_numbers(settings: Any) -> None:
    settings.TIME_ZONE = KOLKATA
    moments = ["2026-03-01T10:29:59.999", "2026-03-01T10:30", "2026-03-01T10:31", "2026-03-01T12:00"]
    numbers = [uuid.UUID(int=number_at(at(text)).int + 5) for text in moments]
    assert days.hours_with(numbers) == {at("2026-03-01T09:30"), at("2026-03-01T10:30"), at("2026-03-01T11:30")}
    assert days.hours_with([uuid.UUID(int=2**128 - 1)]) == set()
    assert days.moment_of(numbers[0]) == at(moments[0])
