"""Values that are stored, as a person would type them: what a form is filled in with."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.utils.formats import get_format

from registry.coercion import Refused
from registry.signature import Feature, Signature

PREFIX = "x-"
# Thousands to those who write a decimal point: refused when sent.
_READ_IN_TWO_WAYS = re.compile(r"[+-]?\d{1,3},\d{3}")


def field_name(feature: str) -> str:
    """A feature's name among the form's fields; the prefix keeps it apart from the form's own."""
    return f"{PREFIX}{feature}"


def typed(signature: Signature, values: Mapping[str, Any]) -> dict[str, str]:
    """Stored values by field name, in the reader's language. A value that does not fit its feature stays as it is."""
    return {field_name(f.name): typed_value(f, values.get(f.name)) for f in signature.features}


def typed_value(feature: Feature, value: Any) -> str:
    """One of them: `0,2` in French for a number, a choice's own value for a choice, nothing for a missing value."""
    with suppress(Refused):
        value = feature.clean(value)
    text = plain(value)
    if feature.dtype == "category" or not isinstance(value, float):
        return text
    comma = text.replace(".", get_format("DECIMAL_SEPARATOR"))
    return f"{comma}0" if _READ_IN_TWO_WAYS.fullmatch(comma) else comma


def plain(value: Any) -> str:
    """The same in every language, exact: it is read back as the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.12g}"
    return text if float(text) == value else repr(value)
