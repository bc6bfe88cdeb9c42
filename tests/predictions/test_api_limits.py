"""Pages that nobody offers, filters that nobody knows, and a share of the server for each token."""

import base64
import random
import string
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver

from registry.api import throttles
from registry.api.base import ApiView, TaggedView
from registry.models import ModelVersion
from tests.predictions.histories import ask

LIST = "/api/v1/predictions"
LISTS = [LIST, "/api/v1/models/iris/versions", "/api/v1/datasets/flowers/records", "/api/v1/batches"]
LISTS += ["/api/v1/models/iris/ledger", "/api/v1/models", "/api/v1/datasets"]
SCOPES = {"predict", "read", "write", "files"}
# What an error of the ORM or of the database would say.
SAID_BY_ORM = ("keyword", "resolve", "choices are", "field", "select", "lookup", "column", "syntax", "queryset", "sql")


@pytest.fixture
def key(administrator: User, token: Any) -> str:
    return str(token(administrator))


def get(key: str, path: str, query: str = "") -> HttpResponse:
    client = Client(raise_request_exception=False)
    return client.get(f"{path}?{query}" if query else path, headers={"authorization": key})


# Pages (T55)


def coded(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


SIZES = ["1000000000", "0", "-1", "x", "201", "1e2", "٣", "", " 5", "5.0", "0x10", "1" * 5000, "null", "+5", "²"]
POSITIONS = [
    *["", "+", "-", "+x", "x", "+12", "-12", "+-1", "+" + "9" * 40, "+\x00", "+%00", "+None", "+0198", "+' OR 1=1--"],
    *[
        "+" + "a" * 31,
        "+" + "g" * 36,
        "++",
        "--",
        "+é",
        "+\u202e",
        "+{}",
        "+[]",
        "+urn:uuid:",
        "p=x",
        "o=-1",
        "o=99999999999",
    ],
    *["r=abc", "r=1", "o=10&r=1", "p=%00", "r=1&p=x", "o=1000000000000&p=0198c1a0-0000-7000-8000-000000000000"],
    *["cD0x", "+2026-01-01", "+1;DROP TABLE x", "+NaN", "+1e309", "+\n", "+" + "0" * 36, "-" + "-" * 36],
]
CURSORS = [
    *[coded(position) for position in POSITIONS],
    *[coded(bytes([43, number])) for number in (0x80, 0xC0, 0xFF)],
    *["", "%", "====", "a", "a b", "é", "\x00", "\ud800", "..", "-", "_", "null", "A" * 1_000_000, "A" * 3, "+/=="],
    *[coded("+" + "1" * 2_000), coded("+" * 1_500), base64.b64encode(b"p=0198").decode(), "cj0xJnA9MjAyNg=="],
]


def _sent() -> Iterator[str]:
    yield from (urlencode({"page_size": size}) for size in SIZES)
    yield from ("cursor=" + quote(cursor, safe="", errors="surrogatepass") for cursor in CURSORS)
    yield from ("offset=10", "offset=1000000000000", "limit=10", "page=2", "page=-1", "page_size=5&page_size=200")
    yield from ("cursor=a&cursor=b", "page_size[]=5", "PAGE_SIZE=5", "cursor", "page_size")
    yield from (
        urlencode({"cursor": coded(f"+{uuid.UUID(int=number)}"), "page_size": 1000}) for number in (0, 2**128 - 1)
    )
    yield from (f"cursor={coded(sign + str(2**power))}" for power in (31, 62, 63, 64, 100) for sign in "+-")
    yield from (urlencode({"page_size": size}) for size in ("1;2", "5%", "-0", "1_0", "ten"))


ABUSES = list(_sent())


def test_there_are_a_hundred_ways_to_ask_for_a_wrong_page() -> None:
    assert len(ABUSES) >= 100


@pytest.mark.parametrize("path", [LIST, "/api/v1/batches", "/api/v1/datasets/flowers/records"])
def test_a_wrong_page_is_400_and_never_500(flowers, iris: ModelVersion, administrator, key: str, path: str) -> None:
    flowers(3)
    ask(administrator, 3)
    wrong = []
    for query in ABUSES:
        response = get(key, path, query)
        if response.status_code not in {200, 400} or len(response.json().get("results", ())) > 200:
            wrong.append((query[:80], response.status_code))
        if response.status_code == 200 and "page_size" in query and "cursor" not in query:
            wrong.append((query[:80], 200))
    assert wrong == []


def test_a_wrong_page_names_its_parameter(iris: ModelVersion, key: str, problem) -> None:
    for name, value in (("page_size", "0"), ("cursor", "x"), ("cursor", coded("+x"))):
        body = problem(get(key, LIST, urlencode({name: value})), 400, "invalid_input")
        assert [error["field"] for error in body["errors"]] == [name]


def test_at_the_ends_of_all_numbers_there_is_a_page(iris: ModelVersion, administrator, key: str) -> None:
    ask(administrator, 3)
    for number, sign, expected in ((0, "+", 0), (0, "-", 3), (2**128 - 1, "+", 3), (2**128 - 1, "-", 0)):
        cursor = coded(f"{sign}{uuid.UUID(int=number)}")
        body = get(key, LIST, urlencode({"cursor": cursor})).json()
        assert len(body["results"]) == expected
    assert body["next"] is not None, "who is ahead of the newest comes back to it"


def test_two_hundred_is_the_most(iris: ModelVersion, administrator, key: str) -> None:
    for _part in range(5):
        ask(administrator, 50)
    body = get(key, LIST, "page_size=200").json()
    assert (len(body["results"]), body["next"] is None) == (200, False)


def test_more_parameters_than_anybody_reads(iris: ModelVersion, key: str) -> None:
    assert get(key, LIST, "&".join(f"a{number}=1" for number in range(2_000))).status_code == 400


# Names of filters (T60)


def names(count: int, seed: int) -> Iterator[str]:
    """Names as people guess them: of fields and lookups of the ORM, of SQL, and noise."""
    chance = random.Random(seed)
    words = ["id", "pk", "user", "user_id", "password", "version", "model", "inputs", "label", "score", "salt", "batch"]
    words += ["created_at", "ordering", "order_by", "sort", "fields", "q", "search", "limit", "offset", "_connector"]
    joints, ends = (
        ["__", ".", "-", "[", "%20", ":"],
        ["", "__in", "__regex", "__contains", "__lt", "__isnull", "[]", "--"],
    )
    noise = string.printable + "éß漢\u202e\U0001f600'\""
    for _number in range(count):
        kind = chance.random()
        if kind < 0.7:
            parts = chance.choices(words, k=chance.randint(1, 3))
            yield chance.choice(["", "-", "_"]) + chance.choice(joints).join(parts) + chance.choice(ends)
        else:
            yield "".join(chance.choices(noise, k=chance.randint(1, 30)))


def assert_unknown(key: str, count: int, seed: int) -> None:
    wrong = []
    for number, name in enumerate(names(count, seed)):
        path = LISTS[number % len(LISTS)]
        if name in {"model", "version", "label", "user", "batch", "before", "after", "status", "q", "search", "limit"}:
            continue  # some list may know it
        response = get(key, path, f"{quote(name, safe='')}={quote(chance_value(number))}")
        text = " ".join(error["message"] for error in response.json()["errors"]).lower() + response.json()["detail"]
        if response.status_code != 400 or any(word in text for word in SAID_BY_ORM):
            wrong.append((path, name, response.status_code, text))
    assert wrong == []


def chance_value(number: int) -> str:
    return ["1", "", "-id", "password", "' OR 1=1", "user__password"][number % 6]


def test_no_list_takes_names_that_it_does_not_know(flowers, iris: ModelVersion, key: str) -> None:
    flowers(1)
    assert_unknown(key, 500, 20261121)


@pytest.mark.long
def test_no_list_takes_names_that_it_does_not_know_long(flowers, iris: ModelVersion, key: str) -> None:
    flowers(1)
    assert_unknown(key, 5_000, 20261122)


def test_an_unknown_name_is_told(iris: ModelVersion, key: str, problem) -> None:
    body = problem(get(key, LIST, "order_by=-user__password"), 400, "invalid_input")
    assert [(error["field"], error["code"]) for error in body["errors"]] == [("order_by", "unknown_parameter")]


# Shares


@pytest.fixture(autouse=True)
def _fresh_shares() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def share(settings: Any) -> Any:
    """`share(read=2)`: so many calls a minute, and the minute has just begun."""

    def set_to(**most: int) -> None:
        settings.API_CALLS_PER_MINUTE = {**dict.fromkeys(SCOPES, 1_000), **most}
        left = throttles.WINDOW - time.time() % throttles.WINDOW
        if left < 20:
            time.sleep(left)

    return set_to


def test_who_asks_too_often_is_told_when_to_come_back(iris: ModelVersion, key: str, share, problem) -> None:
    share(read=3)
    assert [get(key, LIST).status_code for _call in range(3)] == [200, 200, 200]
    response = get(key, LIST)
    problem(response, 429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= throttles.WINDOW


def test_each_token_and_each_scope_has_its_own_share(iris, key: str, analyst: User, token, share) -> None:
    share(read=1, write=2)
    other, client = token(analyst), Client()
    assert [get(key, LIST).status_code, get(key, LIST).status_code] == [200, 429]
    assert get(other, LIST).status_code == 200
    assert get(token(analyst), LIST).status_code == 200, "another token of the same person"
    sent = {"headers": {"authorization": key}, "content_type": "application/json", "data": {}}
    found = [client.post("/api/v1/outcomes", **sent).status_code for _call in range(3)]
    assert found == [400, 400, 429]


def test_a_session_has_a_share_too(iris: ModelVersion, person: Client, share) -> None:
    share(read=1)
    assert [person.get(LIST).status_code, person.get(LIST).status_code] == [200, 429]


def test_nought_switches_a_share_off(iris: ModelVersion, key: str, share) -> None:
    share(read=0)
    assert {get(key, LIST).status_code for _call in range(5)} == {200}


def test_who_has_no_token_is_sent_away_and_counted_nowhere(iris: ModelVersion, share, db) -> None:
    share(read=1)
    assert {Client().get(LIST).status_code for _call in range(3)} == {401}


def test_the_next_minute_begins_anew(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = dict.fromkeys(SCOPES, 1)
    now = [6_000_059.9]
    monkeypatch.setattr(throttles.time, "time", lambda: now[0])

    class Caller:
        auth, user = None, User(pk=7)

    def asked() -> tuple[bool, float]:
        throttle = throttles.ShareThrottle()
        allowed = throttle.allow_request(Caller(), ApiView())  # type: ignore[arg-type]
        now[0] += 0.3 if not allowed else 0  # the answer is written after the turn of the minute
        return allowed, throttle.wait()

    now[0] = 60 * 100_001 - 0.1
    assert asked()[0]
    refused, wait = asked()
    assert (refused, 0 < wait < 1) == (False, True)
    assert asked()[0]


def test_calls_at_once_are_all_counted() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(lambda _call: throttles.counted("share:test"), range(200)))
    assert found == list(range(1, 201))


def test_a_share_that_is_forgotten_meanwhile_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles.cache, "add", lambda *args: False)
    assert throttles.counted("share:gone") == 1


# Every view of the API


def views(patterns: Any = None) -> Iterator[tuple[str, Any]]:
    for found in get_resolver().url_patterns if patterns is None else patterns:
        if not isinstance(found, URLPattern):
            yield from views(found.url_patterns)
        elif view := getattr(found.callback, "cls", None):
            yield str(found.name), view


def api_views() -> dict[str, Any]:
    from rest_framework.views import APIView

    return {name: view for name, view in views() if issubclass(view, APIView)}


def test_every_view_of_the_api_counts_to_a_share() -> None:
    found = api_views()
    asked_by_machines = {name for name, view in found.items() if not issubclass(view, ApiView)}
    assert len(found) > 25
    assert asked_by_machines <= {"api-hook-huggingface", "metrics", "api-schema"}
    scopes = {name: view.throttle_scope for name, view in found.items() if issubclass(view, ApiView)}
    assert {name: scope for name, scope in scopes.items() if scope not in SCOPES} == {}
    assert {name: scope for name, scope in scopes.items() if name.endswith("predict") and scope != "predict"} == {}
    wants = {"api-decision": "write", "api-outcomes": "write", "api-predictions": "read"}
    assert {name: scopes[name] for name in wants} == wants


# Tags


def tagged() -> list[str]:
    return [name for name, view in api_views().items() if issubclass(view, TaggedView)]


def test_what_somebody_has_already_is_not_sent_again(iris: ModelVersion, key: str) -> None:
    assert "api-models" in tagged()
    first = get(key, "/api/v1/models")
    known = {"authorization": key, "if-none-match": first["ETag"]}
    again = Client().get("/api/v1/models", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert [again[name] for name in ("ETag", "Cache-Control")] == [first[name] for name in ("ETag", "Cache-Control")]
    assert again.get("Vary") == first.get("Vary")
    assert again["X-Request-ID"]
    assert first["Cache-Control"] == "private, no-cache"
    stale = Client().get("/api/v1/models", headers=known | {"if-none-match": '"other"'})
    assert (stale.status_code, stale.content) == (200, first.content)


def test_a_head_has_the_tag_and_no_body(iris: ModelVersion, key: str) -> None:
    first = get(key, "/api/v1/models")
    head = Client().head("/api/v1/models", headers={"authorization": key})
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", first["ETag"])
    known = {"authorization": key, "if-none-match": first["ETag"]}
    assert Client().head("/api/v1/models", headers=known).status_code == 304
    assert Client().head(LIST, headers={"authorization": key}).status_code == 200


def test_who_is_sent_away_gets_no_tag(iris: ModelVersion, key: str, problem) -> None:
    etag = get(key, "/api/v1/models")["ETag"]
    refused = Client().get("/api/v1/models", headers={"if-none-match": etag})
    problem(refused, 401, "not_authenticated")
    assert "ETag" not in refused
    wrong = get(key, "/api/v1/models", "nothing=1")
    assert (wrong.status_code, "ETag" in wrong, wrong["Cache-Control"]) == (400, False, "no-store")
    assert Client().get("/api/v1/models", headers={"if-none-match": "*"}).status_code == 401
