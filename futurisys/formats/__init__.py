"""How dates are written; see FORMAT_MODULE_PATH."""

from typing import Any

from django.utils.dateformat import DateFormat
from django.utils.translation import get_language


def say_first_of_month() -> None:
    """French counts the first day of a month, and only that one: 1er janvier. No format of Django's can say so."""
    DateFormat.j = _day  # type: ignore[method-assign, assignment]


def _day(self: Any) -> int | str:
    day: int = self.data.day
    return "1er" if day == 1 and (get_language() or "").startswith("fr") else day
