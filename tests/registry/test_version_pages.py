"""The page of one version, the pictures of its card, and the list of deliveries."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry import promotions
from registry.models import Delivery, ModelVersion
from tests.predictions.test_predict import damage
from tests.registry.test_pages import browser, text


@pytest.fixture
def page(iris: ModelVersion, analyst: User) -> Client:
    """The analyst's browser, with the iris model in charge."""
    return browser(analyst)


def shown(page: Client, iris: ModelVersion, number: int = 2, **values: Any) -> str:
    """The page of another version of the model, made of these values."""
    made = {"commit": f"{number:040x}", "signature": iris.signature, "metadata": iris.metadata, "runtime": "onnx"}
    ModelVersion.objects.create(model=iris.model, number=number, **(made | values))
    return text(page.get(f"/registry/iris/versions/{number}/"))


# The version


@pytest.mark.parametrize(
    ("bound", "said"), [(3 / 20_108, "0.015%"), (0.00015, "0.015%"), (3 / 200, "1.5%"), (3 / 295, "1.1%"), (1, "100%")]
)
def test_a_bound_is_never_smaller_than_what_was_shown(
    page: Client, iris: ModelVersion, bound: float, said: str
) -> None:
    report = {**iris.report, "comparison": {"rows": 20_108, "misses": 0, "largest_difference": 0, "bound": bound}}
    assert f"fewer than {said} of such rows differ" in shown(page, iris, status="ready", report=report)


def test_what_the_file_says_it_was_trained_with_is_shown(page: Client, iris: ModelVersion) -> None:
    environment = {"key": "f" * 64, "packages": {"scikit-learn": "1.6.1"}}
    report = {**iris.report, "packages": {}, "trained_with": "1.5.2", "environment": environment}
    found = shown(page, iris, status="ready", report=report, runtime="isolated")
    assert "scikit-learn 1.5.2 1.6.1 another one" in found
    assert "It runs in an environment of its own" in found


def test_only_listed_files_are_counted_as_the_hubs(page: Client, iris: ModelVersion, ready, examined) -> None:
    made_here = "model.converted.onnx"
    given = set(iris.files.values_list("path", flat=True)) - {made_here}
    assert len(given) == iris.files.count() - 1
    fetched = {path: {"size": 1, "sha256": "0" * 64} for path in [*given, "notes.txt"]}
    ready("iris", report={**examined("iris").report, "files": fetched, "hub_verified": True})
    assert f"Files from the Hub: {len(given)}, each" in text(page.get("/registry/iris/versions/2/"))


def test_the_way_back_is_called_so(iris: ModelVersion, ready, administrator: User) -> None:
    promotions.request(model=iris.model, version=ready("iris"), by=administrator, reason="better")
    links = ("Compare and go back to it", "Compare and promote")
    for path in ("versions/1/", ""):
        found = text(browser(administrator).get(f"/registry/iris/{path}"))
        assert [words in found for words in links] == [True, False]


def test_what_is_newer_is_put_in_charge_also_where_it_was_before(
    iris: ModelVersion, second: ModelVersion, administrator: User
) -> None:
    for wanted in (second, iris):
        promotions.request(model=iris.model, version=wanted, by=administrator, reason="x")
    links = ("Compare and go back to it", "Compare and promote")
    for path in ("versions/2/", ""):
        found = text(browser(administrator).get(f"/registry/iris/{path}"))
        assert [words in found for words in links] == [False, True]


def test_a_version_says_what_the_import_saw(page: Client, iris: ModelVersion) -> None:
    found = text(page.get("/registry/iris/versions/1/"))
    digest = iris.files.get(path="model.joblib").artifact_id
    for words in (
        "Version 1 in charge",
        "classification Runtime ONNX, in the server",
        "Limits in force files limited: yes",
        "Classes and functions that it names: 8. Each is on the list of allowed ones.",
        "sklearn.linear_model._logistic.LogisticRegression",
        "8 came out as promised",
        "none comes out differently",
        "at 95 % confidence",
        "It was opened with the server’s own libraries.",
        "scikit-learn",
        iris.commit,
        iris.manifest_digest,
        f"model.joblib 1.1 KB {digest}",
    ):
        assert words in found, words


def test_an_environment_of_its_own_is_described(page: Client, iris: ModelVersion) -> None:
    environment = {
        "key": "f" * 64,
        "why": "It was trained with scikit-learn 1.6.1.",
        "python": "3.11.7",
        "packages": {"scikit-learn": "1.6.1"},
        "warnings": ["The manifest names torch, which is not needed."],
    }
    report = {
        **iris.report,
        "packages": {"scikit-learn": "1.6.0"},
        "environment": environment,
        "latency": {"runtime_ms": 0.0512, "original_ms": 4.81},
        "size": 1_500_000,
        "comparison": {"rows": 20_240, "misses": 3, "largest_difference": 0.25, "bound": 0.00015},
    }
    found = shown(page, iris, status="ready", report=report, reason="Why it is so.")
    for words in (
        "Its original was opened in an environment of its own, apart from the server’s; the ONNX form answers",
        "in the server. It was trained with scikit-learn 1.6.1.",
        "f" * 64,
        "scikit-learn 1.6.0 1.6.1 another one",
        "Warning The manifest names torch, which is not needed.",
        "0.051 ms; the original takes 4.8 ms",
        "1.4 MB of files that serve",
        "20 240 rows: 3 come out differently, by up to 0.25.",
        "Why it is so.",
    ):
        assert words in found, words


@pytest.mark.parametrize(
    "report", [{}, {"warnings": None, "golden": {}, "globals": "x", "packages": None, "latency": None}]
)
def test_a_poor_report_is_no_fault(page: Client, iris: ModelVersion, report: dict[str, Any]) -> None:
    assert "Version 2 ready" in shown(page, iris, status="ready", report=report, metadata={})


def test_a_rejected_version_says_why_first(page: Client, iris: ModelVersion) -> None:
    report = {"globals": ["os.system"]}
    values = {"status": "rejected", "signature": {}, "metadata": {}, "report": report}
    found = shown(page, iris, reason="The file names os.system.", **values)
    assert "allowed ones" not in found
    assert "Version 2 rejected It was rejected, and cannot answer The file names os.system." in found


def test_an_import_says_how_far_it_is(page: Client, iris: ModelVersion) -> None:
    found = shown(page, iris, progress="comparing 20 000 rows", signature={}, metadata={}, runtime="")
    assert "It is being imported comparing 20 000 rows" in found
    assert "It waits for a worker." in shown(page, iris, 3, signature={}, metadata={}, runtime="")
    assert b'http-equiv="refresh"' not in page.get("/registry/iris/versions/2/").content


def test_a_draft_leads_to_its_description(page: Client, iris: ModelVersion, administrator: User) -> None:
    found = shown(page, iris, status="ready", is_draft=True, report={})
    assert "A draft: somebody has to describe it" in found
    html = browser(administrator).get("/registry/iris/versions/2/").content.decode()
    assert 'href="/registry/iris/versions/2/signature"' in html
    assert 'href="/registry/iris/versions/2/promote"' not in html


def test_who_described_it_is_said(page: Client, iris: ModelVersion) -> None:
    report = {"confirmed_by": "ada", "confirmed_at": "2026-03-03T10:00:00+00:00", "confirmed_from": 1}
    assert "Described by ada, from version 1, 3 March 2026, 10:00:00 UTC" in shown(
        page, iris, status="ready", report=report
    )


@pytest.mark.parametrize(("mode", "words"), [("L", "12 by 8 grey squares"), ("RGB", "12 by 8 coloured squares")])
def test_a_picture_model_says_what_it_sees(page: Client, iris: ModelVersion, mode: str, words: str) -> None:
    image = {"width": 12, "height": 8, "mode": mode, "layout": "nhwc"}
    classes = [{"value": "0"}, {"value": "1"}, {"value": "2"}]
    signature = {"task": "image-classification", "inputs": {"image": image}, "outputs": {"classes": classes}}
    assert f"The model sees it in {words}." in shown(page, iris, status="ready", signature=signature, report={})


# The pictures of a card


def test_a_damaged_picture_is_not_shown(page: Client, iris: ModelVersion) -> None:
    path = "/registry/iris/versions/1/files/petals.png"
    assert page.get(path).status_code == 200
    iris.report["serving"]["graph"] = "petals.png"  # what damage() damages
    damage(iris)
    assert page.get(path).status_code == 404


def test_pictures_are_served_so_that_they_can_do_nothing_else(page: Client, iris: ModelVersion) -> None:
    path = "/registry/iris/versions/1/files/petals.png"
    response = page.get(path)
    assert response.content.startswith(b"\x89PNG")
    wanted = {
        "Content-Type": "image/png",
        "Content-Disposition": "inline",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    assert {name: response[name] for name in wanted} == wanted
    again = page.get(path, headers={"if-none-match": f"W/{response['ETag']}"})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", response["ETag"])


@pytest.mark.parametrize(
    "path", ["model.joblib", "README.md", "model_manifest.json", "../1/files/petals.png", "golden.json"]
)
def test_no_other_file_is_served(page: Client, path: str) -> None:
    assert page.get(f"/registry/iris/versions/1/files/{path}").status_code == 404


def test_a_picture_that_is_none_is_not_served(page: Client, ready, iris: ModelVersion) -> None:
    pictures = {"petals.png": {"type": "text/html"}, "confusion.png": {"type": "image/svg+xml"}}
    ready("iris", model="other", report={**iris.report, "pictures": pictures})
    for name in pictures:
        assert page.get(f"/registry/other/versions/1/files/{name}").status_code == 404


# Deliveries


@pytest.fixture
def deliveries(iris: ModelVersion) -> list[Delivery]:
    """One of each kind and outcome, for the model and for nobody."""
    return [
        Delivery.objects.create(kind=kind, outcome=outcome, model=model, repo_id="demo/iris", text=f"{kind} {outcome}.")
        for kind in Delivery.Kind
        for outcome in Delivery.Outcome
        for model in (iris.model, None)
    ]


def listed(page: Client, query: str = "") -> list[Delivery]:
    return [row.delivery for row in page.get(f"/registry/deliveries/{query}").context["rows"]]


def test_every_delivery_is_listed_newest_first(page: Client, deliveries: list[Delivery]) -> None:
    assert listed(page) == deliveries[::-1]
    found = text(page.get("/registry/deliveries/"))
    assert "webhook demo/iris waiting webhook waiting." in found
    assert "command iris nothing new command known." in found


def test_deliveries_are_filtered(page: Client, deliveries: list[Delivery]) -> None:
    assert all(row.model for row in listed(page, "?model=iris"))
    found = listed(page, "?model=iris&outcome=failed")
    assert [(row.kind, row.outcome) for row in found] == [(kind, "failed") for kind in list(Delivery.Kind)[::-1]]
    Delivery.objects.filter(outcome="failed").delete()
    assert "No delivery is like that." in text(page.get("/registry/deliveries/?outcome=failed"))
    assert "There are no older deliveries." in text(page.get("/registry/deliveries/?before=1"))


def test_a_filter_that_is_none_is_said(page: Client, deliveries: list[Delivery]) -> None:
    response = page.get("/registry/deliveries/?model=other&outcome=%00x".replace("%00", ""))
    assert (response.status_code, text(response).count("Choose one of the list.")) == (400, 2)
    assert "other" not in str(response.context["chosen"])


def test_deliveries_have_pages_that_keep_the_filter(page: Client, iris: ModelVersion) -> None:
    made = [Delivery.objects.create(kind="poll", outcome="known", model=iris.model) for _ in range(60)]
    first = page.get("/registry/deliveries/?outcome=known")
    older = re.search(r'href="([^"]*)" rel="next"', first.content.decode())
    assert older is not None
    second = page.get("/registry/deliveries/" + older[1].replace("&amp;", "&"))
    rows = [row.delivery for response in (first, second) for row in response.context["rows"]]
    assert (rows, second.context["older"]) == (made[::-1], None)


def test_without_deliveries_it_says_what_makes_one(analyst: User) -> None:
    assert "Nothing has asked us to look at a Hub yet." in text(browser(analyst).get("/registry/deliveries/"))
