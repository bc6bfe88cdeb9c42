"""Who put which version in charge, when and why, as JSON."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from registry import actions, promotions
from registry.api import samples, shapes
from registry.api.base import TaggedView, wrong
from registry.api.documents import CURSOR, PAGE_SIZE, described, example
from registry.api.moments import moment
from registry.api.paging import PARAMETERS, Pages
from registry.models import LedgerEntry

# What versions hold and no entry tells.
LARGE = [f"{side}_version__{name}" for side in ("from", "to") for name in ("signature", "metadata", "report")]


class LedgerPages(Pages):
    """Newest first by the number, which counts up under the model's lock."""

    ordering = "-number"


class LedgerView(TaggedView):
    """GET /api/v1/models/{model}/ledger: who put which version in charge, when and why."""

    parameters = (*PARAMETERS, "at", "before")

    @described(
        "models.ledger",
        tag="Registry",
        summary="Who put which version in charge, when and why",
        description=(
            "Newest first. With `at`, who answered at that moment: `{at, entry}` instead of a list. `before` goes on below an "
            "entry by its number, for those who keep the last one they have seen."
        ),
        answers={200: shapes.LEDGER},
        parameters=[
            shapes.MODEL,
            CURSOR,
            PAGE_SIZE,
            OpenApiParameter(
                "at",
                {"type": "string", "format": "date-time"},
                description="A moment with its zone; 404 while it has not passed.",
            ),
            OpenApiParameter(
                "before",
                {"type": "integer", "minimum": 0, "maximum": 999_999_999},
                description="Entries with smaller numbers.",
            ),
        ],
        examples=[
            example(
                "One entry", {"next": None, "previous": None, "results": [samples.ENTRY], "before": None}, status=200
            ),
            example("At a moment", {"at": "2026-11-21T09:00:00Z", "entry": samples.ENTRY}, status=200),
        ],
        problems=(400, 404),
    )
    def get(self, request: Request, model: str) -> Response:
        """A page, or the entry that was in force at a moment."""
        found = actions.get_model(model)
        entries = found.ledger.select_related("to_version", "from_version", "by", "approved_by")
        if "before" in request.query_params:
            entries = entries.filter(number__lt=_number(request.query_params["before"]))
        pages = LedgerPages()
        # A parameter that is wrong is refused also where nobody needs it.
        page = pages.paginate_queryset(entries.defer(*LARGE), request, self)
        if "at" in request.query_params:
            instant = _instant(request.query_params["at"])
            if instant > timezone.now():
                raise NotFound(_("“at” must be a moment that has passed."))
            entry = promotions.champion_at(found, instant)
            return Response({"at": instant, "entry": entry and _entry(entry)})
        answer = pages.get_paginated_response([_entry(entry) for entry in page])
        answer.data["before"] = page[-1].number if answer.data["next"] else None
        return answer


def _instant(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise wrong("at", "not_a_moment", str(error)) from error


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise wrong("before", "not_a_number", _("“before” must be the number of an entry."))
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
