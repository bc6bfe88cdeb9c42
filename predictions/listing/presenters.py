"""What the pages of records show: display logic that would be more than an {% if %} in a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.listing import lists
from predictions.listing.askable import Askable, models_of
from predictions.listing.fields import Field, first_shown, key_title
from predictions.listing.filters import FROM, IS, TO, searched
from predictions.listing.last_answers import Seen, last_answers
from predictions.listing.lists import Asked, Page
from predictions.models import Dataset, Record
from predictions.presenters import Row
from registry.texts import figure

MISSING_NAMED = 5


@dataclass(frozen=True)
class Heading:
    """A column of the table. `url` sorts by it; `order` is for aria-sort."""

    title: str
    url: str
    order: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Line:
    """A record in the table, and what was last answered about it. `cells`: title, text and kind of each value.

    Everything is a text that stands ready: fifty lines of includes and tags would take longer than the query.
    """

    number: int
    key: str
    url: str
    tick: str
    cells: list[tuple[str, str, str]]
    label: str
    label_url: str
    share: str
    ask_url: str
    ask_about: str


@dataclass(frozen=True)
class Choice:
    """A box to tick, or a line of a list."""

    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True)
class Control:
    """What a column can be filtered by: its choices, or a lowest and a highest number."""

    field: Field
    number: int
    choices: list[Choice]
    low: str
    high: str
    error: str

    @property
    def id(self) -> str:
        """One word, whatever the column is called."""
        return f"filter-{self.number}"

    @property
    def names(self) -> dict[str, str]:
        """The parameters of an address."""
        return {"is": IS + self.field.name, "low": FROM + self.field.name, "high": TO + self.field.name}


@dataclass(frozen=True)
class Narrowed:
    """A filter in words, and the address without it."""

    text: str
    url: str


class TablePage:
    """Everything the table of a set of records shows to one reader."""

    def __init__(self, dataset: Dataset, sent: QueryDict, user: User | AnonymousUser, chosen: Sequence[str]) -> None:
        self.dataset, self.sent, self.user = dataset, sent, user
        self.asked: Asked = lists.ask(dataset, sent, user)
        self.page: Page = lists.page(self.asked)
        known = self.asked.fields
        names = [name for name in chosen if name in known and not known[name].is_hidden]
        names = names or first_shown(list(known.values()))
        self.shown = [known[name] for name in names]
        self._drawn: dict[tuple[str, str], str] = {}

    # --- addresses ---

    def _url(self, changes: Mapping[str, str | None]) -> str:
        """This page's address with other parameters, from the first page on."""
        query = QueryDict(mutable=True)
        for name, values in self.sent.lists():
            if name != "after" and name not in changes and any(values):
                query.setlist(name, [value for value in values if value])
        query.update({name: value for name, value in changes.items() if value})
        return reverse("records", args=[self.dataset.name], query=query)

    @cached_property
    def query(self) -> str:
        """What the form that asks sends along: the search, the filters and the order."""
        return self._url({}).partition("?")[2]

    @property
    def everything_url(self) -> str:
        """The whole set, in the same order."""
        return self._url(dict.fromkeys(name for name in self.sent if name not in {"sort", "order"}))

    @property
    def first_url(self) -> str:
        """The first page, for who is on a later one."""
        return self._url({}) if self.asked.after else ""

    @property
    def next_url(self) -> str:
        return self._url({"after": str(self.page.following)}) if self.page.following else ""

    # --- the table ---

    @cached_property
    def headings(self) -> list[Heading]:
        """The key, and the columns that are shown."""
        key = self._heading(self.dataset.key_column, self.key_title, is_number=False)
        own = [self._heading(field.name, field.heading, is_number=field.is_number) for field in self.shown]
        return [key, *own]

    def _heading(self, name: str, title: str, *, is_number: bool) -> Heading:
        order = self.asked.order
        if order.name != name:
            return Heading(title, self._url({"sort": name, "order": None}), "", is_number)
        turned = self._url({"sort": name, "order": None if order.is_descending else "desc"})
        return Heading(title, turned, "descending" if order.is_descending else "ascending", is_number)

    @property
    def key_title(self) -> str:
        return key_title(self.dataset)

    @cached_property
    def lines(self) -> list[Line]:
        """The records of this page."""
        answers = last_answers(self.page.records, self.user)
        return [self._line(record, answers.get(record.pk)) for record in self.page.records]

    def _line(self, record: Record, answer: Seen | None) -> Line:
        model = self.askable[0] if self.askable else None
        return Line(
            number=record.pk,
            key=record.key,
            url=f"{self._base}{record.pk}/",
            tick=self._words["tick"] % {"key": record.key},
            cells=[self._cell(field, record) for field in self.shown],
            label=answer.row.label if answer else "",
            label_url=answer.url if answer else "",
            share=self._share(answer.row) if answer else "",
            ask_url=f"{self._door}?record={record.pk}" if model else "",
            ask_about=self._words["ask"] % {"model": model.title, "key": record.key} if model else "",
        )

    def _cell(self, field: Field, record: Record) -> tuple[str, str, str]:
        kind = "number" if field.is_number else "words"
        return field.title, field.text(record.data.get(field.name)), kind

    @cached_property
    def _base(self) -> str:
        return reverse("records", args=[self.dataset.name])

    @cached_property
    def _door(self) -> str:
        return reverse("predict", args=[self.askable[0].name])

    @cached_property
    def _words(self) -> dict[str, str]:
        return {"tick": _("Tick %(key)s"), "ask": _("%(model)s about %(key)s")}

    def _share(self, row: Row) -> str:
        """How likely, drawn once for all lines in which it is the same."""
        kind = (row.share, row.bar.width if row.bar else "")
        if kind not in self._drawn:
            self._drawn[kind] = render_to_string("predictions/answers/share.html", {"row": row})
        return self._drawn[kind]

    # --- how many ---

    @property
    def is_narrowed(self) -> bool:
        return bool(self.asked.filters.conditions)

    @property
    def count(self) -> str:
        """How many records there are, or match."""
        all_of_them = figure(self.dataset.size, grouped=True)
        if not self.is_narrowed:
            return _("1 record") if self.dataset.size == 1 else _("%(count)s records") % {"count": all_of_them}
        numbers = {"count": figure(self.page.count, grouped=True), "all": all_of_them}
        return _("%(count)s of %(all)s records") % numbers

    @property
    def too_many(self) -> str:
        """How many can be asked about at once, where more are found; else empty."""
        most = settings.RECORDS_PER_CALL
        return figure(most, grouped=True) if self.page.count > most else ""

    @property
    def all_of_them(self) -> str:
        """What the box says that stands for more than this page."""
        number = figure(self.page.count, grouped=True)
        if not self.is_narrowed:
            return _("All %(count)s records of this set") % {"count": number}
        return _("All %(count)s records that were found") % {"count": number}

    # --- narrowing ---

    @property
    def searched(self) -> str:
        """What search words are looked for in."""
        titles = [self.key_title, *(field.title for field in searched(self.asked.fields.values()))]
        return _("Searched: %(columns)s") % {"columns": ", ".join(titles)}

    @cached_property
    def chips(self) -> list[Narrowed]:
        """The filters in words, each with the address without it."""
        return [Narrowed(chip.text, self._url(dict.fromkeys(chip.names))) for chip in self.asked.filters.chips]

    @cached_property
    def controls(self) -> list[Control]:
        """Filters for the columns that are shown, and for those that are filtered by already."""
        used = {name.partition(".")[2] for name in self.sent if name.startswith((IS, FROM, TO))}
        shown = {field.name for field in self.shown}
        fields = [field for field in self.asked.fields.values() if field.name in shown | used and not field.is_hidden]
        return [self._control(field, number) for number, field in enumerate(fields) if _can_be_filtered(field)]

    def _control(self, field: Field, number: int) -> Control:
        values = ("true", "false") if field.kind == "boolean" else field.values
        chosen = self.sent.getlist(IS + field.name)
        low, high = FROM + field.name, TO + field.name
        errors = {problem.where: problem.text for problem in self.asked.problems}
        return Control(
            field,
            number,
            [Choice(value, field.choice(value), value in chosen) for value in values],
            self.sent.get(low, ""),
            self.sent.get(high, ""),
            errors.get(low) or errors.get(high) or errors.get(IS + field.name, ""),
        )

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Where a link of the summary leads, "" for nowhere, and the sentence."""
        places = {name: control.id for control in self.controls for name in control.names.values()} | {"q": "q"}
        return [(places.get(problem.where, ""), problem.text) for problem in self.asked.problems]

    @property
    def orders(self) -> list[Choice]:
        """What can be sorted by: the key, and the columns that are shown."""
        name = self.asked.order.name
        fields = [field for field in self.asked.fields.values() if not field.is_hidden]
        shown = [field for field in fields if field in self.shown or field.name == name]
        key = Choice(self.dataset.key_column, self.key_title, name == self.dataset.key_column)
        own = Choice("", _("The order of the file"), not name)
        return [own, key, *(Choice(field.name, field.title, field.name == name) for field in shown)]

    @property
    def columns(self) -> list[Choice]:
        """Every column that the reader may see, for who chooses those that are shown."""
        fields = [field for field in self.asked.fields.values() if not field.is_hidden]
        return [Choice(field.name, field.title, field in self.shown) for field in fields]

    @property
    def hidden(self) -> str:
        """How many columns the reader may not see, as a sentence; empty when there are none."""
        count = sum(field.is_hidden for field in self.asked.fields.values())
        if count < 2:
            return _("1 column is hidden from you.") if count else ""
        return _("%(count)s columns are hidden from you.") % {"count": figure(count)}

    # --- asking ---

    @cached_property
    def models(self) -> list[Askable]:
        return models_of(self.dataset)

    @cached_property
    def askable(self) -> list[Askable]:
        """The models that can be asked about these records now, by somebody who may ask."""
        if not self.user.has_perm("predictions.add_prediction"):
            return []
        return [model for model in self.models if model.can_be_asked]

    @property
    def obstacle(self) -> str:
        """Why no model can be asked, as a sentence; empty when one can, or the reader may not ask at all."""
        if self.askable or not self.user.has_perm("predictions.add_prediction"):
            return ""
        return why_none(self.models)


def _can_be_filtered(field: Field) -> bool:
    return field.is_number or field.kind == "boolean" or bool(field.values)


def why_none(models: Sequence[Askable]) -> str:
    """Why none of the models can be asked about a set of records."""
    fitting = [model for model in models if not model.missing]
    if fitting:
        return _("%(model)s is suspended: it answers no questions for the moment.") % {"model": fitting[0].title}
    if not models:
        return _("No model that takes tables is in service yet.")
    nearest = min(models, key=lambda model: len(model.missing))
    names = ", ".join(nearest.missing[:MISSING_NAMED])
    if (more := len(nearest.missing) - MISSING_NAMED) > 0:
        names = _("%(names)s and %(count)s more") % {"names": names, "count": figure(more)}
    words = {"model": nearest.title, "columns": names}
    return _("No model can be asked about these records. %(model)s needs columns that they lack: %(columns)s.") % words
