"""One number after the other along time: how many, how fast, how good."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _

from registry.charts.axes import Axis, Ends, axis, ends
from registry.charts.marks import Mark, Marks, flagged, told
from registry.texts import figure, svg_percent

LOWEST = 1.5  # percent of the height; less cannot be seen
WIDEST = 12.0  # percent of the width; few bars are no walls
GAP = 0.2  # of a bar's width
MANY = 100  # bars without gaps between them; not even those that a screen rounds into being
SEAM = 0.05  # percent of the width
DOTTED = 31  # points that get a dot each

Place = tuple[float, "Point"]


@dataclass(frozen=True)
class Point:
    """One stretch of time. `low` to `high` is the band around the amount; `note` says why there is no amount."""

    title: str
    amount: float | None
    low: float | None = None
    high: float | None = None
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Gap:
    """A stretch without a number."""

    x: str
    width: str


class Row(NamedTuple):
    """A point as the table has it; `amount` is empty where there is none, `span` where it has no band.

    A tuple, which a template takes apart in one step: a page has hundreds of them.
    """

    title: str
    amount: str
    span: str
    url: str
    note: str


@dataclass(frozen=True)
class OverTime:
    """A picture over time. Paths are in hundredths of the frame; `ticks` are (title, y), the highest first."""

    form: str
    bars: str
    curve: str
    dots: str
    band: str
    whiskers: str
    gaps: list[Gap]
    gap_note: str
    base_y: str
    ticks: list[tuple[str, str]]
    ends: Ends
    marks: Marks
    level: str
    level_y: str
    level_title: str
    rows: list[Row]
    has_spans: bool
    nothing: str
    summary: str


def over_time(
    points: Sequence[Point],
    *,
    form: Literal["bars", "line"],
    say: Callable[[float], str],
    marks: Sequence[Mark] = (),
    bottom: float = 0.0,
    top: float | None = None,
    level: float | None = None,
    level_title: str = "",
    summary: str = "",
) -> OverTime:
    """The points from the earliest to the latest, in columns of equal width; marks are shares of the whole width.

    `say` writes an amount. The axis goes from `bottom` (or lower, where an amount does) to `top`, or to a round number
    above them. `level` is a dashed line. Without a `summary` one is made. What is no finite number counts as None.
    """
    clean = [_clean(point) for point in points]
    heights = _axis(clean, bottom, top, level)
    places = [(100 * (index + 0.5) / len(clean), point) for index, point in enumerate(clean)]
    runs = [list(run) for is_known, run in groupby(places, lambda place: place[1].amount is not None) if is_known]
    spans, lines = _spans(places, heights), flagged(marks)
    is_bars = form == "bars"
    return OverTime(
        form=form,
        bars=_bars(places, heights) if is_bars else "",
        curve="" if is_bars else "".join(_path((x, heights.down(_of(point))) for x, point in run) for run in runs),
        dots="" if is_bars else _dots(runs, heights, len(clean)),
        band="" if is_bars else _band(spans),
        whiskers=_whiskers(spans if is_bars else [span for span in spans if len(span) == 1]),
        gaps=_gaps(clean),
        gap_note=_gap_note(clean),
        base_y=svg_percent(heights.down(0)),
        ticks=[(say(tick), svg_percent(heights.down(tick))) for tick in reversed(heights.ticks)],
        ends=ends([point.title for point in clean]),
        marks=lines,
        level="" if level is None else say(level),
        level_y=svg_percent(heights.down(level)) if level is not None and _within(level, heights) else "",
        level_title=level_title,
        rows=[_row(point, say) for point in clean],
        has_spans=any(_span(point) for point in clean),
        nothing="" if runs else _nothing(clean),
        summary=" ".join(part for part in (summary or _summary(clean, say), told(lines)) if part),
    )


def _clean(point: Point) -> Point:
    amount, low, high = (
        value if value is not None and math.isfinite(value) else None for value in (point.amount, point.low, point.high)
    )
    return replace(point, amount=amount, low=low, high=high)


def _of(point: Point) -> float:
    return point.amount or 0.0


def _span(point: Point) -> tuple[float, float] | None:
    if point.amount is None or point.low is None or point.high is None:
        return None
    return point.low, point.high


def _axis(points: Sequence[Point], bottom: float, top: float | None, level: float | None) -> Axis:
    found = [value for point in points for value in (point.amount, *(_span(point) or ())) if value is not None]
    return axis(found if level is None else [*found, level], bottom, top)


def _within(level: float, heights: Axis) -> bool:
    return heights.low <= level <= heights.high


# Shapes. One path holds them all: a year of bars stays small.


def _bars(places: Sequence[Place], heights: Axis) -> str:
    each = 100 / (len(places) or 1)
    width = each + SEAM if len(places) > MANY else min(each * (1 - GAP), WIDEST)
    base = heights.down(0)
    return "".join(
        f"M{x - width / 2:.2f} {base:.2f}V{_tip(_of(point), base, heights):.2f}h{width:.2f}V{base:.2f}z"
        for x, point in places
        if point.amount
    )


def _tip(amount: float, base: float, heights: Axis) -> float:
    tip = heights.down(amount)
    return min(tip, base - LOWEST) if amount > 0 else max(tip, base + LOWEST)


def _path(corners: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in corners)


def _dots(runs: Sequence[Sequence[Place]], heights: Axis, number: int) -> str:
    last = runs[-1][-1:] if runs else []
    shown = [place for run in runs for place in run] if number <= DOTTED else [*_alone(runs), *last]
    return "".join(f"M{x:.2f} {heights.down(_of(point)):.2f}h0" for x, point in shown)


def _alone(runs: Sequence[Sequence[Place]]) -> list[Place]:
    return [run[0] for run in runs if len(run) == 1]


def _spans(places: Sequence[Place], heights: Axis) -> list[list[tuple[float, float, float]]]:
    """Stretches of (x, upper y, lower y) in which every point has a band."""
    found = []
    for has_span, stretch in groupby(places, lambda place: _span(place[1]) is not None):
        if has_span:
            spans = [(x, _span(point) or (0.0, 0.0)) for x, point in stretch]
            found.append([(x, heights.down(high), heights.down(low)) for x, (low, high) in spans])
    return found


def _band(spans: Iterable[Sequence[tuple[float, float, float]]]) -> str:
    edges = [
        [*((x, upper) for x, upper, _lower in span), *((x, lower) for x, _upper, lower in reversed(span))]
        for span in spans
        if len(span) > 1
    ]
    return "".join(f"{_path(edge)}z" for edge in edges)


def _whiskers(spans: Iterable[Sequence[tuple[float, float, float]]]) -> str:
    return "".join(f"M{x:.2f} {upper:.2f}V{lower:.2f}" for span in spans for x, upper, lower in span)


def _gaps(points: Sequence[Point]) -> list[Gap]:
    each, found, start = 100 / (len(points) or 1), [], 0
    for is_gap, stretch in groupby(points, lambda point: point.amount is None):
        length = len(list(stretch))
        if is_gap:
            found.append(Gap(svg_percent(start * each), svg_percent(length * each)))
        start += length
    return found


# Words


def _gap_note(points: Sequence[Point]) -> str:
    notes = {point.note for point in points if point.amount is None}
    note = notes.pop() if len(notes) == 1 else ""
    return _("No number: %(note)s") % {"note": note} if note else _("No number")


def _nothing(points: Sequence[Point]) -> str:
    note = next((point.note for point in reversed(points) if point.note), "")
    return _("No numbers yet: %(note)s.") % {"note": note} if note else _("No numbers yet.")


def _row(point: Point, say: Callable[[float], str]) -> Row:
    span = _span(point)
    words = _("%(low)s to %(high)s") % {"low": say(span[0]), "high": say(span[1])} if span else ""
    return Row(point.title, "" if point.amount is None else say(point.amount), words, point.url, point.note)


def _summary(points: Sequence[Point], say: Callable[[float], str]) -> str:
    known = [(_of(point), point.title) for point in points if point.amount is not None]
    if not known:
        return _nothing(points)
    lowest, highest = min(known, key=lambda one: one[0]), max(known, key=lambda one: one[0])
    words = {"low": say(lowest[0]), "at_low": lowest[1], "high": say(highest[0]), "at_high": highest[1]}
    words |= {"last": say(known[-1][0]), "at_last": known[-1][1], "first": known[0][1]}
    if len(known) == 1:
        text = _("%(last)s (%(at_last)s).") % words
    elif lowest[0] == highest[0]:
        text = _("Always %(last)s, from %(first)s to %(at_last)s.") % words
    else:
        text = _("Lowest %(low)s (%(at_low)s), highest %(high)s (%(at_high)s), last %(last)s (%(at_last)s).") % words
    missing = len(points) - len(known)
    of = {"count": figure(missing), "total": figure(len(points))}
    return f"{text} {_('Without a number: %(count)s of %(total)s.') % of}" if missing else text
