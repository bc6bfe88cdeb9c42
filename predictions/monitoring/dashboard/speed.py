"""Is it fast? How long calls took, half of them and nearly all."""

from django.utils.translation import gettext as _

from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import BAD, GOOD, UNKNOWN, WATCH, Section, duration
from predictions.monitoring.rollups.reading import MANY
from predictions.monitoring.rollups.tally import Counts, latency_quantile
from registry import charts
from registry.presenters.states import State

# Seconds that 95 of 100 calls stay within: a person's thoughts go on undisturbed, and nobody turns away. Nielsen 1993.
SOON, LONG = 1.0, 5.0
MOST, HALF = 0.95, 0.5


def section(material: Material) -> Section:
    """The second section of a dashboard."""
    whole = material.latency.sum(axis=0)
    most, half = latency_quantile(whole, MOST), latency_quantile(whole, HALF)
    return Section(
        name="fast",
        question=_("Is it fast?"),
        headline=_headline(material, most, half),
        brief=duration(most) if most is not None else _("not timed"),
        state=_state(most),
        chart=_chart(material) if most is not None else None,
        chart_title=_("How long a call took"),
        first=material.axis.heading,
        second=_("Half of the calls, at most"),
        span=_("From there to what 95 of 100 stay within"),
        notes=_notes(material, most),
    )


def _headline(material: Material, most: float | None, half: float | None) -> str:
    if most is None or half is None:
        return _("Not known: no call of this period was timed one by one.")
    words = {"most": duration(most), "half": duration(half)}
    if most <= SOON:
        return _("Yes: 95 of 100 calls took %(most)s at most, half of them %(half)s at most.") % words
    if most <= LONG:
        return _("Not always: 95 of 100 calls took up to %(most)s, half of them %(half)s at most.") % words
    return _("No: 95 of 100 calls took up to %(most)s, half of them %(half)s at most.") % words


def _state(most: float | None) -> State:
    if most is None:
        return UNKNOWN
    if most <= SOON:
        return GOOD
    return WATCH if most <= LONG else BAD


def _notes(material: Material, most: float | None) -> list[str]:
    if material.wanted.source in MANY:
        return [_("One call is some thousand rows here.")]
    if most is None and not material.total("answers"):
        return []
    found = [_("The time that the model took, without network and pages.")]
    if not material.wanted.source:
        found.append(
            _("Files and tables of records are left out, for their calls have many rows; the filter shows them.")
        )
    return found


def _chart(material: Material) -> charts.OverTime:
    axis = material.axis
    points = [_point(title, row) for title, row in zip(axis.titles, material.latency, strict=True)]
    return charts.over_time(points, form="line", say=duration, marks=axis.marks)


def _point(title: str, latency: Counts) -> charts.Point:
    half, most = latency_quantile(latency, HALF), latency_quantile(latency, MOST)
    return charts.Point(title, half, low=half, high=most, note="" if half is not None else _("no calls"))
