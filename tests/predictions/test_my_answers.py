"""/history/: a line for each call, as quick with many rows as with few."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions import actions, calls, sealing
from predictions.models import Source
from tests.predictions.test_pages import browser, text
from tests.worlds import IRIS


def asks(user, rows: int = 1, **more) -> actions.Answer:
    columns = {name: [value] * rows for name, value in IRIS.items()}
    return actions.predict(model="iris", columns=columns, rows=rows, source=Source.API, by=user, **more)


@pytest.fixture
def office(iris, analyst) -> Client:
    return browser(analyst)


def test_a_list_is_one_line(office: Client, analyst, flowers) -> None:
    records = flowers(12)
    many = asks(analyst, 12, records=[record.pk for record in records])
    response = office.get("/history/")
    assert f'<a href="/answers/{many.request_id}/">12 answers</a>' in response.content.decode()
    assert "A list Flowers Iris" in text(response)
    assert "/history/0" not in response.content.decode()


def test_one_answer_keeps_its_own_line(office: Client, analyst) -> None:
    one = asks(analyst).request_id
    asks(analyst, 3)
    assert f'href="/history/{one}/"' in office.get("/history/").content.decode()


def test_calls_that_ran_at_once_are_counted_apart(iris, analyst, monkeypatch) -> None:
    ids = sealing.numbers(5)
    for places in ((0, 2, 4), (1, 3)):
        monkeypatch.setattr(sealing, "numbers", lambda _rows, places=places: [ids[place] for place in places])
        asks(analyst, len(places))
    assert [(call.request_id, call.size) for call in calls.calls_of(analyst.pk, most=9)] == [(ids[1], 2), (ids[0], 3)]


def test_pages_of_lists_follow_each_other(office: Client, analyst, monkeypatch) -> None:
    monkeypatch.setattr("predictions.views.history.PAGE", 2)
    made = [str(asks(analyst, 2).request_id) for _ in range(3)]
    first = office.get("/history/")
    second = office.get(f"/history/?before={first.context['older']}")
    found = [re.findall(r'href="/answers/([0-9a-f-]{36})/"', each.content.decode()) for each in (first, second)]
    assert found == [[made[2], made[1]], [made[0]]]


def test_as_many_queries_for_a_thousand_rows_as_for_ten(office: Client, analyst) -> None:
    counts = []
    for rows in (10, 1000):
        asks(analyst, rows)
        office.get("/history/")
        with CaptureQueriesContext(connection) as queries:
            office.get("/history/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("before", ["x", "9" * 5000, "%00"])
def test_an_odd_place_is_not_found(office: Client, before: str) -> None:
    assert office.get(f"/history/?before={before}").status_code in {400, 404}


def test_a_file_is_not_hundreds_of_calls(office: Client, analyst) -> None:
    columns = {name: [value] * 3 for name, value in IRIS.items()}
    actions.predict(model="iris", columns=columns, rows=3, source=Source.BATCH, by=analyst)
    alone = asks(analyst, 3)
    assert [call.request_id for call in calls.calls_of(analyst.pk, most=10)] == [alone.request_id]
