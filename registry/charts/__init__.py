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
from registry.charts.icons import Icon, Icons, icons
from registry.charts.timelines import Moment, Timeline, TimelineEvent, Tone, timeline

__all__ = [
    "Bar",
    "Cell",
    "Column",
    "Drawing",
    "Histogram",
    "Icon",
    "Icons",
    "Interval",
    "Line",
    "Moment",
    "Scale",
    "Segment",
    "Sparkline",
    "Step",
    "Timeline",
    "TimelineEvent",
    "Tone",
    "TwoSidedBar",
    "bar",
    "drawing",
    "histogram",
    "icons",
    "interval",
    "line",
    "ribbon",
    "scale",
    "sparkline",
    "step",
    "timeline",
    "two_sided",
]
