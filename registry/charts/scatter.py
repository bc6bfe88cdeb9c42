"""Two scores of the same cases against each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.ticks import tick
from registry.texts import figure, svg_percent

SMALLEST = 0.22  # of a cell's side
LISTED = 10


@dataclass(frozen=True)
class Moved:
    """A cell off the diagonal, in words."""

    x: str
    y: str
    count: str


@dataclass(frozen=True)
class Scatter:
    """Squares about a diagonal, in hundredths of the frame: their area is how many cases they are."""

    same: str
    moved: str
    ticks: list[str]
    threshold: str
    threshold_x: str
    threshold_y: str
    x_title: str
    y_title: str
    total: str
    rows: list[Moved]
    summary: str


def scatter(
    cells: Mapping[tuple[int, int], int], *, bins: int, x_title: str, y_title: str, threshold: float | None
) -> Scatter:
    """Counts of (bin across, bin up) on a grid of `bins` x `bins` from 0 to 1; what lies beyond is left out.

    `threshold` is a score at which both lines are drawn.
    """
    known = {place: count for place, count in cells.items() if count > 0 and all(0 <= index < bins for index in place)}
    top = max(known.values(), default=1)
    off = sorted(((count, place) for place, count in known.items() if place[0] != place[1]), key=lambda one: -one[0])
    return Scatter(
        same=_squares({place: count for place, count in known.items() if place[0] == place[1]}, bins, top),
        moved=_squares({place: count for count, place in off}, bins, top),
        ticks=[tick(share, percent=True) for share in (0.0, 0.5, 1.0)],
        threshold="" if threshold is None else tick(threshold, percent=True),
        threshold_x="" if threshold is None else svg_percent(_at(threshold)),
        threshold_y="" if threshold is None else svg_percent(100 - _at(threshold)),
        x_title=x_title,
        y_title=y_title,
        total=figure(sum(known.values()), grouped=True),
        rows=[
            Moved(_stretch(x, bins), _stretch(y, bins), figure(count, grouped=True)) for count, (x, y) in off[:LISTED]
        ],
        summary=_summary(known),
    )


def _at(share: float) -> float:
    return 100 * min(max(share, 0.0), 1.0)


def _squares(cells: Mapping[tuple[int, int], int], bins: int, top: int) -> str:
    each = 100 / (bins or 1)
    found = ""
    for (x, y), count in cells.items():
        side = each * max(math.sqrt(count / top), SMALLEST)
        left, up = each * (x + 0.5) - side / 2, 100 - each * (y + 0.5) - side / 2
        found += f"M{left:.2f} {up:.2f}h{side:.2f}v{side:.2f}h-{side:.2f}z"
    return found


def _stretch(place: int, bins: int) -> str:
    ends = {"low": tick(place / bins, percent=True), "high": tick((place + 1) / bins, percent=True)}
    return _("%(low)s to %(high)s") % ends


def _summary(known: Mapping[tuple[int, int], int]) -> str:
    if not known:
        return _("No cases yet.")
    words = {
        "total": figure(sum(known.values()), grouped=True),
        "same": figure(sum(count for (x, y), count in known.items() if x == y), grouped=True),
        "above": figure(sum(count for (x, y), count in known.items() if y > x), grouped=True),
        "below": figure(sum(count for (x, y), count in known.items() if y < x), grouped=True),
    }
    return _("Of %(total)s cases, %(same)s lie on the diagonal, %(above)s above it and %(below)s below it.") % words
