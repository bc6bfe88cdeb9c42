"""A question that begins with an answer without a record: the new answer is about the same case."""

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from predictions import asking
from predictions.actions import predict as ask_any
from predictions.models import Prediction, Source
from registry import serving
from tests.predictions.employees import PERSON
from tests.predictions.histories import ask
from tests.predictions.test_history_search import of_file
from tests.predictions.test_pages import FORM, browser, text

PATH = "/predict/iris/"


@pytest.fixture
def office(iris, analyst: User) -> Client:
    return browser(analyst)


def again(client: Client, answer: Prediction, **changes: str) -> Prediction:
    """The answer to the form that begins with another answer."""
    page = client.get(f"{PATH}?from={answer.pk}")
    sent = {name: page.context["form"][name].value() for name in page.context["form"].fields if name in FORM}
    sent |= dict(re.findall(r'<input type="hidden" name="(answer)" value="([^"]+)">', page.content.decode()))
    client.post(PATH, sent | {"idempotency_key": uuid.uuid4().hex} | {f"x-{n}": v for n, v in changes.items()})
    return Prediction.objects.latest("id")


def test_a_row_of_a_file_asked_alone_keeps_its_key(office: Client, analyst: User, iris) -> None:
    (row, _other), _batch = of_file(analyst, iris)
    assert "About E-1" in text(office.get(f"{PATH}?from={row.pk}"))
    found = again(office, row)
    assert (found.key, found.source, found.explanation is not None) == ("E-1", Source.FORM, True)
    assert str(found.pk) in office.get("/history/person/?key=E-1").content.decode()


def test_other_values_are_told_as_that(office: Client, analyst: User) -> None:
    (row,) = ask(analyst, cases=["F-1"])
    assert again(office, row, petal_width="0.21").source == Source.CHANGED
    assert again(office, row, petal_width="0,20").source == Source.FORM


def test_an_answer_without_a_key_gives_none(office: Client, analyst: User) -> None:
    found = again(office, ask(analyst)[0], petal_width="0.3")
    assert (found.key, found.source) == ("", Source.FORM)


def test_a_form_that_comes_back_still_knows_its_case(office: Client, analyst: User) -> None:
    (row,) = ask(analyst, cases=["F-1"])
    sent = FORM | {"idempotency_key": "k", "answer": str(row.pk), "x-petal_width": "x"}
    page = office.post(PATH, sent)
    assert (page.status_code, f'name="answer" value="{row.pk}"' in page.content.decode()) == (400, True)
    assert "About F-1" in text(office.post(PATH, sent | {"language": "en"}, follow=True))


@pytest.mark.parametrize("number", ["x", "%00", str(uuid.UUID(int=0)), "9" * 300])
def test_a_number_of_nothing_asks_nothing(office: Client, number: str) -> None:
    before = Prediction.objects.count()
    assert office.post(PATH, FORM | {"idempotency_key": "k", "answer": number}).status_code == 404
    assert Prediction.objects.count() == before


def test_the_key_of_an_answer_of_somebody_else_is_not_to_be_had(office: Client, stranger: User) -> None:
    (theirs,) = ask(stranger, cases=["F-1"])
    assert office.post(PATH, FORM | {"idempotency_key": "k", "answer": str(theirs.pk)}).status_code == 404


def test_with_a_value_that_may_not_be_seen_nothing_is_compared(promoted, analyst: User, stranger: User) -> None:
    signature = serving.signature_of(promoted("attrition"))
    columns = {name: [value] for name, value in PERSON.items()}
    (row,) = ask_any(model="attrition", columns=columns, rows=1, source="api", by=stranger, cases=["E-1"]).predictions
    case = asking.case_of(row, signature, analyst)
    assert case is not None
    assert ("age" in case.values, case.is_changed(signature, row.inputs)) == (False, True)
    own = asking.case_of(row, signature, stranger)
    assert own is not None
    assert ("age" in own.values, own.is_changed(signature, row.inputs)) == (True, False)


def test_an_answer_of_a_file_says_why_it_has_no_explanation(office: Client, analyst: User, iris) -> None:
    (row, _other), _batch = of_file(analyst, iris)
    page = text(office.get(f"/history/{row.pk}/"))
    assert "Answers given by file have no explanation. Ask for this case alone to get one." in page
