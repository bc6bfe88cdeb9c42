"""Where two people are needed: what waits, who decides, and what became of a request."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry import promotions
from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from tests.registry.people import PROMOTE, asked, browser, champion, person, seen, text, two_people

Ready = Callable[..., ModelVersion]


def test_two_people(page: Client, manager: User, second: ModelVersion) -> None:
    two_people(second.model)
    opened = page.get(PROMOTE.format(2))
    assert "Ask a second person to approve version 2" in text(opened)
    sent = page.post(PROMOTE.format(2), {"reason": "it is better", "seen": seen(opened)})
    wanted = PromotionRequest.objects.get(status="open")
    assert (sent["Location"], champion()) == (f"/registry/requests/{wanted.pk}/", 1)
    assert "somebody else has to decide" in text(page.get(sent["Location"]))
    assert "Manager has asked for it already" in text(page.get(PROMOTE.format(2)))
    assert page.post(PROMOTE.format(2), {"reason": "again", "seen": "1"}).status_code == 409

    approver = browser(person("approver"))
    assert "it is better" in text(approver.get(sent["Location"]))
    decided = approver.post(sent["Location"], {"verdict": "approve", "reason": ""})
    assert (decided["Location"], champion()) == ("/registry/iris/", 2)
    entry = LedgerEntry.objects.get(number=2)
    assert (entry.by.username, entry.approved_by.username) == ("manager", "approver")
    assert "approved by Approver on" in text(page.get(sent["Location"]))


def test_a_way_back_is_asked_for_as_one(page: Client, manager: User, second: ModelVersion, administrator: User) -> None:
    first = second.model.versions.get(number=1)
    promotions.request(model=second.model, version=second, by=administrator, reason="better")
    wanted = asked(first, manager)
    assert "Approve going back to version 1?" in text(page.get(f"/registry/requests/{wanted.pk}/"))


def test_declined_with_a_reason(page: Client, manager: User, second: ModelVersion) -> None:
    path = f"/registry/requests/{asked(second, manager).pk}/"
    approver = browser(person("approver"))
    empty = approver.post(path, {"verdict": "decline", "reason": " "})
    assert (empty.status_code, '<a href="#id_reason">' in empty.content.decode()) == (400, True)
    assert approver.post(path, {"verdict": "decline", "reason": "Not <b>now</b>"}).status_code == 302
    found = page.get(path)
    assert "declined by Approver on" in text(found)
    assert "Not &lt;b&gt;now&lt;/b&gt;" in found.content.decode()
    assert champion() == 1


def test_withdrawn_by_who_asked_alone(page: Client, manager: User, second: ModelVersion) -> None:
    path = f"/registry/requests/{asked(second, manager).pk}/"
    assert browser(person("approver")).post(path, {"verdict": "withdraw"}).status_code == 403
    assert page.post(path, {"verdict": "withdraw"}).status_code == 302
    assert "withdrawn on" in text(page.get(path))
    again = page.post(path, {"verdict": "withdraw"})
    assert (again.status_code, "Nothing changed by what you sent" in text(again)) == (409, True)


def test_nobody_approves_what_they_asked_for(second: ModelVersion) -> None:
    both = person("requester")
    path = f"/registry/requests/{asked(second, both).pk}/"
    assert browser(both).post(path, {"verdict": "approve", "reason": "mine"}).status_code == 403
    assert champion() == 1


def test_a_request_that_the_model_outran(page, manager, second: ModelVersion, administrator: User) -> None:
    path = f"/registry/requests/{asked(second, manager).pk}/"
    for verb in (promotions.suspend, promotions.resume):
        verb(model=second.model, by=administrator, reason="an incident")
    approver = browser(person("approver"))
    opened = approver.get(path)
    assert "overtaken on" in text(opened)
    assert b'value="approve"' not in opened.content
    response = approver.post(path, {"verdict": "approve", "reason": "late"})
    assert (response.status_code, champion()) == (409, 1)
    assert "overtaken on" in text(response)


def test_a_decided_request_shows_what_was_compared_then(page, manager, second, ready: Ready, administrator) -> None:
    wanted = asked(second, manager)
    third = ready("iris")
    RegisteredModel.objects.filter(pk=third.model.pk).update(approval="one")
    promotions.request(model=third.model, version=third, by=administrator, reason="first come")
    found = text(page.get(f"/registry/requests/{wanted.pk}/"))
    assert "Compared with version 1, which was in charge when this was asked for." in found
    assert "overtaken on" in found


@pytest.mark.parametrize("sent", [{}, {"verdict": "other"}, {"verdict": "decline", "reason": "x" * 2001}])
def test_damaged_decisions(manager: User, second: ModelVersion, sent: dict) -> None:
    path = f"/registry/requests/{asked(second, manager).pk}/"
    assert browser(person("approver")).post(path, sent).status_code == 400
    assert PromotionRequest.objects.filter(status="open").count() == 1


def test_requests_open_first_then_decided_by_cursor(page: Client, manager: User, second: ModelVersion) -> None:
    for number in range(30):
        promotions.withdraw(wanted=asked(second, manager, f"reason {number}"), by=manager)
    asked(second, manager, "the open one")
    with CaptureQueriesContext(connection) as queries:
        first = page.get("/registry/requests/")
    assert len(queries) <= 7
    assert text(first).count("the open one") == 1
    assert text(first).index("the open one") < text(first).index("reason 29")
    older = first.context["older"]
    found = text(page.get(f"/registry/requests/?before={older}"))
    assert ("reason 4" in found, "reason 29" in found, "the open one" in found) == (True, False, False)
    assert "There are no older requests." in text(page.get("/registry/requests/?before=1"))
    for odd in ("x", "-1", "9" * 30, "²"):
        assert page.get("/registry/requests/", {"before": odd}).status_code == 404
    assert page.get(f"/registry/requests/{10**30}/").status_code == 404


def test_requests_that_wait_for_me(manager: User, second: ModelVersion) -> None:
    from registry.views.promote import open_requests_for

    both, approver = person("requester"), person("approver")
    asked(second, both)
    assert [open_requests_for(user) for user in (manager, both, approver)] == [0, 0, 1]
