"""What happens every minute: polls whose time has come, deliveries that were lost, and old ones."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from examples.local_hub import LocalHub
from registry import discovery, tasks
from registry.models import MAX_ATTEMPTS, QUIET, Delivery, ModelVersion, RegisteredModel
from tests.hubs import (
    a_source,  # noqa: F401  fixtures
    loopback_hub,  # noqa: F401
)
from tests.registry.asking import (
    asked_deliveries,  # noqa: F401  fixtures
    end,
    model_with_a_hub,  # noqa: F401
    told,
)

Kind = Delivery.Kind


# -- polls


def polled(later: timedelta = timedelta(0)) -> list[str]:
    return [delivery.model.name for delivery in discovery.poll(at=timezone.now() + later)]


def test_a_model_is_polled_when_its_time_has_come(
    model: RegisteredModel, asked: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert polled() == ["iris"]  # never asked before
    assert asked == [Delivery.objects.get().pk]
    end(told(model).version, "ready")
    assert polled() == []
    assert polled(timedelta(minutes=14)) == []
    assert polled(timedelta(minutes=15, seconds=30)) == ["iris"]


def test_a_model_that_does_not_want_it_is_not_polled(model: RegisteredModel) -> None:
    RegisteredModel.objects.update(poll_minutes=0)
    assert polled(timedelta(days=9)) == []


def test_one_that_waits_is_not_polled_again(model: RegisteredModel) -> None:
    assert polled() == ["iris"]
    assert polled(timedelta(days=1)) == []


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_poll(model: RegisteredModel) -> None:
    begin = threading.Barrier(4)

    def beat(_number: int) -> None:
        begin.wait()
        try:
            polled()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(beat, range(4)))
    assert Delivery.objects.count() == 1


def test_polls_that_say_the_same_do_not_pile_up(model: RegisteredModel, hub: LocalHub) -> None:
    hub.fail("GET", status=503)
    for _ in range(3):
        told(model, Kind.POLL)
    told(model, Kind.BUTTON)
    hub.heal()
    version = end(told(model, Kind.POLL).version, "ready")
    known = [told(model, Kind.POLL) for _ in range(3)]
    found = [(each.kind, each.outcome, each.version) for each in Delivery.objects.order_by("pk")]
    assert found == [
        ("poll", "failed", None),
        ("button", "failed", None),
        ("poll", "imported", version),
        ("poll", "known", version),
    ]
    assert Delivery.objects.latest("pk") == known[-1]


# -- what was lost is taken up again


def aged(delivery: Delivery, age: timedelta) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(created_at=timezone.now() - age)
    return delivery


def test_a_lost_message_is_sent_again(model: RegisteredModel, asked: list[int]) -> None:
    discovery.note(model=model, kind=Kind.WEBHOOK)
    discovery.take_up_again(at=timezone.now())
    assert asked == []
    old = [aged(discovery.note(model=model, kind=Kind.WEBHOOK), 2 * QUIET) for _ in range(3)]
    named = aged(discovery.note(model=model, kind=Kind.COMMAND, commit="e" * 40), 2 * QUIET)
    discovery.take_up_again(at=timezone.now())
    assert asked == [old[0].pk, named.pk]  # one question answers the three


def test_what_nobody_could_follow_ends(model: RegisteredModel, asked: list[int]) -> None:
    delivery = aged(discovery.note(model=model, kind=Kind.WEBHOOK), timedelta(days=1, minutes=1))
    discovery.take_up_again(at=timezone.now())
    delivery.refresh_from_db()
    assert (delivery.outcome, delivery.text[:35], asked) == ("failed", "Nobody could follow this for a day;", [])


def test_a_worker_lost_between_import_and_word_is_made_up_for(model: RegisteredModel, asked: list[int]) -> None:
    delivery = aged(told(model), 2 * QUIET)
    ModelVersion.objects.update(status="ready", runtime="onnx")
    discovery.take_up_again(at=timezone.now())
    delivery.refresh_from_db()
    assert (delivery.outcome, asked) == ("imported", [])


def test_one_whose_version_is_being_imported_waits(model: RegisteredModel, asked: list[int]) -> None:
    delivery = aged(told(model), timedelta(days=2))
    discovery.take_up_again(at=timezone.now())
    delivery.refresh_from_db()
    assert (delivery.outcome, asked) == ("waiting", [])


def test_third_loss_of_an_import_is_said(model: RegisteredModel) -> None:
    delivery = told(model)
    ModelVersion.objects.update(attempts=MAX_ATTEMPTS, leased_until=timezone.now() - timedelta(minutes=1))
    tasks.sweep_imports()
    delivery.refresh_from_db()
    assert (delivery.outcome, "begun 3 times and never finished" in delivery.text) == ("rejected", True)


def test_old_deliveries_are_forgotten(model: RegisteredModel, settings: Any) -> None:
    settings.DELIVERY_DAYS = 30
    values = [(Kind.POLL, 6), (Kind.POLL, 8), (Kind.WEBHOOK, 29), (Kind.WEBHOOK, 31)]
    made = [Delivery.objects.create(kind=kind, outcome="known") for kind, _days in values]
    for delivery, (_kind, days) in zip(made, values, strict=True):
        aged(delivery, timedelta(days=days))
    waiting = aged(discovery.note(model=model, kind=Kind.WEBHOOK), timedelta(days=99))
    discovery.forget(at=timezone.now())
    assert set(Delivery.objects.all()) == {made[0], made[2], waiting}
