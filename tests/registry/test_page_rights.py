"""Every verb of the pages that act on a model, and every role: who may, and that nothing happens for the others."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from tests.registry.people import PROMOTE, asked, browser, person

Ready = Callable[..., ModelVersion]

VERBS: dict[str, tuple[str, dict[str, str], set[str]]] = {
    "promote": (PROMOTE.format(2), {"reason": "x", "seen": "1"}, {"manager", "requester"}),
    "approve": ("/registry/requests/{}/", {"verdict": "approve"}, {"approver", "requester"}),
    "decline": ("/registry/requests/{}/", {"verdict": "decline", "reason": "x"}, {"approver", "requester"}),
    "withdraw": ("/registry/requests/{}/", {"verdict": "withdraw"}, set()),
    "suspend": ("/registry/iris/stop", {"wanted": "suspend", "reason": "x"}, {"approver"}),
    "describe": ("/registry/iris/versions/2/signature", {"f0-label_en": "Other"}, {"manager"}),
    "settings": ("/registry/iris/settings", {"approval": "two", "poll_minutes": "5"}, {"manager"}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", ["nobody", "reader", "manager", "approver", "requester"])
def test_who_may_what(iris: ModelVersion, ready: Ready, administrator: User, verb: str, role: str) -> None:
    ready("iris")
    path, sent, allowed = VERBS[verb]
    if "{}" in path:
        path = path.format(asked(ready("iris"), administrator).pk)
    client = Client() if role == "nobody" else browser(person(role))
    before = list(LedgerEntry.objects.values()), list(RegisteredModel.objects.values()), ModelVersion.objects.count()
    response = client.post(path, sent)
    if role == "nobody":
        assert (response.status_code, response["Location"].startswith("/login?")) == (302, True)
    else:
        assert response.status_code == (302 if role in allowed else 403)
        assert client.get(path).status_code == 200, "everybody who is logged in may look"
    if role not in allowed:
        if verb != "withdraw":  # whoever may approve has other things to send to that page
            assert client.post(path, {}).status_code == response.status_code, "before a word about the form"
        after = list(LedgerEntry.objects.values()), list(RegisteredModel.objects.values()), ModelVersion.objects.count()
        assert before == after
