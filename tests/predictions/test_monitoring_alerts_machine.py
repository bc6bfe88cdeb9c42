"""When a condition becomes an alert and when that is over, for any sequence of looks a minute apart."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictions.models import Alert, AlertEvent
from predictions.monitoring.alerts import machine
from predictions.monitoring.alerts.machine import Standing, Step

Kind, State = AlertEvent.Kind, Alert.State
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOOKS = st.lists(st.sampled_from([True, True, False, False, None]), max_size=80)
WAITS = st.integers(0, 6)


def played(looks: list[bool | None], wait: int) -> list[tuple[int, str, Step]]:
    """Minute, kind and step of everything that happened."""
    standing: Standing | None = None
    found = []
    for minute, holds in enumerate(looks):
        step = machine.step(standing, holds, BEGIN + minute * MINUTE, wait * MINUTE)
        found += [(minute, str(kind), step) for kind in step.events]
        standing = step.standing
        if standing and standing.state == State.RESOLVED:
            standing = None
    return found


def naively(looks: list[bool | None], wait: int) -> list[tuple[int, str]]:
    """What people are told, the plain way: each look asks all that was seen so far, and nothing is remembered but that."""
    told: list[tuple[int, str]] = []
    since = {True: None, False: None}  # the first look of the run that the last measured look belongs to
    for minute, holds in enumerate(looks):
        if holds is None:
            continue
        if since[holds] is None:
            since[holds] = minute
        since[not holds] = None
        is_firing = bool(told) and told[-1][1] == "fired"
        if holds != is_firing and minute - since[holds] >= wait:
            told.append((minute, "fired" if holds else "resolved"))
            since[holds] = minute
    return told


@given(looks=LOOKS, wait=WAITS)
def test_people_are_told_what_the_plain_way_says(looks: list[bool | None], wait: int) -> None:
    told = [(minute, kind) for minute, kind, _step in played(looks, wait) if kind in machine.TOLD]
    assert told == naively(looks, wait)


@given(looks=LOOKS, wait=WAITS)
def test_mails_alternate_and_are_not_closer_than_the_wait(looks: list[bool | None], wait: int) -> None:
    told = [(minute, kind) for minute, kind, _step in played(looks, wait) if kind in machine.TOLD]
    assert [kind for _minute, kind in told] == ["fired", "resolved"] * (len(told) // 2) + ["fired"] * (len(told) % 2)
    assert all(later - earlier >= wait for (earlier, _), (later, _) in pairwise(told))


@given(looks=LOOKS, wait=WAITS)
def test_its_steps_are_a_story(looks: list[bool | None], wait: int) -> None:
    """Each begins, and then only what can follow follows."""
    may_follow = {
        "began": {"fired", "began"},  # what passed by itself leaves no step
        "fired": {"cleared"},
        "cleared": {"returned", "resolved"},
        "returned": {"cleared"},
        "resolved": {"began"},
    }
    kinds = [kind for _minute, kind, _step in played(looks, wait)]
    assert not kinds or kinds[0] == "began"
    assert all(later in may_follow[earlier] for earlier, later in pairwise(kinds))


@given(looks=LOOKS, wait=WAITS)
def test_times_and_state_belong_together(looks: list[bool | None], wait: int) -> None:
    for _minute, _kind, step in played(looks, wait):
        if (one := step.standing) is not None:
            assert (one.state == State.PENDING) == (one.fired_at is None)
            assert (one.state == State.RESOLVED) == (one.resolved_at is not None)
            assert one.clear_since is None or one.fired_at is not None


@given(looks=LOOKS, wait=WAITS)
def test_what_could_not_be_measured_changes_nothing(looks: list[bool | None], wait: int) -> None:
    for state in (None, Standing(State.PENDING, BEGIN), Standing(State.FIRING, BEGIN, BEGIN, BEGIN)):
        assert machine.step(state, None, BEGIN + timedelta(days=9), wait * MINUTE) == Step(state)


def at(minute: int) -> datetime:
    return BEGIN + minute * MINUTE


@pytest.mark.parametrize(
    ("looks", "wait", "story"),
    [
        ([True] * 5, 3, [(0, "began"), (3, "fired")]),
        ([True, True, False, True, True], 3, [(0, "began"), (3, "began")]),
        ([True, False], 0, [(0, "began"), (0, "fired"), (1, "cleared"), (1, "resolved")]),
        ([True] * 3 + [False, True, False, False, False],
         2, [(0, "began"), (2, "fired"), (3, "cleared"), (4, "returned"), (5, "cleared"), (7, "resolved")]),
        ([True, None, None, None, True], 3, [(0, "began"), (4, "fired")]),
    ],
)  # fmt: skip
def test_examples(looks: list[bool | None], wait: int, story: list[tuple[int, str]]) -> None:
    assert [(minute, kind) for minute, kind, _step in played(looks, wait)] == story


def test_a_clock_that_is_set_back_fires_nothing() -> None:
    pending = Standing(State.PENDING, at(10))
    assert machine.step(pending, True, at(2), 5 * MINUTE) == Step(pending)
