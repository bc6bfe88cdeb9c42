"""JSON that can be stored and written again: no repeated key, no NaN, no NUL, no lone surrogate."""

import json
import math
from collections.abc import Iterator
from typing import Any

MAX_DIGITS = 20


def loads(data: bytes) -> Any:
    """The value of UTF-8 JSON. Raises ValueError with the end of a sentence ("is not UTF-8 text")."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"is not strict JSON: {error}") from None
    _refuse_odd_texts(value)
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {repeated[:60]!r} is repeated")
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:60]} is too large")
    return value


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"the number {text[:60]} is too large")
    return int(text)


def _refuse_odd_texts(value: Any) -> None:
    for text in _texts(value):
        if "\x00" in text:
            raise ValueError("is not strict JSON: a text holds the NUL character")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("is not strict JSON: a text holds half of a surrogate pair")


def _texts(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack += item.keys()
            stack += item.values()
        elif isinstance(item, list):
            stack += item
