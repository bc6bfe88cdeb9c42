"""The shape of a question: what its members are. What a value means is the signature's business."""

import base64
import binascii
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from predictions.api.errors import BodyTooLarge
from predictions.exceptions import InvalidInput, UnknownModel
from registry import serving
from registry.models import RegisteredModel
from registry.signature import columns_of, printable

MEMBERS = {"model", "version", "inputs", "explain", "partial"}
MAX_FIELDS = 1000


def multipart(request: Request) -> dict[str, Any]:
    """A form with one picture in `image` or `file`, as the JSON body it stands for."""
    files = [upload for name in ("image", "file") for upload in request.FILES.getlist(name)]
    if len(files) != 1 or len(request.FILES) != 1:
        raise ParseError(_("Send one picture in the field “image”."))
    form: Any = request.data
    fields = {name: form[name] for name in ("model", "version", "explain") if name in form}
    return {**fields, "inputs": {"image": files[0].read()}}


def check_members(body: dict[str, Any]) -> None:
    message = _("The body has no such member. Put fields into “inputs”.")
    unknown = [name for name in body if name not in MEMBERS]
    if unknown:
        places = [{"row": None, "field": printable(name), "code": "unknown_field"} for name in unknown]
        raise InvalidInput([{**place, "message": message} for place in places])


def json_object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ParseError(_("Send a JSON object."))
    return data


def rows_of(inputs: Any) -> list[dict[str, Any]]:
    rows = inputs if isinstance(inputs, list) else [inputs]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ParseError(_("“inputs” must be an object of fields, or a list of such objects."))
    if len(rows) > settings.MAX_ROWS_PER_CALL:
        raise BodyTooLarge(_("Send at most %(rows)d rows in a call.") % {"rows": settings.MAX_ROWS_PER_CALL})
    return rows


def columns_of_rows(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The rows by field. Each name becomes a column as long as there are rows, so their number has a limit."""
    if len(set().union(*rows)) > MAX_FIELDS:
        raise BodyTooLarge(_("Send at most %(fields)d different fields.") % {"fields": MAX_FIELDS})
    return columns_of(rows)


def model_name(path: str | None, body: Any, *, image: bool) -> str:
    if body is not None and not isinstance(body, str):
        raise ParseError(_("“model” must be a name."))
    if path and body and path != body:
        raise ParseError(_("The path and the body name different models."))
    kind = RegisteredModel.InputKind.IMAGE if image else RegisteredModel.InputKind.TABULAR
    if body and not re.fullmatch(r"[\w-]{1,80}", body, re.ASCII):  # a form may hold what the database cannot be asked
        raise UnknownModel(_("There is no model of this name."))
    return path or body or serving.default_name(kind)


def version_number(value: Any) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise ParseError(_("“version” must be a version number."))
    return int(text)


def flag(value: Any, name: str) -> bool:
    """True or false, as JSON or as a form says it. Raises ParseError."""
    if value in (None, False, "false", "0", ""):
        return False
    if value is True or value in ("true", "1"):
        return True
    raise ParseError(_("“%(name)s” must be true or false.") % {"name": name})


def pictures_from_base64(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A picture inside JSON is base64 text; it becomes the bytes it stands for."""
    if list(columns) == ["image"]:
        columns["image"] = [_decoded(value) if isinstance(value, str) else value for value in columns["image"]]
    return columns


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True) or None
    except (binascii.Error, UnicodeEncodeError):
        return b"?"  # no picture format: the signature refuses it as every other upload that is no picture
