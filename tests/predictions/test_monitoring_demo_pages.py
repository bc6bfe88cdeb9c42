"""What the monitoring page of a demo offers, to whom, and what it says while the history is being loaded."""

from typing import Any

import psycopg
import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import connection

from futurisys import demo
from futurisys.accounts import roles
from predictions.demo_history import loading, offer
from predictions.demo_history.users import Users
from predictions.demo_history.versions import Pair
from tests.predictions.demo_histories import (  # noqa: F401  fixtures
    a_demo,
    both_versions,
    examined_versions,
    load,
    the_cast,
    trained_versions,
)
from tests.registry.people import browser, text
from tests.worlds import member

pytestmark = pytest.mark.django_db

PAGE, LOAD = "/monitoring/", "/monitoring/demo"
BUTTON = "Load a demo history"


@pytest.fixture
def manager(db: None) -> User:
    return member("manager", roles.MODEL_MANAGER)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[str]:
    """Names of the tasks that were asked for; nothing reaches a broker."""
    names: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **how: names.append(name))
    return names


def shown(user: User, address: str = PAGE) -> str:
    return text(browser(user).get(address))


def test_who_looks_after_models_is_offered_a_history(manager: User, settings: Any) -> None:
    settings.ENVIRONMENT = "demo"
    assert BUTTON in shown(manager)
    assert demo.HISTORY == BUTTON  # what make run tells to press


def test_others_are_not_and_may_not(auditor: User, settings: Any, sent: list[str]) -> None:
    settings.ENVIRONMENT = "demo"
    assert BUTTON not in shown(auditor)
    assert browser(auditor).post(LOAD).status_code == 403
    assert not sent


@pytest.mark.parametrize("environment", ["development", "production"])
def test_there_is_none_outside_a_demo(manager: User, settings: Any, sent: list[str], environment: str) -> None:
    settings.ENVIRONMENT = environment
    assert BUTTON not in shown(manager)
    assert browser(manager).post(LOAD).status_code == 404
    assert not sent


def test_the_button_asks_the_worker(
    manager: User, settings: Any, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    settings.ENVIRONMENT = "demo"
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser(manager).post(LOAD)
    assert (answer.status_code, answer["Location"], sent) == (302, "/monitoring/?demo=asked", [loading.TASK])
    said = shown(manager, answer["Location"])
    assert "The worker begins in a moment." in said
    assert BUTTON not in said
    assert browser(manager).get(LOAD).status_code == 405


def test_while_it_is_loaded_the_page_says_how_far_it_is(manager: User, settings: Any) -> None:
    settings.ENVIRONMENT = "demo"
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [loading.LOCK])
        said = shown(manager)
        assert "are being trained and imported" in said
        assert BUTTON not in said
    assert BUTTON in shown(manager)


class Stopped(Exception):
    """In the middle."""


def test_a_history_that_stopped_can_go_on_and_then_needs_no_word(pair: Pair, users: Users, manager: User) -> None:
    def stop(step: str) -> None:
        if step.startswith("day 15 of"):
            raise Stopped

    with pytest.raises(Stopped):
        load(users, say=stop, days=20)
    assert offer.of(manager) == offer.Offer(15, 20, is_running=False)
    said = shown(manager)
    assert "Loading stopped after 15 of 20 days. It goes on from there." in said
    assert "Go on loading" in said
    load(users)
    assert offer.of(manager) is None
    assert "Six months to look at" not in shown(manager)
