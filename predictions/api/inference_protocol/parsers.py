"""The body of a question: JSON, with raw numbers behind it where the binary tensor data extension is used."""

import re
import zlib
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from predictions.api.bodies import json_object
from predictions.api.errors import BodyTooLarge
from predictions.api.parsers import Path, loads

HEADER_LENGTH = "Inference-Header-Content-Length"
# tritonclient names no type; Django's development server then says text/plain in its place.
MEDIA_TYPES = {"", "application/json", "application/octet-stream", "text/plain"}
# What zlib calls the two formats that tritonclient compresses with.
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class InferenceParser(BaseParser):
    """The JSON document, and the bytes behind it."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Both, as a pair. Raises UnsupportedMediaType, BodyTooLarge, ParseError, InvalidInput."""
        request: Request = (parser_context or {})["request"]
        kind = (media_type or "").partition(";")[0].strip().lower()
        if kind not in MEDIA_TYPES:
            raise UnsupportedMediaType(kind, _("Send application/json, or application/octet-stream with binary data."))
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        body = inflated(body, request.headers.get("Content-Encoding", ""))
        size = _json_bytes(request, len(body))
        return loads(body[:size], place_of), body[size:]


def question_of(request: Request) -> tuple[dict[str, Any], bytes]:
    """The JSON object of a call, and the bytes behind it. Raises what the parser raises."""
    parsed: Any = request.data
    document, tail = parsed if isinstance(parsed, tuple) else (None, b"")  # DRF parses no empty body
    return json_object(document), tail


def inflated(body: bytes, encoding: str) -> bytes:
    """The body as it was before it was compressed, at most MAX_BODY_BYTES of it.

    Raises UnsupportedMediaType for what is neither gzip nor deflate, BodyTooLarge, ParseError.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in _WINDOWS:
        raise UnsupportedMediaType(name, _("Compress the body with gzip or deflate, or not at all."))
    reader = zlib.decompressobj(_WINDOWS[name])
    try:
        found = reader.decompress(body, settings.MAX_BODY_BYTES + 1)
    except zlib.error:
        raise ParseError(_("The compressed body is damaged.")) from None
    if len(found) > settings.MAX_BODY_BYTES:
        raise BodyTooLarge
    if not reader.eof or reader.unused_data:
        raise ParseError(_("The compressed body is damaged."))
    return found


def _json_bytes(request: Request, length: int) -> int:
    """How many bytes of the body are JSON."""
    header = request.headers.get(HEADER_LENGTH)
    if header is None:
        return length
    if not re.fullmatch(r"[0-9]{1,12}", header) or int(header) > length:
        raise ParseError(_("%(header)s must be the number of bytes of the JSON part.") % {"header": HEADER_LENGTH})
    return int(header)


def place_of(path: Path, document: Any) -> tuple[int | None, str]:
    """The row and the tensor of a value in `data`; what is elsewhere is in no row."""
    try:
        tensor = document["inputs"][path[1]]
        name, data, shape = tensor["name"], tensor["data"], tensor["shape"]
    except (IndexError, KeyError, TypeError):  # there is no such place, or it is no tensor
        return None, ".".join(map(str, path))
    if path[0] != "inputs" or path[2:3] != ("data",) or not isinstance(name, str):
        return None, ".".join(map(str, path))
    return _row(path[3:], data, shape), name


def _row(place: Path, data: Any, shape: Any) -> int | None:
    """The row of a place in data, which is nested as the shape says, or flat; None where the shape does not say."""
    rows = shape[0] if isinstance(shape, list) and shape else None
    if not place or not isinstance(place[0], int) or type(rows) is not int or not 0 < rows <= len(data):
        return None
    return place[0] // (len(data) // rows)
