"""A share of the server for each token: fairness between callers, no defence.

Counted in each web process on its own (Django's cache, which is the process's memory unless it is set to another):
a caller gets at most as many times the share as there are processes, and around the turn of a minute twice that.
"""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW = 60  # seconds
TRIES = 3


class ShareThrottle(BaseThrottle):
    """So many calls a minute and token (or user of a session) in the scope of the view; settings.API_CALLS_PER_MINUTE."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this call still belongs to the share; who has not said who it is has none of its own."""
        self.now = time.time()
        most = settings.API_CALLS_PER_MINUTE[view.throttle_scope]
        who = getattr(request.auth, "pk", None) or getattr(request.user, "pk", None)
        if not most or who is None:
            return True
        return counted(f"share:{view.throttle_scope}:{who}:{int(self.now) // WINDOW}") <= most

    def wait(self) -> float:
        """Seconds until the next window begins, from when the call was counted."""
        return WINDOW - self.now % WINDOW


def counted(key: str) -> int:
    """Which call of its window this one is."""
    for _try in range(TRIES):
        if cache.add(key, 1, 2 * WINDOW):
            return 1
        try:
            return int(cache.incr(key))
        except ValueError:  # forgotten between the two lines: the cache was full, or the call waited for long
            continue
    return 1
