"""Two application hosts on one PostgreSQL and one RabbitMQ: no artefact, count or session lies on a disk they share.

As root each is a network namespace, and what is cut is its link (networks.py). Figures of a run: docs/scaling.md.
"""

import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from benchmarks import killing
from predictions.models import Batch, IdempotencyKey, Prediction
from registry import promotions
from registry.models import Artifact, LedgerEntry
from tests.scaling.conftest import World
from tests.scaling.hosts import Answer, Host
from tests.scaling.networks import NETWORK

pytestmark = [pytest.mark.integration, pytest.mark.allow_hosts(["127.0.0.1", NETWORK])]
ROWS = 16_000
SEED = 8_221_121
PATIENCE = 5  # seconds: on a quiet machine less than one is enough
QUESTION = {"model": "iris", "inputs": killing.IRIS}


def ask(host: Host, world: World, **headers: str) -> Answer:
    return host.post("/api/v1/predict", QUESTION, Authorization=world.key, **headers)


def sent(host: Host, world: World, rows: int, seed: int) -> Batch:
    """A file that was handed in at this host, and runs by itself."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("flowers.csv", killing.flowers(rows, seed))
    form = encode_multipart(BOUNDARY, {"model": "iris", "key": "flower", "file": file})
    answer = host.ask("POST", "/api/v1/batches", form, Content_Type=MULTIPART_CONTENT, Authorization=world.key)
    assert answer.status == 202, answer
    return Batch.objects.latest("created_at")


def until(done: Callable[[], object], seconds: float, what: Callable[[], object]) -> float:
    """How long it took until it was done."""
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds, what()
        time.sleep(0.05)
    return time.monotonic() - begun


def is_over(batch: Batch) -> bool:
    batch.refresh_from_db()
    return batch.is_over


def exact(batch: Batch, rows: int) -> None:
    """Each row of the file has one outcome."""
    found = killing.outcome(batch)
    rejected = -(-rows // killing.BAD)
    assert (found.status, found.outcomes, found.different, found.rejected) == ("done", rows, rows, rejected)
    assert Prediction.objects.filter(batch=batch).count() == rows - rejected


def test_each_host_answers_with_a_model_that_came_from_the_database(hosts: list[Host], world: World) -> None:
    for host in hosts:
        answer = ask(host, world)
        assert (answer.status, answer.json["version"]) == (200, 1), host.tail()
    first, second = (host.cached() for host in hosts)
    assert set(first) == set(second) == set(Artifact.objects.filter(sha256__in=first).values_list("sha256", flat=True))
    assert first
    assert all(file.stat().st_ino != second[digest].stat().st_ino for digest, file in first.items())


def test_both_hosts_work_on_one_file(hosts: list[Host], world: World) -> None:
    before = [host.answered("batch") for host in hosts]
    batch = sent(hosts[0], world, ROWS, SEED)
    seconds = until(lambda: is_over(batch), 90, lambda: (batch.status, batch.reason, hosts[0].tail(), hosts[1].tail()))
    exact(batch, ROWS)
    shares = [host.answered("batch") - earlier for host, earlier in zip(hosts, before, strict=True)]
    print(f"{ROWS} rows in {seconds:.1f} s, answered by the hosts: {shares}")
    assert min(shares) > 0
    assert sum(shares) == Prediction.objects.filter(batch=batch).count()


def test_what_a_host_had_in_hand_when_it_was_cut_off_is_taken_over(hosts: list[Host], world: World) -> None:
    staying, leaving = hosts
    batch = sent(staying, world, ROWS, SEED + 1)
    until(lambda: stopped_in_the_middle(leaving, batch), 60, leaving.tail)
    leaving.link.cut()
    leaving.signal(signal.SIGCONT)
    try:
        seconds = until(lambda: is_over(batch), 90, lambda: (batch.status, batch.reason, staying.tail()))
    finally:
        leaving.link.mend()
    print(f"ended {seconds:.1f} s after the cut, {batch.resumed} pieces taken over")
    assert batch.resumed >= 1
    exact(batch, ROWS)
    until(lambda: answers_again(leaving, world), 60, leaving.tail)
    time.sleep(3)  # what it still had in hand comes too late
    exact(batch, ROWS)


def stopped_in_the_middle(host: Host, batch: Batch) -> bool:
    """Stop a host; whether it has a piece of the run in hand. If not it goes on."""
    host.signal(signal.SIGSTOP)
    leases, before = batch.chunks.filter(status="checked").exclude(lease=None).values_list("lease", flat=True), set()
    if batch.chunks.filter(status="done").exists():
        before = set(leases)
        time.sleep(0.5)  # the other one is through with its own
    if before & set(leases.all()):
        return True
    host.signal(signal.SIGCONT)
    return False


def answers_again(host: Host, world: World) -> bool:
    try:
        return ask(host, world).status == 200
    except OSError:
        return False


class Clients:
    """Somebody asks each host without a pause; when which version answered, on the monotonic clock."""

    def __init__(self, hosts: list[Host], world: World) -> None:
        self.seen: list[list[tuple[float, Any]]] = [[] for _ in hosts]
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(len(hosts))
        for host, seen in zip(hosts, self.seen, strict=True):
            self._pool.submit(self._loop, host, world, seen)

    def _loop(self, host: Host, world: World, seen: list[tuple[float, Any]]) -> None:
        while not self._stop.is_set():
            answer = ask(host, world)
            seen.append((time.monotonic(), answer.json["version"] if answer.status == 200 else answer.json["code"]))

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()

    def have_seen(self, since: float, new: object) -> bool:
        """Whether the new state was seen on each host."""
        return all(any(at > since and what == new for at, what in list(seen)) for seen in self.seen)

    def reached(self, since: float, new: object) -> list[tuple[float, float]]:
        """For each host: when the new state was first seen there, and when the old one was seen last."""
        found = []
        for seen in self.seen:
            first = min((at for at, what in seen if at > since and what == new), default=float("inf"))
            last = max((at for at, what in seen if at > since and what != new), default=since)
            found.append((first - since, last - since))
        return found


def test_a_promotion_and_a_stop_reach_both_hosts(hosts: list[Host], world: World) -> None:
    for host in hosts:
        assert ask(host, world).status == 200
    one, two = world.versions
    steps: list[tuple[Callable[[], object], object]] = []
    for version in (two, one):
        promote = {"model": world.model, "version": version, "by": world.administrator, "reason": "it is measured"}
        steps.append((lambda promote=promote: promotions.request(**promote), version.number))
    stop = {"model": world.model, "by": world.administrator, "reason": "it is measured"}
    steps.append((lambda: promotions.suspend(**stop), "model_suspended"))
    steps.append((lambda: promotions.resume(**stop), 1))
    with Clients(hosts, world) as clients:
        for step, new in steps:
            step()
            since = time.monotonic()  # it has committed
            until(lambda since=since, new=new: clients.have_seen(since, new), PATIENCE, hosts[0].tail)
            time.sleep(0.5)  # whoever still answers as before
            for first, last in clients.reached(since, new):
                print(f"{new}: first seen after {first * 1000:.0f} ms, the old one last after {last * 1000:.0f} ms")
                assert max(first, last) < PATIENCE
    told = Prediction.objects.filter(ledger_entry=None, batch=None).count()
    assert told == 0
    assert LedgerEntry.objects.latest("number").answers


def test_who_logged_in_at_one_host_is_known_to_the_other(hosts: list[Host], world: World) -> None:
    """Sessions are in the database, and one SECRET_KEY signs for all."""
    from django.test import Client

    person = Client()
    person.force_login(world.analyst)
    session = f"session={person.cookies['session'].value}"
    for host in hosts:
        assert host.get("/history/", Cookie=session).status == 200
    page = hosts[0].get("/history/", Cookie=session)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    cookie = next(text.split(";")[0] for text in page.headers.get_all("Set-Cookie", []) if text.startswith("csrf="))
    assert token is not None
    form, kind = f"csrfmiddlewaretoken={token[1]}".encode(), "application/x-www-form-urlencoded"
    left = hosts[1].ask("POST", "/logout", form, Cookie=f"{session}; {cookie}", Content_Type=kind)
    assert left.status == 302, left
    assert [host.get("/history/", Cookie=session).status for host in hosts] == [302, 302]


def test_one_key_sent_to_both_hosts_at_once_is_one_record(hosts: list[Host], world: World) -> None:
    def answers(key: str, pool: ThreadPoolExecutor) -> set[str]:
        calls = [pool.submit(ask, host, world, Idempotency_Key=key) for host in hosts for _ in range(2)]
        found = [call.result() for call in calls]
        assert {answer.status for answer in found} <= {200, 409}, found
        return {answer.json["request_id"] for answer in found if answer.status == 200}

    with ThreadPoolExecutor(2 * len(hosts)) as pool:
        told = [answers(f"scaling-{number}", pool) for number in range(20)]
    assert [len(requests) for requests in told] == [1] * 20
    kept = IdempotencyKey.objects.filter(key__startswith="scaling-").values_list("request_id", flat=True)
    assert sorted(map(str, kept)) == sorted(request for requests in told for request in requests)
    assert Prediction.objects.filter(request_id__in=kept).count() == 20
