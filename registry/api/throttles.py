"""A share of the server for each token: fairness between callers, no defence.

Counted in each web process on its own (Django's cache, which is the process's memory unless it is set to another):
a caller gets at most as many times the share as there are processes.
"""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW = 60  # seconds


class ShareThrottle(BaseThrottle):
    """So many calls a minute and token (or user of a session) in the scope of the view; settings.API_CALLS_PER_MINUTE."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this call still belongs to the share; who has not said who it is has none of its own."""
        most = settings.API_CALLS_PER_MINUTE[view.throttle_scope]
        who = getattr(request.auth, "pk", None) or getattr(request.user, "pk", None)
        if not most or who is None:
            return True
        key = f"share:{view.throttle_scope}:{who}:{int(time.time()) // WINDOW}"
        if cache.add(key, 1, WINDOW):
            return True
        return bool(cache.incr(key) <= most)

    def wait(self) -> float:
        """Seconds until the next window begins."""
        return WINDOW - time.time() % WINDOW
