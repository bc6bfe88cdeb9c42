"""All models at a glance: a card each, in as many queries for many as for one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.models import Alert, DailyRollup
from predictions.monitoring.dashboard import changing
from predictions.monitoring.dashboard.following import DECIDED
from predictions.monitoring.dashboard.sections import UNKNOWN, between, duration
from predictions.monitoring.dashboard.speed import MOST
from predictions.monitoring.drift import heat, limits
from predictions.monitoring.filters import HALF_YEAR, half_year
from predictions.monitoring.quality.intervals import wilson
from predictions.monitoring.quality.rightness import KNOWN, digits, known, plainest
from predictions.monitoring.rollups import layout
from predictions.monitoring.rollups.reading import Slice, Wanted
from predictions.monitoring.rollups.tally import ARRAYS, Tally, array, latency_quantile
from registry import charts
from registry.models import ModelVersion
from registry.presenters import states
from registry.presenters.states import State
from registry.presenters.waiting import ModelInBrief, models_in_brief
from registry.texts import figure

DAYS = 30  # that the cards are about
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Card:
    """One model of the last thirty days. `slices`: a day and version each; `firing`: how many of its alerts do.

    `outcomes`: of a longer time, a version each: what really happened is often known months later.
    """

    model: ModelInBrief
    slices: Sequence[Slice]
    outcomes: Sequence[Tally]
    firing: int
    user: User | AnonymousUser
    today: date

    @property
    def state(self) -> State:
        """Whether it answers."""
        if self.model.champion is None:
            return states.NOBODY
        return states.SUSPENDED if self.model.is_suspended else states.ANSWERS

    @cached_property
    def tallies(self) -> list[Tally]:
        return [one.tally for one in self.slices]

    @cached_property
    def answers(self) -> int:
        return self._sum("answers")

    def _sum(self, name: str) -> int:
        return sum(one[name] for one in self.tallies)

    @cached_property
    def chart(self) -> charts.Sparkline:
        """Answers by day."""
        first = self.today - (DAYS - 1) * DAY
        counts = [0] * DAYS
        for one in self.slices:
            counts[(one.start - first).days] += one.tally["answers"]  # type: ignore[operator]  # starts are days here
        return charts.sparkline(counts, [date_format(first + number * DAY, "j F") for number in range(DAYS)])

    @property
    def volume(self) -> str:
        """Is it used?"""
        if not self.answers:
            return _("nobody asked")
        return (
            _("1 answer")
            if self.answers == 1
            else _("%(count)s answers") % {"count": figure(self.answers, grouped=True)}
        )

    @property
    def speed(self) -> str:
        """Is it fast?"""
        calls = np.sum([one.latency for one in self.tallies], axis=0) if self.tallies else np.zeros(0, np.int64)
        most = latency_quantile(calls, MOST)
        return _("95 of 100 calls within %(time)s") % {"time": duration(most)} if most is not None else ""

    @cached_property
    def strip(self) -> heat.Strip | None:
        """How far its fields are from the training data."""
        if not self.slices:
            return None
        return heat.strip(self._wanted, self.slices, self.user)

    @property
    def _wanted(self) -> Wanted:
        """Of a card with answers."""
        return Wanted(model=self.slices[0].version.model, since=self.today - (DAYS - 1) * DAY, until=self.today)

    @property
    def drift(self) -> str:
        """Is the world changing?"""
        return changing.brief(self.strip) if self.strip else ""

    @property
    def drift_state(self) -> State:
        return changing.state(self.strip) if self.strip else UNKNOWN

    @property
    def right(self) -> str:
        """Is it right? Of the longer time."""
        found = plainest(self.outcomes)
        if found is None:
            count = known(self.outcomes)
            return _("needs %(needed)s outcomes, has %(count)s") % {"needed": KNOWN, "count": count} if count else ""
        _count, value, (low, high) = found
        if self.outcomes[0].layout.classes:
            return _("%(share)s of answers right") % {"share": between(value, low, high)}
        words = {"value": digits(value), "low": digits(low), "high": digits(high)}
        return _("off by %(value)s on average (%(low)s to %(high)s)") % words

    @property
    def right_url(self) -> str:
        """The page that says the same of the same time."""
        return reverse("monitoring-quality", args=[self.model.name]) + half_year(self._wanted, self.today)

    @property
    def followed(self) -> str:
        """Do people follow it?"""
        against, decided = self._sum("disagree"), self._sum("agree") + self._sum("disagree")
        if decided < DECIDED:
            words = {"needed": DECIDED, "count": decided}
            return _("needs %(needed)s decisions, has %(count)s") % words if decided else ""
        return _("%(share)s of decisions against the answer") % {
            "share": between(against / decided, *wilson(against, decided))
        }


@dataclass(frozen=True)
class OverviewPage:
    """Every model, as one reader sees it."""

    user: User | AnonymousUser
    today: date

    @cached_property
    def cards(self) -> list[Card]:
        """By name. Six queries at most, and one for each model whose limits of drift are not worked out yet."""
        slices, outcomes = self._slices(), self._outcomes()
        limits.known(self._known.values())  # for all at once: each card asks for its own
        found = Alert.objects.filter(state=Alert.State.FIRING).values_list("rule__model").annotate(Count("pk"))
        firing = dict(found.order_by())
        return [
            Card(
                model,
                slices.get(model.pk, []),
                outcomes.get(model.pk, []),
                firing.get(model.pk, 0),
                self.user,
                self.today,
            )
            for model in models_in_brief()
        ]

    @property
    def has_answers(self) -> bool:
        return any(card.answers for card in self.cards)

    @property
    def firing(self) -> int:
        """How many alerts fire, of all models."""
        return sum(card.firing for card in self.cards)

    def _versions(self, wanted: Collection[int]) -> list[ModelVersion]:
        """Those of the longer time, looked up once."""
        return [self._known[pk] for pk in sorted(wanted) if pk in self._known]

    @cached_property
    def _known(self) -> dict[int, ModelVersion]:
        since = self.today - (HALF_YEAR - 1) * DAY
        answered = DailyRollup.objects.filter(day__gte=since, source="", field="", place=0).values("version")
        found = ModelVersion.objects.filter(pk__in=answered).select_related("model").defer("report", "progress")
        return {one.pk: one for one in found if layout.is_known(one)}

    def _outcomes(self) -> dict[int, list[Tally]]:
        """What is known of the answers of a longer time, by model. Of each roll-up two short columns are read."""
        period = (self.today - (HALF_YEAR - 1) * DAY, self.today)
        rows = DailyRollup.objects.filter(day__range=period, source="", field="", place=0)
        columns: dict[int, list[tuple[bytes, bytes]]] = {}
        for pk, counts, sums in rows.order_by().values_list("version_id", "counts", "sums"):
            columns.setdefault(pk, []).append((bytes(counts), bytes(sums)))
        found: dict[int, list[Tally]] = {}
        for version in self._versions(columns):
            found.setdefault(version.model_id, []).append(_outcomes_of(version, columns[version.pk]))
        return found

    def _slices(self) -> dict[int, list[Slice]]:
        """By model."""
        period = (self.today - (DAYS - 1) * DAY, self.today)
        rows = DailyRollup.objects.filter(day__range=period, source="", field="", place=0).order_by("day", "version")
        read = list(rows.values("day", "version_id", *ARRAYS))
        known = {one.pk: one for one in self._versions({row["version_id"] for row in read})}
        found: dict[int, list[Slice]] = {}
        for row in (one for one in read if one["version_id"] in known):
            version = known[row["version_id"]]
            found.setdefault(version.model_id, []).append(
                Slice(row["day"], version, Tally.stored(layout.of(version), row))
            )
        return found


def _outcomes_of(version: ModelVersion, columns: Sequence[tuple[bytes, bytes]]) -> Tally:
    """Counts and sums, added up; the rest is empty."""
    total = Tally.empty(layout.of(version))
    for name, stored in zip(("counts", "sums"), zip(*columns, strict=True), strict=True):
        total_of = getattr(total, name)
        total_of += array(name, b"".join(stored)).reshape(len(columns), -1).sum(axis=0, dtype=total_of.dtype)
    return total
