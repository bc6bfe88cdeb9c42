"""How the bins of a field are called."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from django.utils.translation import gettext as _

from predictions.monitoring.rollups.layout import Bins
from registry.signature import Feature, text_in
from registry.texts import are_grouped, figure


def titles(bins: Bins, feature: Feature | None) -> list[str]:
    """One for each bin, in the active language. `feature`: None for a score or a picture."""
    if bins.is_numeric:
        is_whole = feature is not None and feature.dtype == "integer"
        grouped = are_grouped(bins.edges, text_in(feature.unit) if feature else "")
        return [*_stretches(bins.edges, partial(_edge, grouped=grouped), is_whole=is_whole), _("not known")]
    return [*(_value(name, feature) for name in bins.names), _("other values"), _("not known")]


def _stretches(edges: Sequence[float], say: Callable[[float], str], *, is_whole: bool) -> list[str]:
    """The first and the last also hold what lies beyond."""
    if len(edges) == 2:
        return [_("any value")]
    found = [_between(low, high, say, is_whole=is_whole) for low, high in pairwise(edges)]
    found[0] = _("below %(high)s") % {"high": say(edges[1])}
    found[-1] = _("%(low)s or more") % {"low": say(edges[-2])}
    return found


def _between(low: float, high: float, say: Callable[[float], str], *, is_whole: bool) -> str:
    if is_whole and low == int(low) and high == int(high):
        return say(low) if high - low == 1 else _("%(low)s to %(high)s") % {"low": say(low), "high": say(high - 1)}
    return _("%(low)s to below %(high)s") % {"low": say(low), "high": say(high)}


def _edge(value: float, *, grouped: bool) -> str:
    """Whole numbers as they are, others with four digits: a quantile has as many as it likes."""
    return figure(value if value == int(value) else float(f"{value:.4g}"), grouped=grouped)


def _value(name: str, feature: Feature | None) -> str:
    if feature is None:
        return name
    if feature.kind == "boolean" and not feature.categories:
        return _("yes") if name == "True" else _("no")
    value = next((one for one in feature.values if str(one) == name), name)
    return feature.category_title(value)
