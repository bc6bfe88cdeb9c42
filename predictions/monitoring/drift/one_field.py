"""One field on the page of drift: how far it strayed along time, and how its values are spread then and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions import masking
from predictions.monitoring import links
from predictions.monitoring.drift import bin_titles, heat, limits, straying, verdicts
from predictions.monitoring.drift.heat import amount
from predictions.monitoring.drift.verdicts import FieldHeld, Held, Verdicts
from predictions.monitoring.drift.windows import Window
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.reading import Slice, Wanted
from registry import charts
from registry.charts import Mark, OverTime, Pair, Paired, Point
from registry.texts import figure

_ROWS = "predictions.view_prediction"  # only who sees what others were answered is led to rows


@dataclass(frozen=True)
class DriftOfField:
    """One field, as one reader sees it. `slices`: the days of the period. `marks`: the promotions in it."""

    wanted: Wanted
    field: FieldHeld
    verdicts: Verdicts
    slices: Sequence[Slice]
    marks: Sequence[Mark]
    user: User | AnonymousUser

    # --- along time ---

    @property
    def headline(self) -> str:
        """The latest window that says anything in one sentence, or why none does."""
        if self._latest is None:
            return self._nothing
        held, window = self.field.helds[self._latest], self.verdicts.windows[self._latest]
        told = {"when": window.phrase, "distance": amount(held.distance), "limit": amount(held.limit)}
        return _SENTENCES[held.verdict]() % told

    @cached_property
    def _latest(self) -> int | None:
        said = [place for place, one in enumerate(self.field.helds) if one.verdict not in {"none", "few"}]
        return said[-1] if said else None

    @property
    def _nothing(self) -> str:
        most = max((one.size for one in self.field.helds), default=0)
        if most == 0:
            return _("Nobody asked in this period.")
        if not self.field.is_compared:
            return _("It is not compared: too few training rows are known, or all of them have the one possible value.")
        if most >= straying.MINIMUM:
            return heat.pending()
        return _("Needs %(needed)s answers, has %(count)s.") % {"needed": straying.MINIMUM, "count": most}

    @cached_property
    def chart(self) -> OverTime | None:
        """Its distance along time; the band reaches as far as chance does. None where it is not compared."""
        if not self.field.is_compared:
            return None
        points = list(map(self._point, self.field.helds, self.verdicts.windows))
        return charts.over_time(points, form="line", say=amount, marks=self.marks)

    def _point(self, held: Held, window: Window) -> Point:
        if held.size == 0:
            return Point(window.title, None, note=_("no answers"))
        if held.size < straying.MINIMUM:
            told = {"needed": straying.MINIMUM, "count": held.size}
            return Point(window.title, None, note=_("needs %(needed)s answers, has %(count)s") % told)
        if held.verdict == "few":
            return Point(window.title, None, note=_("not compared"))
        url = links.rows(self.wanted, since=window.start, until=window.end) if self.sees_rows else ""
        note = _("%(count)s answers") % {"count": figure(held.size, grouped=True)}
        return Point(window.title, held.distance, 0.0, held.limit, url, note)

    @property
    def sees_rows(self) -> bool:
        return self.user.has_perm(_ROWS)

    @property
    def rows_url(self) -> str:
        """The answers of the period, for who may see them."""
        return links.rows(self.wanted) if self.sees_rows and any(self.verdicts.sizes) else ""

    # --- then and now ---

    @property
    def is_kept_back(self) -> bool:
        """Whether its values are not for this reader, not even counted: a bin may be one person."""
        return any(
            self.field.name in masking.hidden(layout.of(one).signature, self.user) for one in self.verdicts.versions
        )

    @cached_property
    def lack(self) -> str:
        """Why then and now are not shown; "" where they are."""
        if self.verdicts.versions and not self._known:
            return _("How its values were spread in the training data is not known.")
        if self.is_kept_back:
            return _("This field is sensitive: you see how far it strayed, not its values.")
        most = max((one.tally["answers"] for one in self._known), default=0)
        if most < straying.MINIMUM:
            return _("Needs %(needed)s answers, has %(count)s.") % {"needed": straying.MINIMUM, "count": most}
        return ""

    @cached_property
    def _known(self) -> list[Slice]:
        """The days of versions that know how this field was spread."""
        known = [one for one in self.slices if self.field.name in limits.bins_of(one.tally.layout)]
        return reading.by_version(known)

    @cached_property
    def pictures(self) -> list["ThenAndNow"]:
        """The latest window, if it changed there, and the whole period."""
        if self.lack:
            return []
        whole = max(self._known, key=lambda one: one.tally["answers"])
        found = [then_and_now(self.field.name, whole, _("in the whole period"), "whole")]
        place = self._latest
        if place is not None and self.field.helds[place].verdict in straying.CHANGED:
            window, version = self.verdicts.windows[place], self.verdicts.shown[place]
            days = [one for one in self.slices if one.version == version and _lies(one, window)]
            found.insert(0, then_and_now(self.field.name, reading.by_version(days)[0], window.phrase, "latest"))
        return found


def _lies(one: Slice, window: Window) -> bool:
    return window.start <= one.start <= window.end


@dataclass(frozen=True)
class ThenAndNow:
    """The shares of a field's values in the training data and now. `about`: what is held against what, with the counts.

    `name`: of its parts on the page.
    """

    name: str
    title: str
    about: str
    chart: Paired


def then_and_now(name: str, now: Slice, when: str, part: str) -> ThenAndNow:
    """One field of one version, which has its bins. `when`: which answers these are, within a sentence."""
    found, answers = now.tally.layout, now.tally["answers"]
    bins = limits.bins_of(found)[name]
    feature = next((one for one in found.signature.features if one.name == name), None)
    parts = (np.array(one) / max(sum(one), 1) for one in (bins.reference, now.tally.of(bins).tolist()))
    shares = zip(bin_titles.titles(bins, feature), *parts, strict=True)
    rows = [Pair(title, float(first), float(second)) for title, first, second in shares if first or second]
    title = verdicts.names([now.version])[name]
    told = {"answers": figure(answers, grouped=True), "rows": figure(sum(bins.reference), grouped=True)}
    told |= {"number": figure(now.version.number), "when": when, "title": title}
    return ThenAndNow(
        name=part,
        title=_("“%(title)s” %(when)s") % told,
        about=_("%(answers)s answers of version %(number)s %(when)s, against %(rows)s training rows.") % told,
        chart=charts.paired(rows, _("training data"), _("now")),
    )


_SENTENCES = {
    "steady": lambda: _(
        "It did not differ from training %(when)s: its distance was %(distance)s, and chance alone explains up to %(limit)s."
    ),
    "slight": lambda: _(
        "It differed a little from training %(when)s: its distance was %(distance)s, of which chance alone explains %(limit)s."
    ),
    "drift": lambda: _(
        "It differed from training %(when)s: its distance was %(distance)s, of which chance alone explains %(limit)s."
    ),
    "strong": lambda: _(
        "It differed a lot from training %(when)s: its distance was %(distance)s, of which chance alone explains %(limit)s."
    ),
}
