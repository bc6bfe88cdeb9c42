"""/ for each role: what needs me, what happened, what to do next; as quick with many rows as with few."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys.accounts import roles
from predictions import actions, activity
from predictions.models import Batch, Dataset, Prediction, PredictionFailure, Record, Source
from registry import promotions
from registry.facts import seal
from registry.models import ModelVersion, RegisteredModel
from tests.registry.people import asked, browser, text
from tests.worlds import IRIS, member

STAFF = {roles.AUDITOR, roles.ADMINISTRATOR}


def someone(role, name="someone"):
    return member(name, role, is_staff=role in STAFF)


def home(user, **headers):
    response = browser(user, **headers).get("/")
    assert response.status_code == 200
    return response


def headings(response):
    return re.findall(r'<h2 id="(\w+)"', response.content.decode())


def asks(user, rows=1, source=Source.FORM, **more):
    columns = {name: [value] * rows for name, value in IRIS.items()}
    return actions.predict(model="iris", columns=columns, rows=rows, source=source, by=user, **more)


@pytest.fixture
def employees(administrator):
    """A set of records with one row."""
    made = Dataset.objects.create(
        name="employees", title="Employees", key_column="id", size=12_480, updated_by=administrator
    )
    Record.objects.create(dataset=made, key="E1", data=IRIS)
    return made


# Each role sees its parts, in order


@pytest.mark.parametrize(
    ("role", "parts"),
    [
        (roles.BUSINESS_USER, ["next", "find", "mine"]),
        (roles.DECISION_MAKER, ["needs", "find", "next", "mine"]),
        (roles.VISITOR, ["next", "find", "mine"]),
        (roles.MODEL_MANAGER, ["needs", "find", "mine", "ledger", "next"]),
        (roles.APPROVER, ["needs", "ledger"]),
        (roles.AUDITOR, ["find", "audit", "ledger"]),
        (roles.ADMINISTRATOR, ["needs", "find", "audit", "mine", "ledger", "next"]),
    ],
)
def test_a_role_sees_its_parts(iris, role, parts):
    assert headings(home(someone(role))) == parts


def test_who_has_several_roles_sees_what_needs_him_before_what_happened_and_what_is_next(iris):
    user = someone(roles.BUSINESS_USER)
    user.groups.add(*User.groups.rel.model.objects.filter(name__in=[roles.APPROVER, roles.AUDITOR]))
    assert headings(home(user)) == ["needs", "find", "mine", "ledger", "next"]


def test_who_has_no_role_reads_what_to_do(iris):
    page = text(home(User.objects.create_user("newcomer")))
    assert "You have no role yet" in page
    assert "Tell them your user name: newcomer" in page
    assert "What would you like to do?" not in page


def test_the_navigation_shows_what_the_person_may_open(iris, auditor):
    page = home(auditor).content.decode()
    assert "/records/" in page
    assert "/admin/" in page
    assert 'href="/predict/"' not in page


# What to do next


def test_a_newcomer_finds_the_list_and_the_form(iris, employees, analyst):
    page = home(analyst)
    assert "Ask about one record, or about a list" in text(page)
    assert "12 480 records" in text(page)
    assert re.search(r'class="button" href="/records/employees/"', page.content.decode())
    assert 'href="/predict/iris/"' in page.content.decode()


def test_without_records_a_business_user_is_sent_to_import_them(iris, analyst):
    assert 'href="/records/import/"' in home(analyst).content.decode()


def test_without_records_a_visitor_reads_who_can_import_them(iris):
    assert "A business user can import them" in text(home(someone(roles.VISITOR)))


def test_a_suspended_model_is_no_form_to_fill_in(iris, analyst, administrator):
    promotions.suspend(model=iris.model, by=administrator, reason="Looks odd.")
    page = home(analyst).content.decode()
    assert 'href="/predict/iris/"' not in page
    assert 'href="/registry/iris/"' in page


def test_without_a_model_in_service_it_is_said(analyst):
    assert "No model is in service yet" in text(home(analyst))


@pytest.mark.parametrize("role", [roles.BUSINESS_USER, roles.DECISION_MAKER])
def test_every_journey_begins_here(iris, employees, role):
    """Ask about a file, report what happened, find an answer by number or person, and decide for who may."""
    page = home(someone(role)).content.decode()
    for address in ("/batches/new/", "/outcomes/"):
        assert f'href="{address}"' in page
    assert 'action="/history/search/"' in page
    assert re.search(r'<input id="find-q" name="q"', page)
    assert ('href="/decisions/"' in page) is (role == roles.DECISION_MAKER)


# What I asked


def test_before_the_first_answer_it_is_said_what_will_be_here(iris, analyst):
    assert "You have no answers yet" in text(home(analyst))


def test_the_latest_answers_are_mine_alone(iris, analyst, stranger):
    mine, theirs = asks(analyst), asks(stranger)
    page = home(analyst).content.decode()
    assert f"/history/{mine.request_id}/" in page
    assert f"/history/{theirs.request_id}/" not in page


def test_a_list_is_one_line_and_five_calls_are_shown(iris, analyst):
    calls = [asks(analyst) for _ in range(5)] + [asks(analyst, rows=7, source=Source.RECORDS)]
    page = home(analyst).content.decode()
    assert f'href="/answers/{calls[-1].request_id}/">7 answers</a>' in page
    assert f"/history/{calls[1].request_id}/" in page
    assert f"/history/{calls[0].request_id}/" not in page


def test_todays_answers_are_counted(iris, analyst):
    asks(analyst, rows=3)
    assert "Answers today 3 " in text(home(analyst))


def test_a_record_that_was_asked_about_is_named(iris, analyst, employees):
    asks(analyst, records=[employees.record_set.get().pk])
    assert "Employees, E1" in text(home(analyst))


def test_an_answer_is_counted_on_the_day_of_its_number(iris, analyst):
    asks(analyst, rows=2)
    yesterday = activity.activity_of(analyst.pk, now=timezone.now() + timedelta(days=1)).days.columns
    assert [column.amount for column in yesterday][-3:] == ["0", "2", "0"]


def test_the_number_of_a_moment_is_below_those_of_its_answers(iris, analyst):
    number, minute = asks(analyst).request_id, timedelta(minutes=1)
    assert activity.number_at(timezone.now() - minute) < number < activity.number_at(timezone.now() + minute)


def test_more_answers_than_are_read_are_said_to_be_more(iris, analyst, monkeypatch):
    monkeypatch.setattr(activity, "MOST", 4)
    asks(analyst, rows=5)
    found = activity.activity_of(analyst.pk, now=timezone.now())
    assert (found.today, found.total, found.cut) == ("more than 4", "more than 4", "4")


def test_nothing_a_month_ago_is_counted(iris, analyst):
    asks(analyst)
    found = activity.activity_of(analyst.pk, now=timezone.now() + timedelta(days=31))
    assert (found.today, found.total, len(found.calls)) == ("0", "0", 1)


# What needs somebody


def test_nothing_waits(iris):
    assert "Nothing waits for you." in text(home(someone(roles.MODEL_MANAGER)))


def test_a_manager_is_told_of_a_candidate(iris, ready):
    ready("iris")
    page = home(someone(roles.MODEL_MANAGER))
    assert "Iris: version 2 is ready" in text(page)
    assert "/registry/iris/versions/2/promote" in page.content.decode()


def test_a_manager_is_told_of_a_draft(iris, ready):
    ready("iris", is_draft=True)
    assert "Iris: version 2 waits for its description" in text(home(someone(roles.MODEL_MANAGER)))


@pytest.mark.parametrize(("days", "told"), [(1, True), (15, False)])
def test_a_manager_is_told_of_imports_rejected_lately(iris, days, told):
    found = ModelVersion.objects.create(
        model=iris.model, number=2, commit="2" * 40, status="rejected", reason="No file."
    )
    ModelVersion.objects.filter(pk=found.pk).update(created_at=timezone.now() - timedelta(days=days))
    page = text(home(someone(roles.MODEL_MANAGER)))
    assert ("version 2 was rejected" in page) is told
    assert ("No file." in page) is told


def test_a_rejected_import_that_a_later_version_made_good_waits_for_nobody(iris, ready):
    ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40, status="rejected", reason="No file.")
    ready("iris")
    page = text(home(someone(roles.MODEL_MANAGER)))
    assert "version 2 was rejected" not in page
    assert "version 3 is ready" in page


@pytest.mark.parametrize("role", [roles.MODEL_MANAGER, roles.APPROVER])
def test_a_suspended_model_waits_for_those_who_look_after_it(iris, administrator, role):
    promotions.suspend(model=iris.model, by=administrator, reason="Looks odd.")
    assert "is suspended" in text(home(someone(role)))


def test_an_approver_is_asked_for_others_requests_only(iris, ready):
    second, wanting = ready("iris"), someone(roles.MODEL_MANAGER, "wanting")
    wanted = asked(second, wanting)
    assert f"/registry/requests/{wanted.pk}/" in home(someone(roles.APPROVER)).content.decode()
    wanting.groups.add(*someone(roles.APPROVER, "other").groups.all())
    assert f"/registry/requests/{wanted.pk}/" not in home(User.objects.get(pk=wanting.pk)).content.decode()


def test_a_version_that_is_asked_for_is_no_candidate_any_more(iris, ready):
    asked(ready("iris"), someone(roles.MODEL_MANAGER))
    assert "Nothing waits for you." in text(browser(User.objects.get(username="someone")).get("/"))


def test_a_business_user_is_told_nothing_of_the_registry(iris, ready, analyst):
    ready("iris")
    assert "version 2" not in text(home(analyst))


def test_an_administrator_is_told_who_has_no_role(iris):
    newcomer = User.objects.create_user("newcomer", first_name="Noor")
    page = home(someone(roles.ADMINISTRATOR))
    assert f"/admin/auth/user/{newcomer.pk}/change/" in page.content.decode()


def test_an_administrator_is_told_of_a_model_without_a_champion(db):
    RegisteredModel.objects.create(name="empty", endpoint="huggingface", repo_id="demo/empty")
    assert "Empty has no version in charge" in text(home(someone(roles.ADMINISTRATOR)))


@pytest.mark.parametrize(("production", "host", "told"), [(True, "", True), (True, "mail", False), (False, "", False)])
def test_an_administrator_of_production_is_told_that_no_mail_is_sent(db, settings, production, host, told):
    settings.PRODUCTION, settings.EMAIL_HOST = production, host
    assert ("No mail server is set" in text(home(someone(roles.ADMINISTRATOR)))) is told


def wait_for(model, **settings):
    """From now on the answers of the model wait for what a setting says."""
    RegisteredModel.objects.filter(pk=model.pk).update(**settings)


def test_a_decision_maker_is_told_first_how_many_answers_wait(iris, analyst):
    wait_for(iris.model, is_high_risk=True)
    asks(analyst, rows=3, source=Source.RECORDS)
    page = text(home(someone(roles.DECISION_MAKER)))
    assert "3 answers wait for a decision" in page
    assert page.index("3 answers wait") < page.index("What would you like to do?")


def test_one_answer_that_waits_is_told_as_one(iris, analyst):
    wait_for(iris.model, is_high_risk=True)
    asks(analyst)
    assert "1 answer waits for a decision" in text(home(someone(roles.DECISION_MAKER)))


def test_who_may_not_decide_is_told_of_no_decision(iris, analyst):
    wait_for(iris.model, is_high_risk=True)
    asks(analyst)
    page = home(analyst)
    assert headings(page) == ["next", "find", "mine"]
    assert "waits for a decision" not in text(page)


def test_an_outcome_that_is_due_needs_who_asked(iris, analyst, stranger):
    wait_for(iris.model, outcome_days=0)
    asks(analyst, rows=2, source=Source.RECORDS)
    page = home(analyst)
    assert headings(page) == ["next", "needs", "find", "mine"]
    assert "Outcome due for 2 cases" in text(page)
    assert "Outcome due" not in text(home(stranger))


def test_a_file_that_waits_is_there(iris, analyst):
    Batch.objects.create(user=analyst, name="staff.csv", size=1, sha256="0" * 64, model=iris.model)
    page = home(analyst)
    assert headings(page) == ["next", "files", "find", "mine"]
    assert "staff.csv" in text(page)


# What happened


def test_an_auditor_sees_how_much_was_answered_and_what_failed(iris, auditor, analyst):
    asks(analyst, rows=3)
    page = text(home(auditor))
    assert "Answers today, to everybody 3 " in page
    assert "last 7 days 0 " in page


def test_a_failure_of_the_week_is_counted(iris, auditor, analyst):
    number = activity.number_at(timezone.now() - timedelta(days=6))
    common = {"request_id": number, "version": iris, "inputs": {}, "source": "form", "user": analyst, "duration": 0}
    PredictionFailure.objects.create(id=number, kind="run", reason="no", **common, **seal([1]))
    assert "last 7 days 1 " in text(home(auditor))


def test_the_ledger_is_told_with_its_reasons(iris):
    assert "Iris, version 1: promotion" in text(home(someone(roles.APPROVER)))
    assert "a test needs it" in text(browser(User.objects.get(username="someone")).get("/"))


# Its price


@pytest.mark.parametrize("role", [roles.BUSINESS_USER, roles.ADMINISTRATOR])
def test_a_thousand_answers_take_as_many_queries_as_ten(iris, employees, role):
    user = someone(role)
    client = browser(user)
    asks(user, rows=10)
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    asks(user, rows=1000, source=Source.API)
    with CaptureQueriesContext(connection) as many:
        client.get("/")
    assert len(many) == len(few) <= 18
    assert Prediction.objects.count() == 1010


def test_home_asks_for_a_login(db):
    assert Client().get("/").status_code == 302
