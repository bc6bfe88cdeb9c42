"""Putting a version in charge in the browser: what is compared, who may decide, and two people at once."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from registry import promotions
from registry.importer.package import Package
from registry.models import LedgerEntry, ModelVersion, PromotionRequest
from tests.registry.people import PROMOTE, browser, champion, person, seen, text

Ready = Callable[..., ModelVersion]


@pytest.fixture
def changed(examined: Callable[[str], Package]) -> Callable[..., dict[str, Any]]:
    """`changed(edit)`: the signature of the iris example after `edit(features, outputs)`."""

    def changes(edit: Callable[[list[dict[str, Any]], dict[str, Any]], None]) -> dict[str, Any]:
        signature = copy.deepcopy(examined("iris").signature_json)
        edit(signature["inputs"]["features"], signature["outputs"])
        return {"signature_json": signature}

    return changes


# What is compared


def test_nothing_changes_for_callers(page: Client, second: ModelVersion) -> None:
    found = text(page.get(PROMOTE.format(2)))
    wanted = [
        "Put version 2 in charge?",
        "Nothing that callers send or read today changes",
        "Accuracy · test set",
        "all 8 as promised",
        "ONNX, in the server",
        "Serve version 2 to everybody",
        "Both have the same card.",
    ]
    assert [words for words in wanted if words not in found] == []
    assert "What changes for callers" not in found


def test_details_that_change_nobodys_call(page: Client, iris: ModelVersion, ready: Ready, changed) -> None:
    ready("iris", **changed(lambda features, outputs: features[0].update(label="Sepal, from end to end")))
    found = text(page.get(PROMOTE.format(2)))
    assert "Callers of today can go on as they are" in found
    assert "Sepal, from end to end sepal_ length label Sepal length Sepal, from end to end" in found
    assert "Serve version 2 to everybody" in found


def test_another_threshold_is_said_beside_the_tick(page: Client, ready: Ready, promoted: Ready, changed) -> None:
    def tips_at(line: float, label: str) -> dict[str, Any]:
        """The iris example's fields, and two classes that tip at `line`."""
        classes = [{"value": "no"}, {"value": "yes"}]
        outputs = {"classes": classes, "positive_class": "yes", "threshold": {"value": line}}
        return changed(lambda fields, out: (out.clear(), out.update(outputs), fields[0].update(label=label)))

    promoted("iris", **tips_at(0.29, "Length"))
    ready("iris", **tips_at(0.25, "Sepal"))
    response = page.get(PROMOTE.format(2))
    found = text(response)
    assert "The threshold changes from 0.29 to 0.25: the same person may get another answer." in found
    assert "Callers of today can go on as they are" in found
    assert "becomes wrong" not in found
    assert [change.what for change in response.context["candidate"].changes] == ["threshold", "label"]
    assert "Serve version 2 to everybody" in found
    assert '<code class="compare__name">sepal_<wbr>length</code>' in response.content.decode()


def test_a_breaking_change_has_no_button_and_is_refused(
    page: Client, iris: ModelVersion, ready: Ready, changed
) -> None:
    ready("iris", **changed(lambda features, outputs: features[0].update(unit="mm")))
    response = page.get(PROMOTE.format(2))
    found = text(response)
    assert "This would break callers “sepal_length” is given in another unit" in found
    assert "Track the repository under another name" in found
    assert b'id="decide"' not in response.content
    refused = page.post(PROMOTE.format(2), {"reason": "I want it", "seen": "1"})
    assert (refused.status_code, champion()) == (409, 1)
    assert "This would break callers" in text(refused)


def test_the_way_back_stays_open_though_it_breaks(page, iris, ready: Ready, changed, administrator: User) -> None:
    wider = ready("iris", **changed(lambda features, outputs: features[0].update(nullable=True)))
    promotions.request(model=wider.model, version=wider, by=administrator, reason="it may be missing")
    response = page.get(PROMOTE.format(1))
    found = text(response)
    assert "Go back to version 1?" in found
    assert "Callers of today would notice “sepal_length” may no longer be missing." in found
    sent = page.post(PROMOTE.format(1), {"reason": "the new one is wrong", "seen": seen(response)})
    assert (sent.status_code, champion()) == (302, 1)
    assert LedgerEntry.objects.order_by("-number").values_list("kind", "reason")[0] == (
        "rollback",
        "the new one is wrong",
    )


def test_a_first_version_stands_alone(page: Client, ready: Ready) -> None:
    ready("iris")
    response = page.get(PROMOTE.format(1))
    assert "Nobody asks this model yet" in text(response)
    sent = page.post(PROMOTE.format(1), {"reason": "the first", "seen": seen(response)})
    assert (sent.status_code, sent["Location"], champion()) == (302, "/registry/iris/", 1)
    assert "Version 1 is in charge." in text(page.get(sent["Location"]))


def test_numbers_side_by_side(page: Client, iris: ModelVersion, ready: Ready, examined) -> None:
    metadata = copy.deepcopy(examined("iris").metadata)
    metadata["metrics"][1] |= {"value": 0.5, "n": 900}
    metadata["metrics"].append({"name": "log_loss", "split": "test", "value": 2.5, "n": 900})
    metadata["provenance"] = {"data": "Other flowers"}
    report = examined("iris").report | {"latency": {"runtime_ms": 0.25}, "packages": {"scikit-learn": "1.8.0"}}
    ready("iris", metadata=metadata, report=report)
    found = text(page.get(PROMOTE.format(2)))
    old = next(m["value"] for m in iris.metadata["metrics"] if m["split"] == "test")
    assert f"v 1 {old:.4g} −{float(f'{old - 0.5:.3g}'):g}" in found
    assert "Not measured on the same rows: 30 before, 900 now." in found
    assert "Log loss · test set version v 1 – version v 2 2.5" in found
    wanted = ["0.25 ms", "Other flowers", "scikit-learn 1.8.0"]
    assert [words for words in wanted if words not in found] == []


def test_the_card_is_compared_as_text_and_never_as_markup(page, iris, ready: Ready, examined) -> None:
    metadata = copy.deepcopy(examined("iris").metadata)
    metadata["card"] += "\n<script>alert(1)</script>\n"
    metadata["metrics"][0]["name"] = "<b>accuracy</b>"
    metadata["provenance"]["data"] = "<img src=x onerror=alert(1)>"
    ready("iris", metadata=metadata)
    content = page.get(PROMOTE.format(2)).content.decode()
    assert "<ins>&lt;script&gt;alert(1)&lt;/script&gt;</ins>" in content
    assert [markup for markup in ("<script>alert", "<b>", "<img src=x") if markup in content] == []


def test_reports_of_long_ago_are_still_compared(page: Client, iris: ModelVersion, ready: Ready) -> None:
    ready("iris", report={}, metadata={"name": "iris"})
    assert page.get(PROMOTE.format(2)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "importing", "progress": "comparing"}, "It is still being imported comparing"),
        ({"status": "rejected", "reason": "<b>a bomb</b>"}, "Its import was rejected &lt;b&gt;a bomb"),
    ],
)
def test_what_is_not_ready_is_not_compared(page: Client, iris: ModelVersion, changes: dict, said: str) -> None:
    ModelVersion.objects.create(model=iris.model, number=2, commit="2" * 40, **changes)
    assert said in text(page.get(PROMOTE.format(2)))
    response = page.post(PROMOTE.format(2), {"reason": "x", "seen": "1"})
    assert (response.status_code, champion()) == (409, 1)


def test_a_draft_leads_to_its_description(page: Client, iris: ModelVersion, ready: Ready) -> None:
    ready("iris", is_draft=True)
    response = page.get(PROMOTE.format(2))
    assert 'href="/registry/iris/versions/2/signature"' in response.content.decode()
    assert page.post(PROMOTE.format(2), {"reason": "x", "seen": "1"}).status_code == 409
    assert champion() == 1


@pytest.mark.parametrize(
    "path", ["nothing/versions/1", "iris/versions/7", f"iris/versions/{10**12}", f"iris/versions/{'9' * 5000}"]
)
def test_unknown_versions(page: Client, iris: ModelVersion, path: str) -> None:
    assert page.get(f"/registry/{path}/promote").status_code == 404


# Sending it


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 2001, "a\x00b"])
def test_a_reason_is_needed_and_what_was_typed_stays(page: Client, second: ModelVersion, reason: str) -> None:
    response = page.post(PROMOTE.format(2), {"reason": reason, "seen": "1"})
    content = response.content.decode()
    assert (response.status_code, champion()) == (400, 1)
    assert '<a href="#id_reason">' in content
    assert "<title>Error:" in content.replace("\n", "")
    assert not reason.strip() or reason in content


@pytest.mark.parametrize("number", ["", "-1", "x", "9" * 40])
def test_a_form_that_came_back_damaged(page: Client, second: ModelVersion, number: str) -> None:
    response = page.post(PROMOTE.format(2), {"reason": "x", "seen": number})
    assert (response.status_code, "came back incomplete" in text(response), champion()) == (400, True, 1)


def test_somebody_was_faster(
    page: Client, manager: User, second: ModelVersion, ready: Ready, administrator: User
) -> None:
    third = ready("iris")
    opened = page.get(PROMOTE.format(2))
    promotions.request(model=third.model, version=third, by=administrator, reason="first come")
    response = page.post(PROMOTE.format(2), {"reason": "my long reason", "seen": seen(opened)})
    found = text(response)
    assert response.status_code == 409
    assert "Somebody was faster" in found
    assert "administrator put version 3 in charge on" in found
    assert "Go back to version 2?" in found, "the comparison is with the new champion"
    assert "my long reason</textarea>" in response.content.decode()
    kept = PromotionRequest.objects.get(requested_by=manager)
    assert (kept.status, kept.reason, kept.entry) == ("superseded", "my long reason", None)
    assert f'href="/registry/requests/{kept.pk}/"' in response.content.decode()
    again = page.post(PROMOTE.format(2), {"reason": "my long reason", "seen": seen(response)})
    assert (again.status_code, champion()) == (302, 2)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_once(iris: ModelVersion, ready: Ready) -> None:
    ready("iris"), ready("iris")
    pages = [browser(person("manager", name)) for name in ("ada", "bob")]
    numbers = [seen(each.get(PROMOTE.format(version))) for each, version in zip(pages, (2, 3), strict=True)]

    def send(index: int) -> int:
        try:
            sent = {"reason": "at once", "seen": numbers[index]}
            return pages[index].post(PROMOTE.format(index + 2), sent).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        statuses = sorted(pool.map(send, range(2)))
    assert statuses == [302, 409]
    assert (LedgerEntry.objects.count(), PromotionRequest.objects.count()) == (2, 3)


def test_a_suspended_model_takes_both_rights(page: Client, second: ModelVersion, administrator: User) -> None:
    promotions.suspend(model=second.model, by=administrator, reason="an incident")
    response = page.get(PROMOTE.format(2))
    assert "lets it answer again" in text(response)
    assert b'id="decide"' not in response.content
    assert page.post(PROMOTE.format(2), {"reason": "x", "seen": "2"}).status_code == 403
    full = browser(administrator)
    opened = full.get(PROMOTE.format(2))
    assert "This also lets it answer again." in text(opened)
    assert full.post(PROMOTE.format(2), {"reason": "repaired", "seen": seen(opened)}).status_code == 302
    assert champion() == 2


def test_the_suspended_champion_is_resumed_elsewhere(page: Client, iris: ModelVersion, administrator: User) -> None:
    assert "It is in charge already" in text(page.get(PROMOTE.format(1)))
    promotions.suspend(model=iris.model, by=administrator, reason="an incident")
    assert 'href="/registry/iris/stop"' in page.get(PROMOTE.format(1)).content.decode()


def test_an_isolated_version_loads_first(page: Client, iris: ModelVersion, ready: Ready) -> None:
    ready("iris", runtime="isolated", why_isolated="No ONNX form.")
    found = text(page.get(PROMOTE.format(2)))
    assert "which loads first: a few seconds. Until then version 1 answers." in found


def test_the_language_button_keeps_the_reason(page: Client, second: ModelVersion) -> None:
    response = page.post(PROMOTE.format(2), {"reason": "déjà tapé", "seen": "1", "language": "fr"})
    content = response.content.decode()
    assert (response.status_code, '<html lang="fr">' in content, "déjà tapé</textarea>" in content) == (200, True, True)
    assert page.post(PROMOTE.format(2), {"language": "xx"}).status_code == 200
    assert champion() == 1
