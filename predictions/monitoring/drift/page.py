"""The page "Is the world changing?" of one model: the strip of its fields, and one field when somebody chose it."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions.monitoring.dashboard import ledger_marks
from predictions.monitoring.drift import heat, straying, verdicts
from predictions.monitoring.drift.heat import Strip, amount
from predictions.monitoring.drift.one_field import DriftOfField
from predictions.monitoring.drift.verdicts import FieldHeld, Held, Verdicts
from predictions.monitoring.filters import FilterForm, Way, query
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.reading import Slice, Wanted
from registry.charts.heat import words
from registry.models import LedgerEntry, RegisteredModel
from registry.presenters import model_title, title_of
from registry.texts import percentage

FEATURE = "feature"


class DriftForm(FilterForm):
    """The filters of all these pages and the field that is looked at, which their links keep.

    `sent` may name a field that is none: the page asks `knows` first.
    """

    def __init__(self, sent: Any, *, model: RegisteredModel, user: User | AnonymousUser, today: date) -> None:
        super().__init__(sent, model=model, user=user, today=today)
        self.names = verdicts.names(self.versions)
        self.feature = str(sent.get(FEATURE, ""))
        choices = [("", _("All fields")), *self.names.items()]
        self.fields[FEATURE] = forms.ChoiceField(label=_("Field"), choices=choices, required=False)

    @property
    def knows(self) -> bool:
        """Whether any version has the field that was asked for, if one was."""
        return not self.feature or self.feature in self.names

    @property
    def quick(self) -> list[Way]:
        """Links to the periods that people look at most."""
        return [self._kept(one) for one in super().quick]

    @property
    def chips(self) -> list[Way]:
        """The filters besides the period, each with the address without it."""
        found = [self._kept(one) for one in super().chips]
        if self.feature:
            words = {"field": self.fields[FEATURE].label, "text": self.names[self.feature]}
            found.append(Way(_("%(field)s: %(text)s") % words, query(self.chosen)))
        return found

    def _kept(self, way: Way) -> Way:
        more = f"&{urlencode({FEATURE: self.feature})}" if self.feature else ""
        return Way(way.title, way.query + more, way.is_here)


@dataclass(frozen=True)
class Change:
    """A field that changed in the latest window."""

    title: str
    url: str
    verdict: str
    distance: str
    limit: str


class DriftPage:
    """Everything that the page shows to one reader. `sent`: the parameters of its address."""

    def __init__(self, sent: Any, *, model: RegisteredModel, user: User | AnonymousUser, today: date) -> None:
        self.model, self.user = model, user
        self.form = DriftForm(sent, model=model, user=user, today=today)

    @property
    def wanted(self) -> Wanted:
        return self.form.chosen

    @property
    def title(self) -> str:
        versions = self.form.versions
        return title_of(versions[-1]) if versions else model_title(self.model.name)

    @property
    def query(self) -> str:
        """The filters, behind the addresses of the other tabs."""
        return query(self.wanted)

    # --- all fields ---

    @cached_property
    def slices(self) -> list[Slice]:
        """The days of the period by version. One query."""
        return reading.days(self.wanted, self.form.versions)

    @cached_property
    def entries(self) -> list[LedgerEntry]:
        """The ledger of the model. One query."""
        return ledger_marks.entries_of(self.model)

    @cached_property
    def verdicts(self) -> Verdicts:
        return verdicts.held(self.wanted, self.slices)

    @cached_property
    def strip(self) -> Strip:
        return heat.strip(self.wanted, self.slices, self.user, found=self.verdicts, entries=self.entries)

    @property
    def changes(self) -> list[Change]:
        """What changed in the latest window that says anything, strongest first."""
        place, said = self.verdicts.latest, words()
        return [
            Change(
                title=one.title,
                url=heat.address(self.wanted, one.name),
                verdict=said[held.verdict],
                distance=amount(held.distance),
                limit=amount(held.limit),
            )
            for one in self.verdicts.found(*straying.CHANGED)
            if place is not None
            for held in [one.helds[place]]
        ]

    # --- one field ---

    @cached_property
    def field(self) -> DriftOfField | None:
        """The field that was asked for."""
        name = self.form.feature
        if not name:
            return None
        nothing = FieldHeld(name, self.form.names[name], [Held()] * len(self.verdicts.windows), is_compared=False)
        found = next((one for one in self.verdicts.fields if one.name == name), nothing)
        marks = ledger_marks.marks(self.model, self.verdicts.windows, self.entries)
        return DriftOfField(self.wanted, found, self.verdicts, self.slices, marks, self.user)

    @property
    def everything_url(self) -> str:
        """This page without the field."""
        return query(self.wanted)

    # --- how it is decided ---

    @property
    def decided(self) -> dict[str, str]:
        """Figures for the words under "How this is decided"."""
        return {
            "minimum": str(straying.MINIMUM),
            "alarms": percentage(100 * straying.FALSE_ALARMS),
            "slight": amount(straying.SLIGHT),
            "strong": amount(straying.STRONG),
            "full": str(int(straying.FULL)),
        }
