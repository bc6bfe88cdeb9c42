"""/metrics: what Prometheus reads, who may, and that every process is counted."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from predictions import metrics as asked
from registry import metrics as imported
from registry.metric_files import Places
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from tests.predictions.files import submitted, work_off
from tests.servers import Server
from tests.worlds import IRIS, ROOT

AWAY = {"REMOTE_ADDR": "192.0.2.7"}
DASHBOARD = ROOT / "docs" / "grafana" / "futurisys.json"


def read(text: str) -> dict[str, float]:
    """Each sample by its name and labels, labels in the order of the alphabet."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()  # type: ignore[union-attr]
            told = ",".join(sorted(re.findall(r'[^,=]+="[^"]*"', labels or "")))
            found[f"{name}{{{told}}}" if told else name] = float(value)
    return found


def now() -> dict[str, float]:
    return read(Client().get("/metrics").content.decode())


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


@pytest.fixture
def ask(analyst: User, token: Callable[[User], str]) -> Callable[..., Any]:
    headers = {"authorization": token(analyst)}
    return lambda body: Client().post("/api/v1/predict", body, "application/json", headers=headers)


def counted(outcome: str, source: str = "api") -> str:
    return f'futurisys_predictions_total{{model="iris",outcome="{outcome}",source="{source}",version="1"}}'


# -- what is counted


@pytest.mark.django_db(transaction=True)
def test_rows_are_counted_by_what_came_of_them(iris: ModelVersion, ask, monkeypatch) -> None:
    before = now()
    assert ask({"model": "iris", "inputs": [IRIS] * 3}).status_code == 200
    bad = IRIS | {"sepal_length": "tall"}
    assert ask({"model": "iris", "inputs": [bad, IRIS]}).status_code == 400
    assert ask({"model": "iris", "inputs": [bad, IRIS], "partial": True}).status_code == 200
    found = grown(before, now())
    assert found[counted("answered")] == 4
    assert found[counted("refused")] == 3  # two of the call that was refused whole, one of the other
    assert counted("failed") not in found
    assert found['futurisys_prediction_duration_seconds_count{model="iris"}'] == 2
    assert found['futurisys_prediction_duration_seconds_sum{model="iris"}'] > 0


@pytest.mark.django_db(transaction=True)
def test_what_the_runtime_could_not_answer_is_counted(iris: ModelVersion, ask, monkeypatch) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeFailed("It broke.", kind="answer")

    before = now()
    monkeypatch.setattr("predictions.actions._scores", fail)
    assert ask({"model": "iris", "inputs": [IRIS] * 2}).status_code == 503
    found = grown(before, now())
    assert found[counted("failed")] == 2
    assert counted("answered") not in found


@pytest.mark.django_db(transaction=True)
def test_a_replay_is_no_new_prediction(iris: ModelVersion, analyst: User, token) -> None:
    headers = {"authorization": token(analyst), "idempotency-key": "once"}
    body = {"model": "iris", "inputs": IRIS}
    before = now()
    for _time in range(3):
        assert Client().post("/api/v1/predict", body, "application/json", headers=headers).status_code == 200
    assert grown(before, now())[counted("answered")] == 1


@pytest.mark.django_db(transaction=True)
def test_rows_of_a_file_are_counted_when_it_is_over(iris: ModelVersion, analyst: User) -> None:
    before = now()
    submitted(iris, analyst, 20, changes={3: {"sepal_length": "tall"}, 7: {"petal_width": "wide"}})
    assert not [name for name in grown(before, now()) if "batch_rows" in name]
    work_off()
    work_off()  # as a message that came twice would
    found = grown(before, now())
    assert found['futurisys_batch_rows_total{result="answered"}'] == found[counted("answered", "batch")] == 18
    assert found['futurisys_batch_rows_total{result="rejected"}'] == 2


def test_who_is_in_charge_is_told(iris: ModelVersion) -> None:
    labels = f'commit="{iris.commit}",model="iris",runtime="onnx",version="1"'
    assert now()[f"futurisys_model_info{{{labels}}}"] == 1


def test_counts_are_told_while_the_database_is_away(monkeypatch) -> None:
    from django.db import OperationalError

    def away() -> None:
        raise OperationalError

    monkeypatch.setattr("futurisys.metrics.serving.promoted_names", away)
    response = Client().get("/metrics")
    assert response.status_code == 200
    assert b"# TYPE futurisys_predictions_total counter" in response.content


# -- who may look


@pytest.mark.parametrize(
    ("more", "headers", "status"),
    [
        ({}, {}, 200),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
        (AWAY, {}, 401),
        ({"REMOTE_ADDR": ""}, {}, 401),  # a unix socket: whoever is behind it
        ({}, {"x-forwarded-for": "192.0.2.7"}, 401),
        ({}, {"forwarded": "for=192.0.2.7"}, 401),
        ({}, {"accept": "application/json"}, 401),
        (AWAY, {"authorization": "Bearer a-token-of-prometheus"}, 200),
        (AWAY, {"authorization": "Bearer a-token-of-prometheus", "accept": "application/json"}, 403),
        (AWAY, {"authorization": "Bearer another-token-of-it"}, 401),
        (AWAY, {"authorization": "Bearer "}, 401),
        (AWAY, {"authorization": "Token fut_nobodys_token_0000000000"}, 401),
    ],
)
def test_only_users_the_scraper_and_this_machine_may_look(db: None, settings, more, headers, status) -> None:
    settings.METRICS_TOKEN = "a-token-of-prometheus"
    response = Client().get("/metrics", headers=headers, **more)
    assert response.status_code == status
    if status != 200:
        assert response["Content-Type"] == "application/problem+json"
        assert b"futurisys_" not in response.content


def test_without_a_token_of_its_own_there_is_none(db: None, settings) -> None:
    settings.METRICS_TOKEN = ""
    for sent in ("Bearer ", "Bearer"):
        assert Client().get("/metrics", headers={"authorization": sent}, **AWAY).status_code == 401


def test_behind_a_proxy_this_machine_is_everybody(db: None, settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert Client().get("/metrics").status_code == 401


def test_a_users_token_opens_both_kinds(iris: ModelVersion, analyst: User, token) -> None:
    headers = {"authorization": token(analyst)}
    assert b"futurisys_model_info" in Client().get("/metrics", headers=headers, **AWAY).content
    scores = Client().get("/metrics", headers={**headers, "accept": "application/json"}, **AWAY).json()
    assert scores["iris"]["version"] == 1


def test_openmetrics_for_who_asks_for_it(db: None) -> None:
    response = Client().get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


# -- places of processes

TAKE = """
import os, sys, time
from pathlib import Path
from registry.metric_files import Places
places = Places(Path(sys.argv[1]))
print(places.mine(), flush=True)
if os.fork() == 0:
    print(places.mine(), flush=True)
    os._exit(0)
os.wait()
print(places.mine(), flush=True)
time.sleep(60)
"""


def test_a_place_is_one_process_and_then_another(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.mine() == places.mine() == 0
    child = subprocess.Popen([sys.executable, "-c", TAKE, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert [int(child.stdout.readline()) for _line in range(3)] == [1, 2, 1]
        assert Places(tmp_path / "other").mine() == 0
    finally:
        child.kill()
        child.communicate()
    again = subprocess.run(
        [sys.executable, "-c", TAKE.replace("sleep(60)", "sleep(0)"), tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert again.stdout.split() == ["1", "2", "1"]  # a killed process leaves its place


# -- many processes


@pytest.fixture
def server(database_environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    server = Server(database_environment, tmp_path)
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.mark.django_db(transaction=True)
def test_every_process_is_counted_also_one_that_was_killed(iris: ModelVersion, analyst: User, token, server) -> None:
    header, sent = token(analyst), 0
    server.until_ready()
    for _round in range(3):
        for _call in range(30):
            assert server.post({"model": "iris", "inputs": [IRIS] * 2}, header) == 200
            sent += 1
        for _look in range(4):  # whichever process answers
            found = read(server.get("/metrics"))
            assert found[counted("answered")] == 2 * sent
            assert found['futurisys_prediction_duration_seconds_count{model="iris"}'] == sent
        gone, *_others = server.workers()
        os.kill(gone, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while gone in server.workers() or len(server.workers()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1)  # a new process takes the calls that come while it starts
    files = list((server.folder / "metrics").glob("*.db"))
    assert len(files) <= 2 * 4, files  # two kinds in the places of two workers, of their parent, and of one to spare


# -- the dashboard


def test_the_dashboard_asks_for_what_is_counted() -> None:
    told = [imported.IMPORTS, asked.PREDICTIONS, asked.DURATION, asked.BATCH_ROWS]
    known = {name for metric in told for name in _names(metric)}
    known |= {"futurisys_model_info", "futurisys_drift_score", "futurisys_drift_limit"}
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked_for = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    used = {name for expression in asked_for for name in re.findall(r"futurisys_\w+", expression)}
    assert len(asked_for) >= 8
    assert used <= known
    assert {name for name in known if not name.endswith(("_sum", "_count"))} <= used


def _names(metric: Any) -> list[str]:
    (family,) = metric.describe()
    if family.type == "histogram":
        return [f"{family.name}_{end}" for end in ("bucket", "sum", "count")]
    return [f"{family.name}_total"]
