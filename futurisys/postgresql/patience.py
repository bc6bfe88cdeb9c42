"""How long this thread still waits for the database.

statement_timeout is the server's own promise. A server that is cut off, stopped in a debugger or behind a proxy that
lost it keeps none, and TCP may be satisfied all the same: somebody acknowledges what is sent. So the client counts too.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds for one statement where nobody said at_most(): a little more than the server's own statement_timeout.
LONGEST = 35.0
LEAST = 0.05


class _Left(threading.local):
    seconds: float | None = None


_left = _Left()


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Inside, all waits of this thread for the database together take at most so long; None sets no limit.

    Only waiting counts: what is computed between two statements does not.
    """
    before, _left.seconds = _left.seconds, seconds
    try:
        yield
    finally:
        _left.seconds = before


def next_wait() -> float:
    """Seconds that the next statement may take."""
    left = _left.seconds
    return LONGEST if left is None else max(LEAST, min(left, LONGEST))


def is_spent() -> bool:
    """Whether this thread has waited as long as it may."""
    return _left.seconds is not None and _left.seconds <= 0


def spend(seconds: float) -> None:
    """So long was waited."""
    if _left.seconds is not None:
        _left.seconds -= seconds
