"""Which hours are counted, and when: what nobody counted, what had not settled, what came in bulk."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from predictions.models import CountedHour, DailyRollup, HourlyRollup, Prediction, PredictionFailure
from predictions.monitoring.rollups import due, keeping, layout, rounds, verifying
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion
from tests.predictions.histories import made_at
from tests.predictions.rolling import HOUR, NOON, counted, hours_due

# What was never counted


def test_what_nobody_counted_is_found_newest_first(asked: Prediction) -> None:
    for moment in (NOON - timedelta(days=400), NOON - timedelta(days=3), NOON - 2 * HOUR):
        made_at(asked, moment)
    found = list(due.days_due(NOON))
    assert found == [date(2026, 3, 10), date(2026, 3, 7), date(2025, 2, 3)]
    assert due.hours_due(found[0], NOON) == [NOON - HOUR * back for back in range(13)]  # up to now, empty ones too
    assert len(due.hours_due(found[1], NOON)) == 24


def test_gaps_between_counted_hours_are_found(asked: Prediction, clock: Any) -> None:
    """A worker that was away for a week; a failure is a fact, too."""
    clock(NOON)
    first = made_at(asked, NOON - timedelta(days=20))
    rounds.work(seconds=60)
    assert hours_due(NOON + timedelta(seconds=1)) == []
    made_at(asked, NOON - timedelta(days=12))
    PredictionFailure.objects.create(
        id=UUID(int=first.pk.int + (timedelta(days=5) // timedelta(milliseconds=1) << 80)),
        **{
            name: getattr(first, name)
            for name in ("request_id", "version", "inputs", "source", "user", "salt", "digest")
        },
        duration=0,
        kind="deadline",
        reason="Late.",
    )
    late = NOON + timedelta(seconds=1)
    assert list(due.days_due(late)) == [date(2026, 3, 10), date(2026, 2, 26), date(2026, 2, 23)]
    clock(late)
    rounds.work(seconds=60)
    assert hours_due(late + timedelta(seconds=1)) == []
    assert DailyRollup.objects.filter(field="", source="").count() == 3


def test_what_has_not_come_yet_waits(asked: Prediction) -> None:
    made_at(asked, NOON + 3 * HOUR)
    assert max(hours_due(NOON)) == NOON


# What had not settled


def test_an_hour_is_counted_again_until_it_has_settled(asked: Prediction) -> None:
    keeping.count_hours([NOON - HOUR * back for back in range(13)], NOON)
    again = NOON + timedelta(minutes=1)
    assert hours_due(NOON + timedelta(seconds=40)) == []
    assert hours_due(again) == [NOON, NOON - HOUR]  # the one before ended just now
    keeping.count_hours([NOON, NOON - HOUR], NOON + timedelta(minutes=15))
    assert hours_due(NOON + timedelta(minutes=17)) == [NOON]
    late = NOON + HOUR + timedelta(minutes=15)
    keeping.count_hours([NOON + HOUR, NOON], late)
    assert hours_due(late + timedelta(minutes=2)) == [NOON + HOUR]


def test_what_takes_long_is_not_counted_all_the_time(asked: Prediction) -> None:
    keeping.count_hours([NOON - HOUR * back for back in range(13)], NOON)
    CountedHour.objects.filter(hour=NOON).update(seconds=6)
    assert hours_due(NOON + timedelta(seconds=119)) == [NOON - HOUR]
    assert NOON in hours_due(NOON + timedelta(seconds=120))


def test_an_answer_that_commits_late_is_counted(asked: Prediction, clock: Any) -> None:
    clock(NOON + timedelta(minutes=2))
    rounds.work(seconds=60)
    made_at(asked, NOON - timedelta(seconds=1))
    clock(NOON + timedelta(minutes=16))
    rounds.work(seconds=60)
    assert counted(NOON - HOUR) == 1


# Facts that came in bulk


def test_answers_that_came_in_bulk_are_found_by_their_number(asked: Prediction, clock: Any) -> None:
    clock(NOON)
    for ago in (1, 60, 61):
        made_at(asked, NOON - timedelta(days=ago))
    rounds.work(seconds=60)
    for ago in (1, 60, 61):
        made_at(asked, NOON - timedelta(days=ago) + timedelta(seconds=5))
    assert hours_due(NOON) == []
    assert verifying.mark_differing(NOON) == [NOON - timedelta(days=1), NOON - timedelta(days=60)]
    assert verifying.mark_differing(NOON + timedelta(days=29)) == [NOON - timedelta(days=61)]
    rounds.work(seconds=60)
    assert [counted(NOON - timedelta(days=ago)) for ago in (1, 60, 61)] == [2, 2, 2]
    assert verifying.mark_differing(NOON) == []


def test_what_the_owner_took_away_is_counted_no_more(asked: Prediction, clock: Any) -> None:
    clock(NOON)
    keeping.count_hour(NOON - timedelta(days=2), NOON)
    HourlyRollup.objects.create(
        hour=NOON - timedelta(days=2),
        version=asked.version,
        source="api",
        **tally_of_one(asked.version).columns(),
    )
    assert verifying.mark_differing(NOON) == [NOON - timedelta(days=2)]
    keeping.count_hour(NOON - timedelta(days=2), NOON)
    assert not HourlyRollup.objects.exists()


def tally_of_one(version: ModelVersion) -> Tally:
    tally = Tally.empty(layout.of(version))
    tally.counts[0] = 1
    return tally
