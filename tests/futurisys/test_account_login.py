"""Logging in and out: one door, five attempts, nothing left behind."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from futurisys.accounts import lockout, visitors
from tests.registry.people import browser, text

pytestmark = pytest.mark.django_db
RIGHT = "analyst-pass-1"


def attempt(password: str = "wrong", username: str = "analyst", client: Client | None = None, **more: Any) -> Any:
    return (client or Client()).post("/login", {"username": username, "password": password}, **more)


def locked_out(**more: Any) -> HttpResponse:
    """The answer to the fifth wrong password."""
    return [attempt(**more) for _ in range(5)][-1]


# In


def test_the_right_password_leads_home(analyst: User) -> None:
    response = attempt(RIGHT)
    assert (response.status_code, response["Location"]) == (302, "/")


def test_it_leads_back_to_where_somebody_wanted_to_go(analyst: User) -> None:
    wanted = Client().get("/history/?before=x")["Location"]
    response = Client().post(wanted, {"username": "analyst", "password": RIGHT, "next": "/history/?before=x"})
    assert response["Location"] == "/history/?before=x"


def test_who_wanted_a_page_is_told_to_log_in_for_it() -> None:
    said = "Log in to go on."
    assert said in text(Client().get("/history/", follow=True))
    assert said not in text(Client().get("/", follow=True))
    assert said not in text(Client().get("/login?next=https://elsewhere.example/"))


def test_never_to_another_site(analyst: User) -> None:
    sent = {"username": "analyst", "password": RIGHT, "next": "https://elsewhere.example/"}
    assert Client().post("/login", sent)["Location"] == "/"


@pytest.mark.parametrize("username", ["analyst", "nobody-of-that-name"])
def test_a_refusal_does_not_tell_who_exists(analyst: User, username: str) -> None:
    page = text(attempt(username=username))
    assert "The user name or the password is not right." in page


def test_what_is_missing_is_said_at_the_field() -> None:
    page = text(Client().post("/login", {}))
    assert page.count("Enter your user name.") == page.count("Enter your password.") == 2


@pytest.mark.parametrize("username", ["a\x00b", "x" * 100_000, "é" * 151, "\u202e", "%00"])
def test_strange_user_names_are_no_fault(username: str) -> None:
    assert attempt(username=username).status_code == 200


def test_somebody_deactivated_is_out_at_once(analyst: User) -> None:
    client = browser(analyst)
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    assert client.get("/")["Location"].startswith("/login")
    assert attempt(RIGHT).status_code == 200


def test_a_session_ends_by_itself(analyst: User, settings: Any) -> None:
    client = Client()
    attempt(RIGHT, client=client)
    assert client.session.get_expiry_age() == 12 * 3600


# Too many attempts


def test_the_fifth_wrong_password_locks(analyst: User) -> None:
    response = locked_out()
    assert (response.status_code, response["Retry-After"]) == (429, "900")
    assert "For 15 minutes no password is tried" in text(response)
    assert attempt(RIGHT).status_code == 429


def test_the_locked_page_is_french_too(analyst: User) -> None:
    page = text(locked_out(headers={"accept-language": "fr"}))
    assert "Trop d’essais" in page


def test_another_address_is_not_locked(analyst: User) -> None:
    locked_out(REMOTE_ADDR="203.0.113.9")
    assert attempt(RIGHT, REMOTE_ADDR="203.0.113.10").status_code == 302


def test_another_person_at_the_same_address_is_not_locked(analyst: User, stranger: User) -> None:
    locked_out()
    assert attempt("stranger-pass-1", "stranger").status_code == 302


def test_another_browser_does_not_help(analyst: User) -> None:
    for turn in range(5):
        response = attempt(headers={"user-agent": f"browser {turn}"})
    assert response.status_code == 429


def test_a_quarter_of_an_hour_later_it_works(analyst: User) -> None:
    locked_out()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert attempt(RIGHT).status_code == 302


def test_trying_on_does_not_make_it_longer(analyst: User) -> None:
    locked_out()
    before = AccessAttempt.objects.get().attempt_time
    attempt()
    assert AccessAttempt.objects.get().attempt_time == before


def test_the_right_password_forgives_the_wrong_ones(analyst: User) -> None:
    for password in [*["wrong"] * 4, RIGHT, *["wrong"] * 4]:
        assert attempt(password).status_code != 429


@pytest.mark.parametrize("username", ["", "  "])
def test_an_empty_user_name_locks_nobody(username: str) -> None:
    assert locked_out(username=username).status_code == 200
    assert not AccessAttempt.objects.exists()


def test_no_password_is_kept_or_logged(analyst: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        locked_out(password="s3cret-canary")
    kept = AccessAttempt.objects.values()[0]
    assert "s3cret-canary" not in f"{caplog.text} {kept}"
    assert "analyst" not in caplog.text


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.1", "192.0.2.7"),  # written by the caller
        (1, "203.0.113.1, 203.0.113.2", "203.0.113.2"),
        (2, "10.9.9.9, 203.0.113.1, 203.0.113.2", "203.0.113.1"),
        (2, "203.0.113.1", "203.0.113.1"),
        (1, "", "192.0.2.7"),
        (1, "not an address", None),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),  # the rest is the customer's to change
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_the_address_is_what_our_proxies_saw(settings: Any, proxies: int, forwarded: str, expected: str) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", headers={"x-forwarded-for": forwarded})
    assert lockout.address(request) == expected


# One door


def test_the_admin_sends_to_the_one_login(auditor: User) -> None:
    assert Client().get("/admin/predictions/prediction/")["Location"] == "/login?next=/admin/predictions/prediction/"
    assert Client().get("/admin/login/?next=/admin/auth/")["Location"] == "/login?next=%2Fadmin%2Fauth%2F"
    assert Client().post("/admin/login/", {"username": "auditor", "password": "auditor-pass-1"}).status_code == 302


def test_whom_the_admin_is_not_for_is_told_so(analyst: User) -> None:
    response = browser(analyst).get("/admin/", follow=True)
    assert response.status_code == 403


# Out


@pytest.mark.parametrize("path", ["/logout", "/admin/logout/"])
def test_logging_out_leaves_nothing_in_the_browser(analyst: User, path: str) -> None:
    client = browser(analyst)
    response = client.post(path)
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/")["Location"].startswith("/login")


def test_a_link_logs_nobody_out(analyst: User) -> None:
    client = browser(analyst)
    assert client.get("/logout").status_code == 405
    assert client.get("/").status_code == 200


def test_pages_are_kept_by_nobody(analyst: User) -> None:
    for path in ("/", "/account/", "/history/", "/login"):
        assert "no-store" in browser(analyst).get(path)["Cache-Control"]


# Try it


@pytest.fixture
def demo(settings: Any) -> Any:
    settings.ENVIRONMENT = "demo"
    return settings


def test_a_visitor_gets_an_account_for_two_hours(demo: Any) -> None:
    client = Client()
    assert 'action="/try"' in client.get("/login").content.decode()
    assert client.post("/try")["Location"] == "/"
    visitor = User.objects.get(username__startswith="visitor-")
    assert [group.name for group in visitor.groups.all()] == ["visitor"]
    assert client.session.get_expiry_age() == 2 * 3600


def test_a_visitor_has_neither_password_nor_tokens(demo: Any) -> None:
    client = Client()
    client.post("/try")
    page = client.get("/account/").content.decode()
    assert [path for path in ("/account/password", "/account/tokens/") if path in page] == []
    assert {client.get(path).status_code for path in ("/account/password", "/account/tokens/")} == {403}


def test_a_visitor_is_told_when_the_account_ends(demo: Any, analyst: User) -> None:
    client = Client()
    client.post("/try")
    end = Session.objects.get(session_key=client.session.session_key).expire_date
    assert f"This account ends at {end:%H:%M} UTC, and as soon as you log out." in text(client.get("/account/"))
    assert "This account ends" not in text(browser(analyst).get("/account/"))


def test_each_visit_is_somebody_else(demo: Any) -> None:
    Client().post("/try")
    Client().post("/try")
    assert User.objects.filter(username__startswith="visitor-").count() == 2


def test_only_so_many_visitors_an_hour(demo: Any) -> None:
    demo.VISITORS_PER_HOUR = 1
    first, second = Client().post("/try"), Client().post("/try")
    assert (first.status_code, second.status_code) == (302, 429)
    assert "As many visitors came within the last hour" in text(second)
    User.objects.update(date_joined=timezone.now() - timedelta(hours=1))
    assert visitors.admit(at=timezone.now()).pk


def test_whoever_is_logged_in_stays_who_they_are(demo: Any, analyst: User) -> None:
    client = browser(analyst)
    assert client.post("/try")["Location"] == "/"
    assert User.objects.count() == 1


def test_outside_the_demo_there_are_no_visitors() -> None:
    assert 'action="/try"' not in Client().get("/login").content.decode()
    assert Client().post("/try").status_code == 404
    assert not User.objects.exists()
