"""What the tests of decisions share: a high-risk model, who decides, and an answer that waits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from futurisys.accounts import roles
from predictions import actions
from predictions.models import Prediction, Source
from registry.models import ModelVersion, RegisteredModel
from tests.predictions.employees import PERSON, dataset
from tests.registry.people import browser
from tests.worlds import IRIS, member

SENT = {"verdict": "agree", "reason": "fits", "comment": "", "replaces": ""}


@pytest.fixture
def attrition(promoted: Callable[..., ModelVersion]) -> ModelVersion:
    """A high-risk model."""
    version = promoted("attrition")
    RegisteredModel.objects.filter(pk=version.model_id).update(is_high_risk=True)
    return version


@pytest.fixture
def decider(db: None) -> User:
    return member("decider", roles.DECISION_MAKER, first_name="Dominique", last_name="Moreau")


@pytest.fixture
def desk(decider: User) -> Client:
    """The decision maker's browser."""
    return browser(decider)


@pytest.fixture
def answer(attrition: ModelVersion, analyst: User) -> Prediction:
    """About an employee, with an explanation; it waits for a decision."""
    return asks(analyst, dataset(attrition, analyst, [{"key": "E-1"}]).record_set.get())


def asks(by: User, record: Any) -> Prediction:
    columns = {name: [record.data[name]] for name in PERSON}
    asked = {"model": "attrition", "rows": 1, "source": Source.FORM, "by": by, "explain": True}
    number = actions.predict(columns=columns, records=[record.pk], cases=[record.key], **asked).request_id
    return Prediction.objects.for_page().get(pk=number)


def flowers(by: User, rows: int) -> list[Prediction]:
    """Answers of the iris model in one call, which wait when it is high-risk."""
    columns = {name: [value] * rows for name, value in IRIS.items()}
    keys = [f"F-{row}" for row in range(rows)]
    asked = actions.predict(model="iris", columns=columns, rows=rows, source=Source.API, by=by, cases=keys)
    return list(Prediction.objects.of_call(asked.request_id))


def page_of(answer: Prediction) -> str:
    return f"/history/{answer.pk}/"


def hiding(client: Client) -> Client:
    """The same browser, with “My own estimate first”."""
    client.cookies["estimate_first"] = "1"
    return client
