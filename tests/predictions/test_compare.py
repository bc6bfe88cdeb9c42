"""/history/compare/: what differs comes first, and nothing is told that the reader may not see."""

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from futurisys.accounts import roles
from predictions.masking import MASK
from predictions.models import Prediction
from tests.predictions.employees import ask_about, dataset
from tests.predictions.histories import VIRGINICA, ask, decide, happened
from tests.predictions.test_pages import browser, text
from tests.worlds import member

PATH = "/history/compare/"
Pair = tuple[Prediction, Prediction]


@pytest.fixture
def office(iris, analyst: User) -> Client:
    return browser(analyst)


def compared(client: Client, first: Prediction, second: Prediction):
    response = client.get(PATH, {"a": first.pk, "b": second.pk})
    assert response.status_code == 200, response.status_code
    return response


def test_fields_that_differ_come_first(office: Client, analyst: User) -> None:
    (first,), (second,) = ask(analyst, explain=True), ask(analyst, explain=True, petal_width=0.4)
    response = compared(office, first, second)
    page = response.context["page"]
    assert [(line.title, line.first, line.second) for line in page.differing] == [("Petal width", "0.2 cm", "0.4 cm")]
    assert len(page.same) == 3
    assert "3 fields are the same" in text(response)


def test_what_became_of_them_stands_on_top(office: Client, analyst: User, auditor: User) -> None:
    (first,), (second,) = ask(analyst), ask(analyst, **VIRGINICA)
    decide(first, auditor, "disagree")
    happened(second, auditor, "virginica")
    top = text(compared(office, first, second)).split("What was asked")[0]
    assert [word for word in ("disagree", "virginica", "setosa", "version 1") if word not in top] == []


def test_the_same_model_has_a_slope_and_pairs_of_bars(attrition_pair: Pair, boss: Client) -> None:
    response = compared(boss, *attrition_pair)
    page = response.context["page"]
    assert page.slope is not None
    assert page.factors
    content = response.content.decode()
    assert content.count('class="onebar"') == 2 * len(page.factors)
    assert re.search(r'class="slope__line" x1="1%" x2="99%" y1="[\d.]+%" y2="[\d.]+%"', content)


def test_scores_of_several_classes_are_compared_when_they_mean_the_same(office: Client, analyst: User) -> None:
    (first,), (second,), (other,) = ask(analyst), ask(analyst, petal_width=0.3), ask(analyst, **VIRGINICA)
    assert compared(office, first, second).context["page"].slope is not None
    assert compared(office, first, other).context["page"].slope is None


def test_other_models_are_matched_by_names(office: Client, analyst: User, price) -> None:
    (flower,) = ask(analyst)
    (house,) = ask_house(analyst)
    page = compared(office, flower, house).context["page"]
    assert "Two models answered" in page.note
    assert (page.slope, page.factors, page.same) == (None, [], [])
    assert ("Surface", "not asked for", "50") in [
        (line.title.capitalize(), line.first, line.second) for line in page.differing
    ]


def ask_house(user: User) -> list[Prediction]:
    from predictions import actions

    columns = {"surface": [50], "rooms": [2]}
    return actions.predict(model="house", columns=columns, rows=1, source="api", by=user).predictions


def test_values_have_a_slope_too(office: Client, analyst: User, price) -> None:
    (first,), (second,) = ask_house(analyst), ask_house(analyst)
    slope = compared(office, first, second).context["page"].slope
    assert slope.difference == "no difference"


def test_scores_that_read_the_same_have_no_difference(office: Client, analyst: User) -> None:
    (first,), (second,) = ask(analyst), ask(analyst)
    page = compared(office, first, second)
    assert "From A to B: no difference" in text(page)


@pytest.fixture
def attrition_pair(promoted, analyst: User) -> Pair:
    """Answers about two people who differ in age, which is sensitive, and in their overtime."""
    version = promoted("attrition")
    rows = [{"key": "E-1", "age": 30}, {"key": "E-2", "age": 50, "heure_supplementaires": "Non"}]
    people = dataset(version, analyst, rows)
    first, second = (ask_about(record, analyst) for record in people.record_set.order_by("pk"))
    return _explained(first.predictions[0]), _explained(second.predictions[0])


def _explained(answer: Prediction) -> Prediction:
    from predictions import actions

    columns = {name: [value] for name, value in answer.inputs.items()}
    how = {"records": [answer.record_id], "explain": True, "source": "form"}
    return actions.predict(model="attrition", columns=columns, rows=1, by=answer.user, **how).predictions[0]


@pytest.fixture
def boss(promoted) -> Client:
    return browser(member("boss", roles.DECISION_MAKER))


def test_what_is_masked_is_neither_told_nor_said_to_differ(attrition_pair: Pair, analyst: User, boss: Client) -> None:
    page = compared(browser(analyst), *attrition_pair).context["page"]
    ages = [line for line in page.fields if line.title == "Age"]
    assert [(line.first, line.second, line.differs, line.is_masked) for line in ages] == [(MASK, MASK, False, True)]
    assert "Age" not in [line.title for line in [*page.differing, *page.same]]
    assert "Age" not in [factor.title for factor in page.factors]
    assert ("Age", "30", "50") in [
        (line.title, *(re.sub(r"\D", "", value) for value in (line.first, line.second)))
        for line in compared(boss, *attrition_pair).context["page"].differing
    ]


def test_who_may_not_see_one_of_them_sees_none(office: Client, analyst: User, stranger: User) -> None:
    (mine,), (theirs,) = ask(analyst), ask(stranger)
    for first, second in ((mine.pk, theirs.pk), (theirs.pk, mine.pk), (mine.pk, uuid.uuid4())):
        assert office.get(PATH, {"a": first, "b": second}).status_code == 404


def test_ticked_boxes_become_an_address_with_the_older_first(office: Client, analyst: User) -> None:
    (first,), (second,) = ask(analyst), ask(analyst)
    response = office.get(PATH, {"answer": [second.pk, first.pk]})
    assert response["Location"] == f"{PATH}?a={first.pk}&b={second.pk}"


@pytest.mark.parametrize(("query", "status"), [("", 200), ("?answer=1", 400), ("?a=1", 400), ("?a=x&b=y", 404)])
def test_it_takes_two(office: Client, query: str, status: int) -> None:
    response = office.get(PATH + query)
    assert response.status_code == status
    assert status == 404 or "Tick two" in text(response)


def test_pictures_stand_side_by_side(promoted, analyst: User, drawing) -> None:
    from predictions import actions

    promoted("digits")
    pictures = [drawing(size=size).read() for size in (40, 60)]
    asked = [
        actions.predict(model="digits", columns={"image": [picture]}, rows=1, source="api", by=analyst)
        for picture in pictures
    ]
    response = compared(browser(analyst), *(answer.predictions[0] for answer in asked))
    assert response.content.decode().count("drawing__grid") == 2


def test_it_speaks_french(iris, analyst: User) -> None:
    (first,), (second,) = ask(analyst), ask(analyst, petal_width=0.4)
    page = text(compared(browser(analyst, **{"accept-language": "fr"}), first, second))
    assert "Deux réponses côte à côte" in page
    assert [word for word in ("differs", "Decision", "Asked", "Through", "fields are") if word in page] == []
