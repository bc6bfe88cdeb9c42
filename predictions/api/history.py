"""What was asked and answered, as JSON."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from predictions.api import filters, told
from predictions.api.errors import BodyTooLarge
from predictions.api.history_shapes import ANSWER, PredictionPageSerializer, PredictionSerializer, line_of
from predictions.history import search
from registry.api.base import ApiView
from registry.api.documents import CURSOR, PAGE_SIZE, described, example
from registry.api.paging import PARAMETERS, Cursor, Pages


class PredictionsView(ApiView):
    """GET /api/v1/predictions."""

    parameters = (*PARAMETERS, *filters.NAMES)

    @described(
        "predictions.list",
        tag="History",
        summary="What was asked and answered, newest first",
        description="Your own answers; everybody's with the right to see them. Filters narrow each other. Pages go by "
        "cursor and are never counted: follow `next` until it is null. A page after the last known one is `previous` of "
        "it: ask it again later for what is newer. 413: the filters match so rarely that the search was given up.",
        answers={200: PredictionPageSerializer},
        parameters=[*filters.DESCRIBED, CURSOR, PAGE_SIZE],
        examples=[
            example("The newest", {"next": None, "previous": None, "results": [line_of(ANSWER)]}, status=200),
        ],
        problems=(400, 404, 406, 413),
    )
    def get(self, request: Request) -> Response:
        """A page of answers."""
        user: User = request.user  # type: ignore[assignment]  # IsAuthenticated lets nobody else in
        wanted, pages = filters.wanted(request.query_params.dict(), user), Pages()

        def window(cursor: Cursor | None, most: int) -> Sequence[uuid.UUID]:
            place = {} if cursor is None else {"after" if cursor.back else "before": cursor.position}
            try:
                return search.page(wanted, **place, most=most)
            except search.TooMany:
                raise BodyTooLarge(
                    _("This takes too long to find. Narrow the search, by a model or by days.")
                ) from None

        numbers = pages.walk(request, window, read=uuid.UUID, at=lambda number: number)
        return pages.get_paginated_response(told.rows(numbers, user))


class PredictionView(ApiView):
    """GET /api/v1/predictions/{id}."""

    @described(
        "predictions.read",
        tag="History",
        summary="One answer, with what was asked and what came of it",
        description="Values of fields that you may not see are null, and `hidden` names the fields.",
        answers={200: PredictionSerializer},
        examples=[example("An answer with a decision", ANSWER, status=200)],
        problems=(400, 404, 406),
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Everything about one answer."""
        user: Any = request.user
        return Response(told.whole_answer(found(pk, user), user))


def found(number: uuid.UUID, user: User) -> Any:
    """The answer of a number. Raises NotFound, also for one that this person may not see."""
    answer = told.visible_answer(number, user)
    if answer is None:
        raise NotFound(_("There is no such answer."))  # the same words: whose it is, is nobody's business
    return answer
