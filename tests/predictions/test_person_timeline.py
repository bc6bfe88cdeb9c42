"""/history/person/: all that was ever answered about one key, for who may see it."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from predictions import actions
from predictions.models import Dataset, Record, Source
from tests.predictions.employees import PERSON, ask_about, dataset
from tests.predictions.histories import ask, decide, happened
from tests.predictions.test_pages import browser, text

PATH = "/history/person/"


@pytest.fixture
def audit(iris, auditor: User) -> Client:
    return browser(auditor)


def page_of(client: Client, key: str, **query):
    response = client.get(PATH, {"key": key} | query)
    assert response.status_code == 200
    return response.context["page"]


def test_each_version_is_a_stretch_with_its_answers(audit: Client, analyst: User, promoted) -> None:
    first = ask(analyst, cases=["F-1"])
    promoted("iris")
    second = ask(analyst, cases=["F-1"])
    ask(analyst, cases=["F-2"])
    page = page_of(audit, "F-1")
    assert [(stretch.title, stretch.number) for stretch in page.stretches] == [("Iris", 2), ("Iris", 1)]
    urls = [moment.event.url for stretch in page.stretches for moment in stretch.moments]
    assert urls == [f"/history/{second[0].pk}/", f"/history/{first[0].pk}/"]
    compare = f"/history/compare/?a={first[0].pk}&b={second[0].pk}"
    assert [moment.compare_url for stretch in page.stretches for moment in stretch.moments] == [compare, ""]


def test_decisions_and_outcomes_are_part_of_the_story(audit: Client, analyst: User, auditor: User) -> None:
    (answer,) = ask(analyst, cases=["F-1"])
    first = decide(answer, auditor)
    decide(answer, auditor, "disagree", replaces=first)
    happened(answer, auditor, "virginica")
    titles = [moment.event.title for moment in page_of(audit, "F-1").stretches[0].moments]
    assert titles == ["Real outcome: Iris virginica", "Decision: disagree", "Decision: agree", "Iris setosa"]
    assert "a correction" in text(audit.get(PATH, {"key": "F-1"}))


def test_only_what_the_reader_may_see(audit: Client, analyst: User, stranger: User) -> None:
    mine, theirs = ask(analyst, cases=["F-1"]), ask(stranger, cases=["F-1"])
    assert [answer.pk for answer in page_of(browser(analyst), "F-1").answers] == [mine[0].pk]
    assert len(page_of(audit, "F-1").answers) == len([*mine, *theirs])
    assert "no answer about this key that you may see" in text(browser(analyst).get(PATH, {"key": "F-2"}))


def test_answers_of_before_keys_were_kept_are_found_by_their_record(audit: Client, analyst: User, flowers) -> None:
    (record,) = flowers(1)
    old = ask(analyst, records=[record.pk])
    page = page_of(audit, "F-0")
    assert [answer.pk for answer in page.answers] == [old[0].pk]
    assert page.record == record


def test_the_same_key_in_two_sets_is_told_apart(audit: Client, analyst: User, flowers, administrator: User) -> None:
    (record,) = flowers(1)
    other = Dataset.objects.create(name="other", title="Other", updated_by=administrator, columns=[])
    twin = Record.objects.create(dataset=other, key="F-0", data={})
    about, beside = (ask(analyst, cases=["F-0"], records=[each.pk]) for each in (record, twin))
    assert len(page_of(audit, "F-0").answers) == 2
    assert "may be different cases" in text(audit.get(PATH, {"key": "F-0"}))
    for name, wanted in (("flowers", about), ("other", beside)):
        assert [answer.pk for answer in page_of(audit, "F-0", dataset=name).answers] == [wanted[0].pk]


def test_the_score_is_drawn_with_a_band_for_each_version(audit: Client, analyst: User, promoted) -> None:
    version = promoted("attrition")
    (person,) = dataset(version, analyst, [{"key": "E-1"}]).record_set.all()
    asked = [ask_about(person, analyst, heure_supplementaires=word) for word in ("Oui", "Non")]
    promoted("attrition")
    asked.append(ask_about(person, analyst))
    (chart,) = page_of(audit, "E-1").scores
    assert [dot.version for dot in chart.dots] == [1, 1, 2]
    assert len(chart.bands) == 2
    assert chart.points.count(",") == len(asked)


def test_answers_to_changed_values_are_not_drawn(audit: Client, analyst: User, promoted) -> None:
    version = promoted("attrition")
    (person,) = dataset(version, analyst, [{"key": "E-1"}]).record_set.all()
    for source in (Source.RECORDS, Source.CHANGED, Source.FORM):
        columns = {name: [person.data[name]] for name in PERSON}
        actions.predict(model="attrition", columns=columns, rows=1, source=source, by=analyst, records=[person.pk])
    page = page_of(audit, "E-1")
    assert (len(page.answers), len(page.scores[0].dots)) == (3, 2)


def test_pages_follow_each_other(audit: Client, analyst: User, monkeypatch) -> None:
    monkeypatch.setattr("predictions.history.person.AT_ONCE", 2)
    made = [answer.pk for answer in ask(analyst, 5, cases=["F-1"] * 5)]
    found, address = [], f"{PATH}?key=F-1"
    while address:
        page = audit.get(address).context["page"]
        found += [answer.pk for answer in page.answers]
        address = page.older_url
    assert found == made[::-1]


def test_as_many_queries_for_a_thousand_rows_as_for_ten(audit: Client, analyst: User, auditor: User) -> None:
    counts = []
    for rows in (10, 1000):
        for answer in ask(analyst, rows, cases=["F-1"] * rows)[-5:]:
            decide(answer, auditor)
            happened(answer, auditor)
        audit.get(f"{PATH}?key=F-1")
        with CaptureQueriesContext(connection) as queries:
            audit.get(f"{PATH}?key=F-1")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_record_leads_to_its_story(analyst: User, flowers) -> None:
    (record,) = flowers(1)
    page = browser(analyst).get(f"/records/flowers/{record.pk}/").content.decode()
    assert f'href="{PATH}?key=F-0&amp;dataset=flowers"' in page


@pytest.mark.parametrize("query", ["", "?key=", "?key=%20", "?dataset=x"])
def test_without_a_key_it_asks_for_one(audit: Client, query: str) -> None:
    response = audit.get(PATH + query)
    assert (response.status_code, 'name="key"' in response.content.decode()) == (200, True)


def test_it_speaks_french(iris, analyst: User, auditor: User) -> None:
    (answer,) = ask(analyst, cases=["F-1"])
    decide(answer, auditor)
    page = text(browser(auditor, **{"accept-language": "fr"}).get(PATH, {"key": "F-1"}))
    assert "Toutes les réponses sur F-1" in page
    assert "au sujet de « Iris setosa »" in page
    assert [word for word in ("Decision", "agree", "asked by", "What happened") if word in page] == []
