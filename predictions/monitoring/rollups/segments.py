"""How the parts of a segment are called."""

from django.utils.translation import gettext as _

from predictions.monitoring.rollups.layout import MISSING, OTHER, Segment
from registry.texts import figure


def title_of(segment: Segment, key: str) -> str:
    """One part of a segment, in the active language."""
    if key == OTHER:
        return _("other values")
    if key == MISSING:
        return _("not known")
    place = segment.places[key]
    return _band(segment, place) if segment.edges else _value(segment, place)


def _value(segment: Segment, place: int) -> str:
    value = segment.values[place]
    if isinstance(value, bool) and not segment.feature.categories:
        return _("yes") if value else _("no")
    return segment.feature.category_title(value)


def _band(segment: Segment, place: int) -> str:
    ends = [None, *segment.edges, None]
    low, high = ends[place], ends[place + 1]
    if low is None:
        return _("below %(high)s") % {"high": figure(high)}
    if high is None:
        return _("%(low)s or more") % {"low": figure(low)}
    return _("%(low)s to below %(high)s") % {"low": figure(low), "high": figure(high)}
