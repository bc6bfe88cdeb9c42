"""How the parts of a segment are called."""

from django.utils.translation import gettext as _

from predictions.monitoring.rollups.layout import MISSING, OTHER, Segment
from registry.signature import text_in
from registry.texts import are_grouped, figure


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
    grouped = are_grouped(segment.edges, text_in(segment.feature.unit))
    told = [figure(edge, grouped=grouped) for edge in segment.edges]
    if place == 0:
        return _("below %(high)s") % {"high": told[0]}
    if place == len(told):
        return _("%(low)s or more") % {"low": told[-1]}
    return _("%(low)s to below %(high)s") % {"low": told[place - 1], "high": told[place]}
