"""One value from any door as the type its feature wants, or a reason why not.

`"12"`, `"12,5"`, `12.5` and `"True"` mean the same from a form, a file and JSON, or are refused in the same words.
No message repeats a value: values are personal data.
"""

import math
import re
from typing import Any

from django.utils.translation import gettext as _

# Spaces people and spreadsheets use to group thousands: space, no-break, thin, narrow no-break.
_SPACES = re.compile(r"[ \u00a0\u2009\u202f]")
_SPACED = re.compile(r"[+-]?\d{1,3}([ \u00a0\u2009\u202f]\d{3})+([.,]\d+)?", re.ASCII)
_PLAIN = re.compile(r"-?\d{1,300}(\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
# For a whole number a point would stand before nothing but zeros: who writes 5.000 may mean five thousand.
_DOTTED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
_WITH_UNIT = re.compile(r"[+-]?\d[\d.,\s]*[^\W\d_][^\d]*|[+-]?\d[\d.,\s]*[%‰°€$£¥][^\d]*")
_TRUE = {"true", "yes", "oui", "vrai", "1"}
_FALSE = {"false", "no", "non", "faux", "0"}
# NUL cannot be stored by PostgreSQL, a lone surrogate is no text at all.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
LARGEST_INTEGER = 2**53  # beyond it a float64, which every runtime takes, no longer holds each integer
SURE_DIGITS = 15  # whole numbers of so many digits are smaller than that
LONGEST_TEXT = 10_000


class Refused(ValueError):
    """A value that cannot become what its feature wants; `code` is stable, the text is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def is_missing(value: Any) -> bool:
    """Nothing was said: None, or text of spaces alone."""
    return value is None or (isinstance(value, str) and not value.strip())


def number(value: Any) -> float:
    """A finite float from a number or its text, decimal point or comma. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused("not_a_number", _("Enter a number."))
    try:
        result = float(_plain_number(value) if isinstance(value, str) else value)
    except OverflowError:
        raise Refused("out_of_bounds", _("Enter a smaller number.")) from None
    if not math.isfinite(result):
        raise Refused("not_a_number", _("Enter a finite number."))
    return result


def _two_ways() -> str:
    # Names both signs: a file's 1.234 arrives here as 1,234, and the reader wrote neither for us.
    return _("Write the number without a point or comma: it could mean thousands or decimals.")


def _plain_number(text: str) -> str:
    text = text.strip()
    if _PLAIN.fullmatch(text):  # what most files hold, and nothing below says otherwise of it
        return text
    if _SPACED.fullmatch(text):
        text = _SPACES.sub("", text)
    if _AMBIGUOUS.fullmatch(text):
        raise Refused("ambiguous_number", _two_ways())
    text = text.replace(",", "") if _GROUPED.fullmatch(text) else text.replace(",", ".", 1)
    if not _NUMBER.fullmatch(text):
        if _WITH_UNIT.fullmatch(text):
            raise Refused("not_a_number", _("Enter a number, without its unit."))
        raise Refused("not_a_number", _("Enter a number."))
    if text.lstrip("+-").isdecimal() and not math.isfinite(float(text)):
        raise OverflowError  # as Python says of an integer that long
    return text


def integer(value: Any) -> int:
    """A whole number below 2**53 in size. Raises Refused."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= SURE_DIGITS:
        return int(value)
    if isinstance(value, str) and _DOTTED.fullmatch(value.strip()):
        raise Refused("ambiguous_number", _two_ways())
    result = number(value)
    if not result.is_integer():
        raise Refused("not_an_integer", _("Enter a whole number."))
    if abs(result) >= LARGEST_INTEGER:  # 2**53 + 1 arrives here as 2**53
        raise Refused("out_of_bounds", _("Enter a smaller number."))
    return int(result)


def boolean(value: Any) -> bool:
    """True or false from a boolean, 0 or 1, or the usual words in English and French. Raises Refused."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Refused("not_a_boolean", _("Answer yes or no."))


def text(value: Any) -> str:
    """Storable text, without spaces around it; an integer is taken as its digits. Raises Refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) <= LARGEST_INTEGER else None
    if not isinstance(value, str):
        raise Refused("not_text", _("Enter text."))
    if _UNSTORABLE.search(value):
        raise Refused("bad_character", _("Remove the character that cannot be stored."))
    if len(value) > LONGEST_TEXT:
        raise Refused("too_long", _("Shorten the text."))
    return value.strip()
