"""A JSON parser without the usual surprises: one meaning per document, or 400 naming the place."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from predictions.api.errors import BodyTooLarge
from registry.signature import InvalidInput, printable

Path = tuple[str | int, ...]
# Where a path into the document is: its row, None outside the rows, and the name of the field.
Place = Callable[[Path, Any], tuple[int | None, str]]

MAX_DEPTH = 32
LARGEST_INTEGER = 2**63 - 1
# Members that hold a list of rows, and what stands of them in the name of a field.
_LISTS: dict[str | int, Path] = {"inputs": (), "decisions": (), "outcomes": (), "keys": ("keys",)}
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # the only way for one of them into a document


def _in_its_row(path: Path, _document: Any) -> tuple[int | None, str]:
    """The row where the document is a list of them, or one; else none."""
    row, names = None, path
    if len(path) > 1 and path[0] in _LISTS and isinstance(path[1], int):
        row, names = path[1], (*_LISTS[path[0]], *path[2:])
    elif len(path) > 1 and path[0] == "inputs":
        row, names = 0, path[1:]
    return row, ".".join(map(str, names or path[:1]))


def _in_one_row(path: Path, _document: Any) -> tuple[int | None, str]:
    return 0, ".".join(map(str, path))


class StrictJSONParser(BaseParser):
    """UTF-8 (another charset does not come past the middleware); depth <= 32; no duplicate key, NaN, Infinity, NUL,
    lone surrogate or integer beyond 64 bits.
    """

    media_type = "application/json"
    place = staticmethod(_in_its_row)

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return loads(body, self.place)


class RowParser(StrictJSONParser):
    """The same where the whole body is one row."""

    place = staticmethod(_in_one_row)


def loads(body: bytes, place: Place = _in_its_row) -> Any:
    """The document. Raises ParseError for what is no JSON, InvalidInput naming the field for what has no place in it."""
    try:
        text = body.decode("utf-8")
        document = _parsed(text)
    except UnicodeDecodeError:
        raise ParseError(_("The body is not UTF-8.")) from None
    except json.JSONDecodeError as error:
        at = {"line": error.lineno, "column": error.colno}
        raise ParseError(_("The body is not JSON: line %(line)d, column %(column)d.") % at) from None
    except RecursionError:  # how deep the interpreter itself goes differs by its version
        raise _too_deep() from None
    if not _is_sound(document) or _ESCAPED.search(text):
        try:
            _check(document, ())
        except _Unsound as error:
            row, field = place(error.path, document)
            found = {"row": row, "field": printable(field), "code": error.code, "message": str(error)}
            raise InvalidInput([found]) from None
    return document


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of more digits than Python turns into an integer
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)


def _too_deep() -> ParseError:
    return ParseError(_("The body is nested deeper than %(most)d levels.") % {"most": MAX_DEPTH})


def _is_sound(document: Any) -> bool:
    """Whether no number and no object in it has to be refused: most documents, so only others are searched for where.

    Level by level. Raises ParseError for a document that is too deep.
    """
    level, depth, sound = [document], 0, True
    while level:
        following: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is dict:
                following.extend(value.values())
            elif kind is list:
                following.extend(value)
            elif kind is float:
                sound = sound and value - value == 0  # neither NaN nor infinite
            elif kind is int:
                sound = sound and -LARGEST_INTEGER <= value <= LARGEST_INTEGER
            elif kind is _Twice:
                sound = False
            if depth >= MAX_DEPTH and kind in (dict, list):
                raise _too_deep()
        level, depth = following, depth + 1
    return sound


def _integer(digits: str) -> int:
    # Longer ones only need to stay out of range.
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


class _Unsound(Exception):
    """What has no place in a document, and where it is."""

    def __init__(self, path: Path, code: str, message: str) -> None:
        super().__init__(message)
        self.path, self.code = path, code


def _check(value: Any, path: Path) -> None:
    """Raises _Unsound for the first value that has no place in a document."""
    if isinstance(value, _Twice):
        raise _Unsound((*path, value.name), "duplicate_field", _("This field is there twice. Send it once."))
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise _Unsound(path, "bad_character", _("Remove the character that cannot be stored."))
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise _Unsound(path, "out_of_bounds", _("Enter a smaller number."))
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unsound(path, "not_a_number", _("Enter a finite number."))
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, (*path, key))
            _check(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, (*path, index))
