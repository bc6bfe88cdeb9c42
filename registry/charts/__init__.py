"""The geometry of the pictures, as text for SVG attributes: a locale must never put a comma into them.

One dataclass a picture; templates/charts/ draws it, static/css/charts*.css gives it its colours.
"""

from registry.charts.bars import (
    Bar,
    Cell,
    Drawing,
    Interval,
    Scale,
    Segment,
    Step,
    TwoSidedBar,
    bar,
    drawing,
    interval,
    ribbon,
    scale,
    step,
    two_sided,
)
from registry.charts.curves import Line, line
from registry.charts.heaps import Column, Histogram, Sparkline, histogram, sparkline
from registry.charts.heat import Heat, HeatRow, Square, State, heat
from registry.charts.hundred import Hundred, hundred
from registry.charts.icons import Icon, Icons, icons
from registry.charts.marks import Mark
from registry.charts.over_time import OverTime, Point, over_time
from registry.charts.paired import Pair, Paired, paired
from registry.charts.ranges import Range, Ranges, ranges
from registry.charts.reliability import Reliability, Seen, reliability
from registry.charts.scatter import Scatter, scatter
from registry.charts.shares import Part, Shares, shares
from registry.charts.timelines import Moment, Timeline, TimelineEvent, Tone, timeline

__all__ = [
    "Bar",
    "Cell",
    "Column",
    "Drawing",
    "Heat",
    "HeatRow",
    "Histogram",
    "Hundred",
    "Icon",
    "Icons",
    "Interval",
    "Line",
    "Mark",
    "Moment",
    "OverTime",
    "Pair",
    "Paired",
    "Part",
    "Point",
    "Range",
    "Ranges",
    "Reliability",
    "Scale",
    "Scatter",
    "Seen",
    "Segment",
    "Shares",
    "Sparkline",
    "Square",
    "State",
    "Step",
    "Timeline",
    "TimelineEvent",
    "Tone",
    "TwoSidedBar",
    "bar",
    "drawing",
    "heat",
    "histogram",
    "hundred",
    "icons",
    "interval",
    "line",
    "over_time",
    "paired",
    "ranges",
    "reliability",
    "ribbon",
    "scale",
    "scatter",
    "shares",
    "sparkline",
    "step",
    "timeline",
    "two_sided",
]
