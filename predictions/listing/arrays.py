"""The values of a column of all records of a set, as one array in the order of the records' numbers. Pure.

Kept as msgpack: nothing that is read back can be code.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

IDS, KEYS, SEARCH = "ids", "keys", "search"  # kinds beside those of a column of a file
SMALLER = {"f": ("<f4", "<f8"), "i": ("|i1", "<i2", "<i4", "<i8")}  # by the kind of array: the first that holds it
MISSING = -1  # NaN among numbers
NO_NUMBER = -np.inf  # in a column of numbers: before them all, and in no range
LARGEST = sys.float_info.max
BETWEEN = b"\n"  # texts: no word that is searched for holds one
# What a file may call true and false; the model's own columns hold JSON booleans.
BOOLEANS = {"true": {"true", "yes", "oui", "vrai", "1"}, "false": {"false", "no", "non", "faux", "0"}}

Array = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """`data`: numbers as they are, of a category which of `values`, of a text or key its place in their order.

    For the search: where in `text`, which is all of them, each one begins.
    """

    kind: str
    data: Array
    values: tuple[str, ...] = ()
    text: bytes = b""


def pack(column: Column) -> bytes:
    """The column as it is kept."""
    data = _small(column.data)
    packed: bytes = msgpack.packb([column.kind, data.dtype.str, data.tobytes(), column.values, column.text])
    return packed


def unpack(content: bytes | memoryview) -> Column:
    """A column that was kept."""
    kind, dtype, data, values, text = msgpack.unpackb(content, use_list=False)
    return Column(kind, np.frombuffer(data, dtype), values, text)


def _small(data: Array) -> Array:
    """The same numbers in as few bytes as hold them."""
    with np.errstate(over="ignore"):
        smaller = [data.astype(dtype) for dtype in SMALLER[data.dtype.kind]]
    return next(found for found in smaller if np.array_equal(found, data, equal_nan=data.dtype.kind == "f"))


# --- from values ---


def column(kind: str, values: Sequence[Any]) -> Column:
    """The column of a kind that holds these values: any JSON, of a file; numbers, keys or search texts."""
    makers: dict[str, Callable[[Sequence[Any]], Array]] = {
        "number": _numbers,
        "integer": _numbers,
        "boolean": _booleans,
        "text": lambda texts: _places([None if text is None else _letters(text) for text in map(_text, texts)]),
        KEYS: lambda keys: _places(_sizes(keys) or [_letters(key) for key in keys]),
        IDS: lambda numbers: np.array(numbers, dtype=np.int64),
    }
    if kind == SEARCH:
        return _searched(values)
    if kind == "category":
        return _categories(values)
    return Column(kind, makers[kind](values))


def _numbers(values: Sequence[Any]) -> Array:
    if set(map(type, values)) <= {int, float, type(None)}:
        try:
            return np.array(values, dtype=float).clip(-LARGEST, LARGEST)  # None becomes NaN
        except OverflowError:
            pass
    return np.array([_number(value) for value in values], dtype=float)


def _number(value: Any) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NO_NUMBER
    return float(max(-LARGEST, min(value, LARGEST)))


def _booleans(values: Sequence[Any]) -> Array:
    known = {word: int(text == "true") for text, words in BOOLEANS.items() for word in words}
    return np.array([known.get((_text(value) or "").lower(), MISSING) for value in values], dtype=np.int8)


def _categories(values: Sequence[Any]) -> Column:
    texts = [_text(value) for value in values]
    known = {text: number for number, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    codes = [MISSING if text is None else known[text] for text in texts]
    return Column("category", np.array(codes, dtype=np.int32), tuple(known))


def _searched(texts: Sequence[str]) -> Column:
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(text) + len(BETWEEN) for text in encoded], dtype=np.int64)
    return Column(SEARCH, np.cumsum(lengths) - lengths, text=BETWEEN.join(encoded))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _letters(text: str) -> str:
    """Decomposed, an accent follows its letter: É comes after E and before F."""
    return unicodedata.normalize("NFD", text.lower())


def _sizes(keys: Sequence[str]) -> list[int]:
    """The keys as numbers, if they all are."""
    return [int(key) for key in keys] if all(map(str.isdecimal, keys)) else []


def _places(values: Sequence[Any]) -> Array:
    """The place of each value among all of them; what is equal has the same."""
    known = {value: place for place, value in enumerate(sorted({value for value in values if value is not None}))}
    return np.array([known.get(value, MISSING) for value in values], dtype=np.int32)


# --- which ones ---


def between(column: Column, low: float | None, high: float | None) -> Mask:
    """The numbers from `low` to `high`; None is no bound."""
    # Numbers of numpy keep all their digits in a comparison with an array of fewer.
    least, most = np.float64(-LARGEST if low is None else low), np.float64(LARGEST if high is None else high)
    found: Mask = (column.data >= least) & (column.data <= most)
    return found


def one_of(column: Column, texts: Iterable[str]) -> Mask:
    """The values of a category, or `true` and `false`, that are among `texts`."""
    wanted = set(texts)
    if column.kind == "boolean":
        numbers = [int(text == "true") for text in wanted & BOOLEANS.keys()]
    else:
        numbers = [number for number, value in enumerate(column.values) if value in wanted]
    return np.isin(column.data, numbers)


def containing(column: Column, word: str) -> Mask:
    """The texts that hold a word, anywhere."""
    found = np.zeros(len(column.data), dtype=bool)
    if not word:
        return ~found
    # A split takes no step of Python for each hit.
    pieces = column.text.split(word.encode())
    lengths = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    hits = np.cumsum(lengths + len(word.encode()))[:-1] - len(word.encode())
    found[np.searchsorted(column.data, hits, side="right") - 1] = True
    return found


# --- in which order ---


def compared(column: Column, values: Sequence[str] = ()) -> Array:
    """What an order compares. `values`: those of a category in their order; others count as missing."""
    if column.kind != "category":
        return column.data
    places = {value: place for place, value in reversed([*enumerate(values)])}
    return _small(np.array([*(places.get(value, MISSING) for value in column.values), MISSING]))[column.data]


def ordered(found: Array, compared: Array, *, is_descending: bool) -> Array:
    """Positions in an order: what is missing last in both directions, equals by position, or against it."""
    values = compared[found]
    is_missing = np.isnan(values) if values.dtype.kind == "f" else values == MISSING
    present, rest = found[~is_missing], found[is_missing]
    present = present[np.argsort(values[~is_missing], kind="stable")]
    if is_descending:
        present, rest = present[::-1], rest[::-1]
    return np.concatenate([present, rest])
