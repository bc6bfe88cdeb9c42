"""Asking about several records: what is confirmed, what is asked, and what is said when it cannot be."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from predictions.models import Dataset, IdempotencyKey, Prediction, PredictionFailure, Record, Source
from registry import promotions
from registry.models import ModelVersion
from tests.predictions.test_pages import browser, text
from tests.predictions.test_predict import damage
from tests.worlds import member

PATH = "/records/flowers/ask"
Flowers = Callable[..., list[Record]]


@pytest.fixture
def office(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model to ask."""
    return browser(analyst)


def fields(response: HttpResponse) -> dict[str, list[str]]:
    """The hidden fields of the form with the button that goes on."""
    forms = re.findall(r"<form.*?</form>", response.content.decode(), re.DOTALL)
    (form,) = [form for form in forms if 'name="confirm"' in form]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def ticked(records: list[Record]) -> dict[str, Any]:
    return {"record": [str(record.pk) for record in records]}


def confirmed(office: Client, sent: dict[str, Any]) -> HttpResponse:
    """What comes after the confirmation of what `sent` leads to."""
    return office.post(PATH, fields(office.get(PATH, sent)))


# What is confirmed


def test_the_page_says_who_is_asked_about_how_many(office: Client, flowers: Flowers) -> None:
    response = office.get(PATH, ticked(flowers(12)))
    wanted = [
        "Iris",
        "version 1",
        "12 records",
        "of Flowers",
        "F-0",
        "F-9",
        "and 2 more",
        "Predict and record 12 answers",
    ]
    assert response.status_code == 200
    assert [words for words in wanted if words not in text(response)] == []
    assert "F-10" not in text(response)
    assert not Prediction.objects.exists()


def test_all_matching_is_every_record_of_the_set(office: Client, flowers: Flowers) -> None:
    flowers(30)
    response = office.get(PATH, {"all": "1", "query": ""})
    assert "30 records" in text(response)
    assert "All records of this set" in text(response)


def test_one_record_is_asked_about_in_the_form(office: Client, flowers: Flowers) -> None:
    (record,) = flowers(1)
    for sent in (ticked([record]), {"all": "1"}):
        assert office.get(PATH, sent)["Location"] == f"/predict/iris/?record={record.pk}"


def test_nothing_ticked_leads_back_with_a_sentence(office: Client, flowers: Flowers) -> None:
    flowers(2)
    for sent in ({}, {"record": ["999999999", "9" * 30]}):
        response = office.get(PATH, sent | {"query": "q=rose&sort=key"})
        assert (response.status_code, response["Location"]) == (302, "/records/flowers/?q=rose&sort=key")
        assert "Tick at least one record." in [str(message) for message in response.wsgi_request._messages]


def test_records_of_another_set_are_left_out(office: Client, flowers: Flowers, administrator: User) -> None:
    other = Dataset.objects.create(name="other", title="Other", key_column="k", updated_by=administrator)
    stray = Record.objects.create(dataset=other, key="X-1", data={})
    response = office.get(PATH, ticked([*flowers(2), stray]))
    assert ("2 records" in text(response), "X-1" in text(response)) == (True, False)


ODD = [{"record": "x"}, {"record": ["1", ""]}, {"record": "a\x00"}, {"record": ["1"] * 51}, {"query": "x" * 5000}]


@pytest.mark.parametrize("sent", ODD)
def test_an_address_that_no_page_leads_to_is_refused(office: Client, flowers: Flowers, sent: dict[str, Any]) -> None:
    flowers(1)
    assert office.get(PATH, sent).status_code == 400


def test_looking_at_what_will_be_asked_asks_nothing(office: Client, flowers: Flowers) -> None:
    office.get(PATH, ticked(flowers(2)) | {"confirm": "1"})
    assert not Prediction.objects.exists()


def test_a_visit_leads_to_the_table(office: Client, flowers: Flowers) -> None:
    flowers(1)
    assert office.get(PATH)["Location"] == "/records/flowers/"
    assert office.put(PATH).status_code == 405


def test_more_than_the_limit_is_refused_with_a_sentence(office: Client, flowers: Flowers, settings) -> None:
    settings.RECORDS_PER_CALL = 5
    flowers(7)
    response = office.post(PATH, {"all": "1", "confirm": "1"})
    assert (response.status_code, "to at most 5." in text(response)) == (400, True)
    assert 'name="confirm"' not in response.content.decode()
    assert not Prediction.objects.exists()


def test_a_model_that_needs_other_columns_says_which(office: Client, flowers: Flowers) -> None:
    records = flowers(2)
    known = [column for column in records[0].dataset.columns if column["name"] != "petal_width"]
    Dataset.objects.update(columns=known)
    response = office.get(PATH, ticked(records) | {"model": "iris"})
    assert response.status_code == 400
    assert "needs columns that these records do not have: petal_width" in text(response)


def test_a_model_of_pictures_is_not_asked(
    office: Client, flowers: Flowers, promoted: Callable[..., ModelVersion]
) -> None:
    promoted("digits")
    response = office.get(PATH, ticked(flowers(2)) | {"model": "digits"})
    assert (response.status_code, "questions about pictures" in text(response)) == (400, True)


@pytest.mark.parametrize("model", ["nothing", "x" * 500, "../iris", "é"])
def test_an_unknown_model_is_not_found(office: Client, flowers: Flowers, model: str) -> None:
    assert office.get(PATH, ticked(flowers(2)) | {"model": model}).status_code == 404


def test_an_unknown_set_is_not_found(office: Client) -> None:
    assert office.post("/records/nothing/ask", {"all": "1"}).status_code == 404


def test_who_may_not_ask_or_not_see_records_is_refused(flowers: Flowers, auditor: User) -> None:
    records = flowers(2)
    for user in (auditor, member("manager", "model manager"), member("approver", "approver")):
        assert browser(user).post(PATH, ticked(records) | {"confirm": "1"}).status_code == 403
    assert not Prediction.objects.exists()


def test_the_language_button_keeps_the_question(office: Client, flowers: Flowers) -> None:
    first = fields(office.get(PATH, ticked(flowers(3))))
    response = office.post(
        PATH, {name: value for name, value in first.items() if name != "confirm"} | {"language": "fr"}
    )
    assert '<html lang="fr">' in response.content.decode()
    kept = fields(response)
    assert [name for name in first if kept[name] != first[name]] == ["csrfmiddlewaretoken"]


# What is asked


def test_all_are_asked_in_one_call_and_each_answer_names_its_record(office: Client, flowers: Flowers) -> None:
    records = flowers(50)[::-1]
    response = confirmed(office, ticked(records))
    answers = list(Prediction.objects.order_by("id"))
    assert response["Location"] == f"/answers/{answers[0].request_id}/"
    assert [answer.record_id for answer in answers] == [record.pk for record in records]
    assert {(a.request_id, a.source, a.explanation) for a in answers} == {(answers[0].pk, Source.RECORDS, None)}


def test_columns_the_model_does_not_take_are_left_out(office: Client, flowers: Flowers) -> None:
    confirmed(office, ticked(flowers(2)))
    assert set(Prediction.objects.earliest("id").inputs) == {
        "sepal_length",
        "sepal_width",
        "petal_length",
        "petal_width",
    }


def test_the_same_form_twice_is_answered_once(office: Client, flowers: Flowers) -> None:
    sent = fields(office.get(PATH, ticked(flowers(3))))
    first, second = office.post(PATH, sent), office.post(PATH, sent)
    assert second["Location"] == f"{first['Location']}?replayed=1"
    assert (Prediction.objects.count(), IdempotencyKey.objects.count()) == (3, 1)


def test_it_replays_also_after_a_promotion_and_while_suspended(
    office: Client, flowers: Flowers, promoted: Callable[..., ModelVersion], administrator: User
) -> None:
    sent = fields(office.get(PATH, ticked(flowers(3))))
    first = office.post(PATH, sent)["Location"]
    version = promoted("iris")
    assert office.post(PATH, sent)["Location"] == f"{first}?replayed=1"
    promotions.suspend(model=version.model, by=administrator, reason="a doubt")
    assert office.post(PATH, sent)["Location"] == f"{first}?replayed=1"


def test_a_changed_number_is_confirmed_again(office: Client, flowers: Flowers) -> None:
    flowers(3)
    sent = fields(office.get(PATH, {"all": "1"}))
    flowers(2)
    response = office.post(PATH, sent)
    assert (response.status_code, "The number of records has changed" in text(response)) == (409, True)
    assert not Prediction.objects.exists()
    assert office.post(PATH, fields(response))["Location"].startswith("/answers/")
    assert Prediction.objects.count() == 5


def test_another_version_is_confirmed_again(office: Client, flowers: Flowers, promoted: Callable[..., Any]) -> None:
    sent = fields(office.get(PATH, ticked(flowers(2))))
    promoted("iris")
    response = office.post(PATH, sent)
    assert (response.status_code, "Another version of the model" in text(response)) == (409, True)
    assert office.post(PATH, fields(response)).status_code == 302


def test_records_that_were_imported_again_are_confirmed_again(office: Client, flowers: Flowers) -> None:
    records = flowers(2)
    sent = fields(office.get(PATH, ticked(records)))
    office.post(PATH, sent)
    Record.objects.filter(pk=records[0].pk).update(data=records[0].data | {"petal_width": 0.3})
    response = office.post(PATH, sent)
    assert (response.status_code, "You already asked this" in text(response)) == (409, True)
    assert office.post(PATH, fields(response))["Location"].endswith("/")
    assert Prediction.objects.count() == 4


@pytest.mark.parametrize("key", ["", "x", "a\x00b", "k" * 300, "é" * 32])
def test_a_key_that_is_none_does_not_matter(office: Client, flowers: Flowers, key: str) -> None:
    sent = fields(office.get(PATH, ticked(flowers(2)))) | {"idempotency_key": key}
    assert office.post(PATH, sent)["Location"].startswith("/answers/")


# What cannot be asked


def test_records_that_cannot_be_asked_about_are_named_and_nothing_is_predicted(
    office: Client, flowers: Flowers
) -> None:
    odd = {1: {"petal_width": None}, 3: {"petal_width": None}, 4: {"sepal_width": "tall secret"}}
    response = confirmed(office, ticked(flowers(6, odd)))
    found = text(response)
    wanted = ["Of 6 records, 3 hold", "Enter a value for “Petal width”.", "F-1", "F-3", "Enter a number.", "F-4"]
    assert response.status_code == 400
    assert [words for words in wanted if words not in found] == []
    assert "tall secret" not in found
    assert not Prediction.objects.exists()
    assert not PredictionFailure.objects.exists()


@pytest.mark.parametrize("everything", [True, False])
def test_the_others_can_be_asked_about(office: Client, flowers: Flowers, everything: bool) -> None:
    records = flowers(5, {2: {"petal_width": None}})
    response = confirmed(office, {"all": "1"} if everything else ticked(records))
    assert "Ask about the other 4" in text(response)
    assert office.post(PATH, fields(response))["Location"].startswith("/answers/")
    asked = Prediction.objects.order_by("id").values_list("record__key", flat=True)
    assert list(asked) == ["F-0", "F-1", "F-3", "F-4"]


def test_at_most_fifty_are_named(office: Client, flowers: Flowers) -> None:
    flowers(70, {row: {"petal_width": None} for row in range(70)})
    response = confirmed(office, {"all": "1"})
    assert len(re.findall(r'href="/records/flowers/\d+/"', response.content.decode())) == 50
    assert "and 20 more" in text(response)
    assert "Ask about the other" not in text(response)


def test_values_of_any_shape_are_refused_and_no_fault(office: Client, flowers: Flowers) -> None:
    odd = [[], {}, {"a": 1}, 10**400, "9" * 5000, True, "nan", "x", 1e308, "1,234"]
    records = flowers(len(odd), {row: {"petal_width": value} for row, value in enumerate(odd)})
    assert confirmed(office, ticked(records)).status_code == 400


def test_the_language_button_keeps_what_is_to_be_mended(office: Client, flowers: Flowers) -> None:
    refused = confirmed(office, ticked(flowers(3, {1: {"petal_width": None}})))
    (form,) = re.findall(r'<form id="again".*?</form>', refused.content.decode(), re.DOTALL)
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form):
        sent.setdefault(name, []).append(value)
    response = office.post(PATH, sent | {"language": "fr"})
    assert (response.status_code, "Saisissez une valeur pour" in text(response)) == (400, True)
    assert not Prediction.objects.exists()


def test_a_model_that_cannot_answer_says_so(office: Client, flowers: Flowers, iris: ModelVersion) -> None:
    sent = fields(office.get(PATH, ticked(flowers(2))))
    damage(iris)
    response = office.post(PATH, sent)
    assert (response.status_code, "could not answer" in text(response)) == (503, True)
    assert (Prediction.objects.count(), PredictionFailure.objects.count()) == (0, 2)


def test_a_suspended_model_is_not_asked(
    office: Client, flowers: Flowers, iris: ModelVersion, administrator: User
) -> None:
    records = flowers(2)
    sent = fields(office.get(PATH, ticked(records)))
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    for response in (office.get(PATH, ticked(records)), office.post(PATH, sent)):
        assert (response.status_code, response["Retry-After"], "is suspended" in text(response)) == (503, "60", True)
    assert not Prediction.objects.exists()


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_question_that_is_being_answered_is_asked_no_second_time(
    office: Client, flowers: Flowers, analyst: User
) -> None:
    sent = fields(office.get(PATH, ticked(flowers(2))))
    facts = {"fingerprint": b"", "request_id": uuid.uuid4(), "rows": 2, "salt": b"", "digest": b""}
    with transaction.atomic(using="owner"):
        key = sent["idempotency_key"][0]
        IdempotencyKey.objects.using("owner").create(user_id=analyst.pk, key=key, **facts)
        response = office.post(PATH, sent)
        transaction.set_rollback(True, using="owner")
    assert (response.status_code, "being asked about already" in text(response)) == (409, True)
    assert fields(response)["idempotency_key"] == [key]
