"""A line of a log: one JSON object, which says what it is about, and nothing of a person."""

import json
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory

from futurisys import logs
from futurisys.logs import JSONFormatter
from futurisys.web_logs import JSONLogger

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def line(message: str = "told", *args: Any, name: str = "futurisys", **extra: Any) -> dict[str, Any]:
    record = logging.getLogger(name).makeRecord(name, logging.ERROR, __file__, 1, message, args, None, extra=extra)
    text = JSONFormatter().format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_it_says_when_how_bad_who_and_what() -> None:
    found = line("two\nlines")
    assert found.pop("timestamp").endswith("+00:00")
    assert found == {"level": "ERROR", "logger": "futurisys", "message": "two\nlines"}


def test_ids_are_kept_and_what_holds_more_is_not() -> None:
    """Celery adds the arguments of a task, an address among them."""
    found = line("Task received", version=3, data={"kwargs": "{'email': 'ada@example.org'}"})
    assert found["version"] == 3
    assert "ada" not in json.dumps(found)


@pytest.mark.parametrize(
    "message",
    [
        "duplicate key\nDETAIL:  Key (name)=(Ada) already exists.\nCONTEXT:  COPY",
        "raised unexpected: IntegrityError('duplicate key\\nDETAIL:  Key (name)=(Ada) already exists.')",
    ],
)
def test_details_of_a_refused_row_are_left_out_of_messages(message: str) -> None:
    assert "DETAIL: (left out)" in line(message)["message"]
    assert "Ada" not in line(message)["message"]


def test_lines_of_a_request_carry_its_ids() -> None:
    token = logs.about_request.set(logs.named("one", f"00-{TRACE}-00f067aa0ba902b7-01"))
    try:
        found = line()
    finally:
        logs.about_request.reset(token)
    assert (found["request_id"], found["trace_id"]) == ("one", TRACE)
    assert "request_id" not in line()


@pytest.mark.parametrize("header", ["", "00-x", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01"])
def test_a_trace_that_is_none_is_left_out(header: str) -> None:
    assert logs.named("one", header) == {"request_id": "one"}


@pytest.mark.parametrize("match", [SimpleNamespace(route="records/<path:key>"), None])
def test_a_path_is_told_as_its_route(match: Any) -> None:
    """The key of a record may be a name."""
    request = RequestFactory().get("/records/Ada-Lovelace")
    request.resolver_match = match
    found = line("Not Found: %s", request.path, name="django.request", request=request, status_code=404)
    assert found["message"] == f"Not Found: {'/records/<path:key>' if match else '(no page)'}"
    assert found["status_code"] == 404


def gunicorn() -> JSONLogger:
    """Its logger class; it takes hold of the streams when it is made."""
    settings = {"loglevel": "info", "accesslog": "-", "errorlog": "-", "syslog": False, "capture_output": False}
    settings |= dict.fromkeys(("logconfig", "logconfig_dict", "logconfig_json"))
    return JSONLogger(SimpleNamespace(**settings))


def test_a_request_is_a_line_without_who_asked_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/history/?q=Ada", "REMOTE_ADDR": "192.0.2.7"}
    environ |= {logs.ROUTE: "/history/", logs.NAMED: {"request_id": "one"}}
    gunicorn().access(SimpleNamespace(status="200 OK", sent=12), None, environ, timedelta(milliseconds=5))
    found = json.loads(capsys.readouterr().out)
    assert found.pop("timestamp")
    assert found == {
        "level": "INFO",
        "logger": "gunicorn.access",
        "message": "request",
        "method": "GET",
        "route": "/history/",
        "status": 200,
        "bytes": 12,
        "seconds": 0.005,
        "request_id": "one",
    }


def test_what_gunicorn_could_not_do_is_told_without_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    web = gunicorn()
    web.warning("Invalid request from ip=192.0.2.7: Invalid HTTP request line: '/?q=Ada'")
    web.exception("Error handling request %s", "/?q=Ada")
    web.warning("Worker with pid %s was terminated", 3)
    said = [json.loads(text)["message"] for text in capsys.readouterr().err.splitlines()]
    assert said == ["Invalid request", "Error handling request", "Worker with pid 3 was terminated"]
