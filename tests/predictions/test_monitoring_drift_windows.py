"""Days, weeks and months of a period."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from predictions.monitoring.drift import windows
from predictions.monitoring.drift.windows import DAY, Window
from tests.predictions import watched

SINCE = date(2026, 3, 4)  # a Wednesday


def test_a_month_is_shown_by_days() -> None:
    found = windows.windows(SINCE, SINCE + 61 * DAY)
    assert len(found) == 62
    assert found[0] == Window(SINCE, SINCE, "4 March", "day")


def test_more_is_shown_by_weeks_and_months() -> None:
    found = windows.windows(SINCE, SINCE + 62 * DAY)
    assert found[0] == Window(SINCE, date(2026, 3, 8), "week from 4 March", "week")
    assert found[1].start.isoweekday() == 1
    found = windows.windows(SINCE, date(2027, 12, 24))
    assert found[0] == Window(SINCE, date(2026, 3, 31), "March 2026", "month")
    assert found[-1] == Window(date(2027, 12, 1), date(2027, 12, 24), "December 2027", "month")


def test_days_of_two_years_say_which() -> None:
    found = windows.windows(date(2026, 12, 31), date(2027, 1, 1))
    assert [one.title for one in found] == ["31 December 2026", "1 January 2027"]


def test_a_window_within_a_sentence() -> None:
    said = [windows.of(grain, SINCE, SINCE)[0].phrase for grain in windows.GRAINS]
    assert said == ["on 4 March", "in the week from 4 March", "in March 2026"]
    with translation.override("fr"):
        said = [windows.of(grain, SINCE, SINCE)[0].phrase for grain in windows.GRAINS]
    assert said == ["le 4 mars", "dans la semaine du 4 mars", "en mars 2026"]


@given(since=st.dates(date(2000, 1, 1), date(2100, 1, 1)), days=st.integers(1, 731), widest=st.integers(30, 70))
def test_every_day_lies_in_one_window(since: date, days: int, widest: int) -> None:
    until = since + timedelta(days=days - 1)
    found = windows.windows(since, until, widest=widest)
    assert len(found) <= widest
    assert (found[0].start, found[-1].end) == (since, until)
    assert all(left.end + DAY == right.start for left, right in pairwise(found))
    assert sum(one.days for one in found) == days
    for day in (since, until, since + timedelta(days=days // 2)):
        assert found[windows.place(found, day)].start <= day <= found[windows.place(found, day)].end


def test_a_day_outside_lies_in_none() -> None:
    found = windows.windows(SINCE, SINCE + DAY)
    for day in (SINCE - DAY, SINCE + 2 * DAY):
        with pytest.raises(ValueError, match="lies in no window"):
            windows.place(found, day)
        assert windows.mark_at(found, day) is None


def test_where_a_moment_stands() -> None:
    found = windows.windows(SINCE, SINCE + 3 * DAY)
    assert windows.mark_at(found, SINCE) == 0
    assert windows.mark_at(found, watched.noon(date(2026, 3, 5))) == pytest.approx(1.5 / 4)
    weeks = windows.of("week", SINCE, SINCE + 10 * DAY)  # five days and six
    assert windows.mark_at(weeks, SINCE + DAY) == pytest.approx(1 / 5 / 2)
    assert windows.mark_at(weeks, datetime(2026, 3, 12, 12, tzinfo=UTC)) == pytest.approx(1 / 2 + 3.5 / 6 / 2, abs=0.05)
