"""A person's own API tokens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from futurisys import tasks
from futurisys.accounts import tokens
from registry.exceptions import NotAllowed
from tests.registry.people import browser, text

pytestmark = pytest.mark.django_db
PAGE = "/account/tokens/"


def made(client: Client, name: str = "payroll", days: str = "30") -> Any:
    return client.post(PAGE, {"name": name, "days": days})


def answers(token: str) -> int:
    return Client().get("/api/v1/models", headers={"authorization": f"Token {token}"}).status_code


def test_a_token_is_shown_once_and_works(analyst: User) -> None:
    client = browser(analyst)
    page = made(client)
    token = re.search(r"<code>(fut_\w+)</code>", page.content.decode())[1]
    assert answers(token) == 200
    assert token not in client.get(PAGE).content.decode()
    assert AuthToken.objects.get().digest != token


def test_it_comes_with_a_command_for_this_host(analyst: User) -> None:
    page = made(browser(analyst)).content.decode()
    assert re.search(r"curl -H &quot;Authorization: Token fut_\w+&quot; http://testserver/api/v1/models", page) or (
        re.search(r'curl -H "Authorization: Token fut_\w+" http://testserver/api/v1/models', page)
    )


@pytest.mark.parametrize("days", ["30", "90", "365"])
def test_it_works_as_long_as_was_chosen(analyst: User, days: str) -> None:
    made(browser(analyst), days=days)
    left = AuthToken.objects.get().expiry - timezone.now()
    assert timedelta(days=int(days)) - left < timedelta(minutes=1)


def test_the_list_tells_them_apart(analyst: User) -> None:
    client = browser(analyst)
    made(client)
    AuthToken.objects.create(analyst)
    page = text(client.get(PAGE))
    assert [said for said in ("payroll", "Made by a command", "fut_", "it is revoked") if said not in page] == []


def test_an_expired_one_is_marked(analyst: User) -> None:
    AuthToken.objects.create(analyst, expiry=timedelta(seconds=-1))
    assert "expired" in text(browser(analyst).get(PAGE))


def test_revoking_asks_first_and_works_at_once(analyst: User) -> None:
    _stored, token = AuthToken.objects.create(analyst)
    client = browser(analyst)
    path = re.search(r'href="(/account/tokens/\w+/revoke)"', client.get(PAGE).content.decode())[1]
    assert "Revoke this token?" in text(client.get(path))
    assert answers(token) == 200
    client.post(path)
    assert answers(token) == 401


def test_nobody_sees_or_revokes_the_token_of_somebody_else(analyst: User, stranger: User) -> None:
    stored, _token = AuthToken.objects.create(analyst)
    client, path = browser(stranger), f"{PAGE}{stored.digest[: tokens.NUMBER]}/revoke"
    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    tokens.revoke(by=stranger, number=stored.digest[: tokens.NUMBER])
    assert AuthToken.objects.exists()


def test_without_the_right_nothing_is_made(analyst: User) -> None:
    analyst.groups.clear()
    user = User.objects.get(pk=analyst.pk)
    assert (browser(user).get(PAGE).status_code, made(browser(user)).status_code) == (403, 403)
    with pytest.raises(NotAllowed):
        tokens.create(by=user, name="x", days=1)


def test_only_so_many_each(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    client = browser(analyst)
    assert (made(client).status_code, made(client).status_code) == (200, 409)
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "days", "said"),
    [
        ("", "30", "Say what the token is for."),
        ("x" * 61, "30", "Use at most 60 characters; it has 61."),
        ("x", "3650", "Choose how long it works."),
        ("x", "9" * 5000, "Choose how long it works."),
        ("a\x00b", "30", "Null characters"),
    ],
)
def test_what_is_wrong_is_said(analyst: User, name: str, days: str, said: str) -> None:
    response = made(browser(analyst), name, days)
    assert response.status_code == 400
    assert said in text(response)
    assert not AuthToken.objects.exists()


def test_every_day_expired_ones_are_forgotten(analyst: User) -> None:
    kept, _token = AuthToken.objects.create(analyst, expiry=timedelta(days=1))
    AuthToken.objects.create(analyst, expiry=timedelta(days=-1))
    forever, _token = AuthToken.objects.create(analyst)
    tasks.forget_expired()
    assert set(AuthToken.objects.all()) == {kept, forever}


def test_the_list_asks_as_often_for_twenty_as_for_one(analyst: User, django_assert_num_queries: Any) -> None:
    for name in range(20):
        tokens.create(by=analyst, name=f"t{name}", days=30)
    with django_assert_num_queries(1):
        assert len(tokens.listed(of=analyst, at=timezone.now())) == 20
