"""The registry's pages to look at: who may see and do what, every state, and text of others that stays text."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry import actions, promotions
from registry.exceptions import RegistryError
from registry.models import Delivery, ModelVersion, PromotionRequest, RegisteredModel
from tests.predictions.test_predict import ask, with_note
from tests.registry.people import browser, entries, may, text

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def page(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model in charge."""
    return browser(analyst)


@pytest.fixture
def second(iris: ModelVersion, ready, examined) -> ModelVersion:
    """A version that nobody put in charge yet."""
    return ready("iris", graph=with_note(examined("iris").graph))


def version(model: RegisteredModel, number: int, **values: Any) -> ModelVersion:
    return ModelVersion.objects.create(model=model, number=number, commit=f"{number:040x}", **values)


# Who sees what

PAGES = [
    "/registry/",
    "/registry/iris/",
    "/registry/iris/versions/1/",
    "/registry/iris/versions/1/files/petals.png",
    "/registry/deliveries/",
]


@pytest.mark.parametrize("path", PAGES)
def test_everybody_who_is_logged_in_may_look_and_nobody_else(iris: ModelVersion, analyst: User, path: str) -> None:
    assert Client().get(path)["Location"] == f"/login?next={path}"
    assert browser(analyst).get(path).status_code == 200
    assert browser(analyst).post(path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/registry/other/",
        "/registry/iris/versions/2/",
        "/registry/iris/versions/99999999999999999999/",
        "/registry/iris/?entries=x",
        "/registry/iris/?versions=-1",
        "/registry/deliveries/?before=9999999999999",
        "/registry/iris/versions/1/files/nothing.png",
    ],
)
def test_what_is_not_there_is_a_404(page: Client, path: str) -> None:
    assert page.get(path).status_code == 404


BUTTONS = {
    "sync_model": "Sync now",
    "stop_model": "Stop this model",
    "promote_model": "Compare and promote",
    "oversee_model": "Change the settings",
}


@pytest.mark.parametrize("codename", BUTTONS)
def test_a_button_is_there_for_those_who_may_press_it(second: ModelVersion, analyst: User, codename: str) -> None:
    assert not [word for word in BUTTONS.values() if word in text(browser(analyst).get("/registry/iris/"))]
    found = text(browser(may(analyst, codename)).get("/registry/iris/"))
    assert [word for word in BUTTONS.values() if word in found] == [BUTTONS[codename]]


# The list


def states(client: Client) -> list[str]:
    return re.findall(r'class="state state--\w+">([^<]+)<', client.get("/registry/").content.decode())


def test_an_empty_registry_says_what_to_do(analyst: User) -> None:
    assert "No model is tracked yet." in text(browser(analyst).get("/registry/"))


def test_the_list_says_who_answers_since_when(page: Client, iris: ModelVersion, administrator: User) -> None:
    User.objects.filter(pk=administrator.pk).update(first_name="Ada", last_name="Martin")
    found = text(page.get("/registry/"))
    assert "Iris Version 1, in charge for less than a minute, by Ada Martin" in found
    assert "classification · ONNX, in the server · demo/iris" in found
    assert states(page) == ["answers"]


def test_every_state_has_its_word(page: Client, second: ModelVersion, administrator: User) -> None:
    model = second.model
    assert states(page) == ["answers", "a candidate waits"]
    promotions.suspend(model=model, by=administrator, reason="a doubt")
    RegisteredModel.objects.filter(pk=model.pk).update(approval="two")
    promotions.request(model=model, version=second, by=administrator, reason="better")
    version(model, 3, status="ready", runtime="onnx", is_draft=True)
    version(model, 4)
    RegisteredModel.objects.filter(pk=model.pk).update(sync_error="The Hub does not answer.")
    RegisteredModel.objects.create(name="new", endpoint="huggingface", repo_id="demo/new")
    assert states(page) == [
        "suspended",
        "a request waits for approval",
        "a draft waits for its description",
        "importing",
        "Hub error",
        "no version in charge",
    ]


def test_what_was_in_charge_before_is_no_candidate(
    page: Client, iris: ModelVersion, second: ModelVersion, administrator: User
) -> None:
    for wanted in (second, iris):
        promotions.request(model=iris.model, version=wanted, by=administrator, reason="x")
    assert states(page) == ["answers"]


# The model


def test_the_model_page_says_what_it_takes_and_gives(page: Client) -> None:
    found = text(page.get("/registry/iris/"))
    for words in (
        "Version 1 has been in charge for less than a minute",
        "Sepal length sepal_length From base to tip, in centimetres. number cm 0 to 30 4.3 to 7.9 no",
        "Iris setosa setosa",
        "Accuracy test set 0.967 30",
        "Use and limits For demonstrations.",
        "demo/iris huggingface",
        "every 15 minutes",
    ):
        assert words in found, words


def test_a_model_without_a_version_has_a_page(analyst: User) -> None:
    RegisteredModel.objects.create(name="new", endpoint="gone", repo_id="demo/new")
    found = text(browser(analyst).get("/registry/new/"))
    assert "Nobody has put a version in charge yet." in found
    assert "None was found yet." in found


def test_metrics_have_their_interval(page: Client, iris: ModelVersion, ready, promoted) -> None:
    metrics = [
        {"name": "pr_auc", "value": 0.5, "split": "test", "n": 30, "ci95": [0.4, 0.6], "slice": {"sex": "F"}},
        {"name": "mae", "value": 1200.5, "ci95": [1000, 1400]},
    ]
    promoted("iris", model="measured", metadata={"name": "measured", "metrics": metrics})
    response = page.get("/registry/measured/")
    assert 'class="interval__range" x="40.00%" y="2" width="20.00%"' in response.content.decode()
    assert "Precision–recall area sex F test set 0.5 30 0.4 – 0.6" in text(response)
    assert "Mean absolute error – 1200 – 1000 – 1400" in text(response)


def test_versions_have_pages(page: Client, iris: ModelVersion) -> None:
    for number in range(2, 48):
        version(iris.model, number, status="rejected", reason="no")
    found, path = [], "/registry/iris/"
    while path:
        response = page.get(path)
        found += [row.version.number for row in response.context["page"].versions]
        older = response.context["page"].older_versions
        path = f"/registry/iris/?versions={older}" if older else ""
    assert found == list(range(47, 0, -1))


# Who answered then


def test_a_suspended_model_says_so_first(page: Client, iris: ModelVersion, administrator: User) -> None:
    User.objects.filter(pk=administrator.pk).update(first_name="Ada", last_name="Martin")
    entries(iris.model, 25, administrator)  # so that the latest is not on the second page of the ledger
    last = promotions.latest(iris.model)
    assert last is not None
    for path in ("/registry/iris/", "/registry/iris/?entries=3"):
        found = text(page.get(path))
        assert "Suspended for less than a minute, with version 1 in charge Suspended by Ada Martin on" in found
        assert f"{last.created_at:%H:%M} UTC: it answers no questions. reason 24" in found
        assert "has been in charge for" not in found


def test_a_last_import_that_was_rejected_is_said(analyst: User) -> None:
    model = RegisteredModel.objects.create(name="new", endpoint="huggingface", repo_id="demo/new")
    version(model, 1, status="rejected", reason="No file of it is a model.")
    page = browser(analyst)
    assert states(page) == ["no version in charge", "last import rejected"]
    link = '<a href="/registry/new/versions/1/">Why version 1 was rejected</a>'
    assert link in page.get("/registry/").content.decode()
    said = "The last import, version 1, was rejected: Look at it No file of it is a model."
    assert said in text(page.get("/registry/new/"))
    version(model, 2)
    assert states(page) == ["no version in charge", "importing"]
    assert "was rejected:" not in text(page.get("/registry/new/"))


def test_dates_of_tables_are_french_in_french(iris: ModelVersion, analyst: User) -> None:
    found = version(iris.model, 2)
    ModelVersion.objects.filter(pk=found.pk).update(created_at=datetime(2026, 8, 21, 9, 5, tzinfo=UTC))
    html = browser(analyst, accept_language="fr").get("/registry/iris/").content.decode()
    assert ">21 août 2026, 09:05</time>" in html


# The repository


def test_sync_now_asks_the_worker(iris: ModelVersion, analyst: User) -> None:
    client = browser(may(analyst, "sync_model"))
    response = client.post("/registry/iris/sync")
    assert response["Location"] == "/registry/iris/#repository"
    delivery = Delivery.objects.get()
    assert (delivery.kind, delivery.model, delivery.commit, delivery.outcome) == ("button", iris.model, "", "waiting")
    assert "The Hub is being asked." in text(client.get("/registry/iris/"))


def test_an_older_commit_is_asked_for_by_name(iris: ModelVersion, analyst: User) -> None:
    client = browser(may(analyst, "sync_model"))
    client.post("/registry/iris/sync", {"commit": f" {'A1' * 20} "})
    assert Delivery.objects.get().commit == "a1" * 20


@pytest.mark.parametrize("commit", ["main", "a" * 39, "g" * 40, "a" * 41, "\x00", XSS])
def test_what_is_no_commit_is_said_and_kept(iris: ModelVersion, analyst: User, commit: str) -> None:
    response = browser(may(analyst, "sync_model")).post("/registry/iris/sync", {"commit": commit})
    assert response.status_code == 400
    assert XSS not in response.content.decode()
    assert not Delivery.objects.exists()


def test_who_may_not_sync_does_not(page: Client) -> None:
    assert page.post("/registry/iris/sync").status_code == 403
    assert Client().post("/registry/iris/sync").status_code == 302
    assert not Delivery.objects.exists()


# Text of others


def test_reasons_labels_and_errors_are_never_markup(
    iris: ModelVersion, ready, administrator: User, analyst: User
) -> None:
    User.objects.filter(pk=administrator.pk).update(first_name=XSS)
    signature = {**iris.signature, "outputs": {**iris.signature["outputs"], "label": XSS}}
    first = {**signature["inputs"]["features"][0], "label": XSS, "help": XSS, "unit": XSS, "group": XSS}
    signature["inputs"] = {"features": [first, *signature["inputs"]["features"][1:]]}
    metadata = {"name": XSS, "description": XSS, "card": XSS, "metrics": [{"name": XSS, "split": XSS, "value": 1}]}
    report = {**iris.report, "globals": [XSS], "warnings": [XSS], "packages": {XSS: XSS}}
    other = ready("iris", model="other", signature_json=signature, metadata=metadata, report=report)
    promotions.request(model=other.model, version=other, by=administrator, reason=XSS)
    promotions.suspend(model=other.model, by=administrator, reason=XSS)
    RegisteredModel.objects.filter(pk=other.model.pk).update(sync_error=XSS, tracked_ref=XSS, metric_floors={XSS: 1})
    version(other.model, 2, status="rejected", reason=XSS)
    version(other.model, 3, progress=XSS)
    Delivery.objects.create(kind="webhook", model=other.model, repo_id=XSS, event=XSS, ref=XSS, text=XSS)
    Delivery.objects.create(kind="webhook", repo_id=XSS, event=XSS, ref=XSS, text=XSS)
    paths = ["", "other/", *(f"other/versions/{number}/" for number in (1, 2, 3)), "deliveries/"]
    for path in paths:
        response = browser(analyst).get(f"/registry/{path}")
        assert (path, response.status_code, "<img src=x" in response.content.decode()) == (path, 200, False)


# Many rows, few queries


@pytest.mark.parametrize("path", ["/registry/", "/registry/iris/", "/registry/deliveries/"])
def test_as_many_queries_for_many_rows_as_for_few(
    page: Client, iris: ModelVersion, administrator: User, path: str
) -> None:
    counts = []
    for many in (2, 12):
        for turn in range(many):
            found = RegisteredModel.objects.create(name=f"m{many}-{turn}", endpoint="huggingface", repo_id="a/b")
            made = version(found, 1, status="ready", runtime="onnx", signature=iris.signature)
            promotions.request(model=found, version=made, by=administrator, reason="x")
            Delivery.objects.create(kind="poll", model=iris.model, version=iris)
            version(iris.model, 100 * many + turn, status="rejected", reason="no")
        entries(iris.model, many, administrator)
        page.get(path)
        with CaptureQueriesContext(connection) as queries:
            page.get(path)
        assert not [query for query in queries if "COUNT(" in query["sql"] or "OFFSET" in query["sql"]]
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 13


def test_home_records_and_forms_lead_here(page: Client, iris: ModelVersion, analyst: User) -> None:
    record = ask(analyst).predictions[0]
    assert 'href="/registry/iris/"' in page.get("/").content.decode()
    for path in (f"/history/{record.pk}/", "/predict/iris/"):
        assert 'href="/registry/iris/versions/1/"' in page.get(path).content.decode()


def test_open_requests_are_on_the_model_page(
    page: Client, second: ModelVersion, administrator: User, analyst: User
) -> None:
    RegisteredModel.objects.filter(pk=second.model_id).update(approval="two")
    promotions.request(model=second.model, version=second, by=administrator, reason="better")
    found = page.get("/registry/iris/")
    assert "asks that version 2 be put in charge." in text(found)
    assert f'href="/registry/requests/{PromotionRequest.objects.get(status="open").pk}/"' in found.content.decode()


def test_requests_that_wait_for_me_are_counted(second: ModelVersion, administrator: User, analyst: User) -> None:
    RegisteredModel.objects.filter(pk=second.model_id).update(approval="two")
    promotions.request(model=second.model, version=second, by=administrator, reason="better")
    assert "for you" not in text(browser(administrator).get("/registry/"))
    assert "1 for you" in text(browser(may(analyst, "approve_promotion")).get("/registry/"))


def test_no_model_can_hide_behind_a_page(db: None) -> None:
    for name in ("deliveries", "requests"):
        with pytest.raises(RegistryError, match="Choose another name"):
            actions.track_model(name=name, endpoint="huggingface", repo_id="demo/x")
