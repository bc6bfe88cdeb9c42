"""One measure with its interval, and how many cases it takes. See docs/quality.md."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from predictions.monitoring.quality.intervals import Interval
from registry.texts import figure

KNOWN = 20  # outcomes, below which nothing is measured
OF_CLASS = 10  # cases of a class, for what is measured on that class alone


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure on `n` cases, with the ends of its 95 % interval; all three None where there are too few: see `lack`.

    `name`: as registry.measures knows it, or "bias". `method`: how docs/quality.md calls its interval. `about`: the
    class, of what is measured on one of several. `known`: all outcomes, of which `n` are those that it is about.
    """

    name: str
    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    about: str = ""
    lack: str = ""
    known: int = 0


def measured(name: str, n: int, value: float, interval: Interval, method: str, *, about: str = "") -> Measure:
    """A measure that there is. Its interval holds it, whatever floating-point arithmetic says."""
    low, high = min(interval[0], value), max(interval[1], value)
    return Measure(name=name, n=n, value=value, low=low, high=high, method=method, about=about)


def lacking(name: str, n: int, lack: str, *, about: str = "") -> Measure:
    """A measure that there is not yet."""
    return Measure(name=name, n=n, about=about, lack=lack)


def few(known: int, *, needed: int = KNOWN, of: str = "") -> str:
    """Why there is no measure, as a sentence without its full stop; "" where there are enough.

    `of`: the class whose outcomes are counted.
    """
    if known >= needed:
        return ""
    words = {"needed": figure(needed, grouped=True), "known": figure(known, grouped=True), "outcome": of}
    if of:
        return _("Needs %(needed)s outcomes “%(outcome)s”, has %(known)s") % words
    return _("Needs %(needed)s outcomes, has %(known)s") % words
