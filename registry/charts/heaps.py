"""Upright bars: how many cases lie where, and how many there were each day."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.ticks import tick
from registry.texts import figure, svg_percent

LOWEST = 2.0  # percent of the height; less cannot be seen
GAP = 0.12  # of a bar's width


@dataclass(frozen=True)
class Column:
    """One upright bar, and what it stands for."""

    x: str
    y: str
    width: str
    height: str
    title: str
    amount: str
    is_here: bool


@dataclass(frozen=True)
class Histogram:
    """How many cases lie in each stretch between `low` and `high`; empty when there are none."""

    columns: list[Column]
    low: str
    high: str
    total: str
    here: str
    here_x: str
    threshold: str
    threshold_x: str
    summary: str


def histogram(
    counts: Sequence[int],
    low: float,
    high: float,
    *,
    here: float | None = None,
    percent: bool = False,
    threshold: float | None = None,
) -> Histogram:
    """Bars of equal width over the range; with `percent` its values are shares from 0 to 1, shown as percentages.

    `here` is the case the page is about: its bar is marked, at the edge when it lies outside the range.
    """
    titles = [
        _("%(low)s to %(high)s") % {"low": tick(start, percent=percent), "high": tick(end, percent=percent)}
        for start, end in _stretches(len(counts), low, high)
    ]
    marked = None if here is None or not counts else min(int(_share(here, low, high) * len(counts)), len(counts) - 1)
    return Histogram(
        columns=_columns(counts, titles, marked),
        low=tick(low, percent=percent),
        high=tick(high, percent=percent),
        total=figure(sum(counts), grouped=True),
        here="" if here is None else tick(here, percent=percent),
        here_x="" if here is None else svg_percent(100 * _share(here, low, high)),
        threshold="" if threshold is None else tick(threshold, percent=percent),
        threshold_x="" if threshold is None else svg_percent(100 * _share(threshold, low, high)),
        summary=_summary(counts, titles, "" if here is None else tick(here, percent=percent)),
    )


def _stretches(number: int, low: float, high: float) -> list[tuple[float, float]]:
    step = (high - low) / (number or 1)
    return [(low + index * step, low + (index + 1) * step) for index in range(number)]


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / ((high - low) or 1), 0.0), 1.0)


def _summary(counts: Sequence[int], titles: Sequence[str], here: str) -> str:
    if not any(counts):
        return _("No cases yet.")
    most = titles[max(range(len(counts)), key=counts.__getitem__)]
    text = _("%(total)s cases; the most are from %(most)s.") % {
        "total": figure(sum(counts), grouped=True),
        "most": most,
    }
    return f"{text} {_('This one is at %(here)s.') % {'here': here}}" if here else text


def _columns(counts: Sequence[int], titles: Sequence[str], here: int | None) -> list[Column]:
    top, each = max([*counts, 1]), 100 / (len(counts) or 1)
    heights = [max(100 * count / top, LOWEST) if count > 0 else 0.0 for count in counts]
    return [
        Column(
            x=svg_percent((index + GAP / 2) * each),
            y=svg_percent(100 - height),
            width=svg_percent((1 - GAP) * each),
            height=svg_percent(height),
            title=title,
            amount=figure(count, grouped=True),
            is_here=index == here,
        )
        for index, (count, height, title) in enumerate(zip(counts, heights, titles, strict=True))
    ]


@dataclass(frozen=True)
class Sparkline:
    """A number a day (or whatever the labels say), oldest first; the last one is marked."""

    columns: list[Column]
    last: str
    total: str
    summary: str


def sparkline(values: Sequence[int], labels: Sequence[str] = ()) -> Sparkline:
    """Small bars without axes; `labels` name the values in the table under the picture."""
    titles = list(labels) or [str(number) for number in range(1, len(values) + 1)]
    total, last = figure(sum(values), grouped=True), figure(values[-1] if values else 0, grouped=True)
    words = {"total": total, "top": figure(max(values, default=0), grouped=True), "last": last}
    summary = _("%(total)s in all, at most %(top)s at once, %(last)s at the end.") % words
    return Sparkline(_columns(values, titles, len(values) - 1), last, total, summary)
