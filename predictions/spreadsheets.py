"""CSV files that a spreadsheet opens as they are meant, in the language of the reader, and that can be imported again."""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.utils.formats import get_format
from django.utils.translation import gettext as _

from predictions.imports import wording
from predictions.imports.csv_files import DELIMITERS, Dialect
from registry.signature import Feature, Signature

BOM = "\ufeff"  # without it Excel reads UTF-8 as an older encoding, in every language
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a text for a formula
_QUOTES = re.compile(r"[“”]|«\s?|\s?»")
_BELOW_ZERO = re.compile(r"-\d[\d \u00a0\u2009\u202f.,]*([eE][+-]?\d+)?", re.ASCII)


class _Echo:
    """What csv writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


@dataclass(frozen=True)
class Style:
    """How a file is written: what stands between its cells, and the decimal sign."""

    delimiter: str
    point: str

    @classmethod
    def of_language(cls) -> Self:
        """Semicolons and decimal commas where numbers are written with a comma, else commas and points."""
        point = get_format("DECIMAL_SEPARATOR")
        return cls(";" if point == "," else ",", point)

    @classmethod
    def of_file(cls, dialect: Dialect) -> Self:
        """As a file is written that somebody sent."""
        return cls(DELIMITERS[dialect.delimiter], "," if dialect.decimal == "comma" else ".")

    @cached_property
    def line(self) -> Callable[[Iterable[str]], str]:
        """`line(cells)`: them as a line of the file."""
        write: Callable[[Iterable[str]], str] = csv.writer(_Echo(), delimiter=self.delimiter).writerow
        return write

    def number(self, value: float, form: str = ".10g") -> str:
        """A number with the decimal sign."""
        return f"{value:{form}}".replace(".", self.point)


class Lines:
    """Lines of such a file. All words are looked up at once: a download is made when its request is over."""

    def __init__(self, signature: Signature, features: Sequence[Feature], style: Style | None = None) -> None:
        """`style`: as files in the language are written, unless another one is given."""
        self.style = style or Style.of_language()
        self._yes, self._no = _("Yes"), _("No")
        self._titles = {feature.name: wording.choice_words(feature) for feature in features if feature.categories}
        self._taken = {*wording.fields(signature)}
        self.headings = [plain_quotes(title) for title in wording.headings(features, signature)]
        self._names = [feature.name for feature in features]

    def first(self, headings: Sequence[str]) -> str:
        """The line of headings, those of the features at its end."""
        return BOM + self.style.line([*apart(map(plain_quotes, headings), self._taken), *self.headings])

    def line(self, cells: Sequence[str], values: dict[str, Any]) -> str:
        """A line of texts, then the values of the features as pages say them."""
        return self.style.line([*cells, *(self.shown(name, values.get(name)) for name in self._names)])

    def number(self, value: float, form: str = ".10g") -> str:
        """A number with the decimal sign of the file."""
        return self.style.number(value, form)

    def shown(self, name: str, value: Any) -> str:
        """A value of a feature as pages say it, and as it can come in again."""
        if value is None:
            return ""
        if name in self._titles:
            return safe(self._titles[name].get(value, str(value)))
        if isinstance(value, bool):
            return self._yes if value else self._no
        if isinstance(value, float):
            # All of its digits: a value that comes in again is the same.
            return repr(value).removesuffix(".0").replace(".", self.style.point)
        return str(value) if isinstance(value, int) else safe(str(value))


def apart(headings: Iterable[str], taken: Collection[str], gap: str = " ") -> list[str]:
    """Headings that mean no field: one that would gets a number. `taken`: words of fields, as wording.alike writes them."""
    return [_free(heading, taken, gap) for heading in headings]


def _free(heading: str, taken: Collection[str], gap: str) -> str:
    number, found = 1, heading
    while wording.alike(found) in taken:
        number += 1
        found = f"{heading}{gap}{number}"
    return found


def plain_quotes(text: str) -> str:
    """A heading as a spreadsheet shows it best: with quotes that everybody can type, and no formula."""
    return safe(_QUOTES.sub('"', text))


def safe(text: str) -> str:
    """A text that no spreadsheet calculates: an apostrophe goes before what would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def safe_cell(text: str) -> str:
    """The same of a cell that somebody sent, where -0.3 is a number and calculates nothing."""
    return text if _BELOW_ZERO.fullmatch(text) else safe(text)
