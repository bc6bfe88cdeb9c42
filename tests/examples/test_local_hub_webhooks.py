"""Webhooks of examples/local_hub.py, made with the real client and heard by a real server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import HfHubHTTPError

from examples.local_hub import LocalHub
from registry.hub import use_limited_client
from tests.hubs import (
    REPO,
    TOKEN,
    Receiver,
    a_receiver,  # noqa: F401  fixtures
    loopback_hub,  # noqa: F401
)

ROOT = Path(__file__).parents[2]
SECRET = "a secret of the hook"
WATCHED = [{"type": "org", "name": "acme"}]


@pytest.fixture(autouse=True)
def plain_client() -> Iterator[None]:
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=5))
    yield
    use_limited_client()


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=TOKEN)


@pytest.fixture
def heard(hub: LocalHub, api: HfApi, receiver: Receiver) -> Any:
    """`heard()`: bodies delivered to a webhook of the organisation since the last call."""
    api.create_webhook(url=receiver.url, watched=WATCHED, secret=SECRET)

    def bodies() -> list[dict[str, Any]]:
        hub.webhooks.wait()
        found = [body for _path, _headers, body in receiver.heard]
        receiver.heard.clear()
        return found

    return bodies


def upload(api: HfApi, content: bytes = b"1") -> str:
    info = api.upload_file(repo_id=REPO, path_in_repo="n.json", path_or_fileobj=content)
    return str(info.oid)


# -- the settings


def test_webhooks_are_made_changed_and_deleted(api: HfApi) -> None:
    made = api.create_webhook(url="http://127.0.0.1:9/a", watched=WATCHED, domains=["repo"], secret="s")
    assert (made.disabled, made.domains, made.watched[0].name) == (False, ["repo"], "acme")
    changed = api.update_webhook(made.id, url="http://127.0.0.1:9/b", secret="t")
    assert (changed.url, changed.secret, changed.watched) == ("http://127.0.0.1:9/b", "t", made.watched)
    assert api.disable_webhook(made.id).disabled
    assert not api.enable_webhook(made.id).disabled
    assert [hook.id for hook in api.list_webhooks()] == [made.id] == [api.get_webhook(made.id).id]
    api.delete_webhook(made.id)
    assert api.list_webhooks() == []
    with pytest.raises(HfHubHTTPError, match="404"):
        api.get_webhook(made.id)


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/x", "https://127.0.0.1/x", "ftp://127.0.0.1/x", "http://127.0.0.1.x"]
)
def test_it_delivers_to_this_machine_only(api: HfApi, url: str) -> None:
    with pytest.raises(HfHubHTTPError, match=r"127\.0\.0\.1 only"):
        api.create_webhook(url=url, watched=WATCHED)
    assert api.list_webhooks() == []


def test_only_the_token_sees_webhooks(api: HfApi, hub: LocalHub) -> None:
    made = api.create_webhook(url="http://127.0.0.1:9/", watched=WATCHED, secret="s")
    stranger = HfApi(endpoint=hub.url, token="hf_other")
    for call in (
        stranger.list_webhooks,
        lambda: stranger.get_webhook(made.id),
        lambda: stranger.delete_webhook(made.id),
        lambda: stranger.update_webhook(made.id, url="http://127.0.0.1:9/mine"),
        lambda: stranger.disable_webhook(made.id),
        lambda: stranger.create_webhook(url="http://127.0.0.1:9/", watched=WATCHED),
    ):
        with pytest.raises(HfHubHTTPError, match="403"):
            call()
    assert api.get_webhook(made.id) == made


# -- what is delivered


def test_a_commit_is_told_as_the_hub_tells_it(api: HfApi, hub: LocalHub, heard: Any, receiver: Receiver) -> None:
    api.create_repo(REPO)
    before = api.model_info(REPO).sha
    heard()
    commit = upload(api)
    hub.webhooks.wait()
    (path, headers, body), (hook,) = receiver.heard[0], api.list_webhooks()
    assert (path, headers["x-webhook-secret"], headers["content-type"]) == ("/hook", SECRET, "application/json")
    assert body == {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {
            "type": "model",
            "name": REPO,
            "id": hub.store.repo(REPO)["_id"],
            "private": False,
            "url": {"web": f"{hub.url}/{REPO}", "api": f"{hub.url}/api/models/{REPO}"},
            "headSha": commit,
            "owner": {"id": "0" * 24},
            "tags": [],
        },
        "updatedRefs": [{"ref": "refs/heads/main", "oldSha": before, "newSha": commit}],
        "webhook": {"id": hook.id, "version": 3},
    }


def test_every_change_is_told(api: HfApi, heard: Any) -> None:
    api.create_repo(REPO)
    api.create_branch(REPO, branch="dev")
    api.create_tag(REPO, tag="v1")
    api.delete_tag(REPO, tag="v1")
    api.delete_branch(REPO, branch="dev")
    api.update_repo_settings(REPO, private=True)
    api.move_repo(REPO, "acme/flowers")
    api.delete_repo("acme/flowers")
    bodies = heard()
    head = bodies[0]["repo"]["headSha"]
    assert [" ".join(body["event"].values()) for body in bodies] == [
        "create repo",
        *["update repo.content"] * 4,
        "update repo.config",
        "move repo",
        "delete repo",
    ]
    assert [body["updatedRefs"][0] for body in bodies[1:5]] == [
        {"ref": "refs/heads/dev", "oldSha": None, "newSha": head},
        {"ref": "refs/tags/v1", "oldSha": None, "newSha": head},
        {"ref": "refs/tags/v1", "oldSha": head, "newSha": None},
        {"ref": "refs/heads/dev", "oldSha": head, "newSha": None},
    ]
    assert bodies[5]["updatedConfig"] == {"private": True}
    assert (bodies[6]["repo"]["name"], bodies[6]["movedTo"]["name"]) == (REPO, "acme/flowers")
    assert len({body["repo"]["id"] for body in bodies}) == 1


def test_who_does_not_watch_is_not_told(api: HfApi, heard: Any) -> None:
    (hook,) = api.list_webhooks()
    api.create_repo("other/iris")
    assert heard() == []
    api.update_webhook(hook.id, watched=[{"type": "model", "name": "other/iris"}])
    api.create_repo(REPO)
    api.create_tag("other/iris", tag="v1")
    assert [body["repo"]["name"] for body in heard()] == ["other/iris"]
    api.disable_webhook(hook.id)
    api.create_tag("other/iris", tag="v2")
    api.update_webhook(api.enable_webhook(hook.id).id, domains=["discussion"])
    api.create_tag("other/iris", tag="v3")
    assert heard() == []


def test_deliveries_are_logged_and_can_be_replayed(api: HfApi, hub: LocalHub, heard: Any, receiver: Receiver) -> None:
    receiver.status, receiver.redirect = 307, f"{hub.url}/elsewhere"
    api.create_repo(REPO)
    (first,) = heard()
    (sent,) = hub.webhooks.log
    assert (sent.status, sent.url, sent.body) == (307, receiver.url, first)
    assert not any("elsewhere" in seen.path for seen in hub.requests)
    receiver.status = 202
    hub.webhooks.replay(sent.id)
    assert heard() == [first]
    assert [each.status for each in hub.webhooks.log] == [307, 202]


def test_nobody_who_listens_is_a_line_in_the_log(api: HfApi, hub: LocalHub) -> None:
    api.create_webhook(url="http://127.0.0.1:9/", watched=WATCHED, secret="hidden")
    api.create_repo(REPO)
    hub.webhooks.wait()
    (sent,) = hub.webhooks.log
    assert (sent.status, sent.error[:24]) == (0, "ConnectionRefusedError: ")


def test_webhooks_and_their_log_outlive_the_hub(tmp_path: Path, receiver: Receiver) -> None:
    with LocalHub(tmp_path / "hub") as hub:
        made = HfApi(endpoint=hub.url, token="x").create_webhook(url=receiver.url, watched=WATCHED, secret="hidden")
        hub.store.create(REPO, private=False)
        hub.webhooks.wait()
    assert "hidden" not in (tmp_path / "hub" / "deliveries.jsonl").read_text()
    with LocalHub(tmp_path / "hub") as hub:
        hub.webhooks.replay(hub.webhooks.log[0].id)
        hub.webhooks.wait()
        assert [hook["id"] for hook in hub.webhooks.all()] == [made.id]
    assert [headers["x-webhook-secret"] for _path, headers, _body in receiver.heard] == ["hidden"] * 2


def test_the_script_has_one_webhook_however_often_it_starts(tmp_path: Path, receiver: Receiver) -> None:
    for name in ("one", "two"):
        command = [sys.executable, ROOT / "examples/local_hub.py", "--dir", tmp_path / "hub", "--webhook", receiver.url]
        environment = os.environ | {"LOCAL_HUB_WEBHOOK_SECRET": f"secret {name}"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
            api = HfApi(endpoint=process.stdout.readline().removeprefix("Hub: ").strip(), token="x")
            api.create_repo(f"{name}/iris")
            assert [hook.secret for hook in api.list_webhooks()] == [f"secret {name}"]
            ends = time.monotonic() + 10
            while f"{name}/iris" not in str(receiver.heard) and time.monotonic() < ends:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    told = {(headers["x-webhook-secret"], body["repo"]["name"]) for _path, headers, body in receiver.heard}
    assert told == {("secret one", "one/iris"), ("secret two", "two/iris")}


def test_the_script_refuses_another_machine(tmp_path: Path) -> None:
    command = [
        sys.executable,
        ROOT / "examples/local_hub.py",
        "--dir",
        tmp_path / "hub",
        "--webhook",
        "http://192.0.2.1/",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert (done.returncode, "127.0.0.1 only" in done.stderr) == (1, True)
