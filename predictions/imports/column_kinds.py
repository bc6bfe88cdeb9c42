"""The columns of a file of records: what kind each is, and its values as they are kept.

Pure. The signature of the model that will be asked decides where the values allow it; else the values do.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from predictions.imports.csv_files import LONGEST_KEY, Dialect, FileRefused, Problem, Sheet
from predictions.imports.wording import alike, choices, folded
from registry.coercion import LARGEST_INTEGER, Refused
from registry.signature import Feature, Signature

CATEGORIES_AT_MOST = 25
LONGEST_SEARCH = 500
NUMBERS = {"number", "integer"}  # kinds of fields
_KEY_NAME = re.compile(r"id|key|cl[eé]|uuid|matricule|row|(id|key|cl[eé]|employee|matricule)[_ -].*|.*[_ -](id|key)")
_GROUPS = "[ \u00a0\u2009\u202f]"
_NUMBERS = {
    # A leading zero or sixteen digits are no number but a code. Of the other decimal sign only what cannot be misread.
    name: re.compile(
        rf"(?P<whole>-?(0|[1-9]\d{{0,14}}|[1-9]\d{{0,2}}({_GROUPS}\d{{3}})+"
        rf"|[1-9]\d{{0,2}}({other}\d{{3}}){{2,}}|[1-9]\d{{0,2}}({other}\d{{3}})+(?={sign})))"
        rf"({sign}(?P<rest>\d+))?(?P<power>[eE][+-]?\d{{1,3}})?",
        re.ASCII,
    )
    for name, sign, other in (("point", r"\.", ","), ("comma", ",", r"\."))
}
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)


@dataclass
class Column:
    """One column. `values`: as they are kept; `refused`: sentence of the model -> indexes of the records it is about."""

    name: str
    kind: str
    values: list[Any]
    seen: list[Any] = field(default_factory=list)
    feature: Feature | None = None
    refused: dict[str, list[int]] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """The column as Dataset.columns keeps it."""
        known: dict[str, Any] = {"name": self.name, "kind": self.kind}
        numbers = [v for v in set(self.values) if isinstance(v, int | float) and not isinstance(v, bool)]
        if self.kind in {"number", "integer"} and numbers:
            known |= {"low": min(numbers), "high": max(numbers)}
        if self.kind == "category":
            known["values"] = self.seen
        return known


def number(text: str, decimal: str) -> int | float | None:
    """The number that a text is in a file with this decimal sign ("point" or "comma"), or None."""
    found = _NUMBERS[decimal].fullmatch(text)
    if found is None:
        return None
    whole = re.sub(r"[^\d-]", "", found["whole"])
    if found["rest"] is None and found["power"] is None:
        return int(whole) if abs(int(whole)) < LARGEST_INTEGER else None
    value = float(f"{whole}.{found['rest'] or 0}{found['power'] or ''}")
    return value if math.isfinite(value) else None


def meaning_to(feature: Feature, decimal: str) -> Callable[[str], Any]:
    """What a text of a file with this decimal sign means to a field, before the model reads it by its own rules.

    The value of a choice by its title in any language, a number by the decimal sign; any other text stays.
    """
    plain, meant = {str(value) for value in feature.values}, choices(feature)
    is_number = feature.kind in NUMBERS

    def meaning(text: str) -> Any:
        value = text if not meant or text in plain else meant.get(alike(text), text)
        found = number(value, decimal) if is_number and isinstance(value, str) else None
        return value if found is None else found

    return meaning


def could_be_thousands(text: str, decimal: str) -> bool:
    """Whether a number has a point where the file has decimal commas, and three digits behind it: nobody can tell."""
    return decimal == "comma" and bool(_AMBIGUOUS.fullmatch(text))


def typed(sheet: Sheet, dialect: Dialect, key: str, signature: Signature | None) -> list[Column]:
    """Every column, in the order of the file. Raises FileRefused for numbers that could be read in two ways."""
    features = {feature.name: feature for feature in signature.features} if signature else {}
    columns, problems = [], []
    for name, texts in zip(sheet.names, sheet.columns, strict=True):
        feature = features.get(name)
        if name == key:
            columns.append(Column(name, "text", [text or None for text in texts], feature=feature))
            continue
        if feature and feature.kind in NUMBERS:
            pairs = zip(sheet.rows, texts, strict=True)
            rows = [row for row, text in pairs if could_be_thousands(text, dialect.decimal)]
            problems += [Problem(_two_ways(feature), rows)] if rows else []
        columns.append(
            _as_the_model_wants(feature, texts, dialect) if feature else _by_its_values(name, texts, dialect)
        )
    if problems:
        raise FileRefused(*problems)
    return columns


def _two_ways(feature: Feature) -> str:
    text = _("“%(field)s” holds points in a file with decimal commas: they could mean thousands or decimals.")
    return text % {"field": feature.title}


def _by_its_values(name: str, texts: list[str], dialect: Dialect) -> Column:
    distinct = [text for text in dict.fromkeys(texts) if text]
    numbers = {text: number(text, dialect.decimal) for text in distinct}
    if distinct and None not in numbers.values():
        kind = "integer" if all(isinstance(value, int) for value in numbers.values()) else "number"
        return Column(name, kind, [numbers.get(text) for text in texts])
    values = [text or None for text in texts]
    if 0 < len(distinct) <= CATEGORIES_AT_MOST and 2 * len(distinct) < len(texts):
        return Column(name, "category", values, sorted(distinct))
    return Column(name, "text", values)


def _as_the_model_wants(feature: Feature, texts: list[str], dialect: Dialect) -> Column:
    """What the model takes as it takes it, the rest as the file has it; its kind, if it takes at least half."""
    kept: dict[str, Any] = {}
    why: dict[str, str] = {}
    meaning = meaning_to(feature, dialect.decimal)
    for text in dict.fromkeys(texts):
        try:
            kept[text] = feature.clean(meaning(text))
        except Refused as refused:
            kept[text], why[text] = text or None, _sentence(feature, refused)
    counts = Counter(texts)
    present = sum(count for text, count in counts.items() if text)
    taken = sum(count for text, count in counts.items() if text and text not in why)
    column = (
        _by_its_values(feature.name, texts, dialect) if 2 * taken < present else _of_kind(feature, texts, kept, why)
    )
    column.feature = feature
    for index, text in enumerate(texts):
        if text in why:
            column.refused.setdefault(why[text], []).append(index)
    return column


def _sentence(feature: Feature, refused: Refused) -> str:
    """What the model would say, with the field's title."""
    texts = {"title": feature.title, "why": str(refused)}
    return str(refused) if feature.title in str(refused) else _("%(title)s: %(why)s") % texts


def _of_kind(feature: Feature, texts: list[str], kept: dict[str, Any], why: dict[str, str]) -> Column:
    if feature.kind != "string":
        return Column(feature.name, feature.kind, [kept[text] for text in texts])
    plain = _by_its_values(feature.name, texts, Dialect())
    if feature.dtype != "category":
        kind = plain.kind if plain.kind == "category" else "text"
        return Column(feature.name, kind, [kept[text] for text in texts], plain.seen)
    known = [value for value in feature.values if value in kept]
    others = sorted(value for value in kept.values() if value and value not in feature.values)
    return Column(feature.name, "category", [kept[text] for text in texts], known + others[:CATEGORIES_AT_MOST])


def is_called_key(name: str) -> bool:
    """Whether a heading is one that keys have: `id`, `matricule`, `employee number`."""
    return bool(_KEY_NAME.fullmatch(name.strip().casefold()))


def guess_key(sheet: Sheet, signature: Signature | None = None) -> str:
    """The column that most probably tells the records apart, or "" when none does.

    One that is called a key and nearly does is better than another one: which rows are wrong is said of it.
    """
    features = {feature.name for feature in signature.features} if signature else set()
    free = {n: texts for n, texts in zip(sheet.names, sheet.columns, strict=True) if n not in features}
    complete = [
        name
        for name, texts in free.items()
        if len(set(texts)) == len(texts) and all(texts) and max(map(len, texts)) <= LONGEST_KEY
    ]
    named = [name for name in free if _KEY_NAME.fullmatch(name.casefold())]
    nearly = [name for name in named if 2 * len(set(free[name])) > len(free[name])]
    return next(iter([*(name for name in named if name in complete), *nearly, *complete, *named]), "")


def keys(sheet: Sheet, name: str) -> list[str]:
    """The key of each record. Raises FileRefused when one is empty, too long or there twice."""
    if name not in sheet.names:
        raise FileRefused(Problem(_("The file has no column of the name that was chosen as key.")))
    texts = sheet.column(name)
    counts = Counter(texts)
    rows: dict[str, list[int]] = {"empty": [], "long": [], "twice": []}
    for row, text in zip(sheet.rows, texts, strict=True):
        if not text or len(text) > LONGEST_KEY:
            rows["long" if text else "empty"].append(row)
        elif counts[text] > 1:
            rows["twice"].append(row)
    sentences = {
        "empty": _("The key is empty."),
        "long": _("A key may have %(count)s characters at most.") % {"count": LONGEST_KEY},
        "twice": _("“%(column)s” is the same in several rows: give each row its own, or choose another key.")
        % {"column": name},
    }
    if problems := [Problem(sentences[kind], found) for kind, found in rows.items() if found]:
        raise FileRefused(*problems)
    return texts


def searches(keys_: Sequence[str], columns: Iterable[Column], key: str) -> list[str]:
    """Per record what it can be found by: its key and its texts, but no sensitive ones."""
    texts = [
        column.values
        for column in columns
        if column.kind == "text" and column.name != key and not (column.feature and column.feature.sensitive)
    ]
    return [
        folded(" ".join([found, *(text for text in cells if isinstance(text, str))]))[:LONGEST_SEARCH]
        for found, *cells in zip(keys_, *texts, strict=True)
    ]


def merged(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of a set in which records of an earlier import stay beside new ones: what both together hold."""
    known = {column["name"]: column for column in before}
    names = {column["name"] for column in now}
    both = [_together(known[column["name"]], column) if column["name"] in known else column for column in now]
    return both + [column for column in before if column["name"] not in names]


def _together(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    kinds = {old["kind"], new["kind"]}
    if kinds == {"integer", "number"} or len(kinds) == 1:
        column = new | {"kind": "number" if len(kinds) == 2 else new["kind"]}
        if "low" in old or "low" in new:
            found = [item for item in (old, new) if "low" in item]
            column |= {"low": min(item["low"] for item in found), "high": max(item["high"] for item in found)}
        if "values" in new:
            column["values"] = list(dict.fromkeys([*new["values"], *old.get("values", [])]))[: 2 * CATEGORIES_AT_MOST]
        return column
    return {"name": new["name"], "kind": "text"}
