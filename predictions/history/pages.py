"""What the search shows: a page of answers, what was asked for in words, and where to go on."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from predictions.admin_lists import estimated_rows
from predictions.history import search
from predictions.history.addresses import person_url
from predictions.history.chips import chips
from predictions.history.forms import OTHERS, SearchForm
from predictions.history.states import Became, State, became
from predictions.history.unseen import kept_back
from predictions.history.wanted import Named, Wanted, batch_of, named, wanted
from predictions.models import Batch, Prediction
from predictions.presenters import Row, rows
from registry.presenters import person
from registry.texts import figure

PAGE = 50


@dataclass(frozen=True)
class Found:
    """A line of the table, as texts that stand ready: fifty lines of includes and tags would take longer than the query.

    `share`: how likely, drawn; "" for a value, and for an answer that is kept back until the reader estimated.
    """

    row: Row
    label: str
    share: str
    url: str
    key: str
    person_url: str
    decided: State | None
    happened: State | None
    version: str
    when: str
    asked: str
    tick: str

    @property
    def prediction(self) -> Prediction:
        return self.row.prediction


@dataclass(frozen=True)
class Narrowed:
    """A filter in words, and the address without it."""

    text: str
    url: str


class SearchPage:
    """Everything that the search shows to one reader."""

    def __init__(self, request: HttpRequest) -> None:
        self.request, self.user = request, request.user
        self.sent = request.GET
        self.form = SearchForm(self.sent, self.user)
        self.is_valid = self.form.is_valid()
        self.about: Named = named(self.form.cleaned_data["q"], self.user) if self.is_valid else Named()
        self.too_many = False
        self._drawn: dict[tuple[str, str], str] = {}

    @property
    def sees_all(self) -> bool:
        """Whether the reader sees what others were answered."""
        return self.user.has_perm(OTHERS)

    @property
    def single(self) -> Prediction | None:
        """The one answer that was searched for by its number."""
        return None if self.about.is_call else self.about.answer

    @cached_property
    def wanted(self) -> Wanted:
        return wanted(self.form, self.about, self.user)

    @cached_property
    def batch(self) -> Batch | None:
        """The file that the answers are of."""
        return batch_of(self.form, self.about, self.user) if self.is_valid else None

    # --- the table ---

    @cached_property
    def _numbers(self) -> list[uuid.UUID]:
        """Of this page, and of one answer more if there is one."""
        if not self.is_valid or self.about.is_missing:
            return []
        try:
            return search.page(self.wanted, before=self.form.cleaned_data["before"], most=PAGE + 1)
        except search.TooMany:
            self.too_many = True
            return []

    @cached_property
    def lines(self) -> list[Found]:
        """The answers of this page, newest first."""
        numbers = self._numbers[:PAGE]
        answers = list(Prediction.objects.for_list().filter(pk__in=numbers).order_by("-pk")) if numbers else []
        prefetch_related_objects(answers, "user")
        states = became(numbers) if numbers else {}
        unseen = kept_back(self.request, numbers)
        return [self._line(row, states[row.prediction.pk], unseen) for row in rows(answers)]

    def _line(self, row: Row, state: Became, unseen: frozenset[uuid.UUID]) -> Found:
        answer, words, is_hidden = row.prediction, self._words, row.prediction.pk in unseen
        moment = localtime(answer.created_at)
        when = date_format(moment, "j N Y, H:i")
        place = words["row"] % {"number": answer.row + 1} if answer.row else ""
        key = answer.key or (row.record.key if row.record else "")
        dataset = row.record.dataset.name if row.record else ""
        return Found(
            row,
            label=words["hidden"] if is_hidden else row.label,
            share="" if is_hidden else self._share(row),
            url=reverse("record", args=[answer.pk]),
            key=key,
            person_url=person_url(key, dataset) if key else "",
            decided=state.decided,
            happened=state.happened(answer),
            version=words["version"] % {"number": answer.version.number},
            when=when,
            asked=f"{person(answer.user)} · {row.source}",
            tick=", ".join(filter(None, [words["tick"] % {"when": f"{when}:{moment:%S}"}, key, place])),
        )

    @cached_property
    def _words(self) -> dict[str, str]:
        words = {
            "tick": _("Tick the answer of %(when)s"),
            "version": _("version %(number)s"),
            "row": _("row %(number)s"),
        }
        return words | {"hidden": _("Kept back until you estimate")}

    def _share(self, row: Row) -> str:
        """How likely, drawn once for all lines in which it is the same."""
        kind = (row.share, row.bar.width if row.bar else "")
        if kind not in self._drawn:
            self._drawn[kind] = render_to_string("predictions/answers/share.html", {"row": row})
        return self._drawn[kind]

    @property
    def is_comparable(self) -> bool:
        """Whether there are two to tick."""
        return len(self.lines) > 1

    @cached_property
    def count(self) -> str:
        """How many there are, where that is known without counting: of all answers, the database's own estimate."""
        if self.older_url and not self.chips and self.sees_all:
            total = max(estimated_rows(Prediction._meta.db_table), PAGE)
            return _("About %(total)s answers") % {"total": figure(total, grouped=True)}
        if self.older_url or self.newest_url:
            return _("Newest first")
        return _("1 answer") if len(self.lines) == 1 else _("%(count)s answers") % {"count": len(self.lines)}

    # --- addresses ---

    def _url(self, **changes: str | None) -> str:
        """This page's address with other parameters, from the newest answer on."""
        query = QueryDict(mutable=True)
        for name in self.form.fields:
            if name != "before" and name not in changes and (value := self.sent.get(name)):
                query[name] = value
        query.update({name: value for name, value in changes.items() if value})
        return reverse("history-search", query=query) if query else reverse("history-search")

    @property
    def newest_url(self) -> str:
        """The newest of them, for who is on a later page."""
        return self._url() if self.sent.get("before") else ""

    @property
    def older_url(self) -> str:
        return self._url(before=str(self._numbers[PAGE - 1])) if len(self._numbers) > PAGE else ""

    @property
    def everything_url(self) -> str:
        return reverse("history-search")

    @property
    def file_url(self) -> str:
        """The same answers as a file."""
        return self._url(format="csv")

    @cached_property
    def chips(self) -> list[Narrowed]:
        """The filters in words, each with the address without it."""
        if not self.is_valid:
            return []
        found = chips(self.form, self.about, self.batch)
        return [Narrowed(chip.text, self._url(**dict.fromkeys(chip.names))) for chip in found]

    @property
    def nothing(self) -> str:
        """Why there is nothing to see, as a sentence."""
        if self.about.is_missing:
            return _("No answer, call or file that you may see has this number.")
        if self.sent.get("before"):
            return _("There are no older answers.")
        return _("No answer matches.") if self.chips else _("There are no answers yet.")
