"""When a condition that holds becomes an alert, and when that is over: pure, a step at each look.

An alert is *pending* until its condition has held long enough, then *firing*; it is *resolved* once the condition has
been over for as long. Whatever comes and goes in between tells nobody anything, so that nobody is told twice in a
row of the same, nor of the opposite within that time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from predictions.models import Alert, AlertEvent

State, Kind = Alert.State, AlertEvent.Kind
# What people are told of.
TOLD = (Kind.FIRED, Kind.RESOLVED)


@dataclass(frozen=True)
class Standing:
    """Where an alert stands; the columns of Alert that the machine moves."""

    state: str
    began_at: datetime
    fired_at: datetime | None = None
    clear_since: datetime | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """What comes of a look: the standing afterwards, None when there is no alert; and what happened, in order."""

    standing: Standing | None
    events: tuple[AlertEvent.Kind, ...] = ()


def of(alert: Alert) -> Standing:
    """Where a stored alert stands."""
    return Standing(**{name: getattr(alert, name) for name in Standing.__dataclass_fields__})


def step(standing: Standing | None, holds: bool | None, at: datetime, wait: timedelta) -> Step:
    """One look at a condition. `standing`: of the open alert, None without one. `wait`: how long it has to hold.

    `holds` is None when that could not be measured, which changes nothing. A pending alert whose condition is over is
    no more: nobody heard of it.
    """
    if holds is None:
        return Step(standing)
    if standing is None:
        return _fired(Standing(State.PENDING, at), at, wait, (Kind.BEGAN,)) if holds else Step(None)
    if standing.state == State.PENDING:
        return _fired(standing, at, wait) if holds else Step(None)
    if holds:
        if standing.clear_since is None:
            return Step(standing)
        return Step(replace(standing, clear_since=None), (Kind.RETURNED,))
    return _cleared(standing, at, wait)


def _fired(standing: Standing, at: datetime, wait: timedelta, before: tuple[AlertEvent.Kind, ...] = ()) -> Step:
    if at - standing.began_at < wait:
        return Step(standing, before)
    return Step(replace(standing, state=State.FIRING, fired_at=at), (*before, Kind.FIRED))


def _cleared(standing: Standing, at: datetime, wait: timedelta) -> Step:
    events: tuple[AlertEvent.Kind, ...] = ()
    if standing.clear_since is None:
        standing, events = replace(standing, clear_since=at), (Kind.CLEARED,)
    if at - (standing.clear_since or at) < wait:
        return Step(standing, events)
    return Step(replace(standing, state=State.RESOLVED, resolved_at=at), (*events, Kind.RESOLVED))
