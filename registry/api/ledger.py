"""Who put which version in charge, when and why, as JSON."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from registry import actions, promotions
from registry.api.base import TaggedView
from registry.models import LedgerEntry

PAGE = 50


class LedgerView(TaggedView):
    """GET /api/v1/models/{model}/ledger: who put which version in charge, when and why."""

    parameters = ("at", "before")

    def get(self, request: Request, model: str) -> Response:
        """Newest first, 50 at a time: `?before=12` goes on below entry 12. `?at=2026-03-03T10:00:00Z`: who answered then."""
        found = actions.get_model(model)
        if "at" in request.query_params:
            instant = _instant(request.query_params["at"])
            if instant > timezone.now():
                raise ParseError(_("“at” must be a moment that has passed."))
            entry = promotions.champion_at(found, instant)
            return Response({"at": instant, "entry": entry and _entry(entry)})
        entries = found.ledger.select_related("from_version", "to_version", "by", "approved_by").order_by("-number")
        if "before" in request.query_params:
            entries = entries.filter(number__lt=_number(request.query_params["before"]))
        page = list(entries[: PAGE + 1])
        more = page[PAGE - 1].number if len(page) > PAGE else None
        return Response({"results": [_entry(entry) for entry in page[:PAGE]], "before": more})


def _instant(text: str) -> datetime:
    """A moment with its zone: without one, who answered would depend on where the server stands."""
    try:
        found = parse_datetime(text.strip().replace(" ", "+"))  # a "+" in an address means a space
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        raise ParseError(_("“at” must be a moment with its zone, like 2026-03-03T10:00:00Z."))
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ParseError(_("“before” must be the number of an entry."))
    return int(text)


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "kind": entry.kind,
        "answers": entry.answers,
        "version": entry.to_version.number,
        "commit": entry.to_version.commit,
        "from_version": entry.from_version and entry.from_version.number,
        "by": entry.by.get_username(),
        "approved_by": entry.approved_by and entry.approved_by.get_username(),
        "reason": entry.reason,
        "created_at": entry.created_at,
    }
