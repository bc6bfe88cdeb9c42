"""The Hub's webhook: who may ring, what is ignored, what makes the worker ask, and that a body is only a hint."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from examples.local_hub import LocalHub
from registry import actions, discovery, tasks
from registry.hub_events import HubEvent, Malformed
from registry.models import Delivery, ModelVersion, RegisteredModel
from tests import hubs
from tests.hubs import loopback_hub  # noqa: F401  fixtures
from tests.registry.asking import asked_deliveries  # noqa: F401

PATH = "/api/v1/hooks/huggingface"
SECRET = "a-webhook-secret"
KEY, COMMIT = "6" * 24, "c" * 40
REPO = "acme/iris"


def repo(**changes: Any) -> dict[str, Any]:
    """The part of a body about the repository."""
    urls = {"web": "https://elsewhere.example/x", "api": "https://elsewhere.example/api"}
    about = {"type": "model", "name": REPO, "id": KEY, "private": False, "url": urls, "owner": {"id": "1"}}
    return {**about, "headSha": COMMIT} | changes


def body(scope: str = "repo.content", action: str = "update", *, about: dict | None = None, **more: Any) -> dict:
    """A body as the Hub sends it."""
    event = {"event": {"action": action, "scope": scope}, "repo": about or repo(), "webhook": {"id": "h", "version": 3}}
    return event | more


def ref(name: str, new: str | None = COMMIT) -> dict[str, Any]:
    """`updatedRefs` of one ref."""
    return {"updatedRefs": [{"ref": name, "oldSha": "0" * 40, "newSha": new}]}


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, which has the API's one shape."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    found: dict[str, Any] = response.json()
    assert set(found) == {"type", "title", "status", "detail", "instance", "code", "errors"}
    assert (found["status"], found["code"], found["instance"]) == (status, code, PATH)
    return found


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.HUB_WEBHOOK_SECRETS = {"huggingface": SECRET, "loopback": ""}


@pytest.fixture
def ring(asked: list[int], django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """`ring(body, secret=SECRET, **headers)`: the answer to a webhook."""
    client = Client(raise_request_exception=False)

    def post(content: Any, *, secret: str | None = SECRET, kind: str = "application/json", **headers: str) -> Any:
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        sent = headers | ({} if secret is None else {"X-Webhook-Secret": secret})
        with django_capture_on_commit_callbacks(execute=True):
            return client.generic("POST", PATH, text, kind, headers=sent)

    return post


@pytest.fixture
def model(db: None) -> RegisteredModel:
    """A model that tracks a tag of the repository."""
    return actions.track_model(name="iris", endpoint="huggingface", repo_id=REPO, ref="v1")


# -- who may ring


@pytest.mark.parametrize(
    "secret", ["", "wrong-secret-of-16", SECRET + " x", "sécret-à-deviner!", "\ud800", SECRET[:-1]]
)
def test_wrong_secret_is_401_and_stores_nothing(
    model: RegisteredModel, ring: Any, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    response = ring(body(), secret=secret)
    refused(response, 401, "authentication_failed")
    assert response["WWW-Authenticate"] == "X-Webhook-Secret"
    assert not Delivery.objects.exists()
    found = [record for record in caplog.records if record.name == "registry.hooks"]
    assert [record.getMessage() for record in found] == ["webhook with a wrong secret"]
    assert not secret or secret not in caplog.text


def test_missing_secret_is_401_and_stores_nothing(model: RegisteredModel, ring: Any) -> None:
    refused(ring(body(), secret=None), 401, "not_authenticated")
    refused(ring(b"{" * 10, secret=None, authorization="Token x"), 401, "not_authenticated")
    assert not Delivery.objects.exists()


def test_a_person_who_is_logged_in_is_not_the_hub(client: Client, administrator: Any) -> None:
    client.force_login(administrator)
    refused(client.post(PATH, body(), "application/json"), 401, "not_authenticated")


@pytest.mark.parametrize("secrets", [{}, {"huggingface": "", "loopback": ""}])
def test_without_any_secret_webhooks_are_off(ring: Any, db: None, settings: Any, secrets: dict) -> None:
    settings.HUB_WEBHOOK_SECRETS = secrets
    for secret in (None, "", SECRET):
        assert "HF_WEBHOOK_SECRET" in refused(ring(body(), secret=secret), 404, "webhooks_off")["detail"]


def test_the_secret_says_which_hub_rings(ring: Any, model: RegisteredModel, settings: Any) -> None:
    settings.HUB_WEBHOOK_SECRETS = {"huggingface": "another-secret-1", "loopback": SECRET}
    assert ring(body("repo")).json()["outcome"] == "ignored"
    assert ring(body("repo"), secret="another-secret-1").json()["outcome"] == "waiting"


def test_only_post(ring: Any, db: None) -> None:
    client = Client(raise_request_exception=False)
    refused(client.get(PATH, headers={"X-Webhook-Secret": SECRET}), 405, "method_not_allowed")


# -- what cannot be a webhook


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"event"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"event": NaN}',
        b'{"event": {}, "event": {}}',
        json.dumps(body()).replace(REPO, "acme/\\u0000iris").encode(),
        {},
        {"event": [], "repo": repo()},
        {"event": {"scope": "repo"}, "repo": repo()},
        {"event": {"scope": 1, "action": "update"}, "repo": repo()},
        {"event": {"scope": "a" * 36, "action": "update"}, "repo": repo()},
        {"event": {"scope": "repo\n", "action": "update"}, "repo": repo()},
        {"event": {"scope": "repo", "action": "update"}},
        body(about=repo(name="a/b/c")),
        body(about=repo(name=None)),
        body(about=repo(name="a/" + "b" * 200)),
        body(about=repo(name="acme/<b>")),
        body(about=repo(id="")),
        body(about=repo(id=7)),
        body(about=repo(type=["model"])),
        body(about=repo(headSha="main")),
        body(updatedRefs={}),
        body(updatedRefs=["refs/heads/main"]),
        body(updatedRefs=[{"ref": 1}]),
        body(updatedRefs=[{"ref": "refs/heads/main", "newSha": "short"}]),
        body(updatedRefs=[{"ref": "refs/heads/main", "oldSha": 4}]),
        body(updatedRefs=[{"ref": "r"}] * 501),
    ],
)
def test_what_is_no_webhook_is_400(ring: Any, model: RegisteredModel, content: Any) -> None:
    found = refused(ring(content), 400, "parse_error")
    assert "acme" not in found["detail"]
    assert not Delivery.objects.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*repo(), "event", "repo", "ref"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSON, JSON, JSON)
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_body_is_an_event_or_malformed(first: Any, second: Any, third: Any) -> None:
    for found in (first, {"event": first, "repo": second}, body(updatedRefs=first, about=repo(headSha=third))):
        try:
            event = HubEvent.parse(found)
        except Malformed:
            continue
        assert isinstance(event.why_ignored("main"), str)


def test_a_large_body_is_not_read(ring: Any, model: RegisteredModel) -> None:
    refused(ring(json.dumps(body(padding="x" * 65_536))), 413, "too_large")
    refused(ring(b"x" * 7_000_000), 413, "too_large")
    refused(ring(body(), kind="text/plain"), 415, "unsupported_media_type")
    assert not Delivery.objects.exists()
    assert ring(json.dumps(body(padding="x" * 60_000))).status_code == 202


# -- the table of what is asked about, and what is ignored

TABLE = {
    "push to the tracked tag": (body(**ref("refs/tags/v1")), "waiting", ""),
    "push to a branch of that name": (body(**ref("refs/heads/v1")), "waiting", ""),
    "deletion of the tracked tag": (body(**ref("refs/tags/v1", None)), "waiting", ""),
    "content without refs": (body(), "waiting", ""),
    "unknown narrower content": (body("repo.content.lfs"), "waiting", ""),
    "repository changed": (body("repo"), "waiting", ""),
    "repository moved": (body("repo", "move", movedTo={"name": "new/iris", "owner": {"id": "1"}}), "waiting", ""),
    "repository deleted": (body("repo", "delete"), "waiting", ""),
    "repository created": (body("repo", "create"), "waiting", ""),
    "configuration": (body("repo.config", updatedConfig={"private": True}), "waiting", ""),
    "unknown narrower repo": (body("repo.moon.phase", "wane"), "waiting", ""),
    "pull request": (body(**ref("refs/pr/3")), "ignored", "once it is merged"),
    "other branch": (body(**ref("refs/heads/main")), "ignored", "other branches or tags than v1"),
    "narrower content elsewhere": (body("repo.content.lfs", **ref("refs/heads/main")), "ignored", "other branches"),
    "deletion of another tag": (body(**ref("refs/tags/v0", None)), "ignored", "other branches or tags than v1"),
    "other branch of that ending": (body(**ref("refs/heads/x/v1")), "ignored", "other branches or tags"),
    "discussion": (body("discussion", "create", discussion={"num": 1}), "ignored", "A discussion changes no model"),
    "comment": (body("discussion.comment", "create"), "ignored", "A discussion changes no model"),
    "unknown scope": (body("weather", "update"), "ignored", "Nothing is known of this kind"),
    "data set": (body(about=repo(type="dataset")), "ignored", "about a dataset, not about a model"),
}


@pytest.mark.parametrize("case", TABLE)
def test_webhook_table(ring: Any, model: RegisteredModel, asked: list[int], case: str) -> None:
    sent, outcome, said = TABLE[case]
    response = ring(sent)
    delivery = Delivery.objects.get()
    answer = response.json()
    assert (response.status_code, answer["delivery"], answer["outcome"]) == (202, delivery.pk, outcome)
    assert said in delivery.text
    assert answer["text"] == (delivery.text or "The Hub is asked about iris.")
    event = f"{sent['event']['scope']} {sent['event']['action']}"
    assert (delivery.kind, delivery.model, delivery.event, delivery.repo_id) == ("webhook", model, event, REPO)
    assert (delivery.outcome, bool(delivery.finished_at)) == (outcome, outcome == "ignored")
    assert asked == ([delivery.pk] if outcome == "waiting" else [])


def test_several_refs_of_one_push(ring: Any, model: RegisteredModel) -> None:
    others = [{"ref": "refs/heads/main", "newSha": "a" * 40}, {"ref": "refs/pr/1", "newSha": "b" * 40}]
    assert ring(body(updatedRefs=[*others, *ref("refs/tags/v1")["updatedRefs"]])).json()["outcome"] == "waiting"
    found = Delivery.objects.get()
    assert (found.ref, found.commit) == ("refs/tags/v1", COMMIT)


def test_a_tracked_pull_request_stays_one(ring: Any, db: None) -> None:
    actions.track_model(name="iris", endpoint="huggingface", repo_id=REPO, ref="refs/pr/3")
    assert ring(body(**ref("refs/pr/3"))).json()["outcome"] == "ignored"


def test_a_very_long_ref_is_cut(ring: Any, model: RegisteredModel) -> None:
    assert ring(body(**ref("refs/heads/" + "x" * 5_000))).status_code == 202
    assert len(Delivery.objects.get().ref) == 255


# -- which models


def test_every_model_of_the_repository_is_asked_about(ring: Any, model: RegisteredModel, asked: list[int]) -> None:
    actions.track_model(name="newest", endpoint="huggingface", repo_id=REPO)
    actions.track_model(name="other", endpoint="huggingface", repo_id="acme/other")
    answer = ring(body(**ref("refs/heads/main"))).json()
    assert [answer["outcome"], *(each["outcome"] for each in answer["others"])] == ["ignored", "waiting"]
    assert [delivery.model.name for delivery in Delivery.objects.filter(pk__in=asked)] == ["newest"]


def test_a_renamed_repository_is_known_by_its_id(ring: Any, model: RegisteredModel) -> None:
    RegisteredModel.objects.update(repo_key=KEY, repo_id="former/name")
    assert ring(body("repo", "move")).json()["outcome"] == "waiting"
    assert Delivery.objects.get().model == model


def test_a_model_of_another_hub_is_not_meant(ring: Any, model: RegisteredModel) -> None:
    RegisteredModel.objects.update(endpoint="loopback")
    assert ring(body("repo")).json() == {
        "delivery": Delivery.objects.get().pk,
        "outcome": "ignored",
        "text": "No model tracks acme/iris.",
        "others": [],
    }


def test_what_nobody_tracks_is_kept_within_a_limit(ring: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "UNTRACKED_A_DAY", 3)
    answers = [ring(body(about=repo(name=f"acme/r{number}"))).json() for number in range(5)]
    assert [bool(answer["delivery"]) for answer in answers] == [True, True, True, False, False]
    assert answers[4]["text"] == "No model tracks acme/r4."
    assert Delivery.objects.filter(model=None, outcome="ignored").count() == 3


# -- the broker


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_asked_through_the_broker(model: RegisteredModel) -> None:
    response = Client().post(PATH, body("repo"), "application/json", headers={"X-Webhook-Secret": SECRET})
    with connection.cursor() as cursor:
        ((message,),) = cursor.execute("SELECT message FROM pgmq.q_futurisys").fetchall()
    message = json.loads(message)
    assert message["headers"]["task"] == tasks.sync_model.name
    assert message["headers"]["kwargsrepr"] == f"{{'delivery_id': {response.json()['delivery']}}}"


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_202_all_the_same(
    model: RegisteredModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(discovery, "current_app", _away())
    monkeypatch.setattr(discovery, "SEND_SECONDS", 0.2)
    begun = time.monotonic()
    response = Client().post(PATH, body("repo"), "application/json", headers={"X-Webhook-Secret": SECRET})
    assert (response.status_code, time.monotonic() - begun < 2) == (202, True)
    assert Delivery.objects.get().outcome == "waiting"


def _away() -> Any:
    """A Celery application whose broker nobody answers for."""
    from celery import Celery

    app = Celery("away", broker="amqp://127.0.0.1:9", set_as_current=False)
    app.conf.broker_connection_timeout = 0.5
    return app


# -- with the loopback Hub: what is really there decides


@pytest.fixture
def told(hub: LocalHub, settings: Any, example: Any, live_server: Any) -> Iterator[RegisteredModel]:
    """A model whose Hub rings at this server, with the iris example in its repository."""
    settings.HUB_ENDPOINTS, settings.HUB_TOKENS = {"loopback": hub.url}, {"loopback": hubs.TOKEN}
    settings.HUB_WEBHOOK_SECRETS = {"loopback": SECRET}
    hubs.publish(hub, example("iris"))
    hub.tell(f"{live_server.url}{PATH}", SECRET)
    return actions.track_model(name="iris", endpoint="loopback", repo_id=hubs.REPO)


@pytest.mark.django_db(transaction=True)
def test_a_push_becomes_a_version_and_a_replay_does_not(hub: LocalHub, told: RegisteredModel, asked: list[int]) -> None:
    head = hub.store.commit(hubs.REPO, "main", changes={}, title="x", message="", parent=None)
    hub.webhooks.wait()
    (sent,) = hub.webhooks.log
    assert (sent.status, json.loads(sent.answer)["delivery"]) == (202, asked[0])
    tasks.sync_model(delivery_id=asked[0])
    version = ModelVersion.objects.get()
    assert (version.status, version.commit) == ("ready", head)
    hub.webhooks.replay(sent.id)
    hub.webhooks.wait()
    tasks.sync_model(delivery_id=asked[1])
    outcomes = list(Delivery.objects.order_by("pk").values_list("outcome", "version"))
    assert outcomes == [("imported", version.pk), ("known", version.pk)]


@pytest.mark.django_db(transaction=True)
def test_a_forged_body_cannot_name_a_commit(hub: LocalHub, told: RegisteredModel, ring: Any, asked: list[int]) -> None:
    forged = body(about=repo(name=hubs.REPO, headSha="e" * 40), **ref("refs/heads/main", "e" * 40))
    assert ring(forged).json()["outcome"] == "waiting"
    version, new = discovery.follow(Delivery.objects.get(pk=asked[0]))
    assert (version.commit, new) == (hub.store.resolve(hubs.REPO, "main"), True)
