"""The pages of comparisons: asking for one, its progress and result, the file, and the promotion page's offer."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from futurisys.accounts import roles
from predictions.models import Comparison, Prediction
from predictions.monitoring.comparison import hints, running
from registry.models import ModelVersion
from tests.predictions.compared import ask_about_people, asked_for, finished, with_threshold
from tests.predictions.deciding import hiding
from tests.predictions.histories import happened
from tests.registry.people import browser
from tests.worlds import member

COMPARE = "/monitoring/models/attrition/compare/"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches a broker."""
    monkeypatch.setattr(hints, "send", lambda: None)


@pytest.fixture
def manager(db: None) -> User:
    return member("manager", roles.MODEL_MANAGER)


@pytest.fixture
def people(promoted: Any, ready: Any, examined: Any) -> list[ModelVersion]:
    first = promoted("attrition")
    return [first, ready("attrition", signature_json=with_threshold(examined("attrition"), 0.2))]


@pytest.fixture
def done(people: list[ModelVersion], manager: User, analyst: User) -> Comparison:
    """A comparison of 200 answers, 40 of which have an outcome."""
    answers = ask_about_people(analyst, 200)
    for answer in answers[:40]:
        happened(answer, analyst, answer.label)
    return finished(asked_for(manager, *people))


def page_of(comparison: Comparison, more: str = "") -> str:
    return f"/monitoring/comparisons/{comparison.pk}/{more}"


def form(**more: Any) -> dict[str, Any]:
    today = timezone.localdate().isoformat()
    sent = {"base": "attrition:1", "versions": ["attrition:2"], "since": today, "until": today, "most": "1000"}
    return sent | {"source": ""} | more


def test_a_comparison_is_asked_for_and_seen_through(people: list[ModelVersion], manager: User, analyst: User) -> None:
    ask_about_people(analyst, 30)
    client = browser(manager)
    shown = client.get(COMPARE)
    assert "Nobody has compared versions" in shown.content.decode()
    assert shown.context["form"].initial["versions"] == ["attrition:2"]
    response = client.post(COMPARE, form())
    made = Comparison.objects.get()
    assert response["Location"] == page_of(made)
    waiting = client.get(page_of(made)).content.decode()
    assert "It waits for a worker." in waiting
    assert "js/batch" in waiting
    running.work(seconds=60)
    fresh = client.get(page_of(made, "progress"))
    assert "data-over" in fresh.content.decode()
    assert fresh["Cache-Control"] == "no-store"
    found = client.get(page_of(made)).content.decode()
    assert "Of 30 answers" in found
    assert "All 30 answers that version 1 gave then came out the same again." in found
    assert "Version 1 against version 2" in client.get(COMPARE).content.decode()


def test_the_result_has_all_its_parts(done: Comparison, manager: User) -> None:
    found = browser(manager).get(page_of(done)).content.decode()
    for part in (
        "Of 100 answers",
        "Both scores of each answer",
        "Accuracy",
        "Time for a row",
        "Answers compared",
        "right answers of 100;",
    ):
        assert part in found
    assert "Single answers are shown to who may see" in found, "a model manager sees nobody's"
    assert "P-1" not in found


def test_who_changed_is_told_to_who_may_see_answers(done: Comparison, decider: User) -> None:
    client = browser(decider)
    changed = done.answers.filter(is_changed=True).order_by("-prediction")
    shown = client.get(page_of(done))
    lines = shown.context["changed"].lines
    assert [line.answer.pk for line in lines] == [row.prediction_id for row in changed[:50]]
    assert f"/history/{lines[0].answer.pk}/" in shown.content.decode()
    assert lines[0].key.startswith("P-")
    assert [cell[0] for cell in lines[0].cells] == ["version 1", "version 2"]
    assert lines[0].cells[0][1] != lines[0].cells[1][1]


def test_changed_answers_come_in_pages(done: Comparison, decider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictions.monitoring.comparison.changed.PAGE", 3)
    client, seen, url = browser(decider), [], page_of(done)
    while url:
        page = client.get(url).context["changed"]
        seen += [line.answer.pk for line in page.lines]
        url = page.older
    changed = done.answers.filter(is_changed=True).order_by("-prediction")
    assert seen == list(changed.values_list("prediction", flat=True))
    assert len(seen) > 3


def test_what_is_kept_back_is_kept_back_here(done: Comparison, decider: User) -> None:
    found = hiding(browser(decider)).get(page_of(done)).content.decode()
    assert "Kept back until you estimate" in found


def test_the_file_has_every_changed_answer(done: Comparison, decider: User) -> None:
    response = browser(decider).get(page_of(done, "changed"))
    text = b"".join(response.streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    changed = done.answers.filter(is_changed=True)
    assert {row["Number of the answer"] for row in rows} == {str(one.prediction_id) for one in changed}
    one = changed.get(prediction=rows[0]["Number of the answer"])
    assert float(rows[0]["Score of version 2"]) == pytest.approx(one.score, rel=1e-9)
    assert response["Content-Disposition"].endswith('-changed.csv"')


def test_no_key_becomes_a_formula(people: list[ModelVersion], manager: User, decider: User, analyst: User) -> None:
    ask_about_people(analyst, 40, cases=["=1+1"] * 40)
    done = finished(asked_for(manager, *people))
    response = browser(decider).get(page_of(done, "changed"))
    text = b"".join(response.streaming_content).decode()
    assert "'=1+1" in text
    assert ",=1+1" not in text


@pytest.mark.parametrize(
    ("role", "look", "ask", "file"),
    [
        (roles.MODEL_MANAGER, 200, 400, 403),
        (roles.DECISION_MAKER, 200, 403, 200),
        (roles.AUDITOR, 200, 403, 200),
        (roles.APPROVER, 200, 403, 403),
        (roles.BUSINESS_USER, 403, 403, 403),
    ],
)
def test_who_may_what(done: Comparison, role: str, look: int, ask: int, file: int) -> None:
    client = browser(member("looker", role))
    looks = {client.get(url).status_code for url in (COMPARE, page_of(done), page_of(done, "progress"))}
    asks = client.post(COMPARE, {}).status_code
    assert (looks, asks, client.get(page_of(done, "changed")).status_code) == ({look}, ask, file)
    assert client.post(page_of(done, "cancel")).status_code == (302 if ask == 400 else 403)


def test_what_is_not_there_is_404(people: list[ModelVersion], manager: User) -> None:
    client = browser(manager)
    nothing = "01990000-0000-7000-8000-000000000000"
    for url in ("/monitoring/models/nothing/compare/", f"/monitoring/comparisons/{nothing}/"):
        assert client.get(url).status_code == 404
    assert client.get(f"/monitoring/comparisons/{nothing}/changed").status_code in {403, 404}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"versions": []}, "Choose at least two versions."),
        ({"versions": ["attrition:1"]}, "Choose at least two versions."),
        ({"base": ""}, "Choose what the others are held against."),
        ({"base": "iris:1"}, "This choice is not there any more."),
        ({"versions": ["attrition:9"]}, "This choice is not there any more."),
        ({"since": "2026-02-30"}, "Enter a day like"),
        ({"since": "9999-12-31"}, "Enter a day like"),
        ({"since": "2020-01-01"}, "two years"),
        ({"until": "2020-01-01"}, "must not be after"),
        ({"most": "5"}, "This choice is not there any more."),
        ({"source": "\x00"}, "This choice is not there any more."),
    ],
)
def test_mistakes_get_the_form_back(
    people: list[ModelVersion], manager: User, changes: dict[str, Any], said: str
) -> None:
    response = browser(manager).post(COMPARE, form(**changes))
    assert response.status_code == 400
    assert "There is a problem" in response.content.decode()
    assert said in response.content.decode()
    assert not Comparison.objects.exists()


def test_a_wrong_period_is_said_at_its_first_day(people: list[ModelVersion], manager: User) -> None:
    for period in ({"until": "2020-01-01"}, {"since": "2020-01-01"}):
        response = browser(manager).post(COMPARE, form(**period))
        assert list(response.context["form"].errors) == ["since"]


def test_addresses_that_make_no_sense_are_refused(done: Comparison, decider: User, manager: User) -> None:
    client = browser(decider)
    for query in ("?version=9", "?version=x", "?before=x", "?version=1&before=%00"):
        assert client.get(page_of(done, query)).status_code == 400
    assert client.get(page_of(done, f"?before={done.pk}")).status_code == 200
    assert browser(manager).get(f"{COMPARE}?before=x").status_code == 400
    assert browser(manager).get(f"{COMPARE}?base=x&versions=y").status_code == 200, "links outlive versions"


def test_the_language_may_change_in_the_middle_of_the_form(people: list[ModelVersion], manager: User) -> None:
    response = browser(manager).post(COMPARE, form(most="100000", versions=[], language="fr"))
    assert response.status_code == 200
    assert response.context["form"].initial["most"] == "100000"
    assert not Comparison.objects.exists()


def test_a_second_one_has_to_wait_and_the_first_can_be_cancelled(people: list[ModelVersion], manager: User) -> None:
    client = browser(manager)
    client.post(COMPARE, form())
    assert client.post(COMPARE, form()).status_code == 409
    made = Comparison.objects.get()
    assert client.post(page_of(made, "cancel"), follow=True).status_code == 200
    assert "It was cancelled" in client.get(page_of(made)).content.decode()
    assert client.get(page_of(made, "cancel")).status_code == 405
    assert "the comparison is over" in client.post(page_of(made, "cancel"), follow=True).content.decode()


def test_a_failure_says_which_version(people: list[ModelVersion], manager: User) -> None:
    made = asked_for(manager, *people)
    Comparison.objects.filter(pk=made.pk).update(status="failed", reason="1:It broke: twice.")
    found = browser(manager).get(page_of(made)).content.decode()
    assert "Version 2 of attrition could not answer." in found
    assert '<p lang="en">It broke: twice.</p>' in found


def test_an_empty_period_says_so(people: list[ModelVersion], manager: User) -> None:
    made = finished(asked_for(manager, *people))
    assert "there is nothing to compare" in browser(manager).get(page_of(made)).content.decode()


def test_too_few_outcomes_are_said(people: list[ModelVersion], manager: User, analyst: User) -> None:
    answers = ask_about_people(analyst, 30)
    happened(answers[0], analyst, answers[0].label)
    made = finished(asked_for(manager, *people))
    assert "Needs 20 outcomes, has 1" in browser(manager).get(page_of(made)).content.decode()


def test_one_version_alone_has_nothing_to_be_compared_with(promoted: Any, manager: User) -> None:
    promoted("attrition")
    assert "it takes two versions" in browser(manager).get(COMPARE).content.decode()


def test_twins_of_other_models_are_offered(people: list[ModelVersion], ready: Any, manager: User) -> None:
    ready("iris")
    ready("attrition", model="turnover")
    found = browser(manager).get(COMPARE).context["form"].fields["others"].choices
    assert [key for key, _title in found] == ["turnover:1"]
    response = browser(manager).post(COMPARE, form(versions=[], others=["turnover:1"]))
    assert response.status_code == 302


# --- the promotion page


def test_the_promotion_page_offers_it_and_then_tells_what_came_of_it(
    people: list[ModelVersion], manager: User, analyst: User
) -> None:
    client, promotion = browser(manager), "/registry/attrition/versions/2/promote"
    offered = client.get(promotion).content.decode()
    assert "Nobody has compared the two versions" in offered
    assert "/monitoring/models/attrition/compare/?base=attrition%3A1&amp;versions=attrition%3A2" in offered
    ask_about_people(analyst, 30)
    made = finished(asked_for(manager, *people))
    told = client.get(promotion).content.decode()
    assert "Of 30 answers" in told
    assert page_of(made) in told


def test_the_promotion_page_tells_it_to_those_alone_who_may_see_it(
    done: Comparison, analyst: User, client: Client
) -> None:
    found = browser(analyst).get("/registry/attrition/versions/2/promote")
    assert "really asked" not in found.content.decode()
    approver = (
        browser(member("approver", roles.APPROVER)).get("/registry/attrition/versions/2/promote").content.decode()
    )
    assert "Of 100 answers" in approver
    assert "Compare again" not in approver


def test_the_page_costs_no_more_with_more_answers(
    done: Comparison, decider: User, django_assert_max_num_queries: Any
) -> None:
    client = browser(decider)
    client.get(page_of(done))
    with django_assert_max_num_queries(22):
        client.get(page_of(done))
    assert Prediction.objects.count() == 200


def test_the_admin_shows_it_and_changes_nothing(done: Comparison, auditor: User) -> None:
    client, url = browser(auditor), f"/admin/predictions/comparison/{done.pk}/change/"
    assert client.get("/admin/predictions/comparison/").status_code == 200
    found = client.get(url).content.decode()
    assert page_of(done) in found
    assert "attrition v2" in found
    assert client.post(url, {"status": "failed"}).status_code == 403
    assert client.post(f"/admin/predictions/comparison/{done.pk}/delete/").status_code == 403
