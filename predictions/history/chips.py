"""What a list was narrowed by, in words, and the address without each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from predictions.history.forms import SINCE, UNTIL, SearchForm
from predictions.history.wanted import Named
from predictions.models import Batch


@dataclass(frozen=True)
class Chip:
    """One filter, and the parameters that say it."""

    text: str
    names: tuple[str, ...]


def chips(form: SearchForm, about: Named, batch: Batch | None) -> list[Chip]:
    """All filters of a valid form."""
    return [*_searched(about), *_chosen(form), *_days(form.cleaned_data), *_of_file(form, about, batch)]


def _searched(about: Named) -> Iterator[Chip]:
    if about.key:
        yield Chip(_("Key: %(key)s") % {"key": about.key}, ("q",))
    elif about.is_call and about.answer:
        yield Chip(_("Call: %(number)s") % {"number": about.answer.pk}, ("q",))
    elif about.batch:
        yield Chip(_("File: %(name)s") % {"name": about.batch.name}, ("q",))


def _chosen(form: SearchForm) -> Iterator[Chip]:
    asked = form.cleaned_data
    if asked["version"]:
        words = {"model": _title(form, "model", asked["model"]), "number": asked["version"]}
        yield Chip(_("Model: %(model)s, version %(number)s") % words, ("model", "version", "segment"))
    for name in ("model", "answer", "decision", "outcome", "source"):
        if asked[name] and not (name == "model" and asked["version"]):
            words = {"field": form.fields[name].label, "text": _title(form, name, asked[name])}
            yield Chip(_("%(field)s: %(text)s") % words, (name, "version", "segment") if name == "model" else (name,))
    if asked.get("by"):
        yield Chip(_("%(field)s: %(text)s") % {"field": form.fields["by"].label, "text": asked["by"]}, ("by",))
    if asked["actual"]:
        yield Chip(_("Real outcome: %(text)s") % {"text": _title(form, "answer", asked["actual"])}, ("actual",))
    if form.inside:
        yield Chip(form.inside.title, ("segment",))
    if asked["warned"]:
        yield Chip(str(form.fields["warned"].label), ("warned",))


def _title(form: SearchForm, name: str, value: str) -> str:
    choices: Any = form.fields[name]
    return str(dict(choices.choices).get(value, value))


def _days(asked: Mapping[str, Any]) -> Iterator[Chip]:
    since, until = (date_format(day, "j F Y") if day else "" for day in (asked[SINCE], asked[UNTIL]))
    words = {"since": since, "until": until}
    if since and until:
        yield Chip(_("From %(since)s to %(until)s") % words, (SINCE, UNTIL))
    elif since:
        yield Chip(_("From %(since)s on") % words, (SINCE,))
    elif until:
        yield Chip(_("Until %(until)s") % words, (UNTIL,))


def _of_file(form: SearchForm, about: Named, batch: Batch | None) -> Iterator[Chip]:
    if form.cleaned_data["batch"] and about.batch is None:
        # The same words for a file that is not there and for one of somebody else.
        yield Chip(_("File: %(name)s") % {"name": batch.name if batch else _("unknown")}, ("batch",))
