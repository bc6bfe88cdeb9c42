"""A file of records, from bytes to texts: how it is written is guessed, and what cannot be read is said by row.

Pure. No sentence repeats a value; row numbers are those of a spreadsheet.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.imports.file_kinds import no_csv
from registry.texts import figure

MAX_ROWS = 100_000
MAX_COLUMNS = 200
LONGEST_CELL = 10_000
LONGEST_NAME = LONGEST_KEY = 200
LOOKED_AT = 64_000  # bytes that a guess is made from
SHOWN_ROWS = 10  # row numbers in a sentence

DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t"}
DELIMITER_TITLES = {
    "semicolon": gettext_lazy("Semicolon ( ; )"),
    "comma": gettext_lazy("Comma ( , )"),
    "tab": gettext_lazy("Tab"),
}
ENCODINGS = {"utf-8": gettext_lazy("UTF-8"), "cp1252": gettext_lazy("Windows-1252 (older spreadsheets)")}
DECIMALS = {"comma": gettext_lazy("Comma, as in 1234,5"), "point": gettext_lazy("Point, as in 1234.5")}
_NO_FORMULA = re.compile(
    r"'[=+\-@\t\r]"
)  # an apostrophe that keeps a spreadsheet from calculating is no part of a text
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")  # that do not break a line: French has one before a colon
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # a first line for Excel alone, which hides it
_NUMBER_LIKE = re.compile(r"[+-]?\d[\d \u00a0\u2009\u202f.,]*", re.ASCII)
# 1,234 may be thousands or decimals; 1,5 and 1234,567 may not.
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{4,},\d+|0,\d+)", re.ASCII)
_DECIMAL_POINT = re.compile(r"[+-]?(\d+\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|0\.\d+)", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be imported as it is, and in which rows of the spreadsheet."""

    sentence: str
    rows: Sequence[int] = ()

    def __str__(self) -> str:
        return f"{self.sentence} {listed(self.rows)}".strip()


class FileRefused(ValueError):
    """The file cannot be imported; `problems` say why, all that were found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


class FileTooLarge(FileRefused):
    """It has more bytes than a file may have."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written: keys of DELIMITERS, ENCODINGS and DECIMALS, and whether its first row holds names."""

    delimiter: str = "comma"
    encoding: str = "utf-8"
    decimal: str = "point"
    header: bool = True


@dataclass(frozen=True)
class Sheet:
    """What a file holds, as texts in NFC without spaces around them. `rows`: the spreadsheet row of each record.

    `names`: what the columns are called here; `headings`: what the file calls them.
    """

    names: list[str]
    headings: list[str]
    columns: list[list[str]]
    rows: list[int]

    def column(self, name: str) -> list[str]:
        """The texts of a column. Raises KeyError."""
        if name not in self.names:
            raise KeyError(name)
        return self.columns[self.names.index(name)]


def listed(rows: Sequence[int]) -> str:
    """`Row 4.` or `Rows 4, 9, 12.`: the first ten, and how many there are in all."""
    if not rows:
        return ""
    if len(rows) == 1:
        return _("Row %(row)s.") % {"row": rows[0]}
    first = ", ".join(map(str, rows[:SHOWN_ROWS]))
    if len(rows) <= SHOWN_ROWS:
        return _("Rows %(rows)s.") % {"rows": first}
    return _("Rows %(rows)s and others, %(count)s in all.") % {"rows": first, "count": figure(len(rows))}


def refuse_other_kinds(content: bytes, *, most: int) -> None:
    """Raises FileRefused for what is no CSV file at all: empty, too large, of another kind, UTF-16."""
    sentence = ""
    if not content.strip(b"\xef\xbb\xbf \r\n\t"):
        sentence = _("The selected file is empty.")
    elif len(content) > most:
        sentence = _("The selected file must be smaller than %(size)d MB.") % {"size": most // 1_000_000}
    elif other := no_csv(content):
        sentence = other
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")) or content[:LOOKED_AT].count(0) * 4 > len(content[:LOOKED_AT]):
        sentence = _("The selected file is written in UTF-16. Save it as “CSV UTF-8” and select it again.")
    if sentence:
        raise FileRefused(Problem(sentence))


def guess(content: bytes, encoding: str = "") -> Dialect:
    """How a file is probably written. Never raises: what is wrong with the file is said when it is read.

    `encoding`: where it is known already; then the beginning of the file is enough.
    """
    encoding = encoding or _encoding(content)
    start = content[:LOOKED_AT].decode(encoding, "replace").removeprefix("\ufeff")
    told = _SEP.match(start)
    start = start[told.end() :] if told else start
    if len(content) > LOOKED_AT:
        start = start.rpartition("\n")[0] or start
    named = {mark: name for name, mark in DELIMITERS.items()}.get(told[1]) if told else None
    delimiter = named or max(DELIMITERS, key=lambda name: _evenness(start, DELIMITERS[name]))
    rows = _some_rows(start, DELIMITERS[delimiter])
    return Dialect(delimiter, encoding, _decimal(rows, delimiter), _has_names(rows))


def chosen(query: Mapping[str, str], content: bytes) -> Dialect:
    """As an address says that a file is written, and for what it does not say, or says wrongly, as it seems."""
    known: dict[str, Container[str]] = {"delimiter": DELIMITERS, "encoding": ENCODINGS, "decimal": DECIMALS}
    said: dict[str, Any] = {name: query[name] for name in known if query.get(name) in known[name]}
    if query.get("header") in {"yes", "no"}:
        said["header"] = query["header"] == "yes"
    return Dialect(**said) if len(said) == len(known) + 1 else replace(guess(content), **said)


def sep_line(start: str) -> str | None:
    """The separator that a first line `sep=;` tells Excel, which hides that line."""
    told = _SEP.match(start)
    return told[1] if told else None


def _encoding(content: bytes) -> str:
    # All of it: the first accent may stand in the last row.
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _some_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error:
        return [line.split(delimiter) for line in text.splitlines() if line]


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    """The share of rows that have as many cells as the first one, if those are several, and how many those are."""
    counts = [len(row) for row in _some_rows(text, delimiter)]
    if not counts or counts[0] < 2:
        return 0, 0
    return round(Counter(counts)[counts[0]] / len(counts), 1), counts[0]


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(1 for cell in cells if _DECIMAL_COMMA.fullmatch(cell))
    points = sum(1 for cell in cells if _DECIMAL_POINT.fullmatch(cell))
    if commas == points:
        return "point" if delimiter == "comma" else "comma"
    return "comma" if commas > points else "point"


def _has_names(rows: list[list[str]]) -> bool:
    """Whether the first row differs from the numbers below it; without any, whether it holds no number itself."""
    numbers = [[bool(_NUMBER_LIKE.fullmatch(cell.strip())) for cell in row] for row in rows]
    first, below = (numbers[0], numbers[1:]) if numbers else ([], [])
    columns = [index for index in range(len(first)) if _mostly(row[index] for row in below if index < len(row))]
    return not all(first[index] for index in columns) if columns else not any(first)


def _mostly(answers: Iterable[bool]) -> bool:
    known = list(answers)
    return sum(known) > 0.8 * len(known)


def read(content: bytes, dialect: Dialect) -> Sheet:
    """The texts of a file. Raises FileRefused with every problem found, by row."""
    _refuse_characters(content, dialect)
    reader = _numbered(content, dialect)
    number, first = next(reader, (1, []))
    width = len(first)
    if width > MAX_COLUMNS:
        raise FileRefused(Problem(_("A file may have %(count)s columns at most.") % {"count": MAX_COLUMNS}))
    body = reader if dialect.header else chain([(number, first)], reader)
    if width < 2:
        raise FileRefused(Problem(_one_column()))
    rows, records = _records(body, width)
    names = _names(first if dialect.header else [""] * width)
    columns = [list(column) for column in zip(*records, strict=True)]
    return _kept(names, first if dialect.header else [], columns, rows)


def _refuse_characters(content: bytes, dialect: Dialect) -> None:
    if b"\x00" in content:
        rows = [number for number, line in enumerate(content.split(b"\n"), 1) if b"\x00" in line]
        raise FileRefused(Problem(_("Remove the character that cannot be stored."), rows))
    try:
        content.decode(dialect.encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        sentence = _("The file holds a character that this encoding does not have. Choose another encoding.")
        raise FileRefused(Problem(sentence, [row])) from None


def cleaned(text: str) -> str:
    """A cell as it is kept: in NFC, without spaces around it or the apostrophe that keeps it from being a formula."""
    value = unicodedata.normalize("NFC", text).strip()
    return value[1:].strip() if _NO_FORMULA.match(value) else value


class _Cells(dict[str, str]):
    """Text of the file -> text to keep: equal cells are cleaned once, and kept once."""

    longest = 0

    def __missing__(self, text: str) -> str:
        self[text] = value = cleaned(text)
        self.longest = max(self.longest, len(value))
        return value


def _lines(content: bytes, encoding: str) -> Iterator[str]:
    lines = TextIOWrapper(BytesIO(content), {"utf-8": "utf-8-sig"}.get(encoding, encoding), newline="")
    for number, line in enumerate(lines, 1):
        # A line of millions of delimiters would become millions of cells before anybody could count them.
        if len(line) > MAX_COLUMNS * LONGEST_CELL:
            raise FileRefused(Problem(_too_long(), [number]))
        if number > 1 or not _SEP.match(line):
            yield line


def _too_long() -> str:
    longest = figure(LONGEST_CELL)
    return _("A cell may have %(count)s characters at most. Is a quotation mark never closed?") % {"count": longest}


def _numbered(content: bytes, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with its number in a spreadsheet."""
    lines = _lines(content, dialect.encoding)
    reader = csv.reader(lines, delimiter=DELIMITERS[dialect.delimiter], strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if any(row):
                yield number, row
    except csv.Error as error:
        sentence = _("A quotation mark stands alone: close it, or write it twice inside a text.")
        raise FileRefused(Problem(_too_long() if "limit" in str(error) else sentence, [number + 1])) from None


def _records(body: Iterator[tuple[int, list[str]]], width: int) -> tuple[list[int], list[list[str]]]:
    cells = _Cells()
    numbers: list[int] = []
    records: list[list[str]] = []
    wrong: dict[str, list[int]] = {"long": [], "short": []}
    for number, row in body:
        if len(row) > width and not any(row[width:]):
            del row[width:]
        if len(row) != width:
            wrong["long" if len(row) > width else "short"].append(number)
        else:
            numbers.append(number)
            records.append([cells[cell] for cell in row])
        if len(records) > MAX_ROWS:
            raise FileRefused(Problem(_("A file may hold %(count)s records at most.") % {"count": figure(MAX_ROWS)}))
    if cells.longest > LONGEST_CELL:
        wrong["cell"] = [
            row for row, record in zip(numbers, records, strict=True) if max(map(len, record)) > LONGEST_CELL
        ]
    sentences = {
        "long": _("A row has more cells than the first row."),
        "short": _("A row has fewer cells than the first row."),
        "cell": _too_long(),
    }
    if problems := [Problem(sentences[name], rows) for name, rows in wrong.items() if rows]:
        raise FileRefused(*problems)
    if not records:
        raise FileRefused(Problem(_("The file holds no records, only names of columns.")))
    return numbers, records


def heading(text: str) -> str:
    """What a column is called: in NFC, with plain spaces, none of them around it."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _names(first: list[str]) -> list[str]:
    """The names of the columns; one without a name gets its number."""
    names = [heading(cell) for cell in first]
    problems = []
    if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names):
        text = _("Shorten the names of the columns to %(count)s characters in one line.") % {"count": LONGEST_NAME}
        problems.append(Problem(text, [1]))
    counts = Counter(names)
    if twice := [str(number) for number, name in enumerate(names, 1) if name and counts[name] > 1]:
        text = _("Columns %(numbers)s do not have names of their own.") % {"numbers": ", ".join(twice[:SHOWN_ROWS])}
        problems.append(Problem(text))
    if problems:
        raise FileRefused(*problems)
    return [name or _free(f"column_{number}", names) for number, name in enumerate(names, 1)]


def _free(name: str, taken: list[str]) -> str:
    return _free(f"{name}_", taken) if name in taken else name


def _one_column() -> str:
    return _("The file has one column only. Choose another separator.")


def _kept(names: list[str], first: list[str], columns: list[list[str]], rows: list[int]) -> Sheet:
    """Without the empty columns that spreadsheets leave at the end. Raises FileRefused for a single column."""
    named = [bool(cell.strip()) for cell in first] or [False] * len(names)
    keep = [index for index, column in enumerate(columns) if named[index] or any(column)]
    if len(keep) < 2:
        raise FileRefused(Problem(_one_column()))
    kept = [names[index] for index in keep]
    return Sheet(kept, kept, [columns[index] for index in keep], rows)
