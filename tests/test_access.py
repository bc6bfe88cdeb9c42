"""Who may what, as one table: every route, every verb, every role. A route without a line fails.

Forms are sent empty, so that 400 is said only to those who may; the API gets a question. A route's name with
“own” behind it is the same route asked for what the person owns.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from knox.models import AuthToken

from futurisys.accounts import roles, tokens
from predictions import actions
from predictions.models import (
    Alert,
    AlertEvent,
    AlertMail,
    AlertRule,
    Batch,
    BatchChunk,
    BatchPart,
    ComparedVersion,
    Comparison,
    Dataset,
    Decision,
    Estimate,
    IdempotencyKey,
    Outcome,
    PredictionFailure,
    Record,
    RejectedRow,
    Source,
    Upload,
)
from registry import serving
from registry.models import Delivery, LedgerEntry, RegisteredModel
from tests.registry.people import asked
from tests.worlds import IRIS, member

TABLE = Path(__file__).with_name("access.txt")
ROLES = {
    "anon": None,
    "none": "",
    "busi": roles.BUSINESS_USER,
    "deci": roles.DECISION_MAKER,
    "mana": roles.MODEL_MANAGER,
    "appr": roles.APPROVER,
    "audi": roles.AUDITOR,
    "admi": roles.ADMINISTRATOR,
    "visi": roles.VISITOR,
}
STAFF = {"audi", "admi"}
TENSORS = {"inputs": [{"name": n, "shape": [1], "datatype": "FP64", "data": [v]} for n, v in IRIS.items()]}
BODIES = {
    path: {"data": json.dumps(body), "content_type": "application/json"}
    for path, body in {
        "/predict": IRIS,
        "/api/v1/predict": {"model": "iris", "inputs": IRIS},
        "/api/v1/models/iris/predict": {"inputs": IRIS},
        "/api/v1/datasets/flowers/records/predict": {"keys": ["1"]},
        "/api/v1/decisions": {},
        "/api/v1/outcomes": {},
        **dict.fromkeys(("/v2/models/iris/infer", "/v2/models/iris/versions/2/infer"), TENSORS),
    }.items()
}
VERBS = {"GET", "POST", "OTHER"}
ANSWER_ROUTES = ("record", "record-decide", "record-estimate", "record-outcome")
ANSWER_DOORS = ("api-prediction", "api-decision", "api-outcome")
BATCH_DOORS = ("api-batch", "api-batch-results", "api-batch-rejected", "api-batch-cancel", "api-batch-run")
COMPARISON_ROUTES = ("comparison", "comparison-progress", "comparison-cancel", "comparison-changed")
MONITORING_ROUTES = tuple(f"monitoring-{name}" for name in ("model", "export", "drift", "quality", "rules", "compare"))
BATCH_ROUTES = ("batch", "batch-progress", "batch-cancel", "batch-results", "batch-rejected")


@dataclass(frozen=True)
class Line:
    name: str  # of a route, or a pattern of names
    owner: str  # "own" or ""
    verb: str
    expected: dict[str, str]  # role -> status, or two of them: health depends on the server that tests run on


@cache
def lines() -> list[Line]:
    head, *rest = [line.split() for line in TABLE.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return [
        Line(*route.partition(".")[::2], verb, dict(zip(head[2:], statuses, strict=True)))
        for route, verb, *statuses in rest
    ]


@cache
def every_route() -> list[str]:
    """Each once, in the order of the alphabet."""
    return sorted(set(routes()))


def routes(patterns: Any = None, namespace: str = "") -> Iterator[str]:
    """The name of every route, `admin:` for one of the admin without a name."""
    for found in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(found, URLPattern):
            yield namespace + (found.name or "")
        else:
            yield from routes(found.url_patterns, namespace + (f"{found.namespace}:" if found.namespace else ""))


@cache
def line_of(route: str) -> str:
    """The first name in the table that means this route; "" when none does."""
    names = (line.name for line in lines() if not line.owner)
    return next((name for name in names if fnmatchcase(route, name)), "")


def test_every_route_has_a_line() -> None:
    assert [route for route in every_route() if not line_of(route)] == [], "add lines to tests/access.txt"


def test_every_line_has_a_route_and_every_verb() -> None:
    used = {line_of(route) for route in every_route()}
    verbs: dict[tuple[str, str], set[str]] = {}
    for line in lines():
        verbs.setdefault((line.name, line.owner), set()).add(line.verb)
    assert {name for name, _owner in verbs} - used == set()
    assert [name for name, found in verbs.items() if found != VERBS] == []


class World:
    """Something behind every route, seen by one person."""

    def __init__(self, role: str, *, others: User, boss: User, iris: Any, candidate: Any) -> None:
        self.role, self.user = role, self._person(role)
        self.others, self.boss, self.iris = others, boss, iris
        self.wanted = asked(candidate, boss)
        RegisteredModel.objects.update(is_default=True)
        self.set = Dataset.objects.create(name="flowers", title="Flowers", model=iris.model, updated_by=boss)
        self.record = Record.objects.create(dataset=self.set, key="1", data=IRIS)
        self.answers = {"": self._ask(others), "own": self._ask(self.user or others)}
        self.files = {
            who: Upload.objects.create(user=user, name="x.csv", content=b"key;a\n1;2\n")
            for who, user in (("", others), ("own", self.user or others))
        }
        self.batches = {
            who: self._batch(user, self.answers[who]) for who, user in (("", others), ("own", self.user or others))
        }
        self.waiting = {who: self._waiting(user) for who, user in (("", others), ("own", self.user or others))}
        stored = AuthToken.objects.create(self.user or others)[0]
        self.token = stored.digest[: tokens.NUMBER]
        self.objects = {
            "auth_user": others,
            "auth_group": others.groups.get(),
            "knox_authtoken": stored,
            "registry_registeredmodel": iris.model,
            "registry_modelversion": iris,
            "registry_ledgerentry": LedgerEntry.objects.first(),
            "registry_promotionrequest": self.wanted,
            "registry_delivery": Delivery.objects.create(kind="button", model=iris.model),
            "predictions_prediction": self.answers[""].predictions[0],
            "predictions_predictionfailure": self._failure(),
            "predictions_idempotencykey": IdempotencyKey.objects.first(),
            "predictions_dataset": self.set,
            "predictions_record": self.record,
            "predictions_upload": self.files[""],
            "predictions_batch": self.batches[""],
            "predictions_batchchunk": self.batches[""].chunks.get(),
            "predictions_rejectedrow": self.batches[""].rejected_rows.get(),
            **self._told(self.answers[""].predictions[0], boss),
            **self._watched(iris, candidate, boss),
        }

    @staticmethod
    def _person(role: str) -> User | None:
        wanted = ROLES[role]
        if wanted is None:
            return None
        return member(role, wanted, is_staff=role in STAFF) if wanted else User.objects.create_user(role, password="x")

    def _ask(self, user: User) -> Any:
        """Two answers of one call; whoever may not ask any more asked when they might."""
        before, user.is_superuser = user.is_superuser, True
        columns = {name: [value] * 2 for name, value in IRIS.items()}
        named = {"model": "iris", "source": Source.RECORDS, "by": user, "idempotency_key": f"key-{user.username}"}
        found = actions.predict(columns=columns, rows=2, **named)
        user.is_superuser = before
        return found

    @staticmethod
    def _told(answer: Any, by: User) -> dict[str, Any]:
        """What somebody made of an answer."""
        about = {"prediction": answer, "by": by, "salt": b"", "digest": b""}
        observed = {"observed_date": date(2026, 1, 1), "origin": "hand", "label": "setosa"}
        return {
            "predictions_decision": Decision.objects.create(verdict="agree", reason="fits", **about),
            "predictions_estimate": Estimate.objects.create(label="setosa", **about),
            "predictions_outcome": Outcome.objects.create(**observed, **about),
        }

    @staticmethod
    def _watched(iris: Any, candidate: Any, by: User) -> dict[str, Any]:
        """An alert with a mail, and versions that wait to be compared."""
        model = iris.model
        rule = AlertRule.objects.create(model=model, kind=AlertRule.Kind.ERRORS, limit=0.05, for_minutes=5)
        at = {"value": 0.1, "began_at": timezone.now(), "fired_at": timezone.now()}
        alert = Alert.objects.create(
            rule=rule,
            state=Alert.State.FIRING,
            said={"failures": 5, "rows": 50, "since": "2026-01-01T10:00:00+00:00"},
            **at,
        )
        event = AlertEvent.objects.create(alert=alert, kind=AlertEvent.Kind.FIRED, at=timezone.now())
        compared = Comparison.objects.create(
            model=model, by=by, since_date=date(2026, 1, 1), until_date=date(2026, 1, 31), most=1000
        )
        for place, version in enumerate((iris, candidate)):
            ComparedVersion.objects.create(comparison=compared, place=place, version=version)
        return {
            "predictions_alertrule": rule,
            "predictions_alert": alert,
            "predictions_alertevent": event,
            "predictions_alertmail": AlertMail.objects.create(event=event, user=by),
            "predictions_comparison": compared,
        }

    def _batch(self, user: User, answer: Any) -> Batch:
        """A file that is done: these answers, and a row that was rejected."""
        said = {"delimiter": "comma", "encoding": "utf-8", "decimal": "point", "header": True}
        mapping = {"fields": {name: place for place, name in enumerate(IRIS)}, "key": None}
        named = {"name": "x.csv", "size": 1, "rows": 3, "status": "done", "headings": [*IRIS], "mapping": mapping}
        kept = Batch.objects.create(user=user, model=self.iris.model, version=self.iris, dialect=said, **named)
        chunk = {"rows": 3, "offset": 0, "length": 1, "line": 2, "status": "done", "predicted": 2, "rejected": 1}
        BatchChunk.objects.create(batch=kept, first=0, request_id=answer.request_id, **chunk)
        wrong = {"cells": ["x", "1", "1", "1"], "errors": [{"field": "sepal_length", "code": "not_a_number"}]}
        RejectedRow.objects.create(batch=kept, first=2, line=4, **wrong)
        return kept

    def _waiting(self, user: User) -> Batch:
        """A file that was checked, and is not run yet."""
        said = {"delimiter": "comma", "encoding": "utf-8", "decimal": "point", "header": True}
        mapping = {"fields": {name: place for place, name in enumerate(IRIS)}, "key": None}
        named = {"name": "x.csv", "size": 1, "rows": 1, "status": "checked", "headings": [*IRIS], "mapping": mapping}
        kept = Batch.objects.create(user=user, model=self.iris.model, version=self.iris, dialect=said, **named)
        BatchPart.objects.create(batch=kept, number=0, content=b"a,b,c,d\n1,2,3,4\n")
        return kept

    def _failure(self) -> PredictionFailure:
        answer = self.answers[""].predictions[0]
        names = ("request_id", "version", "ledger_entry", "inputs", "source", "user", "duration", "salt", "digest")
        return PredictionFailure.objects.create(kind="run", **{name: getattr(answer, name) for name in names})

    def session(self) -> str:
        """The cookie of the person's session; nobody has none."""
        client = Client()
        if self.user is None:
            return ""
        client.force_login(self.user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def path(self, route: str, owner: str) -> str:
        """Where the route is for this person."""
        if route == "admin:":
            return "/admin/nothing/"
        if route.startswith("admin:") and route.rpartition("_")[0][6:] in self.objects:
            listed = route.endswith(("_changelist", "_add"))
            return reverse(route, args=[] if listed else [self.objects[route.rpartition("_")[0][6:]].pk])
        return reverse(route, kwargs=self._named(route, owner))

    def _named(self, route: str, owner: str) -> dict[str, Any]:
        """The arguments of a route."""
        answer = self.answers[owner]
        model, version = {"model": "iris"}, {"model": "iris", "number": 2}
        known: dict[str, dict[str, Any]] = {
            **{name: {"pk": answer.predictions[0].pk} for name in (*ANSWER_ROUTES, *ANSWER_DOORS)},
            "answers": {"request_id": answer.request_id},
            "records-import-check": {"pk": self.files[owner].pk},
            **{name: {"pk": self.waiting[owner].pk} for name in ("batch-columns", "batch-check")},
            **{name: {"pk": self.batches[owner].pk} for name in (*BATCH_ROUTES, *BATCH_DOORS)},
            "records": {"dataset": "flowers"},
            "records-ask": {"dataset": "flowers"},
            "records-show": {"dataset": "flowers", "pk": self.record.pk},
            **{route: {"dataset": "flowers"} for route in ("api-records", "api-records-predict")},
            "api-record": {"dataset": "flowers", "key": self.record.key},
            "registry-request": {"pk": self.wanted.pk},
            "alert": {"pk": self.objects["predictions_alert"].pk},
            **{name: {"pk": self.objects["predictions_comparison"].pk} for name in COMPARISON_ROUTES},
            **dict.fromkeys(MONITORING_ROUTES, model),
            "registry-file": version | {"path": "x.png"},
            "password-reset-confirm": {"uidb64": "MQ", "token": "x-y"},
            "account-token-revoke": {"number": self.token},
            "admin:auth_user_password_change": {"id": self.others.pk},
            "admin:app_list": {"app_label": "registry"},
            "admin:view_on_site": {"content_type_id": 1, "object_id": 1},
            **dict.fromkeys(("registry-version", "registry-promote", "registry-signature"), version),
            **dict.fromkeys(("v2-version", "v2-version-ready", "v2-version-infer"), version),
            **dict.fromkeys(("v2-model", "v2-model-ready", "v2-infer"), model),
            **dict.fromkeys(("registry-model", "registry-sync", "registry-stop", "registry-settings"), model),
            **dict.fromkeys(
                ("predict", "records-import-sample", "batches-sample", "api-model-predict", "api-ledger"), model
            ),
            **dict.fromkeys(("api-model", "api-versions", "api-schema-of-model", "api-metrics", "api-card"), model),
            "api-version": version,
        }
        return known.get(route, {})


@pytest.fixture
def world(request: pytest.FixtureRequest, iris: Any, ready: Any, administrator: User, stranger: User) -> World:
    """Everything that the table needs, for the role that the test is about."""
    return World(request.param, others=stranger, boss=administrator, iris=iris, candidate=ready("iris"))


def answered(session: str, verb: str, path: str) -> int:
    """The status, after which everything is as it was before."""
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    before = transaction.savepoint()  # no atomic block: in one, the waist would refuse to store what may be undone
    send = client.post if verb == "POST" else partial(client.generic, verb)
    status: int = send(path, **BODIES.get(path, {})).status_code
    transaction.savepoint_rollback(before)
    serving.forget()
    return status


def verb_for(verb: str, role: str) -> str:
    """The verb that a line means for a role: of the others, each is tried with a third of the roles."""
    others = ("PUT", "PATCH", "DELETE")
    return others[list(ROLES).index(role) % 3] if verb == "OTHER" else verb


@pytest.mark.parametrize("world", ROLES, indirect=True)
def test_the_table_holds(world: World) -> None:
    wrong, session = [], world.session()
    for line in lines():
        verb, expected = verb_for(line.verb, world.role), line.expected[world.role]
        meant = [route for route in every_route() if line_of(route) == line.name]
        for route in meant if world.role in STAFF else meant[:1]:  # the whole admin sends others away in one place
            path = world.path(route, line.owner)
            status = str(answered(session, verb, path))
            if status not in expected.split("/"):
                wrong.append(f"{verb} {path} ({route}): {status}, not {expected}")
    assert wrong == []
