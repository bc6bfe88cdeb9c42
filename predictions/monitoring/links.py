"""Where the rows behind a number are: the history, with the same filters."""

from datetime import date
from typing import Any

from django.urls import reverse

from predictions.monitoring.rollups.reading import Wanted


def rows(wanted: Wanted, **more: Any) -> str:
    """The answers that a number counts: filters of the history by name, such as answer, decision, outcome, actual.

    `since`, `until`, `version` narrow the period and version of the page.
    """
    since: date = more.pop("since", wanted.since)
    until: date = more.pop("until", wanted.until)
    version = more.pop("version", wanted.version)
    asked: dict[str, Any] = {"model": wanted.model.name, "from": since, "to": until, "version": version}
    asked |= {"source": wanted.source, "segment": f"{wanted.field}:{wanted.value}" if wanted.field else ""}
    told = {name: str(value) for name, value in (asked | more).items() if value not in {None, ""}}
    return reverse("history-search", query=told)
