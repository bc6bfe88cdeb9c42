"""Language and theme: kept in the browser and on the account."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.registry.people import browser, text
from tests.worlds import member

pytestmark = pytest.mark.django_db


def saved(client: Client, **chosen: str) -> HttpResponse:
    return client.post("/account/", {"language": "en", "theme": "auto"} | chosen, follow=True)


def test_the_page_says_who_and_what_one_is() -> None:
    page = text(browser(member("fatou", "decision maker", first_name="Fatou", email="f@example.org")).get("/account/"))
    assert [said for said in ("Fatou", "fatou", "f@example.org", "Decision maker") if said not in page] == []


def test_somebody_without_a_role_is_told_who_gives_one() -> None:
    page = text(browser(User.objects.create_user("new")).get("/account/"))
    assert "None yet. An administrator gives you one." in page


@pytest.mark.parametrize(("theme", "expected"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"')])
def test_the_server_draws_the_theme(analyst: User, theme: str, expected: str) -> None:
    assert f'<html lang="en"{expected}>' in saved(browser(analyst), theme=theme).content.decode()


def test_auto_leaves_it_to_the_computer(analyst: User) -> None:
    client = browser(analyst)
    saved(client, theme="dark")
    assert '<html lang="en">' in saved(client).content.decode()


def test_a_cookie_that_says_nothing_sensible_is_ignored(analyst: User) -> None:
    client = browser(analyst)
    client.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in client.get("/account/").content.decode()


def test_the_language_changes_at_once(analyst: User) -> None:
    page = saved(browser(analyst), language="fr")
    assert "Enregistré." in text(page)
    assert '<html lang="fr">' in page.content.decode()


def test_another_computer_starts_with_them(analyst: User) -> None:
    saved(browser(analyst), language="fr", theme="dark")
    elsewhere = Client()
    elsewhere.post("/login", {"username": "analyst", "password": "analyst-pass-1"})
    assert '<html lang="fr" data-theme="dark">' in elsewhere.get("/account/").content.decode()


def test_somebody_else_at_this_computer_keeps_it_until_saying_otherwise(analyst: User, stranger: User) -> None:
    saved(browser(analyst), language="fr", theme="dark")
    assert '<html lang="en">' in browser(stranger).get("/account/").content.decode()


@pytest.mark.parametrize("chosen", [{"theme": "pink"}, {"language": "xx"}, {"theme": ""}, {"language": "\x00"}])
def test_other_values_change_nothing(analyst: User, chosen: dict[str, str]) -> None:
    client = browser(analyst)
    assert saved(client, **chosen).status_code == 400
    assert "theme" not in client.cookies


def test_the_admin_gets_the_same_theme(auditor: User) -> None:
    client = browser(auditor)
    saved(client, theme="dark")
    page = client.get("/admin/").content.decode()
    assert 'data-theme="dark"' in page
    assert page.index("admin_theme") < page.index("admin/js/theme")
