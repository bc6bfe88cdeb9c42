"""The shape of a question: what its members are. What a value means is the signature's business."""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from predictions import explanations
from predictions.api.errors import BodyTooLarge
from predictions.exceptions import InvalidInput, UnknownModel
from registry import serving
from registry.api.base import wrong
from registry.models import RegisteredModel
from registry.signature import columns_of, printable

MEMBERS = ("model", "version", "inputs", "explain", "partial")
PICTURES = ("image", "file")  # fields of a form
MAX_FIELDS = 1000
LARGEST_VERSION = 999_999_999


def multipart(request: Request) -> dict[str, Any]:
    """A form with one picture in `image` or `file`, as the JSON body it stands for. Raises InvalidInput."""
    files = [upload for name in PICTURES for upload in request.FILES.getlist(name)]
    if len(files) != 1 or len(request.FILES) != 1:
        raise wrong("image", "invalid", _("Send one picture in the field “image”."))
    form: Any = request.data
    fields = {name: form.getlist(name) for name in form if name not in request.FILES}
    check_members(fields, [name for name in MEMBERS if name != "inputs"])
    if twice := [name for name, values in fields.items() if len(values) > 1]:
        raise _refused(twice, "duplicate_field", _("This field is there twice. Send it once."))
    return {**{name: _typed(values[0]) for name, values in fields.items()}, "inputs": {"image": files[0].read()}}


def _typed(text: str) -> Any:
    """What a field of a form says as JSON would say it."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else text


def check_members(body: Iterable[str], members: Iterable[str] = MEMBERS) -> None:
    """Raises InvalidInput naming the members that have no place in the body."""
    if unknown := [name for name in body if name not in members]:
        message = _("The body has no such member. Put fields into “inputs”.")
        if "inputs" not in members:
            message = _("The body has no such member. Remove it.")
        raise _refused(unknown, "unknown_field", message)


def _refused(names: Iterable[str], code: str, message: str) -> InvalidInput:
    places = [{"row": None, "field": printable(name), "code": code} for name in names]
    return InvalidInput([{**place, "message": message} for place in places])


def json_object(data: Any) -> dict[str, Any]:
    """Raises ParseError for any other JSON."""
    if not isinstance(data, dict):
        raise ParseError(_("Send a JSON object."))
    return data


def rows_of(inputs: Any) -> list[dict[str, Any]]:
    """The rows of a question, one or many. Raises InvalidInput, BodyTooLarge."""
    rows = inputs if isinstance(inputs, list) else [inputs]
    if not rows or not all(isinstance(row, dict) for row in rows):
        code, message = "invalid", _("“inputs” must be an object of fields, or a list of such objects.")
        if inputs is None or inputs == []:
            code, message = "missing", _("Send “inputs”: an object of fields, or a list of such objects.")
        raise _refused(["inputs"], code, message)
    check_rows(len(rows))
    return rows


def check_rows(rows: int, *, explain: bool = False) -> None:
    """Raises BodyTooLarge for more rows than a call may have, or may have explained."""
    if rows > settings.MAX_ROWS_PER_CALL:
        raise BodyTooLarge(_("Send at most %(rows)d rows in a call.") % {"rows": settings.MAX_ROWS_PER_CALL})
    if explain and rows > explanations.MOST_ROWS:
        raise BodyTooLarge(_("Ask for at most %(rows)d rows with “explain”.") % {"rows": explanations.MOST_ROWS})


def columns_of_rows(rows: list[dict[str, Any]], *, partial: bool = False) -> dict[str, list[Any]]:
    """The rows by field. Each name becomes a column as long as there are rows, so their number has a limit.

    With `partial` a null is written down as the empty text, which means as little: so it is known which rows have the
    field, and which not. Raises BodyTooLarge.
    """
    if len(set().union(*rows)) > MAX_FIELDS:
        raise BodyTooLarge(_("Send at most %(fields)d different fields.") % {"fields": MAX_FIELDS})
    if partial:
        rows = [{name: "" if value is None else value for name, value in row.items()} for row in rows]
    return columns_of(rows)


def model_name(path: str | None, body: Any, *, image: bool) -> str:
    """Whom to ask: the model of the path or the body, which may not differ, or the default one for such a question.

    Raises InvalidInput, UnknownModel.
    """
    named = model_member(body)
    if path and named and path != named:
        raise wrong("model", "contradiction", _("The path and the body name different models."))
    kind = RegisteredModel.InputKind.IMAGE if image else RegisteredModel.InputKind.TABULAR
    return path or named or serving.default_name(kind)


def model_member(value: Any) -> str:
    """The name of a model in a body; "" when there is none. Raises InvalidInput, UnknownModel."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong("model", "invalid", _("“model” must be a name."))
    if not re.fullmatch(r"[\w-]{1,80}", value, re.ASCII):  # it may hold what the database cannot be asked
        raise UnknownModel(_("There is no model of this name."))
    return value


def version_number(value: Any) -> int | None:
    """Raises InvalidInput."""
    if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number: 2.0 is a whole one
        value = int(value)
    if value is None or (type(value) is int and 1 <= value <= LARGEST_VERSION):
        return value
    raise wrong("version", "not_a_version", _("“version” must be a version number."))


def flag(value: Any, name: str) -> bool:
    """True or false, and null for false. Raises InvalidInput."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong(name, "invalid", _("“%(name)s” must be true or false.") % {"name": name})


def pictures_from_base64(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A picture inside JSON is base64 text; where a row is nothing else, it becomes the bytes it stands for."""
    if not any(len(row) == 1 and "image" in row for row in rows):
        return rows
    return [_picture(row) if len(row) == 1 and "image" in row else row for row in rows]


def _picture(row: dict[str, Any]) -> dict[str, Any]:
    return {"image": _decoded(row["image"])} if isinstance(row["image"], str) else row


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True) or None
    except (binascii.Error, UnicodeEncodeError):
        return b"?"  # no picture format: the signature refuses it as every other upload that is no picture
