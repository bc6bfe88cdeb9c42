"""A question about a record with other values than it has: it is told as that, and is no answer about the record."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from futurisys.accounts import roles
from predictions.models import Prediction, Record, Source
from tests.predictions.employees import PERSON, ask_about, dataset
from tests.predictions.test_pages import browser, text
from tests.worlds import member

WITH = "Asked with other values than the record has"


@pytest.fixture
def record(promoted, administrator) -> Record:
    return dataset(promoted("attrition"), administrator, [{"key": "E-1", "age": 59}]).record_set.get()


@pytest.fixture
def office(record: Record, analyst: User) -> Client:
    return browser(analyst)


@pytest.fixture
def decider(record: Record) -> Client:
    """The browser of somebody who may see everything."""
    return browser(member("decider", roles.DECISION_MAKER))


def send(client: Client, record: Record, **changes: str) -> Prediction:
    """The answer to the form that begins with the record."""
    form = client.get(f"/predict/attrition/?record={record.pk}").context["form"]
    values = {name: form[name].value() for name in form.fields if name.startswith("x-")}
    sent = values | {f"x-{name}": value for name, value in changes.items()} | {"record": str(record.pk)}
    sent |= {name: form[name].value() or "" for name in ("idempotency_key", "shown")}
    client.post("/predict/attrition/", sent)
    return Prediction.objects.latest("id")


def read(client: Client, answer: Prediction) -> str:
    return text(client.get(f"/history/{answer.pk}/"))


def test_a_form_that_was_not_touched_asks_about_the_record(office: Client, record: Record) -> None:
    answer = send(office, record)
    assert (answer.source, answer.record) == (Source.FORM, record)
    assert WITH not in read(office, answer)


def test_values_that_only_look_different_are_the_same(office: Client, record: Record) -> None:
    Record.objects.update(data=record.data | {"revenu_mensuel": "5 993,0", "niveau_education": "2"})
    assert send(office, record, niveau_education="2").source == Source.FORM


def test_other_values_are_told_beside_the_records(office: Client, record: Record) -> None:
    answer = send(office, record, heure_supplementaires="Non")
    assert (answer.source, answer.record) == (Source.CHANGED, record)
    assert "Asked with other values than the record has: Works overtime (record: Yes)" in read(office, answer)
    assert "Form, values changed" in text(office.get("/history/"))


def test_what_the_reader_may_not_see_is_told_by_its_title(office: Client, decider: Client, record: Record) -> None:
    answer = send(decider, record, age="33")
    assert "Age (record: 59 years)" in read(decider, answer)
    viewer = member("viewer", roles.BUSINESS_USER)
    viewer.user_permissions.add(*_right("view_prediction"))
    found = read(browser(viewer), answer)
    assert ("Age" in found, "59 years" in found, "33 years" in found) == (True, False, False)


def _right(codename: str):
    return User.user_permissions.rel.model.objects.filter(codename=codename, content_type__app_label="predictions")


def test_it_is_never_the_last_answer(office: Client, record: Record, analyst: User) -> None:
    changed = send(office, record, heure_supplementaires="Non").pk
    assert "Not asked yet" in text(office.get("/records/employees/"))
    plain = ask_about(record, analyst).predictions[0].pk
    send(office, record, heure_supplementaires="Non")
    page = office.get("/records/employees/").content.decode()
    assert (str(plain) in page, str(changed) in page) == (True, False)


def test_the_record_shows_it_marked(office: Client, record: Record) -> None:
    send(office, record)
    page = office.get(f"/records/employees/{record.pk}/")
    assert "values changed" not in text(page)
    scale = page.context["page"].scale
    send(office, record, heure_supplementaires="Non")
    page = office.get(f"/records/employees/{record.pk}/")
    assert ("values changed" in text(page), page.context["page"].scale) == (True, scale)


def test_a_record_that_caught_up_says_so(office: Client, record: Record) -> None:
    answer = send(office, record, heure_supplementaires="Non")
    Record.objects.update(data=record.data | {"heure_supplementaires": "Non"})
    assert "It has the same values now." in read(office, answer)


@pytest.mark.parametrize("value", [10**400, [1], {"a": "<b>"}, "x" * 9000, None, True])
def test_a_record_may_hold_anything(office: Client, record: Record, value: object) -> None:
    answer = send(office, record, poste="Manager")
    Record.objects.update(data=dict.fromkeys(PERSON, value))
    page: HttpResponse = office.get(f"/history/{answer.pk}/")
    assert (page.status_code, "<b>" in page.content.decode()) == (200, False)


def test_a_column_that_the_record_lacks_is_no_change(office: Client, record: Record) -> None:
    data = {name: value for name, value in record.data.items() if name != "poste"}
    Record.objects.update(data=data)
    assert send(office, record, poste="Manager").source == Source.FORM
