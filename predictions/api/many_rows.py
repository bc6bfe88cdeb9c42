"""Calls that report on many answers: the rows of their body, and what came of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from predictions.api import bodies, errors
from predictions.api.follow_up_shapes import MOST
from predictions.exceptions import InvalidInput
from predictions.rows import Kept, Wrong
from registry.api.base import wrong


def rows_of(request: Request, member: str) -> tuple[list[Any], bool]:
    """The rows of a body, and whether good ones are kept beside bad ones. Raises ParseError, InvalidInput, BodyTooLarge."""
    body = bodies.json_object(request.data)
    bodies.check_members(body, (member, "partial"))
    rows, partial = body.get(member), body.get("partial", False)
    if not isinstance(partial, bool):
        raise wrong("partial", "invalid", _("“%(name)s” must be true or false.") % {"name": "partial"})
    if not isinstance(rows, list) or not rows:
        raise wrong(member, "invalid", _("Send a list with 1 to %(most)d rows.") % {"most": MOST})
    if len(rows) > MOST:
        raise errors.BodyTooLarge(_("Send at most %(rows)d rows in a call.") % {"rows": MOST})
    return rows, partial


def shaped(rows: Sequence[Any], shape: serializers.Serializer) -> tuple[dict[int, dict[str, Any]], list[Wrong]]:
    """What each row says, by its place, and what is wrong with the shape of the others."""
    found, bad = {}, []
    for row, said in enumerate(rows):
        try:
            found[row] = shape.run_validation(said)
        except serializers.ValidationError as error:
            bad += [Wrong(row, *one) for one in shape_errors(error)]
    return found, bad


def shape_errors(error: serializers.ValidationError) -> list[tuple[str, str, str]]:
    """Field, code and message of what a serializer refused."""
    details: Any = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    return [
        ("" if name == "non_field_errors" else str(name), message.code, str(message))
        for name, messages in details.items()
        for message in messages
    ]


def told(request: Request, kept: Sequence[Kept], refused: Sequence[Wrong], *, partial: bool, conflict: str) -> Response:
    """201 when something is new, 200 when all was there before; 400 or 409, named `conflict`, when nothing could be kept.

    Raises InvalidInput.
    """
    listed = [_error(one) for one in sorted(refused)]
    if refused and not (partial and kept):
        if not all(one.is_conflict for one in refused):
            raise InvalidInput(listed)
        return overtaken(request, conflict, listed)
    results = [
        {"row": one.row, "prediction": one.prediction, "id": one.number, "replayed": not one.is_new} for one in kept
    ]
    body = {"results": results, "errors": listed}
    if any(one.is_new for one in kept):
        return Response(body, status=201)
    return Response(body, headers={"Idempotent-Replayed": "true"})


def overtaken(request: Request, code: str, listed: Sequence[Mapping[str, Any]]) -> Response:
    """409 with the number of what is there, so that the caller can look at it and correct it."""
    detail = str(listed[0]["message"])
    body = errors.body(409, code, detail, request.path, [dict(one) for one in listed[: errors.MOST_ERRORS]])
    return Response(body, status=409, content_type=errors.CONTENT_TYPE)


def _error(one: Wrong) -> dict[str, Any]:
    return {"row": one.row, "field": one.field, "code": one.code, "message": one.message}
