"""The life of a token and of a session: what ends is over at the very next call; and the command that makes tokens."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken

from futurisys.accounts import roles
from futurisys.accounts.models import ApiTokenName
from predictions.models import Prediction
from registry.models import ModelVersion
from tests.predictions.histories import ask
from tests.registry.people import browser
from tests.worlds import IRIS, member

ROUNDS = 50
JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """A call, what it answers to a decision maker, and to somebody who is none any more."""

    method: str
    path: str
    body: Any
    may: int
    may_not: int


def calls(theirs: Prediction) -> list[Call]:
    one = f"/api/v1/predictions/{theirs.pk}"
    return [
        Call("GET", one, None, 200, 404),
        Call("POST", f"{one}/decision", {}, 400, 404),
        Call("POST", f"{one}/outcome", {}, 400, 403),
        Call("POST", "/api/v1/decisions", {}, 400, 403),
        Call("POST", "/api/v1/outcomes", {}, 400, 403),
        Call("POST", "/api/v1/predict", {"model": "iris", "inputs": IRIS}, 200, 403),
        Call("POST", "/api/v1/models/iris/predict", {"inputs": IRIS}, 200, 403),
        Call("GET", "/api/v1/predictions", None, 200, 200),
        Call("GET", "/api/v1/models", None, 200, 200),
        Call("GET", "/api/v1/models/iris/ledger", None, 200, 200),
    ]


@dataclass
class Caller:
    """Somebody with a token and a session."""

    user: User
    stored: Any
    key: str
    session: Client

    @classmethod
    def new(cls, name: str) -> "Caller":
        user = member(name, roles.DECISION_MAKER)
        stored, key = AuthToken.objects.create(user, expiry=timedelta(days=1))
        return cls(user, stored, key, browser(user))

    def by_token(self, call: Call) -> int:
        return self._sent(Client(raise_request_exception=False), call, authorization=f"Token {self.key}")

    def by_session(self, call: Call) -> int:
        return self._sent(self.session, call)

    @staticmethod
    def _sent(client: Client, call: Call, **headers: str) -> int:
        if call.method == "GET":
            return client.get(call.path, headers=headers).status_code
        return client.post(call.path, call.body, JSON, headers=headers).status_code


def disable(caller: Caller) -> None:
    User.objects.filter(pk=caller.user.pk).update(is_active=False)


def take_the_role(caller: Caller) -> None:
    caller.user.groups.clear()


def expire(caller: Caller) -> None:
    AuthToken.objects.filter(pk=caller.stored.pk).update(expiry=timezone.now() - timedelta(seconds=1))
    Session.objects.all().update(expire_date=timezone.now() - timedelta(seconds=1))


def revoke(caller: Caller) -> None:
    AuthToken.objects.filter(pk=caller.stored.pk).delete()
    Session.objects.all().delete()


def delete_by_page(caller: Caller) -> None:
    page = Client()
    page.force_login(caller.user)
    page.post(f"/account/tokens/{caller.stored.digest[:16]}/revoke")
    caller.session.post(reverse("logout"))


ENDS: list[tuple[Callable[[Caller], None], bool]] = [
    (disable, True),
    (expire, True),
    (revoke, True),
    (delete_by_page, True),
    (take_the_role, False),
]


def test_what_ends_is_over_at_the_next_call(iris: ModelVersion, analyst: User) -> None:
    (theirs,) = ask(analyst)
    known, chance, wrong = calls(theirs), random.Random(58), []
    for number in range(ROUNDS):
        caller, (end, is_out) = Caller.new(f"caller-{number}"), ENDS[number % len(ENDS)]
        call = known[number // len(ENDS) % len(known)]
        before = caller.by_token(call), caller.by_session(call)
        end(caller)
        expected = 401 if is_out else call.may_not
        after = caller.by_token(call), caller.by_session(call)
        later = chance.choice(known)
        last = caller.by_token(later), 401 if is_out else later.may_not
        if before != (call.may, call.may) or after != (expected, expected) or last[0] != last[1]:
            wrong.append((end.__name__, call, before, after, last))
    assert wrong == []


def test_a_disabled_person_comes_back_with_what_they_had(iris: ModelVersion, analyst: User) -> None:
    caller, call = Caller.new("back"), Call("GET", "/api/v1/models", None, 200, 200)
    disable(caller)
    assert caller.by_token(call) == 401
    User.objects.filter(pk=caller.user.pk).update(is_active=True)
    assert (caller.by_token(call), caller.by_session(call)) == (200, 200)


def test_one_token_that_ends_leaves_the_others(iris: ModelVersion, analyst: User) -> None:
    caller, call = Caller.new("two"), Call("GET", "/api/v1/models", None, 200, 200)
    _stored, other = AuthToken.objects.create(caller.user)
    revoke(caller)
    assert caller.by_token(call) == 401
    assert Client().get(call.path, headers={"authorization": f"Token {other}"}).status_code == 200


def test_a_token_is_nowhere_in_clear(analyst: User) -> None:
    stored, key = AuthToken.objects.create(analyst)
    kept = {str(getattr(stored, field.attname)) for field in AuthToken._meta.concrete_fields}
    assert key not in kept
    assert key.startswith("fut_")


# The command


def command(*words: str) -> str:
    out = StringIO()
    call_command("create_token", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_token_that_works(iris: ModelVersion, analyst: User) -> None:
    key = command("analyst", "--name", "payroll", "--days", "30").strip()
    assert Client().get("/api/v1/models", headers={"authorization": f"Token {key}"}).status_code == 200
    assert ApiTokenName.objects.get().name == "payroll"
    left = AuthToken.objects.get().expiry - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    command("analyst")
    assert ApiTokenName.objects.count() == 1


def test_the_command_lists_and_revokes(iris: ModelVersion, analyst: User, stranger: User) -> None:
    key = command("analyst", "--name", "payroll").strip()
    listed = command("analyst", "--list")
    number = listed.split()[0]
    assert (key in listed, "payroll" in listed, key[:8] in listed) == (False, True, True)
    with pytest.raises(CommandError):
        command("stranger", "--revoke", number)
    assert command("analyst", "--revoke", number) == ""
    assert Client().get("/api/v1/models", headers={"authorization": f"Token {key}"}).status_code == 401
    assert command("analyst", "--list") == ""


@pytest.mark.parametrize(
    "words",
    [
        ["nobody"],
        ["nobody", "--list"],
        ["left"],
        ["analyst", "--days", "0"],
        ["analyst", "--days", "99999999"],
        ["analyst", "--name", "x" * 61],
        ["analyst", "--revoke", "12"],
        ["analyst", "--list", "--revoke", "12"],
    ],
)
def test_the_command_says_why_not(analyst: User, words: list[str]) -> None:
    User.objects.create_user("left", is_active=False)
    with pytest.raises(CommandError):
        command(*words)
    assert not AuthToken.objects.exists()


def test_the_page_leads_to_what_a_program_may_ask(analyst: User) -> None:
    page = browser(analyst).get("/account/tokens/").content.decode()
    assert 'href="/docs"' in page
