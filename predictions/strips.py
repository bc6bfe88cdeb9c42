"""The picture under a number: where it lies in what the model saw."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from registry import coercion
from registry.texts import svg_percent

MARGIN = 0.2  # of the range the model saw, drawn on both sides of it


@dataclass(frozen=True)
class Strip:
    """SVG lengths, and what a script needs to move the mark."""

    low: str
    high: str
    start: str
    end: str
    band_x: str
    band_width: str
    mark_x: str
    is_outside: bool


def strip(seen: tuple[float, float], value: Any) -> Strip:
    """The strip of a range with a mark for `value`; without one for what is no number."""
    low, high = seen
    margin = MARGIN * ((high - low) or abs(high) or 1)
    start, end = low - margin, high + margin
    share = 100 / (end - start)
    position: float | None = None
    with suppress(coercion.Refused):
        position = coercion.number(value)
    mark = "" if position is None else svg_percent(min(max((position - start) * share, 1), 99))
    return Strip(
        low=repr(float(low)),
        high=repr(float(high)),
        start=repr(float(start)),
        end=repr(float(end)),
        band_x=svg_percent((low - start) * share),
        band_width=svg_percent((high - low) * share),
        mark_x=mark,
        is_outside=position is not None and not low <= position <= high,
    )
