"""Which answers a page of monitoring is about, as its address says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.forms.utils import flatatt
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions import masking
from predictions.history.forms import DayField
from predictions.models import Source
from predictions.monitoring.rollups import layout, reading
from predictions.monitoring.rollups.layout import Segment
from predictions.monitoring.rollups.reading import Wanted
from predictions.monitoring.rollups.segments import title_of
from registry.forms import ActionForm
from registry.models import RegisteredModel

DAYS = 30  # that are looked at when nobody says more
HALF_YEAR = 183  # days: outcomes come late
MOST_DAYS = 731
YEARS = range(2000, 3000)  # of days: far from both ends of the calendar, which a page may look a little beyond
SINCE, UNTIL = "from", "to"  # as in the history; "from" is a word of Python
_NOT_THERE = gettext_lazy("The address asks for something that this page has not. Choose again.")
_NO_DATE = gettext_lazy("Enter a day like 2026-11-21.")


@dataclass(frozen=True)
class Way:
    """A link to the same page with other filters. `query` begins with “?”."""

    title: str
    query: str
    is_here: bool = False


class PeriodField(DayField):
    """A day that shows what is meant where nobody said one."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return super().bound_data(data, initial) or initial


class PlainSelect(forms.Select):
    """A list to choose from, written at once: a template for each of a hundred choices takes longer than the page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        attributes = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", attributes, _options(self.choices, chosen))


class FilterForm(ActionForm):
    """Period, version, door and segment. Sensitive fields are no segments for who may not see them.

    `kept`: names in the address that are another form's, and stay when these filters are changed.
    """

    def __init__(
        self,
        sent: Any,
        *,
        model: RegisteredModel,
        user: User | AnonymousUser,
        today: date,
        kept: Iterable[str] = (),
    ) -> None:
        super().__init__(sent)
        self.model, self.today = model, today
        self.kept = {name: sent[name] for name in kept if sent.get(name)}
        self.versions = reading.versions_of(model)
        self.segments = _segments(self.versions, user)
        for name, label in ((SINCE, _("From the day")), (UNTIL, _("Until the day"))):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = PeriodField(
                label=label, required=False, widget=widget, error_messages={"invalid": _NO_DATE}
            )
        self.fields[SINCE].initial, self.fields[UNTIL].initial = self._since, self._until
        numbers = [(str(one.number), _("Version %(number)s") % {"number": one.number}) for one in self.versions]
        self.fields["version"] = _choice(_("Version"), [("", _("All versions")), *numbers])
        self.fields["source"] = _choice(_("Through"), [("", _("All ways of asking")), *Source.choices])
        # Looked up and not taken apart: a field's name or value may hold a colon, too.
        self.parts = {f"{one.name}:{key}": (one.name, key) for one in self.segments.values() for key in one.keys}
        choices = [
            (
                one.feature.title,
                [(f"{one.name}:{key}", _titled(one, key)) for key in one.keys],
            )
            for one in self.segments.values()
        ]
        self.fields["segment"] = _choice(_("Only this group"), [("", _("Everybody")), *choices])

    def clean(self) -> None:
        """A period has a first day and a last one, and is no longer than what a page can show."""
        since, until = self.cleaned_data.get(SINCE), self.cleaned_data.get(UNTIL)
        far = [name for name, day in ((SINCE, since), (UNTIL, until)) if day and day.year not in YEARS]
        for name in far:
            self.add_error(name, _NO_DATE)
        if far:
            return
        if since and until and since > until:
            self.add_error(SINCE, _("The first day must not be after the last one."))
        elif since and (until or self.today) - since > timedelta(days=MOST_DAYS):
            self.add_error(SINCE, _("Choose a period of two years at most."))

    def wanted(self) -> Wanted:
        """What is looked at; of an address with mistakes, the last thirty days of everything."""
        found = self.cleaned_data if self.is_valid() else {}
        until = found.get(UNTIL) or max(self.today, found.get(SINCE) or self.today)
        since = found.get(SINCE) or until - timedelta(days=DAYS - 1)
        field, value = self.parts.get(found.get("segment", ""), ("", ""))
        version = int(found["version"]) if found.get("version") else None
        source = found.get("source") or ""
        return Wanted(
            model=self.model, since=since, until=until, version=version, source=source, field=field, value=value
        )

    def _since(self) -> date:
        return self.chosen.since

    def _until(self) -> date:
        return self.chosen.until

    # --- what the page says of it ---

    @cached_property
    def chosen(self) -> Wanted:
        """`wanted()`, made once."""
        return self.wanted()

    @property
    def quick(self) -> list[Way]:
        """Links to the periods that people look at most, with the other filters as they are."""
        periods = {7: _("7 days"), 30: _("30 days"), HALF_YEAR: _("6 months"), 365: _("1 year")}
        return [self._back(days, title) for days, title in periods.items()]

    def _back(self, days: int, title: str) -> Way:
        since = self.today - timedelta(days=days - 1)
        is_here = (self.chosen.since, self.chosen.until) == (since, self.today)
        return Way(title, query(self.chosen, **{SINCE: since, UNTIL: self.today}, **self.kept), is_here)

    @property
    def period(self) -> str:
        """`24 May to 21 November 2026`."""
        return period(self.chosen.since, self.chosen.until)

    @property
    def chips(self) -> list[Way]:
        """The filters besides the period in words, each with the address without it."""
        wanted, found = self.chosen, []
        if wanted.version is not None:
            found.append(
                Way(_("Version %(number)s") % {"number": wanted.version}, query(wanted, version=None, **self.kept))
            )
        if wanted.source:
            words = {"field": self.fields["source"].label, "text": Source(wanted.source).label}
            found.append(Way(_("%(field)s: %(text)s") % words, query(wanted, source=None, **self.kept)))
        if wanted.field:
            title = _titled(self.segments[wanted.field], wanted.value)
            found.append(Way(title, query(wanted, segment=None, **self.kept)))
        return found

    @property
    def cleared(self) -> str:
        """The address of the same period without the other filters."""
        return query(self.chosen, version=None, source=None, segment=None, **self.kept)

    @property
    def in_words(self) -> str:
        """Period and filters, as paper says them: `24 May to 21 November 2026, all versions`."""
        chips = [chip.title for chip in self.chips]
        return ", ".join([self.period, *([] if self.chosen.version else [_("all versions")]), *chips])


def period(since: date, until: date) -> str:
    """`24 May to 21 November 2026`; of one day, that day."""
    last = date_format(until, "j F Y")
    if since == until:
        return last
    first = date_format(since, "j F" if since.year == until.year else "j F Y")
    return _("%(since)s to %(until)s") % {"since": first, "until": last}


def half_year(wanted: Wanted, today: date, **other: Any) -> str:
    """`query` of the last six months; "" where the period is as long."""
    if (wanted.until - wanted.since).days + 1 >= HALF_YEAR:
        return ""
    return query(wanted, **{SINCE: today - timedelta(days=HALF_YEAR - 1), UNTIL: today}, **other)


def query(wanted: Wanted, **other: Any) -> str:
    """`address` as it stands behind a path, with its question mark."""
    return f"?{urlencode(address(wanted, **other))}"


def address(wanted: Wanted, **other: Any) -> dict[str, str]:
    """The query of an address that asks for the same; `other` replaces some of it, None leaves it out."""
    segment = f"{wanted.field}:{wanted.value}" if wanted.field else None
    told = {SINCE: wanted.since, UNTIL: wanted.until, "version": wanted.version, "source": wanted.source}
    return {
        name: str(value) for name, value in (told | {"segment": segment} | other).items() if value not in {None, ""}
    }


def _segments(versions: list[Any], user: User | AnonymousUser) -> dict[str, Segment]:
    """Of the newest version that has such a field, by its name."""
    found: dict[str, Segment] = {}
    for version in versions:
        one = layout.of(version)
        hidden = masking.hidden(one.signature, user)
        found |= {name: segment for name, segment in one.segment_names.items() if name not in hidden}
    return found


def _titled(segment: Segment, value: str) -> str:
    return _("%(field)s: %(text)s") % {"field": segment.feature.title, "text": title_of(segment, value)}


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    errors = {"invalid_choice": _NOT_THERE}
    return forms.ChoiceField(label=label, choices=choices, required=False, widget=PlainSelect, error_messages=errors)


def _options(choices: Any, chosen: str) -> SafeString:
    """Choices as HTML; a list in the place of a title is a group."""
    return format_html_join("", "{}", ([_option(value, title, chosen)] for value, title in choices))


def _option(value: Any, title: Any, chosen: str) -> SafeString:
    if isinstance(title, list | tuple):
        return format_html('<optgroup label="{}">{}</optgroup>', value, _options(title, chosen))
    selected = mark_safe(" selected") if str(value) == chosen else ""
    return format_html('<option value="{}"{}>{}</option>', value, selected, title)
