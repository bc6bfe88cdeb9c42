"""CSV files that a spreadsheet opens as they are meant, in the language of the reader, and that can be imported again."""

import csv
import re
from collections.abc import Sequence
from typing import Any

from django.utils.formats import get_format
from django.utils.translation import gettext as _

from predictions.imports import wording
from registry.signature import Feature, Signature

BOM = "\ufeff"  # without it Excel reads UTF-8 as an older encoding, in every language
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a text for a formula
_QUOTES = re.compile(r"[“”]|«\s?|\s?»")


class _Echo:
    """What csv writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


class Lines:
    """Lines of such a file. All words are looked up at once: a download is made when its request is over.

    Semicolons and decimal commas where numbers are written with a comma, else commas and points.
    """

    def __init__(self, signature: Signature, features: Sequence[Feature]) -> None:
        self._point = get_format("DECIMAL_SEPARATOR")
        self._writer = csv.writer(_Echo(), delimiter=";" if self._point == "," else ",")
        self._yes, self._no = _("Yes"), _("No")
        self._titles = {feature.name: wording.choice_words(feature) for feature in features if feature.categories}
        self.headings = [plain_quotes(title) for title in wording.headings(features, signature)]
        self._names = [feature.name for feature in features]

    def first(self, headings: Sequence[str]) -> str:
        """The line of headings, those of the features at its end."""
        return BOM + self._line([*map(plain_quotes, headings), *self.headings])

    def line(self, cells: Sequence[str], values: dict[str, Any]) -> str:
        """A line of texts, then the values of the features as pages say them."""
        return self._line([*cells, *(self._shown(name, values.get(name)) for name in self._names)])

    def number(self, value: float, form: str = ".10g") -> str:
        """A number with the decimal sign of the language."""
        return f"{value:{form}}".replace(".", self._point)

    def _line(self, cells: Sequence[str]) -> str:
        line: str = self._writer.writerow(cells)
        return line

    def _shown(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if name in self._titles:
            return safe(self._titles[name].get(value, str(value)))
        if isinstance(value, bool):
            return self._yes if value else self._no
        if isinstance(value, float):
            return self.number(value)
        return str(value) if isinstance(value, int) else safe(str(value))


def plain_quotes(text: str) -> str:
    """A heading as a spreadsheet shows it best: with quotes that everybody can type, and no formula."""
    return safe(_QUOTES.sub('"', text))


def safe(text: str) -> str:
    """A text that no spreadsheet calculates: an apostrophe goes before what would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
