"""Tensors of a question, one for each field, and the columns that they are. Pure: knows no request and no model."""

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from rest_framework.exceptions import ParseError

from predictions.api.bodies import MAX_FIELDS
from predictions.api.errors import BodyTooLarge
from predictions.api.inference_protocol import binary
from predictions.api.parsers import loads
from predictions.exceptions import InvalidInput
from registry.signature import printable

DATATYPES = (*binary.NUMBERS, "BYTES")
CONTENT_TYPES = ("np", "pd", "str", "base64", "pd_json")  # of one tensor; MLServer's codecs write them
MOST_AXES = 4
MOST_ERRORS = 100
_MEMBERS = {"name", "shape", "datatype", "parameters", "data"}
_BOUNDS = {name: np.iinfo(dtype) for name, dtype in binary.NUMBERS.items() if "INT" in name}


@dataclass(frozen=True)
class Tensor:
    """One input. `values` is flat: an array or bytes where they came as binary data, else what JSON holds."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Sequence[Any] | NDArray[Any]
    content_type: str | None = None

    @property
    def said(self) -> dict[str, str]:
        """The name as a sentence can carry it."""
        return {"name": printable(self.name)}


def read(inputs: Any, tail: bytes) -> list[Tensor]:
    """The tensors of `inputs`; `tail` is the binary data behind the JSON. Raises ParseError, BodyTooLarge, InvalidInput."""
    if not isinstance(inputs, list) or not inputs or not all(isinstance(item, dict) for item in inputs):
        raise ParseError(_("“inputs” must be a list of tensors, one for each field."))
    if len(inputs) > MAX_FIELDS:
        raise BodyTooLarge(_("Send at most %(fields)d different fields.") % {"fields": MAX_FIELDS})
    found: dict[str, Tensor] = {}
    for item in inputs:
        tensor, tail = _tensor(item, tail)
        if tensor.name in found:
            raise ParseError(_("The tensor “%(name)s” is there twice. Send it once.") % tensor.said)
        found[tensor.name] = tensor
    if tail:
        raise ParseError(_("There are more bytes behind the JSON than the tensors need."))
    return list(found.values())


def columns_of(tensors: Sequence[Tensor]) -> tuple[dict[str, list[Any]], int]:
    """Each tensor as a column, and how many rows there are. Raises ParseError, BodyTooLarge, InvalidInput."""
    sizes = {rows_of(tensor) for tensor in tensors}
    if len(sizes) > 1:
        raise ParseError(_("All tensors must have the same number of rows."))
    errors: list[dict[str, Any]] = []
    columns = {tensor.name: _column(tensor, errors) for tensor in tensors}
    if errors:
        raise InvalidInput(sorted(errors, key=lambda error: error["row"]))
    return columns, sizes.pop()


def rows_of(tensor: Tensor) -> int:
    """The rows of a tensor of one column. Raises ParseError, BodyTooLarge."""
    if len(tensor.shape) > 2 or tensor.shape[1:] not in {(), (1,)}:
        text = _("The tensor “%(name)s” must have the shape [rows] or [rows, 1]: send one tensor for each field.")
        raise ParseError(text % tensor.said)
    check_rows(tensor.shape[0])
    return tensor.shape[0]


def check_rows(rows: int) -> None:
    """Raises ParseError for none, BodyTooLarge for more than a call may have."""
    if not rows:
        raise ParseError(_("Send at least one row."))
    if rows > settings.MAX_ROWS_PER_CALL:
        raise BodyTooLarge(_("Send at most %(rows)d rows in a call.") % {"rows": settings.MAX_ROWS_PER_CALL})


def parameters_of(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a request, an input or an output. Raises ParseError."""
    found = holder.get("parameters")
    if found is not None and not isinstance(found, dict):
        raise ParseError(_("“parameters” must be an object."))
    return found or {}


def unbased(value: str | bytes) -> bytes | None:
    """What base64 text stands for; None when it is none."""
    try:
        return base64.b64decode(value.encode("ascii") if isinstance(value, str) else value, validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


# From the document to a tensor


def _tensor(item: Mapping[str, Any], tail: bytes) -> tuple[Tensor, bytes]:
    """A tensor, and the binary data that is left for the others."""
    name, datatype, shape = item.get("name"), item.get("datatype"), _shape(item.get("shape"))
    if not isinstance(name, str) or not name or shape is None or not set(item) <= _MEMBERS:
        text = _("A tensor has “name”, “shape” (one to %(axes)d whole numbers), “datatype”, “data” and “parameters”.")
        raise ParseError(text % {"axes": MOST_AXES})
    told = {"name": printable(name), "known": ", ".join(DATATYPES), "types": ", ".join(CONTENT_TYPES)}
    if datatype not in DATATYPES:
        raise ParseError(_("The datatype of “%(name)s” is not known here. Use one of %(known)s.") % told)
    parameters, data, count = parameters_of(item), item.get("data"), math.prod(shape)
    kind, size = parameters.get("content_type"), parameters.get("binary_data_size")
    if kind is not None and kind not in CONTENT_TYPES:
        raise ParseError(_("The content type of “%(name)s” is not known here. Use one of %(types)s.") % told)
    if "shared_memory_region" in parameters:
        raise ParseError(_("Send the data of “%(name)s” in the call: there is no shared memory.") % told)
    if (data is None) is (size is None):
        raise ParseError(_("Send the data of “%(name)s” once: in “data”, or as binary data.") % told)
    if size is None:
        return Tensor(name, datatype, shape, _of_json(name, datatype, shape, data), kind), tail
    if not _is_whole(size) or not 0 <= size <= len(tail):
        raise ParseError(_("“binary_data_size” of “%(name)s” does not fit the bytes behind the JSON.") % told)
    try:
        raw, rest = tail[: int(size)], tail[int(size) :]
        values = binary.texts(raw, count) if datatype == "BYTES" else binary.numbers(raw, datatype, count)
    except ValueError:
        raise ParseError(_("The binary data of “%(name)s” does not fit its shape and datatype.") % told) from None
    return Tensor(name, datatype, shape, values, kind), rest


def _shape(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_AXES:
        return None
    return tuple(map(int, value)) if all(_is_whole(size) and size >= 0 for size in value) else None


def _is_whole(value: Any) -> bool:
    """JSON knows one kind of number: 2.0 is a whole one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()


def _of_json(name: str, datatype: str, shape: tuple[int, ...], data: Any) -> list[Any]:
    """The flat values of `data`, each one that its datatype holds, or null. Raises ParseError, InvalidInput."""
    told = {"name": printable(name)}
    if datatype == "FP16":
        raise ParseError(_("Send FP16 as binary data: “%(name)s” holds it as JSON.") % told)
    flat = _flat(data, shape)
    if flat is None:
        raise ParseError(_("“data” of “%(name)s” does not have its shape.") % told)
    fits = _FITS[datatype]
    wrong = [place for place, value in enumerate(flat) if value is not None and not fits(value)]
    if wrong:
        each = max(1, len(flat) // shape[0])  # values of a row
        raise InvalidInput([_error(place // each, name, *_REASONS[_kind(datatype)]()) for place in wrong[:MOST_ERRORS]])
    return flat


def _flat(data: Any, shape: tuple[int, ...]) -> list[Any] | None:
    """Data that is flat already, or nested as its shape says; None when it is neither."""
    if not isinstance(data, list):
        return None
    if not any(isinstance(value, list | dict) for value in data):
        return data if len(data) == math.prod(shape) else None
    if len(shape) == 1 or len(data) != shape[0]:
        return None
    parts = [_nested(part, shape[1:]) for part in data]
    return None if None in parts else [value for part in parts if part for value in part]


def _nested(data: Any, shape: tuple[int, ...]) -> list[Any] | None:
    if not isinstance(data, list) or len(data) != shape[0]:
        return None
    if len(shape) == 1:
        return None if any(isinstance(value, list | dict) for value in data) else data
    parts = [_nested(part, shape[1:]) for part in data]
    return None if None in parts else [value for part in parts if part for value in part]


def _fits_bounds(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: _is_whole(value) and low <= value <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: dict[str, Callable[[Any], bool]] = {
    **{name: _fits_bounds(int(bounds.min), int(bounds.max)) for name, bounds in _BOUNDS.items()},
    "BOOL": lambda value: value in (0, 1) and not isinstance(value, str),
    "FP32": lambda value: _is_number(value) and abs(value) <= float(np.finfo(np.float32).max),
    "FP64": _is_number,
    "BYTES": lambda value: isinstance(value, str),
}
_REASONS: dict[str, Callable[[], tuple[str, str]]] = {
    "INT": lambda: ("not_an_integer", _("This is no number that the tensor's datatype holds.")),
    "FP": lambda: ("not_a_number", _("This is no number that the tensor's datatype holds.")),
    "BOOL": lambda: ("not_a_boolean", _("Send true or false.")),
    "BYTES": lambda: ("not_text", _("Send text, in UTF-8.")),
}


def _kind(datatype: str) -> str:
    return "INT" if datatype in _BOUNDS else "FP" if datatype.startswith("FP") else datatype


def _error(row: int, name: str, code: str, message: str) -> dict[str, Any]:
    return {"row": row, "field": printable(name), "code": code, "message": message}


# From a tensor to a column


def _column(tensor: Tensor, errors: list[dict[str, Any]]) -> list[Any]:
    """The values as the waist takes them; what is no text is added to the errors."""
    if tensor.datatype == "BYTES":
        return [_text(tensor, row, value, errors) for row, value in enumerate(tensor.values)]
    if tensor.datatype in {"FP16", "FP32"}:
        return [None if math.isnan(value) else value for value in _shortest(tensor)]
    values = tensor.values.tolist() if isinstance(tensor.values, np.ndarray) else list(tensor.values)
    kind = {"BOOL": bool, "FP64": float}.get(tensor.datatype, int)
    return [None if value is None or value != value else kind(value) for value in values]  # noqa: PLR0124  NaN


def _shortest(tensor: Tensor) -> list[float]:
    """The shortest decimal that each number stands for: 5.1, not the 5.099999904632568 that FP32 makes of it.

    A file or a form says 5.1 too; the difference would be enough to be outside a category or a bound.
    """
    numbers = np.asarray(tensor.values, np.float64).astype(binary.NUMBERS[tensor.datatype])
    found: list[float] = numbers.astype("U32").astype(np.float64).tolist()
    return found


def _text(tensor: Tensor, row: int, value: str | bytes | None, errors: list[dict[str, Any]]) -> Any:
    try:
        return None if value is None else _said(value, tensor.content_type)
    except (UnicodeDecodeError, ParseError, InvalidInput):
        if len(errors) < MOST_ERRORS:
            errors.append(_error(row, tensor.name, *_REASONS["BYTES"]()))
        return None


def _said(value: str | bytes, content_type: str | None) -> Any:
    """Raises UnicodeDecodeError, ParseError, InvalidInput."""
    found = unbased(value) if content_type == "base64" else value
    if found is None:
        raise ParseError
    text = found.decode() if isinstance(found, bytes) else found
    return _of_pandas(text) if content_type == "pd_json" else text


def _of_pandas(text: str) -> Any:
    """A value of a mixed column, which MLServer writes as JSON. Raises ParseError, InvalidInput."""
    found = loads(text.encode())
    if isinstance(found, dict | list):
        raise ParseError
    return found
