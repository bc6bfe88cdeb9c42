"""What was said against what happened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.charts.ticks import tick
from registry.texts import figure, svg_percent

SMALLEST, LARGEST = 1.4, 3.4  # of a point's radius, in hundredths of the frame
BAR = 3.6  # percent of the width
LOWEST = 6.0  # percent of the height of the bars


@dataclass(frozen=True)
class Seen:
    """`count` answers that said `said` on average; of them a share `seen`, within `low` to `high`, came true."""

    said: float
    seen: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Spot:
    """A point as it is drawn: its whisker, and a bar for how many it stands for."""

    x: str
    y: str
    radius: str
    high_y: str
    low_y: str
    bar_x: str
    bar_y: str
    bar_height: str
    said: str
    seen: str
    span: str
    count: str


@dataclass(frozen=True)
class Reliability:
    """Points about a diagonal from 0 to 1; `bar_width` is that of the bars below."""

    points: list[Spot]
    ticks: list[str]
    bar_width: str
    total: str
    summary: str


def reliability(points: Sequence[Seen]) -> Reliability:
    """The points from the lowest score to the highest; those of no answers are left out."""
    known = sorted((point for point in points if point.count > 0 and _is_known(point)), key=lambda point: point.said)
    most = max((point.count for point in known), default=1)
    return Reliability(
        points=[_spot(point, most) for point in known],
        ticks=[tick(share, percent=True) for share in (0.0, 0.5, 1.0)],
        bar_width=svg_percent(BAR),
        total=figure(sum(point.count for point in known), grouped=True),
        summary=_summary(known),
    )


def _is_known(point: Seen) -> bool:
    return all(math.isfinite(number) for number in (point.said, point.seen, point.low, point.high))


def _spot(point: Seen, most: int) -> Spot:
    height = max(100 * point.count / most, LOWEST)
    words = {"low": tick(point.low, percent=True), "high": tick(point.high, percent=True)}
    return Spot(
        x=svg_percent(_at(point.said)),
        y=svg_percent(100 - _at(point.seen)),
        radius=f"{max(LARGEST * math.sqrt(point.count / most), SMALLEST):.1f}",
        high_y=svg_percent(100 - _at(point.high)),
        low_y=svg_percent(100 - _at(point.low)),
        bar_x=svg_percent(min(max(_at(point.said) - BAR / 2, 0), 100 - BAR)),
        bar_y=svg_percent(100 - height),
        bar_height=svg_percent(height),
        said=tick(point.said, percent=True),
        seen=tick(point.seen, percent=True),
        span=_("%(low)s to %(high)s") % words,
        count=figure(point.count, grouped=True),
    )


def _at(share: float) -> float:
    return 100 * min(max(share, 0.0), 1.0)


def _summary(known: Sequence[Seen]) -> str:
    if not known:
        return _("No points yet.")
    within = sum(point.low <= point.said <= point.high for point in known)
    far = max(known, key=lambda point: abs(point.seen - point.said))
    words = {
        "within": figure(within),
        "total": figure(len(known)),
        "said": tick(far.said, percent=True),
        "seen": tick(far.seen, percent=True),
        "count": figure(far.count, grouped=True),
    }
    text = _("For %(within)s of %(total)s points the diagonal lies within the interval.")
    most = _("Furthest from it: %(said)s were said and %(seen)s came true, of %(count)s.")
    return f"{text} {most}" % words
