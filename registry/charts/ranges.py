"""Values with their intervals under each other, on one axis."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.bars import SMALLEST
from registry.texts import svg_percent


@dataclass(frozen=True)
class Range:
    """A value and its interval; `note` says why there is none, `count` of how many it is, in words."""

    title: str
    value: float | None
    low: float | None
    high: float | None
    count: str = ""
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Ranged:
    """A row as it is drawn; `amount` is empty where there is no value, `span` and `width` where there is no interval."""

    title: str
    url: str
    count: str
    note: str
    amount: str
    span: str
    mark_x: str
    x: str
    width: str
    text: str


@dataclass(frozen=True)
class Ranges:
    """Rows on one axis; `ticks` are what stands at its beginning, middle and end."""

    rows: list[Ranged]
    ticks: list[str]
    level: str
    level_x: str
    has_spans: bool
    summary: str


def ranges(
    rows: Sequence[Range],
    *,
    low: float = 0.0,
    high: float = 1.0,
    say: Callable[[float], str],
    level: float | None = None,
) -> Ranges:
    """The rows in the order they were given, on an axis from `low` to `high`; what lies outside stands at its edge.

    `say` writes a value, `level` is a dashed line through all rows. What is no finite number counts as None.
    """
    drawn = [_drawn(row, low, high, say) for row in rows]
    return Ranges(
        rows=drawn,
        ticks=[say(low), say((low + high) / 2), say(high)],
        level="" if level is None else say(level),
        level_x="" if level is None or not low <= level <= high else svg_percent(_at(level, low, high)),
        has_spans=any(row.span for row in drawn),
        summary=_summary(rows, say),
    )


def _drawn(row: Range, low: float, high: float, say: Callable[[float], str]) -> Ranged:
    value, start, end = (_finite(number) for number in (row.value, row.low, row.high))
    amount = "" if value is None else say(value)
    span, x, width = "", "", ""
    if value is not None and start is not None and end is not None:
        span = _("%(low)s to %(high)s") % {"low": say(start), "high": say(end)}
        length = max(_at(end, low, high) - _at(start, low, high), SMALLEST)
        x, width = svg_percent(min(_at(start, low, high), 100 - length)), svg_percent(length)
    mark_x = "" if value is None else svg_percent(_at(value, low, high))
    text = ", ".join(part for part in (amount or _("no number"), span, row.count, row.note) if part)
    return Ranged(row.title, row.url, row.count, row.note, amount, span, mark_x, x, width, text)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _at(value: float, low: float, high: float) -> float:
    return 100 * min(max((value - low) / ((high - low) or 1), 0.0), 1.0)


def _summary(rows: Sequence[Range], say: Callable[[float], str]) -> str:
    known = [(value, row.title) for row in rows if (value := _finite(row.value)) is not None]
    if not known:
        return _("No numbers yet.")
    if len(known) == 1:
        return _("%(amount)s: %(title)s.") % {"amount": say(known[0][0]), "title": known[0][1]}
    lowest, highest = min(known), max(known)
    words = {"low": say(lowest[0]), "at_low": lowest[1], "high": say(highest[0]), "at_high": highest[1]}
    return _("Lowest %(low)s (%(at_low)s), highest %(high)s (%(at_high)s).") % words
