"""The queue of answers that wait for a decision."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions import actions
from predictions.decisions import queue, verbs
from predictions.models import Awaited, Prediction, Source
from registry.models import ModelVersion, RegisteredModel
from tests.predictions.deciding import SENT, flowers, hiding, page_of
from tests.registry.people import browser, text
from tests.worlds import IRIS


@pytest.fixture
def waiting(iris: ModelVersion, analyst: User) -> list[Prediction]:
    """Three answers of the iris model that wait, the oldest first."""
    RegisteredModel.objects.filter(pk=iris.model_id).update(is_high_risk=True)
    return [found for _ in range(3) for found in flowers(analyst, 1)]


def listed(response: Any) -> list[str]:
    """The answers of the table, in order."""
    table = response.content.decode().partition("<tbody")[2].partition("</tbody>")[0]
    return re.findall(r'href="/history/([0-9a-f-]{36})/["?]', table)


def test_the_oldest_wait_first(waiting: list[Prediction], desk: Client) -> None:
    page = desk.get("/decisions/")
    assert listed(page) == [str(found.pk) for found in waiting]
    assert "3 answers wait" in text(page)
    assert "F-0" in text(page)


def test_decided_it_is_among_the_readers_own(waiting: list[Prediction], desk: Client, decider: User) -> None:
    verbs.decide(prediction=waiting[0], by=decider, verdict="agree", reason="fits")
    page = desk.get("/decisions/")
    assert listed(page) == [str(found.pk) for found in waiting[1:]]
    assert "What I decided lately agreed F-0" in text(page)


def test_who_needed_more_is_named(waiting: list[Prediction], desk: Client, decider: User) -> None:
    verbs.decide(prediction=waiting[1], by=decider, verdict="need_more", reason="second_look")
    assert len(listed(desk.get("/decisions/"))) == 3
    assert "Dominique Moreau needs more information" in text(desk.get("/decisions/"))


def test_a_business_user_sees_their_own_alone(waiting: list[Prediction], analyst: User, stranger: User) -> None:
    assert len(listed(browser(analyst).get("/decisions/"))) == 3
    assert "Nothing waits for a decision." in text(browser(stranger).get("/decisions/"))


def test_the_tabs_and_the_model_narrow_it(waiting: list[Prediction], answer: Prediction, desk: Client) -> None:
    assert len(listed(desk.get("/decisions/"))) == 4
    assert listed(desk.get("/decisions/?model=attrition")) == [str(answer.pk)]
    assert listed(desk.get("/decisions/?who=me")) == []
    assert "No answer of this model waits" in text(desk.get("/decisions/?who=me&model=iris"))


@pytest.fixture
def mixed(waiting: list[Prediction], analyst: User) -> Prediction:
    """One answer of another class, newer than the three."""
    petals = {"petal_length": 6.0, "petal_width": 2.3}
    columns = {name: [petals.get(name, value)] for name, value in IRIS.items()}
    asked = actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=analyst)
    return Prediction.objects.get(pk=asked.request_id)


def offered(response: Any) -> list[str]:
    """The answers to choose from."""
    choice = response.content.decode().partition('<select id="answer"')[2].partition("</select>")[0]
    return re.findall(r'<option value="(\w+)"', choice)


def test_the_answer_narrows_it(waiting: list[Prediction], mixed: Prediction, desk: Client) -> None:
    assert mixed.label != waiting[0].label
    assert {mixed.label, waiting[0].label} <= set(offered(desk.get("/decisions/")))
    page = desk.get(f"/decisions/?model=iris&answer={mixed.label}")
    assert listed(page) == [str(mixed.pk)]
    assert "1 answer waits" in text(page)
    assert listed(desk.get(f"/decisions/?answer={mixed.label}")) == [str(mixed.pk)], "the only model that waits"


def test_answers_of_several_models_are_not_offered(waiting: list[Prediction], answer: Prediction, desk: Client) -> None:
    assert offered(desk.get("/decisions/")) == []
    assert len(listed(desk.get("/decisions/?answer=setosa"))) == 4
    assert offered(desk.get("/decisions/?model=attrition")) == ["leaves", "stays"]
    assert listed(desk.get("/decisions/?model=attrition&answer=setosa")) == [str(answer.pk)], "of the model before"


def test_who_estimates_first_cannot_ask_for_an_answer(
    waiting: list[Prediction], mixed: Prediction, desk: Client
) -> None:
    page = hiding(desk).get(f"/decisions/?model=iris&answer={mixed.label}")
    assert (offered(page), len(listed(page))) == ([], 4)


def following(response: Any) -> str:
    """Where the link to the next answer leads."""
    found = re.search(r'href="/history/([0-9a-f-]{36})/[^"]*">Next answer to decide<', response.content.decode())
    return found[1] if found else ""


def test_after_a_decision_the_next_one_is_offered(waiting: list[Prediction], desk: Client) -> None:
    said = SENT | {"verdict": "need_more", "reason": "second_look"}
    assert following(desk.post(f"{page_of(waiting[1])}decide", said, follow=True)) == str(waiting[2].pk)
    assert following(desk.post(f"{page_of(waiting[2])}decide", SENT, follow=True)) == str(waiting[0].pk), "the oldest"
    assert following(desk.post(f"{page_of(waiting[0])}decide", SENT, follow=True)) == str(waiting[1].pk)
    again = said | {"verdict": "agree", "reason": "fits", "replaces": str(verbs.latest(waiting[1]).pk)}  # type: ignore[union-attr]
    assert following(desk.post(f"{page_of(waiting[1])}decide", again, follow=True)) == ""


def test_the_next_one_is_of_the_same_list(
    waiting: list[Prediction], answer: Prediction, mixed: Prediction, desk: Client
) -> None:
    page = desk.get(f"/decisions/?model=iris&answer={waiting[0].label}").content.decode()
    link = re.search(rf'href="({page_of(waiting[2])}\?queue=[^"]+)"', page)
    assert link
    kept = re.search(r'name="queue" value="([^"]+)"', desk.get(link[1]).content.decode())
    assert kept
    sent = SENT | {"queue": kept[1].replace("&amp;", "&")}
    assert following(desk.post(f"{page_of(waiting[2])}decide", sent, follow=True)) == str(waiting[0].pk)


@pytest.mark.parametrize("kept", ["model=none", "%00", "x" * 5000, "answer=rose&after=x"])
def test_an_odd_list_is_the_whole_one(waiting: list[Prediction], desk: Client, kept: str) -> None:
    response = desk.post(f"{page_of(waiting[0])}decide", SENT | {"queue": kept}, follow=True)
    assert following(response) == str(waiting[1].pk)


@pytest.mark.parametrize("who", ["", "who=me&"])
def test_pages_follow_each_other(waiting: list[Prediction], administrator: User, monkeypatch: Any, who: str) -> None:
    monkeypatch.setattr(queue, "PAGE", 2)
    more = flowers(administrator, 3)
    Awaited.objects.filter(prediction__in=waiting[:2]).update(
        due_date=Awaited.objects.latest("pk").due_date - timedelta(1)
    )
    client, query, seen = browser(administrator), who, []
    while True:
        page = client.get(f"/decisions/?{query}")
        seen += listed(page)
        query = page.context["page"].next_page
        if not query:
            break
    wanted = more if who else [*waiting, *more]
    assert seen == [str(found.pk) for found in wanted]


@pytest.mark.parametrize("query", ["after=x", "after=2025-01-01_x", "after=2025-13-01_" + "0" * 32, "model=none"])
def test_an_odd_place_is_not_found(waiting: list[Prediction], desk: Client, query: str) -> None:
    assert desk.get(f"/decisions/?{query}").status_code == 404


def test_counting_ends(waiting: list[Prediction], desk: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(queue, "MOST", 2)
    assert "More than 2 answers wait" in text(desk.get("/decisions/"))


def test_the_queue_hides_answers_from_who_estimates_first(
    waiting: list[Prediction], desk: Client, decider: User
) -> None:
    verbs.decide(prediction=waiting[0], by=decider, verdict="agree", reason="fits")
    assert "setosa" in text(desk.get("/decisions/")).lower()
    assert "setosa" not in hiding(desk).get("/decisions/").content.decode().lower()


def test_as_many_queries_for_a_thousand_as_for_ten(
    waiting: list[Prediction], analyst: User, desk: Client, decider: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queue, "PAGE", 1000)
    counts = []
    for rows in (10, 1000):
        for found in flowers(analyst, rows)[:8]:
            verbs.decide(prediction=found, by=decider, verdict="agree", reason="fits")
        desk.get("/decisions/")
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/decisions/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
