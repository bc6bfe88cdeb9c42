"""Decisions, estimates, outcomes and keys in the admin: found, readable, not changeable, quick."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions.models import Decision, Estimate, Outcome
from tests.predictions.histories import SEALED, VIRGINICA, ask, decide, happened
from tests.predictions.test_pages import browser, text

ADMIN = "/admin/predictions/"
LISTS = [f"{ADMIN}{name}/" for name in ("decision", "estimate", "outcome")]


@pytest.fixture
def audit(iris, auditor: User) -> Client:
    return browser(auditor)


def listed(client: Client, path: str) -> list[str]:
    response = client.get(path)
    assert response.status_code == 200
    return re.findall(r'field-id"><a href="[^"]*">([0-9a-f-]{36})<', response.content.decode())


def told(answer, by: User) -> tuple[Decision, Decision, Estimate, Outcome]:
    """A decision and its correction, an estimate, an outcome."""
    estimate = Estimate.objects.create(prediction=answer, by=by, label="virginica", **SEALED)
    first = decide(answer, by, "need_more", reason="second_look")
    second = decide(answer, by, "disagree", reason="other", comment="It is blue.", replaces=first)
    return first, second, estimate, happened(answer, by, "virginica")


def test_an_answer_tells_what_became_of_it(audit: Client, analyst: User, auditor: User) -> None:
    (answer,) = ask(analyst, cases=["F-1"])
    told(answer, auditor)
    page = text(audit.get(f"{ADMIN}prediction/{answer.pk}/change/"))
    wanted = ["F-1", "need more information", "disagree", "It is blue.", "replaced", "Iris virginica", "1 Mar 2026"]
    assert [word for word in wanted if word not in page] == []


def test_answers_are_found_by_key(audit: Client, analyst: User, flowers) -> None:
    (record,) = flowers(1)
    old, new, _other = ask(analyst, records=[record.pk]), ask(analyst, cases=["F-0"]), ask(analyst, cases=["F-1"])
    assert listed(audit, f"{ADMIN}prediction/?q=F-0") == [str(new[0].pk), str(old[0].pk)]
    assert "F-0" in text(audit.get(f"{ADMIN}prediction/?q=F-0"))


def test_the_list_of_answers_leads_to_the_search(audit: Client) -> None:
    assert 'href="/history/search/"' in audit.get(f"{ADMIN}prediction/").content.decode()


def test_each_is_found_by_its_number_and_by_the_answers(audit: Client, analyst: User, auditor: User) -> None:
    (answer,), (other,) = ask(analyst), ask(analyst)
    first, second, estimate, outcome = told(answer, auditor)
    told(other, auditor)
    facts = {"decision": [second, first], "estimate": [estimate], "outcome": [outcome]}
    for name, wanted in facts.items():
        assert listed(audit, f"{ADMIN}{name}/?q={answer.pk}") == [str(fact.pk) for fact in wanted]
        assert listed(audit, f"{ADMIN}{name}/?q={wanted[0].pk}") == [str(wanted[0].pk)]
        assert str(answer.pk) in text(audit.get(f"{ADMIN}{name}/{wanted[0].pk}/change/"))


def test_filters_choose(audit: Client, analyst: User, auditor: User, administrator: User) -> None:
    (answer,), (other,) = ask(analyst), ask(analyst, **VIRGINICA)
    first, second, _estimate, outcome = told(answer, auditor)
    third = decide(other, administrator)
    expected = {
        "decision/?verdict=disagree": [second],
        "decision/?reason=fits": [third],
        "decision/?by=administrator": [third],
        "decision/?verdict=nothing": [],
        "decision/?date=1": [third, second, first],
        "outcome/?origin=hand": [outcome],
        "outcome/?origin=api": [],
        "estimate/?by=nobody": [],
    }
    found = {query: listed(audit, ADMIN + query) for query in expected}
    assert found == {query: [str(fact.pk) for fact in facts] for query, facts in expected.items()}


@pytest.mark.parametrize("path", LISTS)
def test_as_many_queries_for_many_facts_as_for_few(audit: Client, analyst, auditor, path: str) -> None:
    counts = []
    for many in (5, 40):
        for answer in ask(analyst, many):
            told(answer, auditor)
        with CaptureQueriesContext(connection) as queries:
            assert audit.get(path).status_code == 200
        counts.append(len(queries))
        assert not [query for query in queries if re.search(r"\bCOUNT\(|\bOFFSET\b", query["sql"])]
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["verdict", "reason", "by", "origin", "date", "before", "q", "prediction", "p"])
def test_a_bad_value_in_the_address_is_no_fault(audit: Client, analyst: User, auditor: User, path, name) -> None:
    told(ask(analyst)[0], auditor)
    for value in ("x", "-1", "1" * 30, "%00", "%ff", "a%27b", ""):
        assert audit.get(f"{path}?{name}={value}").status_code in {200, 302, 400}, value


def test_nobody_changes_a_fact(administrator: User, iris, analyst: User) -> None:
    client = browser(administrator)
    told(ask(analyst)[0], administrator)
    for model in (Decision, Estimate, Outcome):
        path = f"{ADMIN}{model._meta.model_name}/"
        fact = model.objects.earliest("pk")
        assert client.get(f"{path}add/").status_code == 403
        assert client.post(f"{path}{fact.pk}/change/", {"comment": "x"}).status_code == 403
        assert client.post(f"{path}{fact.pk}/delete/", {"post": "yes"}).status_code == 403
