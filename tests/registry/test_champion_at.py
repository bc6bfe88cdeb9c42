"""Who answered at an instant: the ledger against the simplest model of a history, a list that is read from its start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import promotions
from registry.facts import seal
from registry.models import LedgerEntry, ModelVersion, RegisteredModel

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
names = count(1)


@dataclass
class State:
    """What a reader of the history knows: which version, and whether it answers."""

    version: int
    answers: bool


@dataclass(frozen=True)
class Event:
    """Something that happened `after` milliseconds after the one before."""

    after: int
    kind: str
    version: int


# Promotions name a version; a suspension and a resumption keep the one there is.
events = st.lists(
    st.builds(
        Event,
        after=st.integers(0, 5_000),
        kind=st.sampled_from(["promote", "rollback", "suspend", "resume"]),
        version=st.integers(1, 4),
    ),
    max_size=12,
)


def told(history: list[Event], instant: datetime) -> State | None:
    """Read the history from its start until the instant."""
    state, now = None, BEGIN
    for event in history:
        now += timedelta(milliseconds=event.after)
        if now > instant:
            break
        if event.kind in ("promote", "rollback"):
            state = State(event.version, answers=True)
        elif state is not None:
            state = State(state.version, answers=event.kind == "resume")
    return state


def write(history: list[Event], by: User) -> RegisteredModel:
    """The same history in the ledger, with the times it says."""
    model = RegisteredModel.objects.create(name=f"m{next(names)}", endpoint="huggingface", repo_id="a/b")
    versions = [
        ModelVersion.objects.create(model=model, number=n, commit=f"{n:040x}", status="ready", runtime="onnx")
        for n in range(1, 5)
    ]
    now, last, number = BEGIN, None, 0
    for event in history:
        now += timedelta(milliseconds=event.after)
        to = versions[event.version - 1] if event.kind in ("promote", "rollback") else last
        if to is None:
            continue  # nothing to suspend yet
        number += 1
        values = {"from_version": last, "to_version": to, "by": by, "reason": "x", "created_at": now}
        LedgerEntry.objects.create(model=model, number=number, kind=event.kind, **values, **seal(number))
        last = to
    return model


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=events, offsets=st.lists(st.integers(-1_000, 65_000), min_size=1, max_size=6))
def test_ledger_tells_the_history(administrator: User, history: list[Event], offsets: list[int]) -> None:
    model = write(history, administrator)
    moments = [BEGIN + timedelta(milliseconds=offset) for offset in offsets]
    moments += [entry.created_at for entry in model.ledger.all()]  # the very instant counts
    for instant in moments:
        entry = promotions.champion_at(model, instant)
        found = entry and State(entry.to_version.number, entry.answers)
        assert found == told(history, instant)


def test_what_the_verbs_write_can_be_asked_for(iris: ModelVersion, administrator: User) -> None:
    first = promotions.latest(iris.model)
    stopped = promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    stopped.refresh_from_db()
    assert first is not None
    assert promotions.champion_at(iris.model, first.created_at - timedelta(microseconds=1)) is None
    assert promotions.champion_at(iris.model, stopped.created_at - timedelta(microseconds=1)) == first
    assert promotions.champion_at(iris.model, stopped.created_at) == stopped
    assert not stopped.answers
