"""Logs as one JSON object a line. Never a field value of a person: messages are constants, extras are ids."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# What the request that is being answered is called: request_id, and trace_id if its caller sent one.
about_request: ContextVar[dict[str, str]] = ContextVar("about_request", default={})  # noqa: B039 - never changed

# Keys of a WSGI environment, which the application and its server share.
ROUTE, NAMED = "futurisys.route", "futurisys.named"

# PostgreSQL's details repeat the values of the row it refused; in a message they may be quoted, on one line.
_DETAIL = re.compile(r"DETAIL:.*?(?=(?:\n|\\n)(?:CONTEXT|HINT|LINE|SQL statement|\n)|\Z)", re.DOTALL)
_TRACE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "server_time", "taskName"}
# Celery's `data` holds the arguments of a task, such as an address.
_PLAIN = (str, int, float, bool, type(None))
_LEFT_OUT = "DETAIL: (left out)"


class JSONFormatter(logging.Formatter):
    """timestamp, level, logger, message, whatever `extra` held that is plain, and which request or task it was."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": _DETAIL.sub(_LEFT_OUT, _message(record)),
        }
        entry |= {
            key: value for key, value in vars(record).items() if key not in _STANDARD and isinstance(value, _PLAIN)
        }
        entry |= about_request.get() or _of(getattr(record, "request", None)) | _task()
        if record.exc_info:
            entry["exception"] = _DETAIL.sub(_LEFT_OUT, self.formatException(record.exc_info))
        return json.dumps(entry, default=str, ensure_ascii=False)


def named(request_id: str, traceparent: str) -> dict[str, str]:
    """What lines about a request carry. `traceparent`: the header, "" without one."""
    trace = _TRACE.fullmatch(traceparent)
    return {"request_id": request_id, "trace_id": trace[1]} if trace else {"request_id": request_id}


def route_of(request: Any) -> str:
    """The pattern of a request's path: the path itself may hold the key of a person's record."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "(no page)"


def _message(record: logging.LogRecord) -> str:
    request = getattr(record, "request", None)
    if record.name != "django.request" or request is None or not isinstance(record.args, tuple):
        return record.getMessage()
    path = getattr(request, "path", None)
    told = tuple(route_of(request) if arg == path else arg for arg in record.args)
    return str(record.msg) % told


def _of(request: Any) -> dict[str, str]:
    """The same, once the answer is made: Django logs a refusal at the very end."""
    named: dict[str, str] = getattr(request, "META", {}).get(NAMED, {})
    return named


def _task() -> dict[str, str]:
    """The task that a worker is at; nothing is imported for it."""
    celery = sys.modules.get("celery")
    task = celery.current_task if celery else None
    if not task:
        return {}
    return {"task": str(task.name), "task_id": str(task.request.id)}
