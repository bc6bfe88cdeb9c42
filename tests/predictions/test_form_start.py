"""What the form begins with: examples, records, earlier answers, and what of it may be seen."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from futurisys.accounts import roles
from predictions.example_cases import example_cases
from predictions.models import Dataset, Prediction, Record
from registry import background, serving
from registry.models import ModelVersion
from tests.predictions.test_pages import FORM, browser, text
from tests.predictions.test_predict import ask
from tests.worlds import IRIS, member

PATH = "/predict/iris/"
Marked = Callable[..., ModelVersion]


@pytest.fixture
def page(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model to ask."""
    return browser(analyst)


@pytest.fixture
def flower(administrator: User) -> Callable[..., Record]:
    """`flower(petal_width=2)`: a record of the set "flowers"; a column that is set to ... is left out."""

    def made(**changes: Any) -> Record:
        data = {name: value for name, value in {**IRIS, **changes}.items() if value is not ...}
        defaults = {"title": "Flowers", "key_column": "number", "updated_by": administrator}
        flowers, _new = Dataset.objects.get_or_create(name="flowers", defaults=defaults)
        return Record.objects.create(dataset=flowers, key=f"F-{Record.objects.count()}", data=data)

    return made


@pytest.fixture
def marked(promoted: Callable[..., ModelVersion], examined: Callable[..., Any]) -> Marked:
    """`marked(petal_width={"sensitive": "personal"})`: iris with marks on its features, in service."""

    def version(**marks: dict[str, Any]) -> ModelVersion:
        signature = deepcopy(examined("iris").signature_json)
        for feature in signature["inputs"]["features"]:
            feature.update(marks.get(feature["name"], {}))
        return promoted("iris", signature_json=signature)

    return version


def values(client: Client, query: str) -> dict[str, str]:
    form = client.get(f"{PATH}?{query}").context["form"]
    return {name: form[name].value() for name in form.fields if name in FORM}


def send(client: Client, record: Record, **changes: str) -> Any:
    sent = FORM | {"idempotency_key": "k", "record": str(record.pk)} | {f"x-{n}": v for n, v in changes.items()}
    return client.post(PATH, sent)


# Examples


def test_examples_are_made_up_from_quarters(page: Client) -> None:
    middle, low, high = (values(page, f"example={number}") for number in (1, 2, 3))
    assert all(
        float(low[name]) < float(middle[name]) < float(high[name]) for name in ("x-petal_width", "x-petal_length")
    )
    assert values(page, "example=4") == values(page, "example=%ED%A0%80") == values(page, "")


def test_a_model_without_a_sample_offers_no_example(page: Client, iris: ModelVersion) -> None:
    background._samples[iris.pk] = None
    assert "example=" not in page.get(PATH).content.decode()
    assert page.get(f"{PATH}?example=1").status_code == 200


def test_a_handful_of_rows_gives_no_example(iris: ModelVersion) -> None:
    sample = background.of(iris)
    assert sample is not None
    background._samples[iris.pk] = {name: column[:4] for name, column in sample.items()}
    assert example_cases(serving.champion("iris")) == []


def test_an_example_is_in_the_readers_language(iris: ModelVersion, analyst: User) -> None:
    found = values(browser(analyst, accept_language="fr"), "example=1")
    assert "," in found["x-petal_width"]


# Records


def test_a_record_fills_the_form_and_is_kept_with_the_answer(page: Client, flower: Callable[..., Record]) -> None:
    record = flower(petal_width=1.5)
    response = page.get(f"{PATH}?record={record.pk}")
    assert response.context["form"]["x-petal_width"].value() == "1.5"
    assert f"Filled in from record {record.key} of Flowers" in text(response)
    assert f'name="record" value="{record.pk}"' in response.content.decode()
    assert send(page, record).status_code == 302
    assert Prediction.objects.get().record == record


def test_what_may_not_be_seen_is_taken_from_the_record(marked: Marked, analyst: User, flower: Any) -> None:
    marked(petal_width={"sensitive": "personal"})
    client, record = browser(analyst), flower(petal_width=1.77)
    response = client.get(f"{PATH}?record={record.pk}")
    assert "Petal width: hidden, taken from the record" in text(response)
    assert "1.77" not in response.content.decode()
    assert send(client, record, petal_width="0.9").status_code == 302
    assert Prediction.objects.get().inputs["petal_width"] == 1.77


def test_who_may_see_it_sees_and_changes_it(marked: Marked, flower: Any) -> None:
    marked(petal_width={"sensitive": "personal"})
    client, record = browser(member("decider", roles.DECISION_MAKER)), flower(petal_width=1.77)
    assert 'value="1.77"' in client.get(f"{PATH}?record={record.pk}").content.decode()
    assert send(client, record, petal_width="0.9").status_code == 302
    assert Prediction.objects.get().inputs["petal_width"] == 0.9


def test_no_sentence_tells_a_hidden_value(marked: Marked, analyst: User, flower: Any) -> None:
    marked(petal_width={"sensitive": "personal"})
    for value, status in (("wide", 400), (9, 200)):
        response = send(browser(analyst), flower(petal_width=value))
        found = text(response)
        assert (response.status_code, "Petal width" in found) == (status, True)
        assert [word for word in ("2.5", "Enter a number") if word in found] == []


def test_a_hidden_value_that_the_model_never_saw_needs_the_tick(marked: Marked, analyst: User, flower: Any) -> None:
    marked(petal_width={"sensitive": "personal"})
    client, record = browser(analyst), flower(petal_width=9)
    sent = FORM | {"idempotency_key": "k", "record": str(record.pk)}
    digest = client.post(PATH, sent).context["form"].digest
    assert client.post(PATH, sent | {"shown": digest, "confirmed": "on"}).status_code == 302


def test_a_record_that_lacks_a_column_says_which(page: Client, flower: Callable[..., Record]) -> None:
    found = text(page.get(f"{PATH}?record={flower(petal_width=...).pk}"))
    assert "The record does not have these fields, enter them here: Petal width." in found


def test_a_record_of_something_else_fills_in_nothing(page: Client, flower: Callable[..., Record]) -> None:
    record = flower(**dict.fromkeys(IRIS, ...))
    response = page.get(f"{PATH}?record={record.pk}")
    assert "The record holds nothing that this model asks for" in text(response)
    assert 'name="record"' not in response.content.decode()


def test_records_of_odd_shapes_are_shown_and_refused(page: Client, flower: Any) -> None:
    for value in ([1], {"a": 1}, "x" * 5000, True):
        record = flower(petal_width=value)
        form = page.get(f"{PATH}?record={record.pk}").context["form"]
        assert send(page, record, petal_width=form["x-petal_width"].value()).status_code == 400


def test_no_such_record(page: Client) -> None:
    for number in ("0", "-1", "x", "1.5", "9" * 30, "٣"):
        assert page.get(PATH, {"record": number}).status_code == 404
        assert page.post(PATH, FORM | {"record": number, "idempotency_key": "k"}).status_code == 404


def test_records_are_for_those_who_may_see_them(iris: ModelVersion, flower: Callable[..., Record]) -> None:
    client, record = browser(member("manager", roles.MODEL_MANAGER)), flower()
    assert client.get(PATH).status_code == 200
    assert client.get(f"{PATH}?record={record.pk}").status_code == 404
    assert send(client, record).status_code == 404


# Earlier answers


def test_an_answer_about_a_record_stays_with_it(marked: Marked, analyst: User, flower: Any) -> None:
    marked(petal_width={"sensitive": "personal"})
    record = flower(petal_width=1.77)
    answer = ask(analyst, row=record.data, records=[record.pk]).predictions[0]
    response = browser(analyst).get(f"{PATH}?from={answer.pk}")
    assert (response.context["form"].record, "1.77" in response.content.decode()) == (record, False)


def test_a_change_is_made_and_named(page: Client, analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(analyst).predictions[0]
    explained = {"changes": [{"set": [{"field": "petal_width", "value": 2.25}], "score": 0.1, "label": None}]}
    from predictions.views import starts

    answer.explanation = explained  # as it comes from the database: the fact itself cannot be changed
    monkeypatch.setattr(starts, "visible_record", lambda user, number: answer)
    response = page.get(f"{PATH}?changes={answer.pk}.0")
    assert response.context["form"]["x-petal_width"].value() == "2.25"
    assert "with this change" in text(response)
    assert '<a href="#id_x-petal_width">Petal width: 2.25 cm</a>' in response.content.decode()


def test_no_such_change(page: Client, analyst: User) -> None:
    answer = ask(analyst).predictions[0]
    for index in ("", ".", ".0", ".-1", ".x", ".٣", ".99", "." + "9" * 400):
        assert page.get(PATH, {"changes": f"{answer.pk}{index}"}).status_code == 404


def test_stored_values_are_shown_in_the_readers_language(iris: ModelVersion, analyst: User) -> None:
    answer = ask(analyst).predictions[0]
    client = browser(analyst, accept_language="fr")
    form = client.get(f"{PATH}?from={answer.pk}").context["form"]
    assert form["x-petal_width"].value() == "0,2"
    sent = {name: form[name].value() for name in [*FORM, "idempotency_key"]}
    assert client.post(PATH, sent).status_code == 302
    assert Prediction.objects.latest("id").inputs == answer.inputs
