"""registry.hub against a Hub in trouble: silent, slow, lying, damaged, busy or gone."""

import socket
import threading
from pathlib import Path

import httpx2
import pytest

from examples.local_hub import LocalHub
from registry import hub as client
from registry.hub_limits import Call
from tests import hubs
from tests.hubs import (
    REPO,
    a_place,  # noqa: F401  fixtures
    a_source,  # noqa: F401
    loopback_hub,  # noqa: F401
    publish,
    published_commit,  # noqa: F401
    pull,
    resolve,
)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ({"status": 503}, client.HubUnavailable, r"has a problem \(HTTP 503\) with acme/iris at main"),
        ({"status": 429}, client.HubRateLimited, "allows no more requests for now .*; try again later"),
        ({"drop": True}, client.HubUnreachable, "connection to http.* for acme/iris at main failed"),
        ({"truncate": 20}, client.HubUnreachable, "connection to http.* failed"),
        ({"silent": True}, client.HubTimeout, "did not finish with acme/iris at main within 0.5 s"),
        ({"dribble": 0.2}, client.HubTimeout, "did not finish with acme/iris at main within 0.5 s"),
        ({"dribble_head": 0.2}, client.HubTimeout, "did not finish with acme/iris at main within 0.5 s"),
        ({"status": 200}, client.HubMisbehaved, "as no Hub does"),
        ({"status": 418}, client.HubMisbehaved, "answered HTTP 418 for acme/iris at main"),
    ],
)
@pytest.mark.parametrize("call", ["/revision/", "/refs"])
def test_trouble_while_resolving(hub: LocalHub, commit: str, call: str, fault: dict, error: type, said: str) -> None:
    hub.fail(f"GET .*{call}", **fault)
    budget = 0.5 if "within 0.5 s" in said else hubs.QUICK
    with pytest.raises(error, match=said):
        resolve(hub, budget_seconds=budget)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"RateLimit": '"api";r=9;t=55'}, None),
    ],
)
def test_a_limit_of_requests_says_how_long(hub: LocalHub, commit: str, headers: dict, seconds: int | None) -> None:
    hub.fail("GET", status=429, headers=headers)
    with pytest.raises(client.HubRateLimited) as caught:
        resolve(hub)
    assert caught.value.retry_after == seconds
    assert caught.value.temporary


def test_a_pause_longer_than_the_budget_is_not_waited_for(hub: LocalHub, commit: str, place: Path) -> None:
    hub.fail("HEAD .*/resolve/", status=429, headers={"Retry-After": "300"})
    with pytest.raises(client.HubRateLimited, match="try again in 300 s"):
        pull(hub, commit, place, budget_seconds=60)


def test_nobody_listens(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(client.HubUnreachable, match=f"connection to {address} for acme/iris at main failed"):
        client.resolve(endpoint=address, repo_id=REPO, revision="main", token=None, budget_seconds=hubs.QUICK)


LARGE, SMALL = "/objects/", "/resolve/.*/config.json"


@pytest.mark.parametrize("file", [LARGE, SMALL])
@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ({"corrupt": True}, client.DamagedDownload, "arrived damaged"),
        ({"shorten": 1}, client.DamagedDownload, "another length"),
        ({"truncate": 1}, client.HubUnreachable, "connection to http.* failed"),
        ({"drop": True}, client.HubUnreachable, "connection to http.* failed"),
        ({"silent": True}, client.HubTimeout, "did not finish with .* within 0.5 s"),
        ({"status": 503}, client.HubUnavailable, "HTTP 503"),
        ({"status": 403}, client.HubRefused, "HTTP 403"),
    ],
)
def test_trouble_while_pulling(
    hub: LocalHub, commit: str, place: Path, file: str, fault: dict, error: type, said: str
) -> None:
    hub.fail(f"GET .*{file}", **fault)
    budget = 0.5 if "within 0.5 s" in said else hubs.QUICK
    with pytest.raises(error, match=said) as caught:
        pull(hub, commit, place, budget_seconds=budget)
    assert f"{REPO} at {commit}" in str(caught.value)
    assert list(place.iterdir()) == []


def test_a_length_that_is_short_everywhere_is_noticed(hub: LocalHub, commit: str, place: Path) -> None:
    hub.fail("(GET|HEAD) .*/background.csv", shorten=2)
    with pytest.raises(client.DamagedDownload, match=r"background.csv of acme/iris at \w+ arrived damaged"):
        pull(hub, commit, place)


@pytest.mark.parametrize(
    ("request_line", "fault"),
    [("HEAD .*/config.json", {"status": 503}), ("GET .*/objects/", {"truncate": 100})],
)
def test_a_passing_trouble_is_outlived(hub: LocalHub, commit: str, place: Path, request_line: str, fault: dict) -> None:
    hub.fail(request_line, times=1, **fault)
    assert pull(hub, commit, place, budget_seconds=30).verified


def test_a_hub_without_digests_is_pulled_unverified(hub: LocalHub, commit: str, place: Path) -> None:
    hub.set_flags(REPO, bare=True)
    assert not pull(hub, commit, place).verified
    assert client.fingerprint(resolve(hub)) == {}


def test_a_compressed_answer_is_refused(hub: LocalHub, commit: str, place: Path) -> None:
    hub.fail("GET .*/config.json", status=200, headers={"Content-Encoding": "gzip"})
    with pytest.raises(client.HubMisbehaved, match="compressed, which was not asked for"):
        pull(hub, commit, place)


def test_a_body_that_does_not_end_is_cut() -> None:
    call = Call("http://hub", REPO, "main", None, budget=5, max_bytes=10)
    with pytest.raises(client.TooLarge, match="larger than the 10 bytes allowed"):
        call.count(11)


def test_work_that_never_asks_the_clock_is_left_behind() -> None:
    release = threading.Event()
    with pytest.raises(client.HubTimeout, match="did not finish with acme/iris at main within 0 s"):
        Call("http://hub", REPO, "main", None, budget=0).run(lambda: release.wait(20))
    release.set()


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "https://elsewhere/objects/1", {}),
        ("GET", "https://storage/objects/1", {"Authorization": "Bearer x"}),
        ("POST", "https://storage/objects/1", {}),
        ("PUT", "https://storage/objects/1", {}),
        ("GET", "http://storage:443/objects/1", {}),
        ("GET", "https://hub:8443/api", {}),
    ],
)
def test_what_may_not_leave(method: str, url: str, headers: dict[str, str]) -> None:
    storage = {"https://storage:443", "http://storage:443"}
    call = Call("https://hub", REPO, "main", None, budget=5, storage=storage)
    call.before(httpx2.Request("GET", "https://storage/objects/1"))
    with pytest.raises(client.HubMisbehaved, match="that request was not made"):
        call.before(httpx2.Request(method, url, headers=headers))


def test_a_body_is_not_read_beyond_the_budget() -> None:
    with pytest.raises(client.HubTimeout, match="did not finish with acme/iris at main within 0 s"):
        Call("http://hub", REPO, "main", None, budget=0).count(1)


def test_a_bad_card_is_said(hub: LocalHub, source: Path) -> None:
    hub.fail("POST /api/validate-yaml", status=400)
    with pytest.raises(client.HubRefused, match="does not accept the card of acme/iris"):
        publish(hub, source)


def test_a_file_to_publish_must_be_there(hub: LocalHub, source: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        publish(hub, source, files=["nothing.json"])
    assert hub.requests == []
