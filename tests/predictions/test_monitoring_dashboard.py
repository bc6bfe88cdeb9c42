"""/monitoring/models/<model>/: five questions about one model, answered from its roll-ups."""

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from futurisys.accounts import roles
from predictions.models import Alert, AlertRule
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.tally import Tally
from registry.models import ModelVersion, RegisteredModel
from tests.predictions import watched
from tests.registry.people import browser
from tests.worlds import member

PATH = "/monitoring/models/iris/"
TODAY = timezone.localdate()


@pytest.fixture
def manager(db: None) -> Client:
    """May see the numbers, and no answer of others."""
    return browser(member("manager", roles.MODEL_MANAGER))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def period(first: int, last: int = 0, **more: Any) -> str:
    """The page's address for the days from so many ago to so many ago."""
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{PATH}?from={ago(first)}&to={ago(last)}{rest}"


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def text(content: str) -> str:
    """What is read: without tags and what stands before the content, with plain spaces."""
    words = re.sub(r"<[^>]+>", " ", content[content.index("<main") :])
    return " ".join(html.unescape(words).replace("\u202f", " ").replace("\u00a0", " ").split())


def part(content: str, name: str) -> str:
    """One of the five sections."""
    found = re.search(rf'<section class="card question" aria-labelledby="{name}">.*?</section>', content, re.DOTALL)
    assert found
    return found[0]


def section(client: Client, name: str, path: str) -> str:
    return text(f"<main>{part(page(client, path), name)}")


# --- who may see it, and which addresses there are ---


def test_who_may_not_watch_is_refused_and_sees_no_way_there(iris: ModelVersion, analyst: User) -> None:
    client = browser(analyst)
    page(client, PATH, 403)
    page(client, f"{PATH}export", 403)
    assert "/monitoring/" not in page(client, "/")


def test_a_model_that_is_not_there_is_not_found(manager: Client) -> None:
    page(manager, "/monitoring/models/nobody/", 404)
    page(manager, "/monitoring/models/nobody/export", 404)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "Enter a day like 2026-11-21."),
        ("from=2026-03-02&to=2026-03-01", "The first day must not be after the last one."),
        ("from=2020-01-01&to=2026-01-01", "Choose a period of two years at most."),
        ("to=0001-01-01", "Enter a day like 2026-11-21."),
        ("to=9999-12-31", "Enter a day like 2026-11-21."),
        ("version=9", "The address asks for something that this page has not. Choose again."),
        ("source=pigeon", "The address asks for something that this page has not. Choose again."),
        ("segment=species:setosa", "The address asks for something that this page has not. Choose again."),
    ],
)
def test_mistakes_in_the_address_are_said(iris: ModelVersion, manager: Client, query: str, said: str) -> None:
    watched.day(iris, ago(1), answers=5)
    content = page(manager, f"{PATH}?{query}", 400)
    assert said in text(content)
    assert "<title>Error:" in content
    assert 'class="card question"' not in content
    page(manager, f"{PATH}export?{query}", 400)


def test_a_sensitive_segment_is_not_there_for_who_may_not_see_it(
    attrition: ModelVersion, manager: Client, desk: Client
) -> None:
    path = "/monitoring/models/attrition/?segment=genre:F"
    watched.day(attrition, ago(1), answers=5)
    watched.counted()
    page(manager, path, 400)
    assert "Nothing fits these filters." in text(page(desk, path))


# --- is it used ---


def test_it_says_how_many_answers_and_against_the_time_before(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, ago(19), 10, answers=100)
    watched.days(iris, ago(9), 10, answers=120)
    said = section(manager, "used", period(9))
    assert "all right Yes: 1 200 answers in this period, about 120 a day, 20% more than in the one before." in said


@pytest.mark.parametrize(
    ("before", "now", "said", "state"),
    [
        (100, 100, "as many as in the one before.", "all right"),
        (100, 60, "40% fewer than in the one before.", "all right"),
        (100, 49, "51% fewer than in the one before.", "worth a look"),
        (100, 400, "4 times as many as in the one before.", "all right"),
    ],
)
def test_it_says_more_or_fewer(
    iris: ModelVersion, manager: Client, before: int, now: int, said: str, state: str
) -> None:
    watched.days(iris, ago(7), 4, answers=before)
    watched.days(iris, ago(3), 4, answers=now)
    assert said in (found := section(manager, "used", period(3)))
    assert found.startswith(f"Is it used? {state}")


def test_a_model_that_is_new_is_compared_with_nothing(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, ago(10), 11, answers=40)
    said = section(manager, "used", period(9))
    assert "Yes: 400 answers in this period, about 40 a day. Answers" in said


def test_nobody_asks_any_more(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(3), answers=40)
    watched.day(iris, ago(1), answers=0, failures=1)
    said = section(manager, "used", period(1))
    assert said.startswith("Is it used? not right No: nobody asked in this period. In the period before")


def test_questions_without_an_answer_are_worth_a_look(iris: ModelVersion, manager: Client, auditor: User) -> None:
    watched.day(iris, ago(1), answers=95, failures=2)
    content = part(page(manager, period(9)), "used")
    assert "worth a look" in content
    assert "2% of all questions" in text(f"<main>{content}")
    assert "predictionfailure" not in content
    link = re.search(r'href="(/admin/predictions/predictionfailure/[^"]*)"', page(browser(auditor), period(9)))
    assert link
    assert link[1] == "/admin/predictions/predictionfailure/?date=31"


def test_questions_by_door_lead_to_their_rows(iris: ModelVersion, desk: Client) -> None:
    watched.day(iris, ago(2), "api", answers=30, warned=3)
    watched.day(iris, ago(2), "form", answers=10)
    content = part(page(desk, period(9)), "used")
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', content, re.DOTALL)
    told = {html.unescape(name): text(f"<main>{cells}").split() for name, cells in rows if "%" in cells}
    assert [told["API"][0], told["API"][3]] == ["30", "75%"]
    assert (told["Form"][0], told["Form"][3]) == ("10", "25%")
    link = re.search(r'<th scope="row">Form</th><td class="number"><a href="([^"]+)"', content)
    assert link
    assert html.unescape(link[1]) == f"/history/search/?model=iris&from={ago(9)}&to={TODAY}&source=form"
    assert f"/history/search/?model=iris&amp;from={ago(9)}&amp;to={TODAY}&amp;warned=on" in content


def test_who_sees_no_answers_of_others_is_led_to_none(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=30, warned=3, agree=20, disagree=5, actual__setosa__setosa=25)
    assert "/history/search/" not in page(manager, period(9)).split("<main")[1]


# --- is it fast ---


@pytest.mark.parametrize(
    ("seconds", "said", "state"),
    [(0.004, "Yes: 95 of 100", "all right"), (2.0, "Not always", "worth a look"), (9.0, "No: 95", "not right")],
)
def test_it_says_how_fast(iris: ModelVersion, manager: Client, seconds: float, said: str, state: str) -> None:
    watched.day(iris, ago(1), answers=30, seconds=seconds)
    found = section(manager, "fast", period(9))
    assert found.startswith(f"Is it fast? {state} {said}")
    assert "Files and tables of records are left out" in found


def test_without_timed_calls_it_says_so(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=30, calls=0)
    assert "Not known: no call of this period was timed one by one." in section(manager, "fast", period(9))


# --- is the world changing ---


def test_it_says_what_it_cannot_say_of_few_answers(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=5)
    found = section(manager, "changing", period(9))
    assert found.startswith("Is the world changing? not known yet")
    assert f'href="{PATH}drift/?from={ago(9)}' in page(manager, period(9))


# --- is it right ---


def outcomes(right: int, wrong: int) -> dict[str, int]:
    return {"actual__setosa__setosa": right, "actual__setosa__virginica": wrong}


@pytest.fixture
def tested(promoted: Callable[..., ModelVersion]) -> Callable[[float | None], ModelVersion]:
    """`tested(0.9)`: a version whose manifest promises that accuracy, or nothing."""

    def version(accuracy: float | None) -> ModelVersion:
        metrics = [{"name": "accuracy", "split": "test", "value": accuracy, "n": 5000}] if accuracy else []
        return promoted("iris", metadata={"name": "iris", "metrics": metrics})

    return version


def test_it_says_how_often_answers_came_true(tested: Callable[..., ModelVersion], manager: Client) -> None:
    watched.days(tested(0.9), ago(9), 10, answers=40, **outcomes(27, 3))
    found = section(manager, "right", period(9))
    assert "all right Yes, as in the tests: 90% (86% to 93%) of the answers with a known outcome were right." in found
    assert "Outcomes known 300 of 400 answers, 75%" in found
    assert "Version 1 90% (86% to 93%) 90% 300" in found


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        (0.9, "worth a look Less than in the tests: 85%"),
        (0.97, "not right Less than in the tests: 85%"),
        (None, "known 85%"),
    ],
)
def test_it_is_held_against_the_tests(
    tested: Callable[..., ModelVersion], manager: Client, promised: float | None, said: str
) -> None:
    watched.days(tested(promised), ago(9), 10, answers=40, **outcomes(34, 6))
    assert section(manager, "right", period(9)).startswith(f"Is it right? {said}")


def test_that_it_became_worse_is_seen_behind_a_good_average(
    tested: Callable[..., ModelVersion], manager: Client
) -> None:
    version = tested(0.8)
    watched.days(version, ago(19), 15, answers=40, **outcomes(38, 2))
    watched.days(version, ago(4), 5, answers=40, **outcomes(20, 20))
    found = section(manager, "right", period(19))
    day = f"{ago(4):%-d %B %Y}"
    assert found.startswith(f"Is it right? not right Less than before: since {day} 50%")


def test_few_outcomes_say_nothing(iris: ModelVersion, manager: Client) -> None:
    RegisteredModel.objects.update(outcome_days=90)
    watched.day(iris, ago(1), answers=30, **outcomes(7, 0))
    found = section(manager, "right", period(9))
    assert found.startswith("Is it right? not known yet Not known yet: needs 20 outcomes, has 7.")
    assert "Outcomes are due 90 days after the answer" in found
    assert "Look at the last 6 months" in found
    assert "Look at the last 6 months" not in section(manager, "right", period(182))


# --- do people follow it ---


def decisions(agree: int, disagree: int, label: str = "setosa") -> dict[str, int]:
    told = {f"verdict__{label}__agree": agree, f"verdict__{label}__disagree": disagree}
    return {"agree": agree, "disagree": disagree} | told


@pytest.mark.parametrize(
    ("agree", "disagree", "said"),
    [
        (90, 10, "all right Yes: people decided against the answer in 10% (6% to 17%) of their decisions."),
        (60, 40, "worth a look Not always: people decided against the answer in 40%"),
        (20, 80, "not right No: people decided against the answer in 80%"),
        (9, 10, "not known yet Not known yet: 19 decisions say too little."),
    ],
)
def test_it_says_how_often_people_disagree(
    iris: ModelVersion, manager: Client, agree: int, disagree: int, said: str
) -> None:
    watched.day(iris, ago(1), answers=400, need_more=25, **decisions(agree, disagree))
    assert section(manager, "followed", period(9)).startswith(f"Do people follow it? {said}")


def test_it_says_that_people_follow_it_less_than_before(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, ago(19), 15, answers=400, **decisions(18, 2))
    watched.days(iris, ago(4), 5, answers=400, **decisions(14, 6))
    said = section(manager, "followed", period(19))
    assert said.startswith("Do people follow it? worth a look Less than before: since"), said[:120]
    assert "people decided against 30%" in said
    assert "of the answers, earlier 10%" in said


def test_it_says_which_answers_are_not_followed(iris: ModelVersion, desk: Client) -> None:
    watched.day(iris, ago(2), answers=400, **decisions(69, 31))
    content = part(page(desk, period(9)), "followed")
    assert "Iris setosa 100 31 – Iris setosa 31% (23% to 41%)" in text(f"<main>{content}")
    assert "&amp;answer=setosa&amp;decision=disagree" in content


def test_it_wonders_when_nobody_ever_disagrees(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=400, **decisions(250, 0))
    assert "Somebody may only be confirming" in section(manager, "followed", period(9))


# --- what all sections share ---


def test_a_filter_narrows_every_number_and_stays_in_the_links(iris: ModelVersion, desk: Client) -> None:
    watched.day(iris, ago(1), "api", answers=30)
    watched.day(iris, ago(1), "form", answers=12)
    content = page(desk, period(9, source="form", version=1))
    assert "Yes: 12 answers" in text(content)
    assert f'href="?from={ago(6)}&amp;to={TODAY}&amp;version=1&amp;source=form"' in content
    assert f'href="{PATH}quality/?from={ago(9)}&amp;to={TODAY}&amp;version=1&amp;source=form"' in content
    assert "Remove the filter Version 1" in text(content)


def test_a_day_is_shown_by_its_hours(iris: ModelVersion, manager: Client) -> None:
    noon = watched.noon(ago(1))
    watched.day(iris, ago(1), answers=9)
    watched.hour(iris, noon, answers=5)
    watched.hour(iris, noon, "form", answers=1)
    watched.hour(iris, noon + timedelta(hours=3), answers=3)
    content = part(page(manager, period(1, 1)), "used")
    rows = dict(re.findall(r'<th scope="row">(\d\d:00)</th><td class="number">(\d+)', content))
    assert len(rows) == 24
    assert {title: count for title, count in rows.items() if count != "0"} == {"12:00": "6", "15:00": "3"}


def test_promotions_stand_in_every_picture(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, ago(9), 10, answers=60, **outcomes(27, 3), **decisions(25, 5))
    content = page(manager, period(9))
    day = f"{TODAY:%-d %B}"
    assert all(f"Version 1 from {day}" in part(content, name) for name in ("used", "fast", "right", "followed"))
    assert "/registry/iris/#ledger" in content


def test_a_firing_alert_stands_on_top(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=5)
    rule, _new = AlertRule.objects.get_or_create(model=iris.model, kind="drift", defaults={"for_minutes": 0})
    at = timezone.now()
    said = {"changed": 1, "fields": 4, "version": 1, "since": str(ago(3)), "until": str(ago(1))}
    alert = Alert.objects.create(rule=rule, state="firing", began_at=at, fired_at=at, said=said)
    content = page(manager, period(9))
    assert content.index(f"/monitoring/alerts/{alert.pk}/") < content.index('class="glance"')


def test_it_says_how_far_it_is_counted(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=5)
    watched.counted()
    said = text(page(manager, period(9)))
    assert f"Counted until {timezone.localtime():%H}:" in said
    assert "That is a while ago" not in said


def test_it_says_that_counting_is_behind(iris: ModelVersion, manager: Client) -> None:
    watched.day(iris, ago(1), answers=5)
    watched.counted(timezone.now() - timedelta(days=2))
    said = text(page(manager, period(9)))
    assert f"Counted until {ago(2):%-d %B %Y}" in said
    assert "That is a while ago" in said


@pytest.mark.parametrize(
    ("state", "query", "said"),
    [
        ("new", "", "There are no numbers yet. The first numbers come within a minute or two of the first answer."),
        ("counted", "", "Nobody has asked this model yet."),
        ("asked", "?source=form", "Nothing fits these filters."),
        ("asked", "?from=2025-01-01&to=2025-02-01", "Nobody asked in this period."),
    ],
)
def test_it_says_why_there_is_nothing(iris: ModelVersion, manager: Client, state: str, query: str, said: str) -> None:
    if state != "new":
        watched.counted()
    if state == "asked":
        watched.day(iris, ago(1), answers=5)
    assert said in text(page(manager, PATH + query))


def test_it_reads_as_often_however_long_the_period_is(iris: ModelVersion, manager: Client) -> None:
    watched.days(iris, ago(40), 41, answers=60, **outcomes(27, 3), **decisions(25, 5))
    page(manager, period(9))
    with CaptureQueriesContext(connection) as short:
        page(manager, period(9))
    with CaptureQueriesContext(connection) as long:
        page(manager, period(40))
    assert len(short) == len(long) <= 13


def test_a_model_that_estimates_a_number_is_off_by_so_much(price: ModelVersion, manager: Client) -> None:
    for number in range(10):
        row = watched.day(price, ago(number), answers=30, outcomes=20)
        found = Tally.stored(layout.of(price), row)
        found.sums[:] = [0.0, 20 * 1500.0, 20 * 1500.0**2 * 1.2, 1.0, 1.0, 1.0]
        row.sums = found.columns()["sums"]
        row.save()
    said = section(manager, "right", f"/monitoring/models/house/?from={ago(9)}&to={TODAY}")
    assert said.startswith("Is it right? known Values are off by 1 500 (1 410 to 1 600) on average.")
