"""/monitoring/models/<model>/export: the numbers of a dashboard by day and version, for programs."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from futurisys.accounts import roles
from predictions.monitoring.rollups import layout
from registry.models import ModelVersion
from tests.predictions import watched
from tests.registry.people import browser
from tests.worlds import member

TODAY = timezone.localdate()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def manager(db: None) -> Client:
    return browser(member("manager", roles.MODEL_MANAGER))


def file_of(client: Client, query: str = "", **headers: str) -> list[dict[str, str]]:
    """The lines of the file, by heading."""
    response = client.get(f"/monitoring/models/iris/export{query}", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert re.fullmatch(r'attachment; filename="monitoring-iris-[\d-]+\.csv"', response["Content-Disposition"])
    content = response.getvalue().decode()
    assert content[0] == "\ufeff"
    return list(csv.DictReader(io.StringIO(content[1:])))


def test_a_line_for_each_day_and_version(iris: ModelVersion, ready, manager: Client) -> None:
    second = ready("iris")
    told = {"answers": 40, "warned": 2, "failures": 1, "agree": 5, "disagree": 2, "need_more": 1, "seconds": 0.2}
    told |= {"label__setosa": 30, "label__virginica": 10, "actual__setosa__setosa": 9, "actual__setosa__virginica": 3}
    watched.day(iris, YESTERDAY, **told)
    watched.day(second, YESTERDAY, answers=7, calls=0)
    first, other = file_of(manager)
    wanted = {"day": str(YESTERDAY), "version": "1", "answers": "40", "calls": "40", "warned": "2", "failures": "1"}
    wanted |= {"agree": "5", "disagree": "2", "need_more": "1", "outcomes": "12", "right": "9"}
    wanted |= {"answers_setosa": "30", "answers_versicolor": "0", "answers_virginica": "10"}
    assert {name: first[name] for name in wanted} == wanted
    assert float(first["latency_p95_seconds"]) == pytest.approx(0.2, rel=0.1)
    assert (other["version"], other["answers"], other["latency_p50_seconds"]) == ("2", "7", "")


def test_it_says_how_far_scores_are_from_the_training_data(attrition: ModelVersion, manager: Client) -> None:
    watched.day(attrition, YESTERDAY, answers=2000)
    watched.day(attrition, TODAY, answers=5)
    response = manager.get("/monitoring/models/attrition/export")
    many, few = csv.DictReader(io.StringIO(response.getvalue().decode()[1:]))
    assert layout.of(attrition).score is not None
    assert 0 < float(many["score_psi"]) < 0.1
    assert few["score_psi"] == ""


def test_it_has_the_filters_of_the_page(iris: ModelVersion, ready, manager: Client) -> None:
    second = ready("iris")
    watched.day(iris, YESTERDAY, "api", answers=40)
    watched.day(iris, YESTERDAY, "form", answers=3)
    watched.day(second, YESTERDAY, "form", answers=5)
    watched.day(iris, TODAY - timedelta(days=90), "form", answers=9)
    assert [line["answers"] for line in file_of(manager, "?source=form")] == ["3", "5"]
    assert [line["answers"] for line in file_of(manager, "?source=form&version=1")] == ["3"]


def test_it_is_the_same_in_every_language(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, YESTERDAY, answers=40, seconds=0.2)
    english, french = (file_of(manager, **{"accept-language": one}) for one in ("en", "fr"))
    assert english == french


def test_the_page_leads_to_it(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, YESTERDAY, "form", answers=40)
    content = manager.get("/monitoring/models/iris/?source=form").content.decode()
    assert re.search(
        r'href="/monitoring/models/iris/export\?from=[\d-]+&amp;to=[\d-]+&amp;source=form" download', content
    )
