"""A PostgreSQL URL as Django's connection settings."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Milliseconds. No call may wait for ever: not for a host, a lock, a statement or an idle transaction. After these: what
# nobody waits for any more is not computed to its end, and the locks of a host that was cut off fall after 10 to 19 s
# (keepalives in seconds; nothing on unix sockets).
TIMEOUTS = (
    "-c statement_timeout=30000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000"
    " -c client_connection_check_interval=2000 -c tcp_user_timeout=10000"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3"
)
# Seconds (the last: milliseconds). A host that vanished is noticed by the kernel, also where nobody waits for an answer;
# unix sockets have none of it. What the kernel cannot notice, futurisys.postgresql does.
REACH = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connection_settings(url: str) -> dict[str, Any]:
    """Settings of one alias of DATABASES from `postgresql://user:password@host:port/name?host=/socket/folder`.

    `options` of the URL come after our own ones, so that they count. Raises ImproperlyConfigured with a sentence; the URL
    itself is not repeated, it holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name; PostgreSQL is the only database."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "futurisys.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": query.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": None,
        "OPTIONS": {**REACH, **query, "options": f"{TIMEOUTS} {query.get('options', '')}".strip()},
    }
