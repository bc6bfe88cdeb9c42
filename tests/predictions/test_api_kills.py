"""Web workers are killed while they answer: what was acknowledged is stored as it was told, and nothing twice.

The long form, its figures and what they prove: benchmarks/api_kills.py, docs/reliability.md.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from benchmarks import api_kills, oracle
from benchmarks.oracle import Oracle
from benchmarks.web import Web
from registry.models import ModelVersion

pytestmark = pytest.mark.django_db(transaction=True)
SEED = 20_261_122


def test_nothing_acknowledged_is_lost_whoever_is_killed(
    iris: ModelVersion, analyst: User, token, web_environment, owner_address: str, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    chosen, key = random.Random(SEED), token(analyst).removeprefix("Token ")
    with Web(web_environment, tmp_path) as web:
        with Oracle(web.address, key, tmp_path / "journals", seed=SEED) as client:
            client.wait_for(20)
            assert api_kills.kill_workers(web, client, chosen, kills=3, calls=120) == 3
            assert api_kills.kill_masters(web, client, chosen, kills=2, calls=60) == 2
            client.wait_for(20)
        found = api_kills.verdict(tmp_path / "journals", owner_address)
    assert found["faults"] == 0, (found, web.tail())
    assert found["acknowledged"] == found["sent"] >= 200, found
    assert found["again"].get("broken", 0) > 0, found  # or nobody was killed at work


@pytest.mark.long
def test_a_worker_that_dies_on_the_way_answers_the_repeated_call(
    iris: ModelVersion, analyst: User, token, web_environment, owner_address: str, tmp_path: Path
) -> None:
    key, points = token(analyst).removeprefix("Token "), [*api_kills.LOST, *api_kills.UNKNOWN, *api_kills.KEPT]
    with Web(web_environment, tmp_path, application="benchmarks.faulty_wsgi", preload=True) as web:
        api_kills.crash(web, key, tmp_path / "journals", points=points, crashes=25, seed=SEED)
    found = api_kills.verdict(tmp_path / "journals", owner_address)
    assert found["crashes"].keys() == set(points)
    assert sum(sum(how.values()) for how in found["crashes"].values()) == 25
    assert api_kills.is_right(found), (found, web.tail())


# The judge itself: what it must not overlook.


@pytest.fixture
def asked(iris: ModelVersion, call: Callable, tmp_path: Path) -> Callable[[str], dict]:
    """`asked(key)`: a call that is stored, acknowledged, and written down as the client does."""
    import json

    def one(number: int, **changes: object) -> dict:
        key = f"oracle-{number:032x}"
        trace = f"00-{oracle.trace_of(key)}-00f067aa0ba902b7-01"
        path = "/api/v1/models/iris/predict"
        response = call({"inputs": [oracle.IRIS]}, path, idempotency_key=key, traceparent=trace)
        told = {"said": "acknowledged", "key": key, "replayed": False, "point": "", "before": [], "status": 200}
        lines = [{"said": "sent", "key": key, "rows": [oracle.IRIS]}, told | {"body": response.json()} | changes]
        with (tmp_path / "0.jsonl").open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return response.json()

    return one


def test_the_judge_finds_what_is_wrong(asked, call, owner_address: str, tmp_path: Path) -> None:
    body = asked(1)
    first = body["predictions"][0]
    assert oracle.judge(tmp_path, owner_address).faults == 0
    asked(2, body=body | {"predictions": [first | {"id": body["request_id"][:-1] + "x"}]})
    asked(3, body=asked(4) | {"predictions": [first | {"label": "virginica"}]})
    asked(5, said="refused", status=500)
    found = oracle.judge(tmp_path, owner_address)
    assert (found.missing, found.refused, found.acknowledged) == (2, 1, 4), found
    call({"inputs": [oracle.IRIS]}, "/api/v1/models/iris/predict")
    assert oracle.judge(tmp_path, owner_address).strangers == 1
    twice = {"traceparent": f"00-{1:032x}-00f067aa0ba902b7-01"}
    call({"inputs": [oracle.IRIS]}, "/api/v1/models/iris/predict", **twice)
    found = oracle.judge(tmp_path, owner_address)
    assert (found.doubled, found.half) == (1, 0), found
