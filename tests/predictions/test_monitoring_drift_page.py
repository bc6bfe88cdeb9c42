"""/monitoring/models/<model>/drift/, and what Prometheus is told of drift."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from futurisys.accounts import roles
from predictions.monitoring.drift import bin_titles, heat, limits, straying
from predictions.monitoring.drift.gauges import DRIFT
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.layout import Bins
from registry.models import ModelVersion
from registry.signature import Feature
from tests.predictions.drifting import answered
from tests.registry.people import browser, text
from tests.worlds import member

PATH = "/monitoring/models/iris/drift/"


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(straying, "DRAWS", 2_000)


@pytest.fixture
def manager(db: None) -> Client:
    """May see monitoring, but no answers of others and nothing sensitive."""
    return browser(member("manager", roles.MODEL_MANAGER))


@pytest.fixture
def watching(auditor: Any) -> Client:
    """May see both."""
    return browser(auditor)


@pytest.fixture
def moved(iris: ModelVersion) -> ModelVersion:
    """A month of flowers, of which one field is another one today."""
    limits.make(iris)
    for number in range(1, 30):
        answered(iris, reading.today() - timedelta(days=number), 80)
    answered(iris, reading.today(), 120, petal_width=8)
    return iris


def shown(client: Client, query: str = "", *, status: int = 200, path: str = PATH) -> str:
    """The words of the page, with single blanks."""
    response = client.get(path + query)
    assert response.status_code == status
    return " ".join(text(response).split())


# --- all fields


def test_what_changed_is_said_first(moved: ModelVersion, manager: Client) -> None:
    words = shown(manager)
    title = moved.parsed_signature().features[3].title
    assert "Is the world changing?" in words
    assert f"Of 4 fields and the score, 1 differed from training on {_day(0)}: {title}." in words
    assert f"{title} strong drift" in words  # the table
    assert "How this is decided" in words


def _day(ago: int) -> str:
    day = reading.today() - timedelta(days=ago)
    return f"{day.day} {day:%B}"


def test_filters_are_kept(moved: ModelVersion, manager: Client) -> None:
    page = manager.get(PATH + "?source=&version=1&feature=petal_width").content.decode()
    today, since = reading.today(), reading.today() - timedelta(days=29)
    assert f'href="{PATH}?from={since}&amp;to={today}&amp;version=1&amp;feature=sepal_width"' in page
    assert f'href="?from={since}&amp;to={today}&amp;version=1&amp;feature=petal_width" aria-current="true"' in page
    assert '<option value="petal_width" selected>' in page


@pytest.mark.parametrize(
    ("answers", "said"),
    [(0, "Nobody asked in this period."),
     (20, "Needs 50 answers in a month to tell a change from chance; there are 20 at most."),
     (80, "How far fields stray by chance is being worked out for this version.")],
)  # fmt: skip
def test_when_there_is_nothing_to_say(iris: ModelVersion, manager: Client, answers: int, said: str) -> None:
    if answers:
        answered(iris, reading.today(), answers)
    assert said in shown(manager)
    words = shown(manager, "?feature=petal_width")
    assert "Then and now" in words
    assert "It did not differ" not in words


def test_training_data_that_nobody_brought(ready: Callable[..., ModelVersion], manager: Client) -> None:
    version = ready("iris", companions={}, background=None)
    answered(version, reading.today(), 80)
    words = shown(manager, "?feature=petal_width")
    assert "There is nothing to compare with" in words
    assert "It is not compared: too few training rows are known" in words
    assert "How its values were spread in the training data is not known." in words


def test_a_sample_of_training_rows_is_told(iris: ModelVersion, manager: Client) -> None:
    limits.make(iris)
    answered(iris, reading.today(), 80)
    assert "The training data are known from 120 rows alone" in shown(manager)


# --- one field


def test_one_field_along_time_and_then_and_now(moved: ModelVersion, manager: Client) -> None:
    words = shown(manager, "?feature=petal_width")
    assert f"It differed a lot from training on {_day(0)}: its distance was" in words
    assert "What chance explains" in words
    assert f"120 answers of version 1 on {_day(0)}, against 120 training rows." in words
    assert "2 440 answers of version 1 in the whole period, against 120 training rows." in words
    assert "2.21 or more: training data 10%, now 100%" in words
    assert re.search(r"2\.21 or more: training data 10%, now 1[2-6]%", words)


def test_a_steady_field_and_the_score(moved: ModelVersion, manager: Client) -> None:
    assert f"It did not differ from training on {_day(0)}: its distance was" in shown(manager, "?feature=sepal_width")
    assert "Answer score" in shown(manager, "?feature=~score")


def test_rows_only_for_who_may_see_them(moved: ModelVersion, manager: Client, watching: Client) -> None:
    address = f"{PATH}?feature=petal_width"
    assert b"/history/search/" not in manager.get(address).content
    today = reading.today()
    row = f"/history/search/?model=iris&amp;from={today}&amp;to={today}"
    assert row in watching.get(address).content.decode()


def test_values_of_a_sensitive_field_are_kept_back(attrition: ModelVersion, manager: Client, watching: Client) -> None:
    limits.make(attrition)
    answered(attrition, reading.today(), 200)
    sensitive = next(one.name for one in attrition.parsed_signature().features if one.sensitive)
    path = PATH.replace("iris", "attrition")
    told = "This field is sensitive: you see how far it strayed, not its values."
    assert told in shown(manager, f"?feature={sensitive}", path=path)
    assert told not in shown(watching, f"?feature={sensitive}", path=path)


# --- who may, and wrong addresses


def test_only_who_may_see_monitoring(moved: ModelVersion, analyst: Any) -> None:
    assert browser(analyst).get(PATH).status_code == 403
    assert Client().get(PATH).status_code == 302


@pytest.mark.parametrize("query", ["?feature=nothing", "?feature=~"])
def test_an_unknown_field(moved: ModelVersion, manager: Client, query: str) -> None:
    assert manager.get(PATH + query).status_code == 404
    assert manager.get("/monitoring/models/nothing/drift/").status_code == 404


@pytest.mark.parametrize("query", ["?from=yesterday", "?version=99", "?segment=x:y", "?from=2026-03-02&to=2026-03-01"])
def test_an_address_with_mistakes(moved: ModelVersion, manager: Client, query: str) -> None:
    assert "There is a problem" in shown(manager, query, status=400)


def test_the_page_in_french(moved: ModelVersion, manager: Client) -> None:
    manager.cookies["django_language"] = "fr"
    words = shown(manager, "?feature=petal_width")
    assert "Le monde change-t-il" in words
    assert "Comment c’est décidé" in words


# --- titles of bins


def test_how_bins_are_called() -> None:
    whole = Feature(name="one", dtype="integer")
    bins = Bins("one", (1.0, 2.0, 3.0, 6.0, 9.0), (), (1, 1, 1, 1, 0), 0)
    assert bin_titles.titles(bins, whole) == ["below 2", "2", "3 to 5", "6 or more", "not known"]
    bins = Bins("one", (0.0, 0.123456, 2.0, 3.0), (), (1, 1, 1, 0), 0)
    assert bin_titles.titles(bins, None) == ["below 0.1235", "0.1235 to below 2", "2 or more", "not known"]
    assert bin_titles.titles(Bins("one", (7.5, 8.5), (), (9, 0), 0), whole) == ["any value", "not known"]


def test_how_values_are_called() -> None:
    yes = Feature(name="one", dtype="boolean")
    assert bin_titles.titles(Bins("one", (), ("False", "True"), (1, 1, 0, 0), 0), yes)[:2] == ["no", "yes"]
    level = Feature(name="one", dtype="category", categories=({"value": 1, "label": {"en": "low", "fr": "bas"}},))
    with translation.override("fr"):
        found = bin_titles.titles(Bins("one", (), ("1", "2"), (1, 1, 0, 0), 0), level)
    assert found[:2] == ["bas", "2"]


# --- Prometheus


def told() -> dict[str, float]:
    lines = Client().get("/metrics").content.decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line.startswith("futurisys_drift")
    }


def test_prometheus_is_told_the_last_week(moved: ModelVersion) -> None:
    found = told()
    assert len(found) == 2 * 5
    assert 0 < found['futurisys_drift_limit{feature="~score",model="iris"}'] < 1
    score, limit = (
        found[f'futurisys_drift_{name}{{feature="petal_width",model="iris"}}'] for name in ("score", "limit")
    )
    assert score > limit
    answered(moved, reading.today() + timedelta(days=1), 10_000, sepal_width=0)
    assert told() == found  # tomorrow is not looked at, and a minute's memory is kept


def test_prometheus_is_told_nothing_of_few_answers(iris: ModelVersion) -> None:
    limits.make(iris)
    answered(iris, reading.today(), 49)
    assert told() == {}
    answered(iris, reading.today() - timedelta(days=6), 1)
    assert told() == {}  # read less than a minute ago
    DRIFT.forget()
    assert len(told()) == 10
    DRIFT.forget()
    answered(iris, reading.today() - timedelta(days=7), 10_000, petal_width=0)
    assert told()['futurisys_drift_score{feature="petal_width",model="iris"}'] < 1


@pytest.mark.parametrize(
    ("edges", "unit", "said"),
    [
        ((1900, 1950, 2000), None, "below 1950"),
        ((1900, 1950, 2000), "EUR", "below 1\u202f950"),
        ((1900.5, 2718.4, 3000), None, "below 2\u202f718"),
        ((1900, 1950, 20_000), None, "below 1\u202f950"),
    ],
)
def test_thousands_stand_apart_unless_they_may_be_years(edges: tuple[float, ...], unit: str | None, said: str) -> None:
    field = Feature(name="one", dtype="float", unit=unit)
    assert bin_titles.titles(Bins("one", edges, (), (9, 9, 0), 0), field)[0] == said


def test_distances_beside_each_other_look_alike() -> None:
    assert [heat.amount(one) for one in (0.4, 0.41, 0.1, 0.034)] == ["0.40", "0.41", "0.10", "0.034"]
