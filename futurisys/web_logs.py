"""What gunicorn itself logs, in the form of all other lines: `gunicorn --logger-class futurisys.web_logs.JSONLogger`.

A line for each request comes with `--access-logfile -`, also by GUNICORN_CMD_ARGS. It names the route instead of the path,
and neither the query nor who asked: they may hold what belongs to a person.
"""

from datetime import timedelta
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from futurisys import logs


class JSONLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger class."""

    def setup(self, cfg: Any) -> None:
        """Called when it starts, and when its configuration is read again."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(logs.JSONFormatter())

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """A line about a request that was answered, if they were asked for."""
        if not self.access_log_enabled:
            return
        told = {
            "method": environ.get("REQUEST_METHOD", ""),
            "route": environ.get(logs.ROUTE, "(no page)"),
            "status": int(str(resp.status).split(None, 1)[0]),
            "bytes": getattr(resp, "sent", None),
            "seconds": round(request_time.total_seconds(), 6),
        }
        self.access_log.info("request", extra=told | environ.get(logs.NAMED, {}))

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Without its arguments, which are the address that was asked for."""
        self.error_log.exception(str(msg).partition("%")[0].strip() if args else msg, **kwargs)

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Without what a malformed request said, and who sent it."""
        is_about_one = str(msg).startswith("Invalid request from ip=")
        self.error_log.warning("Invalid request" if is_about_one else msg, *args, **kwargs)
