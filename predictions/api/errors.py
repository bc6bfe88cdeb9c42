"""One shape for every error of the API: RFC 9457 problem details, never with a personal value in it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response

from predictions.decisions.verbs import DecidedMeanwhile, TooLate
from predictions.decisions.verbs import Refused as DecisionRefused
from predictions.exceptions import (
    Changed,
    InvalidInput,
    KeyInUse,
    KeyReused,
    ModelSuspended,
    NotAllowed,
    NotAnswered,
    NotNow,
    UnknownModel,
)
from predictions.imports.csv_files import FileRefused, FileTooLarge
from predictions.outcomes.verbs import Meanwhile, OutcomeRefused
from registry.rights import refusal
from registry.signature import printable

CONTENT_TYPE = "application/problem+json"
MOST_ERRORS = 1000


class BodyTooLarge(exceptions.APIException):
    """A body over MAX_BODY_BYTES."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("Send a smaller body.")
    default_code = "too_large"


# Ours first: what each exception of the waist is called on the wire.
_OURS: dict[type[Exception], tuple[int, str]] = {
    NotAllowed: (403, "permission_denied"),
    UnknownModel: (404, "unknown_model"),
    ModelSuspended: (503, "model_suspended"),
    KeyReused: (422, "idempotency_key_reused"),
    KeyInUse: (409, "idempotency_key_in_use"),
    Changed: (409, "version_changed"),
    NotNow: (409, "not_now"),
    DecidedMeanwhile: (409, "decided_meanwhile"),
    TooLate: (409, "too_late"),
    Meanwhile: (409, "reported_meanwhile"),
    FileTooLarge: (413, "too_large"),
    FileRefused: (400, "file_refused"),
}
# Seconds after which to try again; when a suspended model answers again is a person's decision.
_RETRY_AFTER: dict[type[Exception], str] = {KeyInUse: "2", ModelSuspended: "60"}
# Made when they are needed: each takes its text in the language of the request.
_DJANGO: dict[type[Exception], Callable[[], exceptions.APIException]] = {
    Http404: lambda: exceptions.NotFound(nothing_here()),
    PermissionDenied: exceptions.PermissionDenied,
    RequestDataTooBig: BodyTooLarge,
    MultiPartParserError: lambda: exceptions.ParseError(_("The multipart body is damaged.")),
}


def problem_details(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None leaves an error to the faults of the product: a database that is away, a logged 500."""
    path = context["request"].path if context.get("request") else ""
    if isinstance(error, InvalidInput):
        return _of_input(error.errors, path)
    if isinstance(error, DecisionRefused | OutcomeRefused):
        return _of_input([_error(None, name, "invalid", text) for name, text in error.problems.items()], path)
    if isinstance(error, NotAnswered):
        return _problem(503, f"runtime_{error.kind}", str(error), path, headers={"Retry-After": "5"})
    for kind, (code, name) in _OURS.items():
        if isinstance(error, kind):
            wait = {"Retry-After": _RETRY_AFTER[kind]} if kind in _RETRY_AFTER else {}
            return _problem(code, name, str(error) or _("Something else happened meanwhile."), path, headers=wait)
    error = next((mapped() for kind, mapped in _DJANGO.items() if isinstance(error, kind)), error)
    return _of_drf(error, path) if isinstance(error, exceptions.APIException) else None


def _of_drf(error: exceptions.APIException, path: str) -> Response:
    headers = {"WWW-Authenticate": str(header)} if (header := getattr(error, "auth_header", None)) else {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.NotAcceptable):
        return _problem(error.status_code, error.default_code, _acceptable(error), path, headers=headers)
    if isinstance(error, exceptions.ValidationError):
        return _of_input(_flat(error.detail), path)
    if isinstance(error, exceptions.PermissionDenied) and error.detail == error.default_detail:
        return _problem(error.status_code, error.default_code, refusal(), path, headers=headers)
    return _problem(error.status_code, error.default_code, str(error.detail), path, headers=headers)


def nothing_here() -> str:
    """What 404 says of an address: the same whether nothing is there, or nothing that the caller may see."""
    return _("There is nothing at this address, or nothing that you may see.")


def _acceptable(error: exceptions.NotAcceptable) -> str:
    """What `Accept` may name, as people call it and as it is written."""
    kinds = sorted(kind.media_type for kind in error.available_renderers or ())
    words = {"kinds": ", ".join(f"{kind.rpartition('/')[2].upper()} ({kind})" for kind in kinds)}
    return _("“Accept” names nothing that can be answered here. It may name: %(kinds)s.") % words


def _of_input(errors: list[dict[str, Any]], path: str) -> Response:
    detail = _("Values that cannot be used: %(count)d.") % {"count": len(errors)}
    return _problem(400, "invalid_input", detail, path, errors=errors[:MOST_ERRORS])


def _flat(detail: Any, row: int | None = None, field: str = "") -> list[dict[str, Any]]:
    """DRF's {field: [messages]} as our list. What it says of the items of a list, by place or by number, are rows."""
    if isinstance(detail, dict):
        found = [_flat(inner, *_place(name, row, field)) for name, inner in detail.items()]
    elif isinstance(detail, list):
        nested = any(isinstance(inner, dict | list) for inner in detail)
        found = [_flat(inner, at if nested and row is None else row, field) for at, inner in enumerate(detail)]
    else:
        found = [[_error(row, field, getattr(detail, "code", "invalid"), str(detail))]]
    return [error for errors in found for error in errors]


def _place(name: Any, row: int | None, field: str) -> tuple[int | None, str]:
    if isinstance(name, int) and row is None:
        return name, field
    return row, ".".join(filter(None, (field, str(name))))


def _error(row: int | None, field: str, code: str, message: str) -> dict[str, Any]:
    return {"row": row, "field": printable(field), "code": code, "message": message}


def _problem(
    code: int,
    name: str,
    detail: str,
    path: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    content = body(code, name, detail, path, errors)
    return Response(content, status=code, headers=headers, content_type=CONTENT_TYPE)


def body(code: int, name: str, detail: str, path: str, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The members of a problem; `errors` holds {row, field, code, message}."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": detail,
        "instance": path,
        "code": name,
        "errors": errors or [],
    }
