"""A new password: changed by who knows the old one, or by a mail."""

import re
from typing import Any

import pytest
from axes.models import AccessAttempt
from celery import current_app
from django.contrib.auth.models import User
from django.core import mail
from django.db import connections
from django.test import Client

from futurisys import tasks
from futurisys.accounts import mails
from tests.registry.people import browser, text

pytestmark = pytest.mark.django_db
OLD, NEW = "analyst-pass-1", "correct horse battery"
TWICE = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def known(analyst: User) -> User:
    """An analyst whose address is known."""
    analyst.email = "analyst@example.org"
    analyst.save()
    return analyst


def link(language: str = "en", email: str = "analyst@example.org") -> str:
    """The path in the mail that the worker writes."""
    tasks.mail_reset(email=email, language=language, host="testserver", secure=True)
    found = re.search(r"https://testserver(/login/reset/\S+)", mail.outbox[-1].body)
    assert found, mail.outbox[-1].body
    return found[1]


# Changed


def test_this_session_goes_on_and_the_others_end(analyst: User) -> None:
    here, elsewhere = browser(analyst), browser(analyst)
    page = here.post("/account/password", {"old_password": OLD, **TWICE}, follow=True)
    assert "Your password is changed." in text(page)
    assert elsewhere.get("/")["Location"].startswith("/login")
    assert here.get("/account/").status_code == 200
    assert User.objects.get(pk=analyst.pk).check_password(NEW)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Enter your current password."),
        ({"old_password": "x", **TWICE}, "This is not your current password."),
        ({"old_password": OLD, "new_password1": NEW, "new_password2": "x"}, "The two new passwords differ."),
        ({"old_password": OLD, "new_password1": "short", "new_password2": "short"}, "at least 12 characters"),
        ({"old_password": OLD, "new_password1": "123456789012", "new_password2": "123456789012"}, "entirely numeric"),
        ({"old_password": OLD, "new_password1": "\x00" * 12, "new_password2": "\x00" * 12}, "Null characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(analyst: User, sent: dict[str, str], said: str) -> None:
    response = browser(analyst).post("/account/password", sent)
    assert response.status_code == 400
    assert text(response).count(said) >= 2, "in the summary and at the field"
    assert User.objects.get(pk=analyst.pk).check_password(OLD)


def test_what_is_wrong_with_a_new_password_stands_where_it_was_first_entered(analyst: User) -> None:
    sent = {"old_password": OLD, "new_password1": "analystanaly", "new_password2": "analystanaly"}
    form = browser(analyst).post("/account/password", sent).context["form"]
    assert list(form.errors) == ["new_password1"]


def test_the_admin_has_no_page_of_its_own_for_it(auditor: User) -> None:
    assert 'href="/account/"' in browser(auditor).get("/admin/password_change/").content.decode()


# Forgotten


def test_a_mail_leads_to_a_new_password(known: User) -> None:
    client = Client()
    page = client.get(link(), follow=True)
    assert "Choose a new password" in text(page)
    page = client.post(page.redirect_chain[-1][0], TWICE, follow=True)
    assert "Your password is changed. Log in with the new one." in text(page)
    assert User.objects.get(pk=known.pk).check_password(NEW)


def test_a_link_works_once(known: User) -> None:
    first, path = Client(), link()
    first.post(first.get(path)["Location"], TWICE)
    assert "This link no longer works" in text(Client().get(path))


def test_a_new_password_ends_a_lockout(known: User) -> None:
    client, path = Client(), link()
    for _turn in range(5):
        client.post("/login", {"username": "analyst", "password": "wrong"})
    client.post(client.get(path)["Location"], TWICE)
    assert not AccessAttempt.objects.exists()


@pytest.mark.parametrize("person", ["MQ", "eA", "x", "%00", "MDAwMDA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
@pytest.mark.parametrize("token", ["set-password", "x-y", "%00", "é"])
def test_a_made_up_link_is_no_fault(person: str, token: str) -> None:
    response = Client().get(f"/login/reset/{person}/{token}/")
    assert response.status_code in {200, 400, 404}


def test_the_mail_is_plain_and_in_the_language_of_the_page(known: User) -> None:
    link("fr")
    written = mail.outbox[0]
    assert written.subject == "Votre nouveau mot de passe pour testserver"
    assert written.body.startswith("Bonjour analyst,")
    assert written.to == ["analyst@example.org"]


@pytest.mark.parametrize("email", ["nobody@example.org", "", "no address"])
def test_nobody_else_is_written_to(known: User, email: str) -> None:
    tasks.mail_reset(email=email, language="en", host="testserver", secure=False)
    assert mail.outbox == []


def test_somebody_who_left_is_not_written_to(known: User) -> None:
    User.objects.update(is_active=False)
    tasks.mail_reset(email=known.email, language="en", host="testserver", secure=False)
    assert mail.outbox == []


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
@pytest.mark.parametrize("email", ["analyst@example.org", "nobody@example.org"])
def test_the_page_does_the_same_whoever_has_the_address(known: User, email: str) -> None:
    response = Client().post("/login/reset", {"email": email})
    assert response["Location"] == "/login/reset/sent"
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pgmq.q_futurisys")
        assert cursor.fetchone() == (1,), "asked of the worker"
    assert mails.TASK in current_app.tasks
    assert mail.outbox == []


def test_the_page_after_it_says_where_files_are() -> None:
    page = text(Client().get("/login/reset/sent"))
    assert "If an account has this address" in page
    assert "var/mail" in page


def test_what_is_no_address_is_said() -> None:
    response = Client().post("/login/reset", {"email": "x"})
    assert response.status_code == 400
    assert text(response).count("Enter an e-mail address, like name@example.com.") == 2


def test_production_without_a_mail_server_offers_none(settings: Any) -> None:
    settings.PRODUCTION = True
    assert "Ask an administrator to set a new one." in text(Client().get("/login"))
    paths = ("/login/reset", "/login/reset/sent", "/login/reset/MQ/x-y/")
    assert {Client().get(path).status_code for path in paths} == {404}
