"""/history/search/?format=csv: every answer of the search, in the reader's words, as it is stored."""

import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from futurisys.accounts import roles
from predictions.history import search
from predictions.models import Prediction
from tests.predictions.employees import ask_about, dataset
from tests.predictions.histories import VIRGINICA, ask, decide, happened
from tests.predictions.test_pages import browser
from tests.worlds import IRIS, member

PATH = "/history/search/"


@pytest.fixture
def audit(iris, auditor: User) -> Client:
    return browser(auditor)


def file_of(client: Client, query: str = "", delimiter: str = ",") -> list[dict[str, str]]:
    """The lines of the file, by heading."""
    response = client.get(f"{PATH}?format=csv{query}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert re.fullmatch(r'attachment; filename="history-[\d-]+\.csv"', response["Content-Disposition"])
    text = response.getvalue().decode()
    assert text[0] == "\ufeff"
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=delimiter))


def test_a_line_for_each_answer_newest_first(audit: Client, analyst: User, auditor: User) -> None:
    (first,), (second,) = ask(analyst, cases=["F-1"]), ask(analyst, petal_width=9, confirmed=True)
    decide(first, auditor, "disagree", reason="other", comment="It is\nblue.")
    happened(first, auditor, "virginica")
    lines = file_of(audit)
    assert [line["Number of the answer"] for line in lines] == [str(second.pk), str(first.pk)]
    told = lines[1]
    wanted = {"Model": "Iris", "Version": "1", "Key of the record": "F-1", "Answer": "Iris setosa", "Through": "API"}
    wanted |= {"Asked by": "analyst", "Decision": "disagree", "Comment": "It is\nblue.", "Decided by": "auditor"}
    wanted |= {"Real outcome": "Iris virginica", "Observed on": "2026-03-01", "Warnings": ""}
    assert {name: told[name] for name in wanted} == wanted
    assert lines[0]["Warnings"] == "Petal width"
    assert told["Asked (UTC)"] == f"{first.created_at:%Y-%m-%d %H:%M:%S}"


def test_the_fields_of_one_model_come_along(audit: Client, analyst: User) -> None:
    ask(analyst, petal_width=0.1 + 0.2)
    assert "Petal width" not in file_of(audit)[0]
    (line,) = file_of(audit, "&model=iris")
    assert {name: float(line[name.replace("_", " ").capitalize()]) for name in IRIS} == IRIS | {
        "petal_width": 0.1 + 0.2
    }


@pytest.mark.parametrize(("language", "delimiter", "score"), [("en", ",", "Score"), ("fr", ";", "Score")])
def test_numbers_come_back_as_they_were(iris, analyst, auditor, language: str, delimiter: str, score: str) -> None:
    made = [*ask(analyst, petal_width=1.7, petal_length=4.9), *ask(analyst)]
    client = browser(auditor, **{"accept-language": language})
    lines = file_of(client, delimiter=delimiter)
    found = [float(line[score].replace(",", ".")) for line in lines]
    assert found == [answer.score for answer in made[::-1]]


def test_it_is_filtered_like_the_page(audit: Client, analyst: User, stranger: User) -> None:
    mine, theirs = ask(analyst), ask(stranger, **VIRGINICA)
    for query, wanted in (("&by=analyst", mine), ("&answer=virginica", theirs), ("&model=iris&source=form", [])):
        assert [line["Number of the answer"] for line in file_of(audit, query)] == [str(each.pk) for each in wanted]
    assert [line["Number of the answer"] for line in file_of(browser(analyst))] == [str(mine[0].pk)]


def test_what_cannot_be_asked_for_is_no_file(audit: Client) -> None:
    response = audit.get(f"{PATH}?format=csv&model=nothing")
    assert (response.status_code, response["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_number_that_names_nothing_gives_no_lines(audit: Client, analyst: User) -> None:
    ask(analyst)
    assert file_of(audit, "&q=019e0045-9b81-7cf8-874a-ad79e14b401a") == []


@pytest.mark.parametrize("query", ["", "&model=iris", "&decision=agree", "&q=F-1", "&outcome=none"])
def test_every_answer_is_in_it_once_however_small_the_stretches(audit, analyst, auditor, monkeypatch, query) -> None:
    monkeypatch.setattr(search, "STRETCH", 3)
    monkeypatch.setattr("predictions.history.export.AT_ONCE", 2)
    made = [answer for size in (1, 5, 4) for answer in ask(analyst, size, cases=["F-1"] * size)]
    for answer in made:
        decide(answer, auditor)
    assert [line["Number of the answer"] for line in file_of(audit, query)] == [str(each.pk) for each in made[::-1]]


def test_what_comes_meanwhile_is_not_in_it(audit: Client, analyst: User, monkeypatch) -> None:
    monkeypatch.setattr(search, "STRETCH", 1)
    made = ask(analyst, 2)
    parts = iter(audit.get(f"{PATH}?format=csv").streaming_content)
    begun = [next(parts), next(parts)]
    ask(analyst, **VIRGINICA)
    text = b"".join([*begun, *parts]).decode()
    assert [str(answer.pk) in text for answer in made] == [True, True]
    assert "virginica" not in text


def test_queries_grow_with_blocks_and_not_with_lines(audit: Client, analyst: User) -> None:
    counts = []
    for rows in (10, 300):
        ask(analyst, rows)
        with CaptureQueriesContext(connection) as queries:
            assert len(file_of(audit)) == Prediction.objects.count()
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_no_cell_calculates(audit: Client, analyst: User, auditor: User) -> None:
    (answer,) = ask(analyst, cases=["=1+1"])
    decide(answer, auditor, reason="other", comment="@SUM(A1)")
    (line,) = file_of(audit)
    assert (line["Key of the record"], line["Comment"]) == ("'=1+1", "'@SUM(A1)")


def test_hidden_fields_are_left_out(promoted, analyst: User) -> None:
    (person,) = dataset(promoted("attrition"), analyst, [{"key": "E-1", "age": 75}]).record_set.all()
    ask_about(person, analyst)
    boss = member("boss", roles.DECISION_MAKER)
    told: dict[str, dict[str, Any]] = {
        user.username: file_of(browser(user), "&model=attrition")[0] for user in (analyst, boss)
    }
    assert ("Age" in told["analyst"], told["boss"]["Age"]) == (False, "75")
    assert told["analyst"]["Warnings"] == "a field that you may not see"
    assert told["boss"]["Warnings"] == "Age"


def test_values_have_no_class(audit: Client, analyst: User, price) -> None:
    from predictions import actions

    actions.predict(model="house", columns={"surface": [50], "rooms": [2]}, rows=1, source="api", by=analyst)
    (line,) = file_of(audit)
    assert line["Answer"] == line["Score"]
    assert float(line["Score"]) == Prediction.objects.get().score
