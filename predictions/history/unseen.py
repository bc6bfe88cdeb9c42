"""Answers that somebody wants to estimate before they see them: lists must not tell what the page keeps back."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from predictions.decisions import first
from predictions.models import Decision, Estimate


def kept_back(request: HttpRequest, numbers: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Of these answers, those whose page keeps the answer back from this reader."""
    if not first.is_on(request.COOKIES, request.user):
        return frozenset()
    wanted = set(numbers)
    mine: dict[str, Any] = {"prediction__in": wanted, "by_id": request.user.pk}
    estimated = Estimate.objects.filter(**mine).values_list("prediction_id", flat=True)
    decided = Decision.objects.filter(**mine).values_list("prediction_id", flat=True)
    return frozenset(wanted - {*estimated} - {*decided})
