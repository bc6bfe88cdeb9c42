"""What the check of a file found, summed over its chunks: what has to be mended, what the model never saw. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from predictions.batches.reasons import SENTENCES
from predictions.imports import csv_files
from predictions.imports.column_kinds import could_be_thousands, meaning_to
from registry.coercion import Refused
from registry.signature import Feature, Signature
from registry.texts import figure

EXAMPLES = 3
LONGEST_EXAMPLE = 40
ALLOWED = 12
# What is wrong, by code; what to do about it is said by the field itself.
WRONG = {
    "missing": gettext_lazy("“%(field)s” is missing"),
    "not_a_number": gettext_lazy("“%(field)s” is not a number"),
    "not_an_integer": gettext_lazy("“%(field)s” is not a whole number"),
    "not_a_boolean": gettext_lazy("“%(field)s” is neither yes nor no"),
    "ambiguous_number": gettext_lazy("“%(field)s” could mean two numbers"),
    "out_of_bounds": gettext_lazy("“%(field)s” is too small or too large"),
    "unknown_category": gettext_lazy("“%(field)s” is none of the choices"),
    "bad_character": gettext_lazy("“%(field)s” holds a character that cannot be stored"),
    "too_long": gettext_lazy("“%(field)s” is too long"),
}
UNSEEN = {
    "out_of_range": gettext_lazy("“%(field)s” is outside of what the model saw"),
    "unknown_category": gettext_lazy("“%(field)s” is a choice that the model never saw"),
}


@dataclass
class Found:
    """One kind of error or warning of one field, in the whole file. `lines`: the first rows of the spreadsheet."""

    name: str
    code: str
    count: int = 0
    lines: list[int] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def add(self, part: Mapping[str, Any]) -> None:
        """What one more chunk found; chunks come in the order of the file."""
        self.count += part["count"]
        self.lines = [*self.lines, *part.get("lines", ())][: csv_files.SHOWN_ROWS]
        self.examples = list(dict.fromkeys([*self.examples, *part.get("examples", ())]))[:EXAMPLES]


@dataclass
class Spread:
    """Where the numbers of a column lie: `bins` over the range that the model learned from, and outside of it."""

    bins: list[int]
    below: int = 0
    above: int = 0

    def add(self, part: Mapping[str, Any]) -> None:
        self.bins = [mine + more for mine, more in zip(self.bins, part["bins"], strict=True)]
        self.below, self.above = self.below + part["below"], self.above + part["above"]


@dataclass
class Findings:
    """Everything that was found in a file; `warned`: rows that are good, with a value that the model never saw."""

    errors: list[Found]
    warnings: list[Found]
    spreads: dict[str, Spread]
    warned: int


def summed(parts: Iterable[Mapping[str, Any]]) -> Findings:
    """The findings of all chunks together, the most frequent first. `parts`: BatchChunk.findings, in order."""
    errors: dict[tuple[str, str], Found] = {}
    warnings: dict[tuple[str, str], Found] = {}
    spreads: dict[str, Spread] = {}
    warned = 0
    for part in parts:
        warned += part.get("warned", 0)
        for known, name in ((errors, "errors"), (warnings, "warnings")):
            for item in part.get(name, ()):
                place = item["field"], item["code"]
                known.setdefault(place, Found(*place)).add(item)
        for feature, spread in part.get("columns", {}).items():
            spreads.setdefault(feature, Spread([0] * len(spread["bins"]))).add(spread)
    return Findings(_sorted(errors), _sorted(warnings), spreads, warned)


def _sorted(found: Mapping[Any, Found]) -> list[Found]:
    return sorted(found.values(), key=lambda one: -one.count)


@dataclass(frozen=True)
class Repair:
    """What is wrong with some rows, what to do about it, where."""

    wrong: str
    advice: str
    count: int
    rows: str
    examples: Sequence[str] = ()
    allowed: str = ""

    @property
    def shown_count(self) -> str:
        return figure(self.count, grouped=True)


def repairs(found: Sequence[Found], signature: Signature, decimal: str) -> list[Repair]:
    """Errors as the page of whoever sent the file says them. `decimal`: of the file."""
    features = {feature.name: feature for feature in signature.features}
    return [_repair(one, features.get(one.name), decimal) for one in found]


def _repair(found: Found, feature: Feature | None, decimal: str) -> Repair:
    rows = _rows(found)
    if feature is None:
        return Repair(str(SENTENCES.get(found.code, _("The row cannot be used."))), "", found.count, rows)
    wrong = WRONG.get(found.code, gettext_lazy("“%(field)s” cannot be used")) % {"field": feature.title}
    return Repair(
        wrong=wrong,
        advice=_advice(found, feature, decimal),
        count=found.count,
        rows=rows,
        examples=[_short(text) for text in found.examples if text],
        allowed=_allowed(feature) if found.code == "unknown_category" else "",
    )


def _advice(found: Found, feature: Feature, decimal: str) -> str:
    """What the field says of one of the values; no sentence of it repeats the value."""
    if found.code == "out_of_bounds" and (feature.min is not None or feature.max is not None):
        return feature.bounds_message()
    meaning = meaning_to(feature, decimal)
    for text in found.examples or [""]:
        # What could be two numbers reaches the model with a comma, which it refuses as such.
        asked = text.replace(".", ",") if could_be_thousands(text, decimal) else meaning(text)
        try:
            feature.clean(asked)
        except Refused as refused:
            if refused.code == found.code:
                return str(refused)
    return ""


def doubts(found: Sequence[Found], signature: Signature) -> list[Repair]:
    """Warnings as a page says them."""
    features = {feature.name: feature for feature in signature.features}
    known = [(one, features[one.name]) for one in found if one.name in features]
    return [Repair(_unseen(one, feature), _guesses(feature), one.count, _rows(one)) for one, feature in known]


def _unseen(found: Found, feature: Feature) -> str:
    return str(UNSEEN.get(found.code, UNSEEN["out_of_range"]) % {"field": feature.title})


def _guesses(feature: Feature) -> str:
    """The field's own warning, of a value that is surely none of those it learned from."""
    outside = object() if feature.dtype == "category" else (feature.train_range or (0, 0))[1] + 1
    return str((feature.warning(outside) or {}).get("message", ""))


def _rows(found: Found) -> str:
    """`Rows 4, 9, 12 and others, 312 in all.`"""
    if found.count <= len(found.lines):
        return csv_files.listed(found.lines)
    first = ", ".join(map(str, found.lines))
    count = figure(found.count, grouped=True)
    return _("Rows %(rows)s and others, %(count)s in all.") % {"rows": first, "count": count}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"


def _allowed(feature: Feature) -> str:
    titles = [feature.category_title(value) for value in feature.values]
    if len(titles) <= ALLOWED:
        return ", ".join(titles)
    text = _("%(values)s and %(count)s more")
    return text % {"values": ", ".join(titles[:ALLOWED]), "count": len(titles) - ALLOWED}
