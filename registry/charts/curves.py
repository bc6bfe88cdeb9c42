"""A curve: how one number follows another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.ticks import tick
from registry.texts import svg_percent


@dataclass(frozen=True)
class Line:
    """A curve inside its frame; `points` are in hundredths of the frame, from its upper left corner."""

    points: str
    x_low: str
    x_high: str
    y_low: str
    y_high: str
    here: tuple[str, str] | None
    here_x: str
    here_y: str
    band: tuple[str, str] | None
    band_x: str
    band_width: str
    threshold: str
    threshold_y: str
    rows: list[tuple[str, str]]
    summary: str


def line(
    xs: Sequence[float],
    ys: Sequence[float],
    *,
    x_low: float,
    x_high: float,
    y_low: float = 0.0,
    y_high: float = 1.0,
    here: tuple[float, float] | None = None,
    band: tuple[float, float] | None = None,
    threshold: float | None = None,
    percent: bool = True,
    unit: str = "",
) -> Line:
    """The curve through the points, in the order of `xs`; what is no number is left out, and the rest clipped.

    `percent`: the ys are shares from 0 to 1, shown as percentages. `unit` follows the xs. `here` is the case the page
    is about, `band` the range of xs that the model saw, `threshold` a y.
    """
    across, down = _Axis(x_low, x_high), _Axis(y_low, y_high)
    known = sorted((x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(x) and math.isfinite(y))
    rows = [(_x(x, unit), tick(y, percent=percent)) for x, y in known]
    low, high = (across.at(band[0]), across.at(band[1])) if band else (0.0, 0.0)
    return Line(
        points=" ".join(f"{across.at(x):.2f},{100 - down.at(y):.2f}" for x, y in known),
        x_low=_x(x_low, unit),
        x_high=_x(x_high, unit),
        y_low=tick(y_low, percent=percent),
        y_high=tick(y_high, percent=percent),
        here=(_x(here[0], unit), tick(here[1], percent=percent)) if here else None,
        here_x=svg_percent(across.at(here[0])) if here else "",
        here_y=svg_percent(100 - down.at(here[1])) if here else "",
        band=(_x(band[0], unit), _x(band[1], unit)) if band else None,
        band_x=svg_percent(low),
        band_width=svg_percent(high - low),
        threshold="" if threshold is None else tick(threshold, percent=percent),
        threshold_y="" if threshold is None else svg_percent(100 - down.at(threshold)),
        rows=rows,
        summary=_summary(rows, known),
    )


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    def at(self, value: float) -> float:
        """Percent of the way from low to high, never beyond."""
        return 100 * min(max((value - self.low) / ((self.high - self.low) or 1), 0.0), 1.0)


def _x(value: float, unit: str) -> str:
    return f"{tick(value, percent=False)} {unit}".strip()


def _summary(rows: Sequence[tuple[str, str]], known: Sequence[tuple[float, float]]) -> str:
    if not rows:
        return _("No points yet.")
    lowest = rows[min(range(len(known)), key=lambda index: known[index][1])]
    highest = rows[max(range(len(known)), key=lambda index: known[index][1])]
    ends = {"low": lowest[1], "at_low": lowest[0], "high": highest[1], "at_high": highest[0]}
    return _("From %(low)s at %(at_low)s to %(high)s at %(at_high)s.") % ends
