"""Logs as one JSON object a line. Never a field value of a person: messages are constants, extras are ids."""

import json
import logging
import re
from datetime import UTC, datetime

# PostgreSQL's details repeat the values of the row it refused.
_DETAIL = re.compile(r"DETAIL:.*?(?=\n(?:CONTEXT|HINT|LINE|SQL statement|\n)|\Z)", re.DOTALL)
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "server_time", "taskName"}


class JSONFormatter(logging.Formatter):
    """time, level, logger, message, and whatever `extra` held."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if request := getattr(record, "request", None):
            entry["request_id"] = getattr(request, "request_id", None)
        if record.exc_info:
            entry["exception"] = _DETAIL.sub("DETAIL: (left out)", self.formatException(record.exc_info))
        return json.dumps(entry, default=str, ensure_ascii=False)
