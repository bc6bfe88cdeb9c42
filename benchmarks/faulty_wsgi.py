"""The product with a trapdoor, for gunicorn in tests and measurements: a header names where the process is to die.

    X-Crash: computed     the answer is known, nothing is stored
             inserted     the rows are in the transaction, nothing is committed
             committing   COMMIT is on its way, nobody has heard of its end
             committed    the rows are stored, nobody but the database knows
             replying     the whole answer is made, and its first byte not sent

Nothing of it is in the product: the seams are patched here, in this process.
"""

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from futurisys.postgresql.base import Connection
from futurisys.wsgi import application as product
from predictions.models.prediction import PredictionQuerySet

# In this order: before them a retry is a new call, after them a replay. Of "committing" it may be either.
LOST, UNKNOWN, KEPT = ("computed", "inserted"), ("committing",), ("committed", "replying")
POINTS = LOST + UNKNOWN + KEPT
_now = threading.local()
_record, _commit = PredictionQuerySet.record, Connection.commit


def _die_at(*points: str) -> None:
    if getattr(_now, "point", "") in points:
        os._exit(70)


def record(self: Any, rows: Any) -> None:
    """The INSERT of the answers."""
    _die_at("computed")
    _record(self, rows)
    _now.recorded = True
    _die_at("inserted")


def commit(self: Any) -> None:
    """The COMMIT of what was inserted; other transactions pass."""
    if getattr(_now, "recorded", False) and _now.point == "committing":
        self.pgconn.send_query(b"COMMIT")
        self.pgconn.flush()
        os._exit(70)
    _commit(self)
    if getattr(_now, "recorded", False):
        _die_at("committed")


PredictionQuerySet.record, Connection.commit = record, commit  # type: ignore[method-assign]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What gunicorn serves."""
    _now.point, _now.recorded = environ.get("HTTP_X_CRASH", ""), False
    answer = product(environ, start_response)
    _die_at("replying")
    return answer
