"""A page that says no says who can help, in the reader's language, and never what Django would."""

import pytest
from django.test import Client

from futurisys.accounts import roles
from tests.registry.people import browser, text
from tests.worlds import member


def test_a_page_that_is_not_allowed_says_who_can_help(db):
    response = browser(member("approver", roles.APPROVER)).get("/records/import/")
    assert response.status_code == 403
    assert "An administrator can give you another one" in text(response)
    assert 'href="/account/"' in response.content.decode()


def test_a_form_that_expired_is_no_matter_of_roles(db):
    response = Client(enforce_csrf_checks=True).post("/login", {})
    assert response.status_code == 403
    assert "This form has expired" in text(response)
    assert "roles" not in text(response)
    assert "You may have logged in again, or as somebody else, in another tab." in text(response)


@pytest.mark.parametrize(
    ("referer", "reload"),
    [
        ("http://testserver/registry/iris/?x=1&y=2", "http://testserver/registry/iris/?x=1&amp;y=2"),
        ("http://elsewhere.example/", "/login?next=/"),
        ("javascript:alert(1)", "/login?next=/"),
        ("", "/login?next=/"),
    ],
)
def test_a_form_that_expired_leads_to_where_it_was(db, referer, reload):
    client = Client(enforce_csrf_checks=True, headers={"referer": referer})
    assert f'class="button" href="{reload}"' in client.post("/login?next=/", {}).content.decode()


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("hr+data@example.org", '<a href="mailto:hr%2Bdata@example.org">hr+data@example.org</a>'),
        ("Room 12 <ask>", "Room 12 &lt;ask&gt;"),
    ],
)
def test_a_page_that_is_not_allowed_says_whom_to_ask(db, settings, contact, shown):
    settings.CONTACT = contact
    page = browser(member("approver", roles.APPROVER)).get("/records/import/").content.decode()
    assert page.count(f"Questions: {shown}") == 2  # and in the footer


def test_without_a_contact_nothing_is_said_of_one(analyst):
    assert "Questions:" not in browser(analyst).get("/").content.decode()


@pytest.mark.parametrize(("language", "said"), [("en", "There is no such page."), ("fr", "Cette page n’existe pas.")])
def test_a_page_that_is_not_there_leads_home(analyst, language, said):
    response = browser(analyst, accept_language=language).get("/nowhere")
    assert response.status_code == 404
    assert said in text(response)
    assert 'class="button" href="/"' in response.content.decode()


def test_a_fault_keeps_the_theme(analyst):
    client = browser(analyst)
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/nowhere").content.decode()
