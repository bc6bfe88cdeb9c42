"""/history/<id>/ as a case file: what is known of an answer besides itself, and what stays hidden."""

import json
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys.accounts import roles
from predictions import actions, sealing
from predictions.decisions import verbs
from predictions.models import Batch, Prediction, Record, Source
from predictions.outcomes.verbs import record_outcome
from predictions.presenters import RecordPage
from predictions.presenters.case import CaseFile
from registry.models import ModelVersion
from tests.predictions.employees import PERSON, dataset
from tests.registry.people import browser, text
from tests.worlds import IRIS, member


@pytest.fixture
def decider(db: None) -> User:
    return member("decider", roles.DECISION_MAKER, first_name="Dominique", last_name="Moreau")


@pytest.fixture
def attrition(promoted: Callable[..., ModelVersion]) -> ModelVersion:
    return promoted("attrition")


@pytest.fixture
def employee(attrition: ModelVersion, analyst: User) -> Record:
    return dataset(attrition, analyst, [{"key": "E-1", "age": 59}]).record_set.get()


def asks(by: User, record: Record, **more: Any) -> Prediction:
    """About an employee."""
    columns = {name: [record.data[name]] for name in PERSON}
    asked = {"model": "attrition", "rows": 1, "source": Source.FORM, "by": by, "explain": True, "cases": [record.key]}
    number = actions.predict(columns=columns, **asked, **{"records": [record.pk]} | more).request_id
    return Prediction.objects.for_page().get(pk=number)


def flower(by: User, key: str = "", **more: Any) -> Prediction:
    columns = {name: [value] for name, value in IRIS.items()}
    asked = actions.predict(model="iris", columns=columns, rows=1, source=Source.API, by=by, cases=[key], **more)
    return Prediction.objects.for_page().get(pk=asked.request_id)


def case(answer: Prediction, viewer: User) -> CaseFile:
    return CaseFile(RecordPage(answer, viewer))


def tell(answer: Prediction, decider: User) -> None:
    """A whole story: an estimate, a decision, its correction, an outcome, its correction."""
    verbs.estimate(prediction=answer, by=decider, label="stays")
    first = verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits", comment="As I thought.")
    verbs.decide(prediction=answer, by=decider, verdict="disagree", reason="wrong_data", replaces=first)
    said: dict[str, Any] = {
        "prediction": answer,
        "by": decider,
        "origin": "hand",
        "observed_date": timezone.localdate(),
    }
    wrong = record_outcome(label="leaves", **said)
    record_outcome(label="stays", replaces=wrong, **said)


def stored(page: str) -> Any:
    """The JSON of the page."""
    return json.loads(unescape(page.partition('<pre tabindex="0">')[2].partition("</pre>")[0]))


# Everything together


def test_the_page_shows_input_answer_explanation_decision_and_outcome(employee: Record, decider: User) -> None:
    answer = asks(decider, employee)
    tell(answer, decider)
    page = text(browser(decider).get(f"/history/{answer.pk}/"))
    for words in (
        f"The model answers {RecordPage(answer).label}",
        "Main factors",
        "Works overtime Yes",
        "disagreed Dominique Moreau",
        "Replaced by Dominique Moreau",
        "As I thought.",
        "What really happened Stays",
        "You expected “Stays”",
    ):
        assert words in page


def test_the_timeline_tells_the_story_in_order(employee: Record, decider: User, promoted: Any) -> None:
    answer = asks(decider, employee)
    tell(answer, decider)
    promoted("attrition")
    titles = [moment.event.title for moment in case(answer, decider).timeline.moments]
    assert titles == [
        "Asked by Dominique Moreau",
        "Dominique Moreau expected “Stays”, before the answer was shown",
        "Dominique Moreau agrees",
        "Dominique Moreau corrected the decision: disagrees",
        "Dominique Moreau reported what happened: “Leaves”",
        "Dominique Moreau corrected what happened: “Stays”",
        "Version 2 of the model was put in charge",
    ]


def test_what_was_withdrawn_is_told(employee: Record, decider: User) -> None:
    answer = asks(decider, employee)
    said: dict[str, Any] = {"prediction": answer, "by": decider, "origin": "hand"}
    first = record_outcome(label="leaves", observed_date=timezone.localdate(), **said)
    record_outcome(withdrawn=True, replaces=first, **said)
    last = case(answer, decider).timeline.moments[-1].event
    assert (last.title, last.text) == ("Dominique Moreau withdrew what had been reported", "")


# The JSON


def test_the_json_holds_what_people_said(employee: Record, decider: User) -> None:
    answer = asks(decider, employee)
    tell(answer, decider)
    found = stored(browser(decider).get(f"/history/{answer.pk}/").content.decode())
    assert [each["label"] for each in found["estimates"]] == ["stays"]
    assert [each["verdict"] for each in found["decisions"]] == ["agree", "disagree"]
    assert found["decisions"][1]["replaces_id"] == found["decisions"][0]["id"]
    assert found["decisions"][0]["estimate_id"] == found["estimates"][0]["id"]
    assert [each["label"] for each in found["outcomes"]] == ["leaves", "stays"]
    assert found["inputs"]["age"] == 59


def test_masked_fields_stay_masked(employee: Record, analyst: User, decider: User) -> None:
    answer = asks(analyst, employee)
    verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    page = browser(analyst).get(f"/history/{answer.pk}/").content.decode()
    found = stored(page)
    assert (found["inputs"]["age"], found["decisions"][0]["by"]) == ("•••", "decider")
    hidden = {each["contribution"] for each in found["explanation"]["contributions"] if each["field"] == "age"}
    assert hidden == {"•••"}
    assert "59 years" not in text(browser(analyst).get(f"/history/{answer.pk}/"))


def test_masked_fields_stay_masked_while_the_answer_is_hidden(employee: Record, analyst: User) -> None:
    answer = asks(analyst, employee)
    analyst.user_permissions.add(*Permission.objects.filter(codename__in=["add_decision", "add_estimate"]))
    client = browser(analyst)
    client.cookies["estimate_first"] = "1"
    page = client.get(f"/history/{answer.pk}/")
    assert "What do you expect?" in text(page)
    assert "59 years" not in text(page)
    assert "•••" in page.content.decode()


# What else is known of the case


def test_a_person_has_a_timeline_and_an_answer_before(employee: Record, decider: User) -> None:
    first, second = asks(decider, employee), asks(decider, employee)
    found = case(second, decider)
    assert found.person_url == "/history/person/?key=E-1&dataset=employees"
    assert found.compare_url == f"/history/compare/?a={first.pk}&b={second.pk}"
    page = browser(decider).get(f"/history/{second.pk}/")
    assert "All answers about E-1" in text(page)
    assert "Compare with the answer of" in text(page)
    assert case(first, decider).compare_url == ""


def test_an_answer_that_somebody_may_not_see_is_not_compared(employee: Record, analyst: User, stranger: User) -> None:
    asks(stranger, employee)
    assert case(asks(analyst, employee), analyst).compare_url == ""


def test_the_same_key_without_a_record_is_the_same_case_of_one_model(
    iris: ModelVersion, attrition: ModelVersion, analyst: User
) -> None:
    columns = {name: [value] for name, value in PERSON.items()}
    asked: dict[str, Any] = {"rows": 1, "source": Source.API, "by": analyst}
    actions.predict(model="attrition", columns=columns, cases=["K-1"], **asked)
    assert case(flower(analyst, "K-1"), analyst).before is None
    found = case(flower(analyst, "K-1"), analyst)
    assert found.before is not None
    assert found.person_url == "/history/person/?key=K-1"
    assert "About K-1" in text(browser(analyst).get(f"/history/{found.prediction.pk}/"))


def test_a_case_without_a_key_has_neither(iris: ModelVersion, analyst: User) -> None:
    flower(analyst)
    found = case(flower(analyst), analyst)
    assert (found.person_url, found.compare_url, found.batch) == ("", "", None)


def test_an_answer_of_a_file_names_the_file(iris: ModelVersion, analyst: User, monkeypatch: Any) -> None:
    batch = Batch.objects.create(user=analyst, name="staff.csv", size=1, sha256="0" * 64, model=iris.model)
    original = sealing._shared
    monkeypatch.setattr(sealing, "_shared", lambda *given: original(*given) | {"batch": batch})
    answer = flower(analyst, "K-1")
    page = browser(analyst).get(f"/history/{answer.pk}/").content.decode()
    assert f'<a href="/batches/{batch.pk}/">staff.csv</a>' in page


# Its price


def test_many_corrections_take_as_many_queries_as_one(employee: Record, decider: User, settings: Any) -> None:
    settings.CHAMPION_CACHE_SECONDS = 60  # which is in charge is looked up again after less than a second
    answer, client = asks(decider, employee), browser(decider)
    latest, counts = None, []
    for many in (2, 12):
        for turn in range(many):
            said = {"verdict": ("agree", "disagree")[turn % 2], "reason": "rule", "comment": f"{many} {turn}"}
            latest = verbs.decide(prediction=answer, by=decider, replaces=latest, **said)
        client.get(f"/history/{answer.pk}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/history/{answer.pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 24


def test_an_answer_of_another_day_says_how_long_ago_in_between(employee: Record, decider: User) -> None:
    answer = asks(decider, employee)
    verbs.decide(prediction=answer, by=decider, verdict="agree", reason="fits")
    answer.created_at -= timedelta(days=3)
    assert case(answer, decider).timeline.moments[0].gap == "3 days"
