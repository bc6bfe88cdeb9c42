"""A version whose child takes time to start: the one before it answers meanwhile, and only then."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from registry import promotions, runtimes, serving
from registry.exceptions import ModelSuspended
from registry.importer.package import Package
from registry.importer.process import JailedChild
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.registry import pipelines
from tests.registry.repositories import ASK, examined, write


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A pipeline that has no ONNX form."""

    def call(child: JailedChild, op: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
        if op == "convert":
            raise RuntimeFailed("Not in this test.", kind="refused")
        return ASK(child, op, payload, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JailedChild, "call", call)
        return examined(write(tmp_path_factory.mktemp("isolated"), pipelines.fitted("logistic")))


@pytest.fixture
def version(ready: Callable[..., ModelVersion], package: Package) -> Callable[..., ModelVersion]:
    """`version()`: another ready version of the model, served by a child of its own."""
    return lambda **changes: ready("iris", model="test", **{**vars(package), **changes})


@pytest.fixture
def promote(administrator: User) -> Callable[[ModelVersion], None]:
    def put_in_charge(found: ModelVersion) -> None:
        promotions.request(model=found.model, version=found, by=administrator, reason="a test needs it")

    return put_in_charge


def answering() -> tuple[int, int]:
    """Version and ledger entry that a question would be answered under."""
    found = serving.champion("test")
    assert found.entry is not None
    return found.version.number, found.entry.number


def started(found: ModelVersion) -> bool:
    return runtimes.load(found)._is_loaded  # type: ignore[attr-defined]


@pytest.fixture
def two(version: Any, promote: Any) -> tuple[ModelVersion, ModelVersion]:
    """The first one answers, the second one is ready."""
    first, second = version(), version()
    promote(first)
    assert answering() == (1, 1)
    return first, second


def test_the_one_before_answers_until_the_child_is_there(two: Any, promote: Any) -> None:
    _first, second = two
    promote(second)
    slowest, seen = 0.0, []
    ends = time.monotonic() + 30
    while not seen or seen[-1] != (2, 2):
        assert time.monotonic() < ends
        began = time.monotonic()
        seen.append(answering())
        slowest = max(slowest, time.monotonic() - began)
        if seen[-1] == (1, 1):
            time.sleep(0.02)
    assert seen[0] == (1, 1)
    assert len(seen) > 5
    assert slowest < 1
    assert started(second)


def at(moment: datetime) -> Any:
    """A clock that stands: that of the database may be another one than this process has."""
    return SimpleNamespace(now=lambda: moment)


def test_it_waits_ten_seconds_at_most(two: Any, promote: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "warmed", lambda found: threading.Event())  # never set: a child that hangs
    monkeypatch.setattr(serving, "WARM_SECONDS", 0.3)
    promote(two[1])
    monkeypatch.setattr(serving, "timezone", at(two[1].ledger_entries.get().created_at))
    assert answering() == (1, 1)
    time.sleep(0.5)
    assert answering() == (2, 2)


def test_a_suspension_waits_for_nothing(two: Any, promote: Any, administrator: User) -> None:
    promote(two[1])
    assert answering() == (1, 1)
    promotions.suspend(model=two[1].model, by=administrator, reason="stop")
    with pytest.raises(ModelSuspended):
        answering()


def test_after_a_suspension_nothing_from_before_it_answers(two: Any, promote: Any, administrator: User) -> None:
    """Also where a process has not looked in between."""
    promotions.suspend(model=two[0].model, by=administrator, reason="it is harmful")
    promote(two[1])
    assert answering() == (2, 3)


def test_who_has_not_looked_for_long_gets_the_new_one(two: Any, promote: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(two[1])
    monkeypatch.setattr(serving, "timezone", at(timezone.now() + timedelta(minutes=1)))
    assert answering() == (2, 2)


def test_nothing_is_waited_for_where_the_child_is_there(two: Any, promote: Any) -> None:
    runtimes.load(two[1]).start()  # type: ignore[attr-defined]
    promote(two[1])
    assert answering() == (2, 2)


def test_what_cannot_start_is_left_to_the_waist(two: Any, version: Any, promote: Any, package: Package) -> None:
    lost = {**package.report, "serving": {**package.report["serving"], "environment": "built elsewhere"}}
    third = version(report=lost)
    promote(third)
    assert answering() == (3, 2)
    with pytest.raises(RuntimeFailed, match=r"has no environment\.lock"):
        runtimes.load(third)


def test_a_graph_answers_at_once(two: Any, ready: Any, promote: Any, tmp_path: Path) -> None:
    graph = examined(write(tmp_path, pipelines.fitted("logistic")))
    third = ready("iris", model="test", **vars(graph))
    assert third.runtime == "onnx"
    promote(third)
    assert answering() == (3, 2)
