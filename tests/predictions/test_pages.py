"""The pages of a business user: who sees what, the record behind an answer, and errors that keep what was typed."""

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.models import IdempotencyKey, Prediction, Source
from registry import promotions
from registry.models import ModelVersion
from tests.predictions.test_predict import ask, damage, with_note
from tests.worlds import IRIS

FORM = {f"x-{name}": str(value) for name, value in IRIS.items()}


def browser(user: User | None = None, **headers: str) -> Client:
    client = Client(headers=headers)
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def page(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model to ask."""
    return browser(analyst)


def text(response) -> str:
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# Who sees what


PAGES = ["/", "/predict/", "/predict/iris/", "/history/", f"/history/{uuid.UUID(int=7)}/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_to_the_house_is_sent_to_the_login(iris: ModelVersion, path: str) -> None:
    for verb in ("get", "post"):
        response = getattr(Client(), verb)(path)
        assert (response.status_code, response.get("Location")) in {(302, f"/login?next={path}"), (405, None)}
    assert Client().get(path).status_code == 302


def test_a_record_is_its_askers_and_the_auditors(iris, analyst, stranger, auditor, administrator) -> None:
    record = ask(analyst).predictions[0]
    path = f"/history/{record.pk}/"
    statuses = {user.username: browser(user).get(path).status_code for user in (analyst, stranger, auditor)}
    assert statuses == {"analyst": 200, "stranger": 404, "auditor": 200}
    assert browser(stranger).get(f"/predict/iris/?from={record.pk}").status_code == 404
    unknown = browser(stranger).get(f"/history/{uuid.uuid4()}/")
    assert text(unknown) == text(browser(stranger).get(path))


def test_lists_hold_my_records_alone(page: Client, analyst: User, stranger: User) -> None:
    mine, other = ask(analyst).request_id, ask(stranger).request_id
    for path in ("/", "/history/"):
        content = page.get(path).content.decode()
        assert (str(mine) in content, str(other) in content) == (True, False)


def test_login_leads_back_and_out(analyst: User, iris: ModelVersion) -> None:
    client = Client()
    wrong = client.post("/login", {"username": "analyst", "password": "x"})
    assert (wrong.status_code, "is not right" in text(wrong)) == (200, True)
    sent = {"username": "analyst", "password": "analyst-pass-1", "next": "/predict/iris/"}
    assert client.post("/login", sent)["Location"] == "/predict/iris/"
    assert client.get("/login")["Location"] == "/"
    assert client.post("/logout")["Location"] == "/login"
    assert client.get("/").status_code == 302


def test_login_leads_nowhere_else(analyst: User) -> None:
    sent = {"username": "analyst", "password": "analyst-pass-1", "next": "https://example.org/"}
    assert Client().post("/login", sent)["Location"] == "/"


@pytest.mark.parametrize("username", ["", "a\x00b", "x" * 10_000, "é🙂"])
def test_odd_names_log_nobody_in(analyst: User, username: str) -> None:
    response = Client().post("/login", {"username": username, "password": "a\x00"})
    assert response.status_code == 200
    assert "session" not in response.cookies


def test_a_disabled_person_is_out_at_once(page: Client, analyst: User) -> None:
    assert page.get("/").status_code == 200
    User.objects.filter(pk=analyst.pk).update(is_active=False)
    assert page.get("/").status_code == 302
    assert page.post("/predict/iris/", FORM | {"idempotency_key": "k"}).status_code == 302
    assert not Prediction.objects.exists()


def test_a_form_needs_its_csrf_token(iris: ModelVersion, analyst: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    response = client.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    assert (response.status_code, "This form has expired" in text(response)) == (403, True)
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("path", ["/", "/predict/", "/history/"])
def test_pages_that_only_show_take_no_post(page: Client, path: str) -> None:
    assert page.post(path).status_code == 405


# The form


def test_a_suspended_model_answers_no_form(page: Client, iris: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    assert page.get("/").status_code == 200
    for response in (page.get("/predict/iris/"), page.post("/predict/iris/", FORM | {"idempotency_key": "k"})):
        assert (response.status_code, response["Retry-After"], "is suspended" in text(response)) == (503, "60", True)
    assert not Prediction.objects.exists()


def test_a_form_that_was_answered_replays_while_its_model_is_suspended(
    page: Client, iris: ModelVersion, administrator: User
) -> None:
    first = page.post("/predict/iris/", FORM | {"idempotency_key": "k"})["Location"]
    promotions.suspend(model=iris.model, by=administrator, reason="a doubt")
    again = page.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    assert (again.status_code, again["Location"]) == (302, f"{first}?replayed=1")
    assert page.get(again["Location"]).status_code == 200
    other = page.post("/predict/iris/", FORM | {"idempotency_key": "k", "x-petal_width": "0.3"})
    odd = page.post("/predict/iris/", FORM | {"x-nothing": "1"})
    assert (other.status_code, odd.status_code, Prediction.objects.count()) == (503, 503, 1)


def test_the_form_is_built_from_the_signature(page: Client) -> None:
    response = page.get("/predict/iris/")
    content = response.content.decode()
    assert [name for name in IRIS if f'name="x-{name}"' not in content] == []
    assert [word for word in ("Petal width", "cm", "At the widest place") if word not in content] == []
    keys = {page.get("/predict/iris/").context["form"]["idempotency_key"].value() for _ in range(2)}
    assert len(keys) == 2


def test_a_typical_case_can_be_sent(page: Client) -> None:
    form = page.get("/predict/iris/?example=1").context["form"]
    sent = {name: form[name].value() for name in [*FORM, "idempotency_key"]}
    assert page.post("/predict/iris/", sent).status_code == 302


def test_a_record_fills_the_form_again(page: Client, analyst: User) -> None:
    record = ask(analyst).predictions[0]
    form = page.get(f"/predict/iris/?from={record.pk}").context["form"]
    assert {name: form[name].value() for name in FORM} == FORM


def test_values_of_another_models_record_are_not_taken(page: Client, promoted, analyst: User) -> None:
    promoted("iris", model="other")
    record = ask(analyst, model="other").predictions[0]
    form = page.get(f"/predict/iris/?from={record.pk}").context["form"]
    assert not any(form[name].value() for name in FORM)


def test_errors_keep_what_was_typed_and_name_the_fields(page: Client) -> None:
    sent = FORM | {"x-petal_width": "wide", "x-sepal_width": "", "idempotency_key": "k"}
    response = page.post("/predict/iris/", sent)
    content = response.content.decode()
    assert response.status_code == 400
    assert [value for value in ("5.1", "1.4", "wide", "k") if f'value="{value}"' not in content] == []
    assert '<a href="#id_x-petal_width">' in content
    assert "Enter a value for “Sepal width”." in content
    assert not Prediction.objects.exists()


def test_what_was_typed_is_never_markup(page: Client) -> None:
    response = page.post("/predict/iris/", FORM | {"x-petal_width": '"><b>x</b>', "x-<b>": "1", "idempotency_key": "k"})
    assert b"<b>" not in response.content


# The record


def test_the_answer_is_the_record(page: Client, iris: ModelVersion) -> None:
    response = page.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    record = Prediction.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/history/{record.pk}/")
    found = text(page.get(response["Location"]))
    wanted = ["Iris setosa", "analyst", iris.commit[:8], "Petal width", "0.2 cm", str(record.pk)]
    assert [word for word in wanted if word not in found] == []
    assert record.source == Source.FORM
    assert record.explanation["contributions"]


def test_the_same_form_twice_is_one_record_and_says_so(page: Client) -> None:
    first, second = (page.post("/predict/iris/", FORM | {"idempotency_key": "k"}) for _ in range(2))
    record = Prediction.objects.get()
    assert first["Location"] == f"/history/{record.pk}/"
    assert second["Location"] == f"/history/{record.pk}/?replayed=1"
    assert "You already sent this form" in text(page.get(second["Location"]))
    assert "You already sent this form" not in text(page.get(first["Location"]))


def test_the_same_form_twice_also_after_a_promotion(page: Client, promoted) -> None:
    page.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    promoted("iris")
    assert page.post("/predict/iris/", FORM | {"idempotency_key": "k"})["Location"].endswith("?replayed=1")
    assert Prediction.objects.count() == 1


def test_a_sent_key_with_other_values_can_be_sent_again(page: Client) -> None:
    page.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    other = FORM | {"x-petal_width": "0.3"}
    response = page.post("/predict/iris/", other | {"idempotency_key": "k"})
    assert (response.status_code, "sent before with other values" in text(response)) == (409, True)
    fresh = response.context["form"]["idempotency_key"].value()
    assert page.post("/predict/iris/", other | {"idempotency_key": fresh}).status_code == 302
    assert Prediction.objects.count() == IdempotencyKey.objects.count() == 2


def test_a_model_that_cannot_answer_says_so_and_keeps_the_form(page: Client, iris: ModelVersion) -> None:
    damage(iris)
    response = page.post("/predict/iris/", FORM | {"idempotency_key": "k"})
    assert (response.status_code, "could not answer" in text(response)) == (503, True)
    assert 'value="5.1"' in response.content.decode()


def test_warnings_and_a_fallback_are_on_the_record(page: Client, promoted, examined) -> None:
    damage(promoted("iris", graph=with_note(examined("iris").graph)))
    sent = FORM | {"x-petal_width": "9", "idempotency_key": "k"}
    digest = page.post("/predict/iris/", sent).context["form"].digest
    response = page.post("/predict/iris/", sent | {"shown": digest, "confirmed": "on"})
    found = text(page.get(response["Location"]))
    assert "Version 2 could not answer. Version 1" in found
    assert "Outside it guesses" in found


def test_a_picture_becomes_a_record(promoted, analyst: User, drawing) -> None:
    promoted("digits")
    client = browser(analyst)
    response = client.post("/predict/digits/", {"image": drawing("JPEG"), "idempotency_key": "k"})
    record = Prediction.objects.get()
    assert response["Location"] == f"/history/{record.pk}/"
    assert "The model answers" in text(client.get(response["Location"]))


# The list


def test_history_pages_by_cursor(page: Client, analyst: User) -> None:
    made = [str(ask(analyst).request_id) for _ in range(60)]
    first = page.get("/history/")
    second = page.get(f"/history/?before={first.context['older']}")
    found = [re.findall(r'href="/history/([0-9a-f-]{36})/"', each.content.decode()) for each in (first, second)]
    assert (len(found[0]), found[0] + found[1]) == (50, made[::-1])
    assert second.context["older"] is None


def test_as_many_queries_for_40_records_as_for_2(page: Client, analyst: User) -> None:
    path, counts = "/history/", []
    for many in (2, 38):
        for _ in range(many):
            ask(analyst)
        page.get(path)
        with CaptureQueriesContext(connection) as queries:
            page.get(path)
        assert not [query for query in queries if "COUNT(" in query["sql"] or "OFFSET" in query["sql"]]
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


# French


def test_the_form_and_its_errors_in_french(iris: ModelVersion, analyst: User) -> None:
    client = browser(analyst, accept_language="fr")
    content = client.get("/predict/iris/").content.decode()
    assert '<html lang="fr">' in content
    assert "Largeur du pétale" in content
    response = client.post("/predict/iris/", FORM | {"x-petal_width": "", "idempotency_key": "k"})
    assert "Saisissez une valeur pour" in response.content.decode()


def test_a_decimal_comma_is_a_number_and_comes_back_as_one(iris: ModelVersion, analyst: User) -> None:
    client = browser(analyst, accept_language="fr")
    response = client.post("/predict/iris/", FORM | {"x-petal_width": "0,2", "idempotency_key": "k"})
    assert Prediction.objects.get().inputs == IRIS
    assert "0,2 cm" in text(client.get(response["Location"]))


def test_faults_are_in_french_too(iris: ModelVersion, analyst: User) -> None:
    client = browser(analyst, accept_language="fr")
    for response in (client.get("/nowhere"), client.get(f"/history/{uuid.uuid4()}/")):
        assert (response.status_code, b'<html lang="fr">' in response.content) == (404, True)


def test_the_language_button_keeps_what_was_typed(page: Client) -> None:
    response = page.post("/predict/iris/", FORM | {"x-petal_width": "wide", "language": "fr"})
    assert (response.status_code, '<html lang="fr">' in response.content.decode()) == (200, True)
    assert 'value="wide"' in response.content.decode()
    unknown = page.post("/predict/iris/", FORM | {"language": "xx"})
    assert (unknown.status_code, 'value="0.2"' in unknown.content.decode()) == (200, True)
    assert not Prediction.objects.exists()
