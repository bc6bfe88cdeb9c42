"""What dashboards are made of: promotion lines, worse lately or not, periods in words."""

from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from predictions.monitoring.dashboard import axis, ledger_marks
from predictions.monitoring.drift import windows
from predictions.monitoring.filters import period
from predictions.monitoring.quality.intervals import wilson
from predictions.monitoring.quality.promises import ACCURACY, _difference, lately
from predictions.monitoring.rollups.reading import Wanted
from registry import promotions
from registry.models import ModelVersion


def test_every_kind_of_ledger_entry_is_a_line(iris: ModelVersion, ready, administrator: User) -> None:
    acts = {"model": iris.model, "by": administrator, "reason": "a test needs it"}
    second = ready("iris")
    promotions.request(version=second, **acts)
    promotions.suspend(**acts)
    promotions.resume(**acts)
    promotions.request(version=iris, **acts)
    today = timezone.localdate()
    found = ledger_marks.marks(iris.model, windows.windows(today, today))
    words = ["Version 1 from", "Version 2 from", "Suspended from", "Answers again from", "Back to version 1 from"]
    day = f"{today:%-d %B}"
    assert [one.title for one in found] == [f"{word} {day}" for word in words]
    assert all(0 <= one.at <= 1 and one.url == "/registry/iris/#ledger" for one in found)
    earlier = windows.windows(today - timedelta(days=9), today - timedelta(days=1))
    assert ledger_marks.marks(iris.model, earlier) == []


def test_a_difference_has_the_interval_of_newcombe() -> None:
    """56 of 70 against 48 of 80: 0.2, from 0.0524 on. Newcombe (1998), table II, method 10."""
    change, least = _difference(1, (48 / 80, wilson(48, 80)), (56 / 70, wilson(56, 70)))
    assert (change, least) == (pytest.approx(0.2), pytest.approx(0.0524, abs=5e-5))


def sums(*stretches: tuple[int, int]) -> np.ndarray:
    """Right answers and known outcomes, by stretch."""
    return np.array(stretches, dtype=float)


def test_the_newest_quarter_is_held_against_the_rest() -> None:
    found = lately(ACCURACY, sums((90, 100), (90, 100), (90, 100), (60, 100), (0, 0)))
    assert found is not None
    assert (found.start, found.late[0], found.early[0], found.worse) == (3, 0.6, 0.9, pytest.approx(0.3))


def test_chance_is_not_worse() -> None:
    found = lately(ACCURACY, sums((90, 100), (90, 100), (90, 100), (86, 100)))
    assert found is not None
    assert found.worse == 0


@pytest.mark.parametrize("known", [[(0, 0)], [(30, 30)], [(15, 15), (15, 15)]])
def test_with_few_outcomes_nothing_is_held_against_anything(known: list[tuple[int, int]]) -> None:
    assert lately(ACCURACY, sums(*known)) is None


def test_that_nobody_is_wrong_lately_because_of_chance_alone() -> None:
    """Of a model that stays as it is, hardly any period is called worse."""
    chance = np.random.default_rng(7)
    alarms = 0
    for _number in range(1000):
        known = chance.integers(5, 60, 20)
        found = lately(ACCURACY, np.column_stack([chance.binomial(known, 0.85), known]).astype(float))
        alarms += bool(found and found.worse)
    assert alarms <= 40


@pytest.mark.parametrize(
    ("since", "until", "english", "french"),
    [
        ("2026-05-24", "2026-11-21", "24 May to 21 November 2026", "du 24 mai au 21 novembre 2026"),
        ("2025-12-24", "2026-01-21", "24 December 2025 to 21 January 2026", "du 24 décembre 2025 au 21 janvier 2026"),
        ("2026-11-21", "2026-11-21", "21 November 2026", "21 novembre 2026"),
    ],
)
def test_a_period_in_words(since: str, until: str, english: str, french: str) -> None:
    days = date.fromisoformat(since), date.fromisoformat(until)
    assert period(*days) == english
    with translation.override("fr"):
        assert period(*days) == french


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23), ("2026-06-01", 24)])
def test_a_day_has_the_hours_that_its_clocks_show(iris: ModelVersion, day: str, hours: int) -> None:
    when = date.fromisoformat(day)
    with timezone.override("Europe/Paris"):
        found = axis.of_hours(Wanted(model=iris.model, since=when, until=when), [])
        last = timezone.make_aware(datetime.combine(when, time(23, 30)))
    assert len(found.titles) == hours
    assert found.place(last) == hours - 1
    assert (found.titles[0], found.titles[-1]) == ("00:00", "23:00")
