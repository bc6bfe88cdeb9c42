"""The dashboard of one model: five questions, each with its answer in a sentence, a picture, and a way to the rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from predictions.models import DailyRollup
from predictions.monitoring.alerts import open as alerts
from predictions.monitoring.alerts.open import Firing
from predictions.monitoring.dashboard import changing, following, right, speed, volume
from predictions.monitoring.dashboard.material import Material
from predictions.monitoring.dashboard.sections import Section
from predictions.monitoring.filters import FilterForm, query
from predictions.monitoring.rollups import reading
from predictions.monitoring.rollups.reading import Wanted
from registry.models import LedgerEntry, ModelVersion, RegisteredModel
from registry.presenters import model_title, title_of

BEHIND = timedelta(minutes=15)  # counting is every minute


class DashboardPage:
    """What the dashboard shows to one reader. `sent`: the query of its address."""

    def __init__(self, sent: Any, *, model: RegisteredModel, user: User | AnonymousUser, now: datetime) -> None:
        self.model, self.user, self.now = model, user, now
        self.today = localdate(now)
        self.form = FilterForm(sent, model=model, user=user, today=self.today)

    @cached_property
    def is_valid(self) -> bool:
        return self.form.is_valid()

    @property
    def wanted(self) -> Wanted:
        return self.form.chosen

    @cached_property
    def material(self) -> Material:
        """The roll-ups, read once for all sections."""
        return Material(self.wanted, self.form.versions, self.user)

    @cached_property
    def title(self) -> str:
        """As the version in charge calls the model, or the newest one."""
        return title_in(self.model, self.form.versions, self.material.entries)

    @cached_property
    def query(self) -> str:
        """The filters, as they stand behind an address."""
        return query(self.wanted)

    @property
    def file_url(self) -> str:
        """The same numbers by day, as a file."""
        return reverse("monitoring-export", args=[self.model.name]) + self.query

    @cached_property
    def firing(self) -> list[Firing]:
        """The alerts of the model that fire."""
        return alerts.firing(self.model, {self.model.pk: self.title})

    # --- the five questions ---

    @cached_property
    def sections(self) -> list[Section]:
        """One each, from general to specific; none where there is nothing to say."""
        if not self.is_valid or self.is_empty:
            return []
        material = self.material
        return [
            volume.section(material, self.today),
            speed.section(material),
            changing.section(material),
            right.section(material, self.today),
            following.section(material),
        ]

    # --- how far it is counted ---

    @cached_property
    def counted_until(self) -> datetime | None:
        return reading.counted_until()

    @property
    def counted(self) -> str:
        """Until when, in words: of today, the time alone."""
        moment = localtime(self.counted_until) if self.counted_until else None
        if moment is None:
            return ""
        form = "H:i" if moment.date() == self.today else "j F Y, H:i"
        return _("Counted until %(moment)s") % {"moment": date_format(moment, form)}

    @property
    def is_behind(self) -> bool:
        """Whether nobody has counted for a while."""
        return self.counted_until is not None and self.now - self.counted_until > BEHIND

    # --- nothing to see ---

    @cached_property
    def is_empty(self) -> bool:
        return not self.material.days

    @cached_property
    def nothing(self) -> str:
        """Why there is nothing: "uncounted", "filtered" (with a filter besides the period), "period", "never"."""
        if self.counted_until is None:
            return "uncounted"
        if not DailyRollup.objects.filter(version__in=self.form.versions, source="", field="", place=0).exists():
            return "never"
        return "filtered" if self.form.chips else "period"


def title_in(model: RegisteredModel, versions: Sequence[ModelVersion], entries: Sequence[LedgerEntry]) -> str:
    """As the version in charge calls its model, else the newest ready one, else its name here."""
    champion = entries[-1].to_version_id if entries else None
    ordered = sorted(versions, key=lambda one: (one.pk == champion, one.number))
    if not ordered:
        return model_title(model.name)
    ordered[-1].model = model  # or it would be looked up for its name
    return title_of(ordered[-1])
