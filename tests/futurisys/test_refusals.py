"""What is refused before or without a view: in the shape of its door, on a connection that goes on."""

import gzip
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.servers import Server
from tests.worlds import IRIS

PROBLEM = "application/problem+json"


@pytest.fixture
def server(database_environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    server = Server(database_environment, tmp_path)
    server.until_ready()
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.mark.django_db(transaction=True)
def test_a_refused_body_leaves_the_connection_usable(server: Server, analyst: User, token) -> None:
    known = {"Authorization": token(analyst)}
    body = b"x" * 600_000
    refusals = [
        ("POST", "/api/v1/predict", {"Content-Type": "application/json"}, 401),
        ("POST", "/api/v1/predict", {"Content-Type": "text/plain", **known}, 415),
        ("POST", "/api/v1/models", known, 405),
        ("POST", "/api/v1/nothing", known, 404),
        ("POST", "/health", {}, 405),
        ("POST", "/v2/models/nothing/infer", {"Content-Type": "text/plain"}, 401),
    ]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for _round in range(3):
        for verb, path, headers, status in refusals:
            connection.request(verb, path, body, headers)
            answer = connection.getresponse()
            assert answer.status == status, (path, answer.read())
            answer.read()
            place = connection.sock
            assert place is not None
            connection.request("GET", "/health/live")
            assert connection.getresponse().read() == b'{"status": "ok"}'
            assert connection.sock is place, f"after {status} of {path} the connection was closed"
    connection.close()


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd"])
def test_a_compressed_body_is_named_as_such(db: None, analyst: User, token, encoding: str) -> None:
    body = gzip.compress(json.dumps({"model": "iris", "inputs": IRIS}).encode())
    headers = {"authorization": token(analyst), "content-encoding": encoding}
    response = Client().post("/api/v1/predict", body, "application/json", headers=headers)
    assert (response.status_code, response["Content-Type"]) == (415, PROBLEM)
    assert response.json()["detail"] == "Send the body as it is, without compression."


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/api/v1/schema"])
def test_405_of_a_plain_view_is_a_problem_too(db: None, path: str) -> None:
    response = Client().post(path)
    assert (response.status_code, response["Content-Type"]) == (405, PROBLEM)
    assert "GET" in response["Allow"]
    assert response.json()["code"] == "method_not_allowed"


def test_405_of_a_page_stays_as_it_was(db: None) -> None:
    response = Client().get("/logout")
    assert response.status_code == 405
    assert response["Content-Type"].startswith("text/html")
