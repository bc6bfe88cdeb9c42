"""Numbers as people read them in their language, and as SVG wants them in every language."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils.formats import get_format, number_format
from django.utils.timesince import TIME_STRINGS
from django.utils.translation import gettext as _

GROUPS = re.compile(r"\B(?=(?:\d{3})+$)")  # between digits only: -1500 begins with no space
NO_YEAR = 10_000  # a number of four digits may be one, and those are written without a space


def figure(value: Any, *, grouped: bool | None = None) -> str:
    """`19 999.5`, in French `19 999,5`: thousands apart from 10 000 on, so that years stay as they are.

    By a narrow space in every language: pasted into a form, `1,073` could be read in two ways.
    """
    text = f"{value:.12g}"
    if "e" in text:
        return text
    whole, _point, rest = text.partition(".")
    if grouped if grouped is not None else abs(value) >= NO_YEAR:
        whole = GROUPS.sub("\u202f", whole)
    return f"{whole}{get_format('DECIMAL_SEPARATOR')}{rest}" if rest else whole


def amount(value: float, unit: str) -> str:
    """`1 500 €`: a number with a unit is no year."""
    return f"{figure(value, grouped=bool(unit) or None)} {unit}".strip()


def are_grouped(values: Iterable[float], unit: str) -> bool:
    """Whether thousands stand apart in all of them: not where they may be years, whole numbers without a unit."""
    return bool(unit) or any(value != int(value) or abs(value) >= NO_YEAR for value in values)


def ends(low: float | None, high: float | None, unit: str = "") -> tuple[str, str]:
    """Both ends of a range, written alike: `1 073` and `19 999`; empty where there is none. `unit`: of both, if any."""
    grouped = are_grouped([end for end in (low, high) if end is not None], unit)
    first, last = ("" if end is None else figure(end, grouped=grouped) for end in (low, high))
    return first, last


def percentage(value: float, *, in_words: bool = False) -> str:
    """`23%` or `23 %` of a value from 0 to 100; small and nearly certain ones are not rounded away.

    `in_words`: within a sentence, "more than 99.9%" where it would be `> 99.9%`.
    """
    decimals = 1 if value < 1 or 99 < value < 100 else 0
    text = number_format(f"{value:.{decimals}f}")
    if in_words and 0 < value < 0.05:
        return _("less than %(number)s%%") % {"number": number_format("0.1")}
    if in_words and 99.95 <= value < 100:
        return _("more than %(number)s%%") % {"number": number_format("99.9")}
    if 0 < value < 0.05:
        text = "<\u00a0" + number_format("0.1")
    elif 99.95 <= value < 100:
        text = ">\u00a0" + number_format("99.9")
    return _("%(number)s%%") % {"number": text}


def points(value: float) -> str:
    """`+12 points` of a difference between two percentages, with its sign."""
    sign = "+" if value >= 0 else "−"
    return _("%(number)s points") % {"number": sign + number_format(f"{abs(value):.1f}")}


def svg_percent(value: float) -> str:
    """A length for an SVG attribute: never localised."""
    return f"{value:.2f}%"


def age(span: timedelta) -> str:
    """`12 days` of a span of time: one unit, and small enough that there are two of it."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    if minutes < 1:
        return _("less than a minute")
    for unit, size in (("year", 525_600), ("month", 43_830), ("day", 1_440), ("hour", 60)):
        if minutes >= 2 * size:
            return _counted(unit, minutes // size)
    return _counted("minute", minutes)


def _counted(unit: str, number: int) -> str:
    # Django's own words, which are translated already.
    return str(TIME_STRINGS[unit] % {"num": number})


def tiny(value: float) -> str:
    """`2.2e-16`, `0.0012` or `0` of a difference or a bound."""
    mantissa, _e, exponent = f"{value:.1e}".partition("e")
    if value == 0 or int(exponent) >= -3:
        return figure(float(f"{value:.2g}"))
    return f"{figure(float(mantissa))}e{int(exponent)}"
