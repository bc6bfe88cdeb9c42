"""The page "Is it right?" of one model: measures beside what was promised, what happened, calibration, parts."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.monitoring.dashboard import right
from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import Section
from predictions.monitoring.filters import FilterForm, address, half_year, query
from predictions.monitoring.quality import offline, rightness
from predictions.monitoring.quality.calibration import CalibrationOfVersion, calibration_of
from predictions.monitoring.quality.measure import KNOWN, few
from predictions.monitoring.quality.offline import Promise
from predictions.monitoring.quality.parts import FieldForm, PartedBy, parted_by
from predictions.monitoring.quality.subgroup_tables import GroupTable, group_tables, without_groups
from predictions.monitoring.quality.versions import VersionTable, measure_charts, version_tables
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.reading import Slice, Wanted
from registry import charts
from registry.models import ModelVersion, RegisteredModel
from registry.presenters import model_title, title_of
from registry.signature import text_in
from registry.texts import figure, percentage


@dataclass(frozen=True)
class Picture:
    """A chart with its title and the name of its parts on the page."""

    title: str
    chart: Any
    name: str


class QualityPage:
    """Everything that the page shows to one reader. `sent`: the parameters of its address."""

    def __init__(self, sent: Any, *, model: RegisteredModel, user: User | AnonymousUser, today: date) -> None:
        self.model, self.user = model, user
        self.form = FilterForm(sent, model=model, user=user, today=today, kept=["by"])
        self.wanted: Wanted = self.form.chosen
        self.field_form = FieldForm(sent, self.versions)
        self.material = Material(self.wanted, self.versions, user)

    @property
    def versions(self) -> list[ModelVersion]:
        return self.form.versions

    @cached_property
    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong with the address, for the summary on top."""
        return [*self.form.problems(), *self.field_form.problems()]

    @property
    def title(self) -> str:
        return title_of(self.versions[-1]) if self.versions else model_title(self.model.name)

    @property
    def query(self) -> str:
        """The filters, behind the addresses of the other tabs."""
        return query(self.wanted)

    # --- how much is known ---

    @cached_property
    def totals(self) -> list[Slice]:
        """The period by version; versions that answer in another way than the newest one are left out."""
        found = self.material.totals
        return [one for one in found if bool(one.tally.layout.classes) == bool(found[-1].tally.layout.classes)]

    @cached_property
    def answers(self) -> int:
        return sum(one.tally["answers"] for one in self.totals)

    @cached_property
    def known(self) -> int:
        return rightness.known([one.tally for one in self.totals])

    @property
    def nothing(self) -> str:
        """Why there is nothing to show at all; "" where there is."""
        if not self.versions:
            return _("No version of this model is ready yet, so nobody could ask it.")
        return "" if self.answers else _("There are no answers in this period, or none with these filters.")

    @cached_property
    def unit(self) -> str:
        """Of values."""
        return text_in(layout.of(self.versions[-1]).signature.output.get("unit")) if self.versions else ""

    @property
    def headline(self) -> str:
        """The answer in one sentence; what was promised only where it is one version's."""
        tallies = [one.tally for one in self.totals]
        is_one = len(tallies) == 1
        promise = self._promise(self.totals[0]) if is_one else None
        return rightness.headline(tallies, promised=promise.value if promise else None, unit=self.unit)

    @property
    def without_model(self) -> str:
        """How right it would be to give the most frequent outcome as the answer every time: no model must be worse."""
        happened: dict[str, int] = {}
        for (_answer, actual), count in self._confusion.items():
            happened[actual] = happened.get(actual, 0) + count
        total = sum(happened.values())
        if total < KNOWN:
            return ""
        most = max(happened, key=lambda name: happened[name])
        words = {"outcome": self.material.labels[most], "count": rightness.of_hundred(happened[most] / total)}
        said = _("To answer “%(outcome)s” every time would have been right in %(count)s of 100.") % words
        found = rightness.plainest([one.tally for one in self.totals])
        if found is None or found[1] > happened[most] / total:
            return said
        return f"{said} {_('Where one outcome is rare, recall and precision say more than accuracy.')}"

    @property
    def by_version(self) -> list[str]:
        """The same of each version, where there are several."""
        if self.few or len(self.totals) < 2:
            return []
        return [self._sentence(one) for one in self.totals]

    def _sentence(self, one: Slice) -> str:
        promise = self._promise(one)
        said = rightness.headline([one.tally], promised=promise.value if promise else None, unit=self.unit)
        number = _("Version %(number)s") % {"number": one.version.number}
        return _("%(field)s: %(text)s") % {"field": number, "text": said}

    def _promise(self, one: Slice) -> Promise | None:
        name = "accuracy" if one.tally.layout.classes else "mae"
        return offline.promises(one.version).get(name)

    @property
    def share_known(self) -> str:
        """That the rest may be different."""
        words = {"known": figure(self.known, grouped=True), "answers": figure(self.answers, grouped=True)}
        if not self.known:
            return _("0 of %(answers)s answers have a known outcome.") % words
        words["share"] = percentage(100 * self.known / self.answers)
        return _("%(known)s of %(answers)s answers have a known outcome (%(share)s).") % words

    @property
    def rows_url(self) -> str:
        """The answers whose outcome is known, for who may see them."""
        return self.material.rows(outcome="known") if self.known else ""

    @property
    def late(self) -> str:
        """Why new answers have no outcome."""
        days = self.model.outcome_days
        if not days:
            return ""
        return _("What really happened is asked %(days)s days after the answer.") % {"days": days}

    @property
    def few(self) -> str:
        """Why nothing is measured, of all versions together; "" where something is."""
        return few(self.known)

    @property
    def longer(self) -> str:
        """The query of a longer time, where outcomes are too few and there is one."""
        return half_year(self.wanted, self.form.today, **self.form.kept) if self.few else ""

    @property
    def is_of_classes(self) -> bool:
        return bool(self.totals and self.totals[-1].tally.layout.classes)

    # --- its parts ---

    @cached_property
    def tables(self) -> list[VersionTable]:
        """Live beside promised, a table for each version, the newest first."""
        return version_tables(self.totals, self.unit)

    @cached_property
    def pictures(self) -> list[Picture]:
        """The main measures of all versions, each on one axis."""
        found = measure_charts(self.totals, self.unit)
        return [Picture(title, chart, f"measure-{place}") for place, (title, chart) in enumerate(found)]

    @cached_property
    def over_time(self) -> Section:
        """Accuracy or error along the days of the answers, as the dashboard has it."""
        return right.section(self.material, self.form.today)

    @cached_property
    def _confusion(self) -> dict[tuple[str, str], int]:
        """Answers and what happened, of all versions together."""
        counts: dict[tuple[str, str], int] = {}
        for one in self.totals:
            for pair, count in one.tally.confusion.items():
                counts[pair] = counts.get(pair, 0) + count
        return counts

    @cached_property
    def happened(self) -> charts.Hundred | None:
        """Answers against what happened, of 100; None without classes or enough outcomes."""
        counts = self._confusion
        if not counts or sum(counts.values()) < KNOWN:
            return None
        urls = {pair: self.material.rows(answer=pair[0], actual=pair[1]) for pair, count in counts.items() if count}
        return charts.hundred(
            counts, titles=self.material.labels, urls={pair: url for pair, url in urls.items() if url}
        )

    @cached_property
    def calibrations(self) -> list[CalibrationOfVersion]:
        """What scores said and what came of it, for each version of classes, the newest first."""
        return [calibration_of(one) for one in reversed(self.totals) if one.tally.layout.classes]

    @cached_property
    def _parts(self) -> dict[str, Any]:
        names = {*self.field_form.sensitive}
        if chosen := self.field_form.chosen:
            names.add(chosen)
        return reading.parts(self.wanted, sorted(names), self.versions) if names and not self.wanted.field else {}

    @cached_property
    def by_field(self) -> PartedBy | None:
        """The answers by the field that the reader chose."""
        name = self.field_form.chosen
        return parted_by(name, self._parts[name], self.versions, self.unit) if name in self._parts else None

    @cached_property
    def groups(self) -> list[GroupTable]:
        """The answers by each sensitive field."""
        return group_tables(self._parts, self.field_form.sensitive, self.versions, self.user, self.unit)

    @property
    def without_groups(self) -> list[str]:
        """Sensitive fields that have no table."""
        return without_groups(self.versions)

    @property
    def has_ratios(self) -> bool:
        return any(table.reference for table in self.groups)

    # --- addresses ---

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The filters, which the choice of a field keeps."""
        return list(address(self.wanted).items())

    @property
    def everybody_url(self) -> str:
        """This page without the segment, of which no parts are counted; "" where none is chosen."""
        path = reverse("monitoring-quality", args=[self.model.name])
        return path + query(self.wanted, segment=None) if self.wanted.field else ""
