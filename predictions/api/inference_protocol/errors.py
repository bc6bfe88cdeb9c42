"""Errors as the protocol writes them: {"error": "text"}, with the statuses that the rest of the API has."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response

from predictions.api import errors
from registry.runtimes.base import RuntimeFailed

CONTENT_TYPE = "application/json"
MOST_TOLD = 3


class NotReady(exceptions.APIException):
    """The server, or a model of it, cannot answer now."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = gettext_lazy("The server is not ready: /health/ready says why.")
    default_code = "not_ready"


def error_text(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler for /v2: the answer of the other routes, as one sentence."""
    if isinstance(error, RuntimeFailed):  # asked about a model's readiness; the waist turns it into NotAnswered
        error = NotReady(str(error))
    response = errors.problem_details(error, context)
    if response is not None:
        response.data = body(sentence(response.data))
        response.content_type = CONTENT_TYPE
    return response


def body(text: str) -> dict[str, str]:
    """The one member of an error."""
    return {"error": text}


def sentence(problem: Mapping[str, Any]) -> str:
    """The detail of a problem; of rows and fields that are wrong the first few, each with its own sentence."""
    wrong = problem["errors"]
    if not wrong:
        return str(problem["detail"])
    told = [_told(error) for error in wrong[:MOST_TOLD]]
    if len(wrong) > MOST_TOLD:
        told.append(_("There are more such errors."))
    return " ".join(told)


def _told(error: Mapping[str, Any]) -> str:
    """The sentence of an error, behind its place as far as it has one that the sentence does not name."""
    if error["row"] is not None:
        return _("Row %(row)s, “%(field)s”: %(message)s") % error
    if error["field"] and f"“{error['field']}”" not in error["message"]:
        return _("“%(field)s”: %(message)s") % error
    return str(error["message"])
