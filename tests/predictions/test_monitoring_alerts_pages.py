"""The pages of alerts: what fires, one alert with its story, and the rules of a model."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from predictions.models import Alert, AlertEvent, AlertMail, AlertRule, AlertSubscriber, Batch
from predictions.monitoring.alerts import rules, verbs
from registry.coercion import Refused
from registry.models import ModelVersion
from tests.predictions import files
from tests.predictions.alerting import Kind, failing, fired, only, rule_of, told
from tests.predictions.test_pages import browser, text
from tests.worlds import member

ALERTS, RULES = "/monitoring/alerts/", "/monitoring/models/iris/alerts/"


@pytest.fixture
def manager(iris: ModelVersion) -> User:
    return told(iris, first_name="Ada", last_name="Byron")


@pytest.fixture
def alert(iris: ModelVersion, manager: User) -> Alert:
    return fired(iris)


def over(alert: Alert, count: int) -> None:
    """As many alerts that are over, an hour apart."""
    at = timezone.now() - timedelta(days=9)
    rows = [
        Alert(
            rule=alert.rule, state="resolved", said=alert.said, began_at=at, fired_at=at,
            resolved_at=at + timedelta(hours=number),
        )
        for number in range(count)
    ]  # fmt: skip
    Alert.objects.bulk_create(rows)


# The list


def test_what_fires_comes_first_then_what_may_then_what_was(iris: ModelVersion, alert: Alert, auditor: User) -> None:
    over(alert, 1)
    rejected = rule_of(iris, Kind.IMPORT)
    Alert.objects.create(rule=rejected, subject="2", said={"version": 2}, began_at=timezone.now())
    html = browser(auditor).get(ALERTS).content.decode()
    assert re.findall(r'<h2 id="(\w+)"', html) == ["firing", "pending", "resolved"]
    page = text(browser(auditor).get(ALERTS))
    assert "Iris: Questions without an answer 10% of 100 questions got no answer" in page
    assert "Iris: Import rejected Version 2 was rejected." in page
    assert "rule: more than 5%" in page


def test_nothing_fires_is_said(iris: ModelVersion, auditor: User) -> None:
    page = text(browser(auditor).get(ALERTS))
    assert "Nothing fires." in page
    assert "No alert is over yet." in page


def test_the_list_is_filtered_by_model(alert: Alert, price: ModelVersion, auditor: User) -> None:
    client = browser(auditor)
    assert "Nothing fires." in text(client.get(f"{ALERTS}?model=house"))
    assert "Nothing fires." not in text(client.get(f"{ALERTS}?model=iris"))
    assert client.get(f"{ALERTS}?model=nobody").status_code == 404


def test_what_is_over_comes_by_pages(alert: Alert, auditor: User) -> None:
    over(alert, 65)
    client, path, seen = browser(auditor), ALERTS, []
    while path:
        html = client.get(path).content.decode()
        seen += re.findall(r"/monitoring/alerts/(\d+)/\"", html.partition('id="resolved"')[2])
        found = re.search(r'href="(\?[^"]*before=[^"]*)" rel="next"', html)
        path = ALERTS + found[1].replace("&amp;", "&") if found else ""
    assert [int(pk) for pk in seen] == sorted(
        Alert.objects.filter(state="resolved").values_list("pk", flat=True), reverse=True
    )


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 40, "before=%C2%B2"])
def test_a_place_that_is_none_is_refused(alert: Alert, auditor: User, query: str) -> None:
    assert browser(auditor).get(f"{ALERTS}?{query}").status_code == 400


def test_the_list_takes_as_many_queries_for_a_page_as_for_one(alert: Alert, auditor: User) -> None:
    client = browser(auditor)
    over(alert, 1)
    client.get(ALERTS)  # what a process asks once in a while
    with CaptureQueriesContext(connection) as few:
        client.get(ALERTS)
    over(alert, 29)
    with CaptureQueriesContext(connection) as many:
        client.get(ALERTS)
    assert len(few) == len(many) <= 8


# One alert


def test_an_alert_tells_its_story(alert: Alert, auditor: User) -> None:
    page = text(browser(auditor).get(f"{ALERTS}{alert.pk}/"))
    assert "Iris: Questions without an answer firing 10% of 100 questions got no answer" in page
    assert "Measured: 10%" in page
    assert "Last measured 10% Fires at more than 5%" in page
    assert "Ada Byron waiting fired" in page
    assert "Look at the overview" in page


def test_somebody_says_that_he_has_seen_it(alert: Alert, auditor: User) -> None:
    client = browser(auditor)
    assert "I have seen it" in text(client.get(f"{ALERTS}{alert.pk}/"))
    response = client.post(f"{ALERTS}{alert.pk}/")
    assert (response.status_code, response["Location"]) == (302, f"{ALERTS}{alert.pk}/")
    page = text(client.get(f"{ALERTS}{alert.pk}/"))
    assert "I have seen it" not in page
    assert "auditor has seen it" in page
    client.post(f"{ALERTS}{alert.pk}/")
    assert AlertEvent.objects.filter(kind="seen").count() == 1


def test_a_mail_that_failed_says_why(alert: Alert, auditor: User) -> None:
    AlertMail.objects.update(status="failed", problem="refused 550", attempts=5)
    page = text(browser(auditor).get(f"{ALERTS}{alert.pk}/"))
    assert "Ada Byron failed fired The mail server refused the mail: 550. Attempts: 5." in page


def test_a_file_is_linked_for_who_may_see_it_and_never_named(
    iris: ModelVersion, analyst: User, auditor: User, manager: User
) -> None:
    batch = files.submitted(iris, analyst, 20)
    past = timezone.now() - timedelta(hours=1)
    Batch.objects.update(served_at=past, submitted_at=past, created_at=past)
    only(iris, Kind.BATCH)
    verbs.watch(timezone.now())
    path = f"{ALERTS}{Alert.objects.get().pk}/"
    link = f"/batches/{batch.pk}/"
    assert link in browser(auditor).get(path).content.decode()
    page = browser(manager).get(path).content.decode()
    assert link not in page
    assert "A file of 20 rows made no progress from" in page
    assert batch.name not in page


def test_an_alert_that_is_none(iris: ModelVersion, auditor: User) -> None:
    for number in ("1", "9" * 30):
        assert browser(auditor).get(f"{ALERTS}{number}/").status_code == 404


# The rules


def sent(client: Client, **changes: Any) -> dict[str, Any]:
    """The form as the page has it, with changes."""
    initial = client.get(RULES).context["form"].initial
    data = {name: value for name, value in initial.items() if value not in (False, None)}
    data = {name: "on" if value is True else value for name, value in data.items()}
    return {name: value for name, value in (data | changes).items() if value is not None}


def test_each_rule_says_how_it_is_measured_and_what_it_measures_now(alert: Alert, auditor: User) -> None:
    page = text(browser(auditor).get(RULES))
    assert "Questions without an answer Questions without an answer as a share of all, in this hour" in page
    assert "Now: 10% of 100 questions got no answer in the two hours from" in page
    assert "Now: The newest version was not rejected." in page
    assert "Now: No file is at work." in page
    assert "Now: Needs 20 calls in two hours, has 0." in page
    assert "Firing now Iris: Questions without an answer" in page
    assert "changing these takes a right that an administrator can give" in page
    assert "Save the rules" not in page


def test_rules_are_saved_with_a_message(iris: ModelVersion, manager: User, auditor: User) -> None:
    client = browser(manager)
    changes = {"errors-limit": "2,5 %", "latency-limit": "0.4 s", "batch-limit": "30 min", "volume-on": None}
    data = sent(client, **changes, people=[str(auditor.pk)])
    response = client.post(RULES, data)
    assert response.status_code == 302
    assert "The rules are saved." in text(client.get(RULES))
    found = {rule.kind: rule for rule in AlertRule.objects.all()}
    assert (found["errors"].limit, found["latency"].limit, found["batch"].limit) == (0.025, 0.4, 30)
    assert not found["volume"].is_enabled
    assert {rule.kind for rule in found.values() if rule.updated_by} == {"errors", "latency", "batch", "volume"}
    assert list(AlertSubscriber.objects.values_list("user", flat=True)) == [auditor.pk]
    assert "Changed by Ada Byron" in text(client.get(RULES))


def test_what_the_page_shows_can_be_sent_back_unchanged(iris: ModelVersion, manager: User) -> None:
    for language in ("en", "fr"):
        client = browser(manager, accept_language=language)
        client.post(RULES, sent(client))
        assert not AlertRule.objects.exclude(updated_by=None).exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("errors-limit", "0", "Questions without an answer – More than: Enter a percentage above 0 and up to 100"),
        ("errors-limit", "101%", "Enter a percentage above 0 and up to 100, like 5 or 5%."),
        ("errors-limit", "many", "Enter a percentage"),
        ("errors-limit", "9" * 21, "Shorten this to 20 characters."),
        ("errors-limit", "", "Enter a limit, or switch the rule off."),
        ("latency-limit", "-1", "Enter seconds above 0 and up to 600, like 1.5."),
        ("batch-limit", "1.5", "Enter a whole number of minutes from 1 to 10 080, like 15."),
        ("drift-limit", "0", "Enter a whole number from 1 to 1 000."),
        ("errors-for", "", "Enter a whole number of minutes from 0 to 10 080; 0 is at once."),
        ("errors-for", "-1", "Enter a whole number of minutes from 0"),
        ("errors-for", "1e400", "Enter a whole number of minutes from 0"),
        ("people", ["999999"], "Choose people of the list: somebody lost the right."),
        ("people", ["x"], "Choose people of the list: somebody lost the right."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    iris: ModelVersion, manager: User, name: str, value: Any, sentence: str
) -> None:
    client = browser(manager)
    response = client.post(RULES, sent(client, **{name: value}))
    assert response.status_code == 400
    html = response.content.decode()
    assert sentence in text(response)
    place = f"id_{name}_0" if name == "people" else f"id_{name}"
    assert f'<a href="#{place}">' in html
    assert f'id="{place}"' in html
    assert not AlertRule.objects.exclude(updated_by=None).exists()


def test_a_switched_off_rule_needs_no_limit(iris: ModelVersion, manager: User) -> None:
    client = browser(manager)
    assert client.post(RULES, sent(client, **{"accuracy-limit": "", "accuracy-on": None})).status_code == 302
    assert AlertRule.objects.get(kind="accuracy").limit is None


def test_only_who_may_changes_rules(iris: ModelVersion, auditor: User, analyst: User) -> None:
    assert browser(auditor).post(RULES, {}).status_code == 403
    assert browser(analyst).get(RULES).status_code == 403
    assert browser(auditor).get("/monitoring/models/nothing/alerts/").status_code == 404


def test_people_without_an_address_are_named_so(iris: ModelVersion, manager: User) -> None:
    member("Grace", "approver")
    page = text(browser(manager).get(RULES))
    assert "Grace – has no address, so gets no mail" in page
    assert "analyst" not in page


@override_settings(PRODUCTION=True, EMAIL_HOST="")
def test_an_instance_without_mails_says_so(iris: ModelVersion, manager: User) -> None:
    assert "This instance sends no mails: EMAIL_HOST is not set." in text(browser(manager).get(RULES))


def test_another_language_keeps_what_was_typed(iris: ModelVersion, manager: User) -> None:
    client = browser(manager)
    response = client.post(RULES, sent(client, **{"errors-limit": "7 %"}) | {"language": "fr"})
    html = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="fr"' in html
    assert 'value="7 %"' in html
    assert not AlertRule.objects.exclude(updated_by=None).exists()


@pytest.mark.parametrize(
    ("typed", "limit"), [("5", 0.05), ("5%", 0.05), ("5 %", 0.05), ("0,5\u202f%", 0.005), ("100", 1)]
)
def test_percentages_may_be_typed_with_their_sign(typed: str, limit: float) -> None:
    assert rules.read(Kind.ERRORS, typed) == limit


@pytest.mark.parametrize("typed", ["", "%", "5%%", "5 s", "0.05 of all", "1,000", "nan", "inf"])
def test_what_is_no_percentage(typed: str) -> None:
    with pytest.raises(Refused):
        rules.read(Kind.ERRORS, typed)


# Home


def test_the_home_page_says_how_many_fire(iris: ModelVersion, alert: Alert, auditor: User, analyst: User) -> None:
    page = browser(auditor).get("/")
    assert "1 alert is firing" in text(page)
    assert 'href="/monitoring/alerts/"' in page.content.decode()
    assert "alert is firing" not in text(browser(analyst).get("/"))
    failing(iris, failures=0)
    verbs.watch(timezone.now())
    assert "firing" not in text(browser(auditor).get("/"))


# The admin


@pytest.mark.parametrize("table", ["alertrule", "alert", "alertevent", "alertmail"])
def test_auditors_read_everything_in_the_admin(alert: Alert, auditor: User, table: str) -> None:
    client, path = browser(auditor), f"/admin/predictions/{table}/"
    assert client.get(path).status_code == 200
    pk = {"alertrule": alert.rule_id, "alert": alert.pk}.get(table)
    pk = pk or {"alertevent": AlertEvent, "alertmail": AlertMail}[table].objects.latest("id").pk
    page = client.get(f"{path}{pk}/change/")
    assert page.status_code == 200
    assert client.post(f"{path}{pk}/change/", {"state": "resolved"}).status_code == 403
    assert client.get(f"{path}add/").status_code == 403
    assert client.get(f"{path}{'9' * 30}/change/").status_code == 302
