"""What the words of an outcome mean: classes as pages call them in any language, numbers, days. Pure."""

import math
import re
from dataclasses import dataclass, field
from datetime import date

from predictions.imports import column_kinds, wording
from registry.signature import Feature, Signature

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})([T ]00:00(:00(\.0+)?)?)?", re.ASCII)
_WRITTEN = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})( 00:00(:00)?)?", re.ASCII)
LONGEST_LABEL = 255


def day(text: str, *, month_first: bool = False) -> date | None:
    """2025-12-31, 31/12/2025, 31.12.2025 or 31-12-2025; `month_first`: 12/31/2025 instead. None for what is no day."""
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, number = int(found[1]), int(found[2]), int(found[3])
    elif found := _WRITTEN.fullmatch(text):
        number, month, year = int(found[1]), int(found[3]), int(found[4])
        if month_first:
            number, month = month, number
    else:
        return None
    try:
        return date(year, month, number)
    except ValueError:
        return None


def is_month_first(texts: set[str]) -> bool:
    """Whether these days can only be meant so: one has no other reading, and none has only the other one."""
    days = {text for text in texts if day(text) or day(text, month_first=True)}
    return any(day(text) is None for text in days) and all(day(text, month_first=True) for text in days)


@dataclass(frozen=True)
class Said:
    """What happened: a class of the model as text, or a value."""

    label: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Vocabulary:
    """What outcomes of answers of one version may be called. `decimal`: of the numbers, "point" or "comma"."""

    signature: Signature
    decimal: str = "point"
    _classes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        choice = Feature(name="", dtype="category", categories=self.signature.classes)
        found = {word: str(value) for word, value in wording.choices(choice).items()}
        object.__setattr__(self, "_classes", found)

    def meant(self, text: str) -> Said | None:
        """The class or the value that a text means; None when it means none."""
        if self.signature.is_regression:
            number = column_kinds.number(text, self.decimal)
            return None if number is None or not math.isfinite(number) else Said(value=float(number))
        name = self.class_of(text)
        return None if name is None else Said(label=name[:LONGEST_LABEL])

    def class_of(self, text: str) -> str | None:
        """The name of the class that is called so, by itself or in any language."""
        text = text.strip()
        return text if text in self.signature.class_names else self._classes.get(wording.alike(text))

    def titles(self) -> list[str]:
        """What may be said, in the reader's language; nothing for values."""
        return [self.signature.class_title(name) for name in self.signature.class_names]
