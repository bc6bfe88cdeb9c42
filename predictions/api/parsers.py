"""A JSON parser without the usual surprises: one meaning per document, or 400 naming the place."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from predictions.api.errors import BodyTooLarge
from registry.signature import InvalidInput, printable

Path = tuple[str | int, ...]

MAX_DEPTH = 32
LARGEST_INTEGER = 2**63 - 1
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """UTF-8 (another charset does not come past the middleware); depth <= 32; no duplicate key, NaN, Infinity, NUL,
    lone surrogate or integer beyond 64 bits.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return loads(body)


def loads(body: bytes) -> Any:
    """The document. Raises ParseError for what is no JSON, InvalidInput naming the field for what has no place in it."""
    try:
        text = body.decode("utf-8")
        _check_depth(text)
        document = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    _check(document, ())
    return document


def _check_depth(text: str) -> None:
    """Brackets outside strings, counted before the recursive parser sees them: its own limit differs by Python."""
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', text, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _integer(digits: str) -> int:
    # Longer ones only need to stay out of range: Python itself refuses to parse more than 4 300 digits.
    return int(digits) if len(digits) <= 20 else LARGEST_INTEGER + 1


@dataclass(frozen=True)
class _Twice:
    """Stands for an object with a key that is there twice, until its place in the document is known."""

    name: str


def _object(pairs: list[tuple[str, Any]]) -> "dict[str, Any] | _Twice":
    document = dict(pairs)
    if len(document) == len(pairs):
        return document
    seen: set[str] = set()
    return _Twice(next(name for name, _value in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]


def _check(value: Any, path: Path) -> None:
    if isinstance(value, _Twice):
        raise _refused((*path, value.name), "duplicate_field", _("This field is there twice. Send it once."))
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise _refused(path, "bad_character", _("Remove the character that cannot be stored."))
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise _refused(path, "out_of_bounds", _("Enter a smaller number."))
    if isinstance(value, float) and not math.isfinite(value):
        raise _refused(path, "not_a_number", _("Enter a finite number."))
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, (*path, key))
            _check(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, (*path, index))


def _refused(path: Path, code: str, message: str) -> InvalidInput:
    """The error of one field; `inputs` and the row's index are no part of its name."""
    place = path[1:] if path[:1] == ("inputs",) else path
    row, names = (place[0], place[1:]) if place and isinstance(place[0], int) else (0, place)
    field = printable(".".join(map(str, names)))
    return InvalidInput([{"row": row, "field": field, "code": code, "message": message}])
