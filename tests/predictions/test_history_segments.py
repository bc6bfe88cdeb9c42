"""/history/search/?segment=...&actual=...: the rows behind a figure of monitoring."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from futurisys.accounts import roles
from predictions import actions
from predictions.models import Prediction, Source
from predictions.monitoring.rollups import layout, segments
from registry.models import ModelVersion
from tests.predictions.employees import PERSON
from tests.predictions.histories import happened
from tests.predictions.test_history_search import numbers, shown
from tests.predictions.test_pages import browser, text
from tests.worlds import member

AGES = [18, 22, 30, 36, 37, 43, 44, 58, 60]


def asks(by: User, **values: list[Any]) -> list[Prediction]:
    """Answers about as many people as there are values."""
    rows = len(next(iter(values.values())))
    columns = {name: [value] * rows for name, value in PERSON.items()} | values
    return actions.predict(model="attrition", columns=columns, rows=rows, source=Source.API, by=by).predictions


@pytest.fixture
def audit(attrition: ModelVersion, auditor: User) -> Client:
    return browser(auditor)


def of(client: Client, segment: str) -> list[str]:
    return shown(client, f"?model=attrition&segment={segment}")


def test_a_value_of_a_field_finds_its_answers(audit, analyst) -> None:
    made = asks(analyst, departement=["Consulting", "Commercial", "Consulting"])
    assert of(audit, "departement:Consulting") == numbers([made[0], made[2]])
    assert of(audit, "departement:Ressources Humaines") == []
    assert of(audit, "departement:~missing") == of(audit, "departement:~other") == []


def test_bands_of_a_number_part_all_answers_as_the_layout_does(audit, analyst, attrition) -> None:
    made = asks(analyst, age=AGES)
    band = layout.of(attrition).segment_names["age"]
    for key in band.keys:
        inside = [answer for answer in made if band.keys[band.place(answer.inputs["age"])] == key]
        assert of(audit, f"age:{key}") == numbers(inside), key
    assert len({band.place(age) for age in AGES}) == 4


def test_the_filter_is_said_and_taken_away(audit, auditor, analyst) -> None:
    asks(analyst, departement=["Consulting"])
    path = "/history/search/?model=attrition&segment=departement:Consulting"
    page = text(audit.get(f"{path}&actual=leaves"))
    assert "Department: Consulting" in page
    french = browser(auditor, accept_language="fr").get(path)
    assert "Département\u202f: Conseil" in french.content.decode()
    assert "Real outcome:" in page


def test_the_actual_outcome_finds_answers_and_the_latest_counts(audit, analyst) -> None:
    stayed, left, corrected = asks(analyst, age=[30, 31, 32])
    happened(stayed, analyst, "stays")
    happened(left, analyst, "leaves")
    first = happened(corrected, analyst, "leaves")
    happened(corrected, analyst, "stays", replaces=first)
    assert shown(audit, "?actual=leaves") == numbers([left])
    assert shown(audit, "?actual=stays&model=attrition") == numbers([stayed, corrected])
    assert shown(audit, f"?actual=leaves&outcome=known&answer={left.label}") == numbers([left])
    assert shown(audit, "?actual=leaves&decision=agree") == []


@pytest.mark.parametrize(
    "query",
    ["segment=departement:Consulting", "model=attrition&segment=departement:Mars", "model=attrition&segment=poste"],
)
def test_a_segment_that_is_not_there_is_refused(audit, query: str) -> None:
    assert audit.get(f"/history/search/?{query}").status_code == 400


def test_who_may_not_see_a_field_cannot_ask_for_its_values(attrition, analyst) -> None:
    asks(analyst, genre=["F", "M"])
    assert browser(analyst).get("/history/search/?model=attrition&segment=genre:F").status_code == 400
    decider = browser(member("decides", roles.DECISION_MAKER))
    assert len(of(decider, "genre:F")) == 1


def test_parts_are_said_in_words(attrition) -> None:
    made = layout.of(attrition).segment_names
    assert segments.title_of(made["genre"], "F") == "Woman"
    assert segments.title_of(made["age"], "~1").startswith("below ")
    assert segments.title_of(made["age"], "~4").endswith(" or more")
    assert segments.title_of(made["genre"], "~other") == "other values"
    assert segments.title_of(made["genre"], "~missing") == "not known"
