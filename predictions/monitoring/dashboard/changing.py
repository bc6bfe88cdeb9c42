"""Is the world changing? The heat strip, in one sentence."""

from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import BAD, GOOD, UNKNOWN, WATCH, Section, Way
from predictions.monitoring.drift import heat
from predictions.monitoring.drift.heat import Strip
from predictions.monitoring.filters import query
from registry.presenters.states import State

MANY = 0.5  # of the fields


def section(material: Material) -> Section:
    """The third section of a dashboard."""
    strip = heat.strip(material.wanted, material.days, material.user, entries=material.entries)
    url = reverse("monitoring-drift", args=[material.wanted.model.name]) + query(material.wanted)
    return Section(
        name="changing",
        question=_("Is the world changing?"),
        headline=strip.headline,
        brief=brief(strip),
        state=state(strip),
        chart=strip.heat,
        form="heat",
        chart_title=_("How far each field is from the training data"),
        notes=[strip.note] if strip.note else [],
        more=[Way(_("One field after the other"), url)],
    )


def state(strip: Strip) -> State:
    """Of no window it is known, nothing changed, something did, or most did."""
    if strip.latest is None:
        return UNKNOWN
    if not strip.changed:
        return GOOD
    return BAD if len(strip.changed) > MANY * strip.fields else WATCH


def brief(strip: Strip) -> str:
    """The state in a few words."""
    if strip.latest is None:
        return _("not enough answers")
    if not strip.changed:
        return _("nothing changed")
    count = len(strip.changed)
    if strip.score_changed:
        return _("the score changed") if count == 1 else _("%(count)s changes, score included") % {"count": count}
    return _("1 field changed") if count == 1 else _("%(count)s fields changed") % {"count": count}
