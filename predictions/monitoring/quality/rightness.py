"""How right answers were, where the outcome is known: measures with 95 % intervals. See docs/quality.md."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from predictions.monitoring.drift import windows
from predictions.monitoring.drift.windows import Window
from predictions.monitoring.quality import class_measures, intervals, value_measures
from predictions.monitoring.quality.intervals import Interval, wilson
from predictions.monitoring.quality.measure import KNOWN, OF_CLASS, Measure
from predictions.monitoring.rollups.reading import Slice
from predictions.monitoring.rollups.tally import Tally
from registry.charts import Point
from registry.texts import figure

__all__ = ["KNOWN", "OF_CLASS", "Measure", "headline", "measures", "right_series"]


def measures(tally: Tally) -> list[Measure]:
    """All measures that a model of its kind has, the plainest (accuracy, or mae) first."""
    found = class_measures.of(tally) if tally.layout.classes else value_measures.of(tally)
    return [replace(one, known=tally["outcomes"]) for one in found]


def plainest(tallies: Sequence[Tally]) -> tuple[int, float, Interval] | None:
    """Of versions of one kind together: outcomes known, and accuracy or mean absolute error; None for too few."""
    if tallies and tallies[0].layout.classes:
        counts = [class_measures.matrix(one) for one in tallies]
        n, right = sum(int(one.sum()) for one in counts), sum(int(one.trace()) for one in counts)
        return None if n < KNOWN else (n, right / n, wilson(right, n))
    n = sum(one["outcomes"] for one in tallies)
    if n < KNOWN:
        return None
    size, squared = (sum(one.sum(name) for one in tallies) / n for name in ("absolute", "squared"))
    return n, size, intervals.of_size(size, (squared - size * size) / (n - 1), n)


def known(tallies: Sequence[Tally]) -> int:
    """How many outcomes are known."""
    return sum(one["outcomes"] for one in tallies)


def headline(tallies: Sequence[Tally], *, promised: float | None = None, unit: str = "") -> str:
    """The answer to "Is it right?" in one sentence; `promised`: what was measured when it was tested."""
    found, count = plainest(tallies), known(tallies)
    if found is None:
        words = {"needed": figure(KNOWN, grouped=True), "known": figure(count, grouped=True)}
        return _("Not known yet: needs %(needed)s outcomes, has %(known)s.") % words
    say = of_hundred if tallies[0].layout.classes else digits
    _n, value, (low, high) = found
    words = {"value": say(value), "low": say(low), "high": say(high)}
    words |= {"promised": "" if promised is None else say(promised), "unit": f"\u00a0{unit}" if unit else ""}
    if tallies[0].layout.classes:
        said = _("Of 100 answers whose outcome is known, %(value)s were right (%(low)s to %(high)s).") % words
    else:
        said = (
            _("Answers whose outcome is known were off by %(value)s%(unit)s on average (%(low)s to %(high)s).") % words
        )
    return said if promised is None else f"{said} {_('When it was tested: %(promised)s.') % words}"


def of_hundred(share: float) -> str:
    """`84` of a share from 0 to 1; with a decimal near both ends, which are only said of what is always so."""
    value = 100 * share
    if 1 < value < 99 or value in {0, 100}:
        return figure(round(value))
    return figure(min(max(round(value, 1), 0.1), 99.9))


def digits(value: float) -> str:
    """Three digits, as pages say the manifest's metrics."""
    return figure(float(f"{value:.3g}"), grouped=True) if math.isfinite(value) else "∞"


def right_series(
    slices: Sequence[Slice], stretches: Sequence[Window], *, url: Callable[[Window], str] = lambda _window: ""
) -> list[Point]:
    """Accuracy (a share), or mean absolute error, in each window of the answers' days, with its interval."""
    groups: list[list[Tally]] = [[] for _one in stretches]
    for one in slices:
        day = one.start.date() if hasattr(one.start, "date") else one.start
        groups[windows.place(stretches, day)].append(one.tally)
    return [_point(window, group, url) for window, group in zip(stretches, groups, strict=True)]


def _point(window: Window, tallies: Sequence[Tally], url: Callable[[Window], str]) -> Point:
    found = plainest(tallies)
    if found is None:
        note = _("needs %(needed)s, has %(count)s") % {"needed": KNOWN, "count": figure(known(tallies), grouped=True)}
        return Point(window.title, None, note=note)
    _n, value, (low, high) = found
    return Point(window.title, value, low=low, high=high, url=url(window))
