"""The ledger on a model's page: its timeline, its pages, and who answered at a moment."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from registry import promotions
from registry.models import ModelVersion
from tests.registry.people import browser, entries, text


@pytest.fixture
def page(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model in charge."""
    return browser(analyst)


def test_the_ledger_is_a_timeline(page: Client, iris: ModelVersion, second: ModelVersion, administrator: User) -> None:
    promotions.request(model=iris.model, version=second, by=administrator, reason="better")
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    promotions.resume(model=iris.model, by=administrator, reason="no doubt")
    promotions.request(model=iris.model, version=iris, by=administrator, reason="worse")
    html = page.get("/registry/iris/").content.decode()
    headings = re.findall(r"<h3><a [^>]*>([^<]+)</a></h3>", html)
    assert headings == [
        "Back to version 1",
        "Version 2 answers again",
        "Suspended, with version 2 in charge",
        "Version 2 put in charge",
        "Version 1 put in charge",
    ]
    assert "suspended for less than a minute" in html
    assert html.count("ribbon__stop") == 1


def test_a_long_ledger_has_pages_and_no_gap(page: Client, iris: ModelVersion, administrator: User) -> None:
    made = entries(iris.model, 45, administrator)
    found, path = [], "/registry/iris/"
    while path:
        response = page.get(path)
        found += response.context["page"].ledger
        older = response.context["page"].older_entries
        path = f"/registry/iris/?entries={older}" if older else ""
    assert [period.entry.number for period in found] == [entry.number for entry in made]
    assert all(older.end == newer.entry.created_at for newer, older in pairwise(found))


def test_who_answered_on_a_date(page: Client, iris: ModelVersion, administrator: User) -> None:
    User.objects.filter(pk=administrator.pk).update(first_name="Ada", last_name="Martin")
    first = promotions.latest(iris.model)
    assert first is not None
    before = first.created_at - timedelta(minutes=2)
    found = text(page.get(f"/registry/iris/?at={before:%Y-%m-%dT%H:%M}"))
    assert f"On {before.day} {before:%B %Y, %H:%M}:00 UTC, no version was in charge yet." in found
    found = text(page.get(f"/registry/iris/?at={timezone.now():%Y-%m-%dT%H:%M:%S.%f}"))
    assert re.search(r"UTC, version 1 answered\. Version 1 put in charge, by Ada Martin on .*a test needs it", found)


def test_a_second_of_the_timeline_finds_what_began_in_it(page: Client, iris: ModelVersion) -> None:
    first = promotions.latest(iris.model)
    assert first is not None
    html = page.get("/registry/iris/").content.decode()
    assert f"{first.created_at:%H:%M:%S} UTC</time>" in html
    assert '<input type="datetime-local" step="1"' in html
    found = text(page.get(f"/registry/iris/?at={first.created_at:%Y-%m-%dT%H:%M:%S}"))
    assert f"{first.created_at:%H:%M:%S} UTC, version 1 answered." in found


def test_who_answered_while_it_was_suspended(page: Client, iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    found = text(page.get(f"/registry/iris/?at={timezone.now():%Y-%m-%dT%H:%M:%S.%f}"))
    assert "the model was suspended ; version 1 was in charge and answered nothing." in found


@pytest.mark.parametrize(
    "at", ["", "yesterday", "2026-13-03T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "x" * 5000]
)
def test_a_moment_that_cannot_be_is_said(page: Client, at: str) -> None:
    response = page.get("/registry/iris/", {"at": at})
    assert response.status_code == 400
    assert "<title>Error: Iris" in response.content.decode()
    assert re.search(r'<a href="#id_at">(Enter|Choose)', response.content.decode())


def test_the_moment_is_in_the_servers_time_zone(page: Client, iris: ModelVersion, settings) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    response = page.get("/registry/iris/?at=2026-03-03T10:00")
    assert response.context["asked"] == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert "in the time zone Europe/Paris" in text(response)
