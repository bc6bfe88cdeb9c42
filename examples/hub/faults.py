"""How the loopback Hub can be made to fail: rules matched against "METHOD /path?query"."""

import re
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Fault:
    """What happens to a request whose "METHOD /path?query" the pattern is found in.

    `status` with `headers` and `body` answers at once; the others let the real answer be made and then
    harm it. `times` = None means for ever.
    """

    pattern: str
    times: int | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = field(default_factory=lambda: {"error": "made to fail"})  # sent as JSON with the status
    delay: float = 0.0  # seconds before anything is answered
    silent: bool = False  # read the request, never answer
    drop: bool = False  # read the request, close the connection
    truncate: int | None = None  # announce the whole length, send this many bytes, close
    shorten: int = 0  # announce and send this many bytes fewer: nothing on the wire looks wrong
    corrupt: bool = False  # flip one bit in the middle of the body
    dribble: float = 0.0  # seconds between two bytes of the body
    dribble_head: float = 0.0  # seconds between two bytes of the status line and headers


class Faults:
    """The rules in force; the first one that matches and is not used up wins."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a rule in force."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self._rules.clear()

    def take(self, request: str) -> Fault | None:
        """The rule for this request, counted as used."""
        with self._lock:
            for rule in self._rules:
                if rule.times != 0 and re.search(rule.pattern, request):
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return None
