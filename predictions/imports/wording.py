"""What the words of a file mean to a model: headings and cells as pages say them, in any language. Pure."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from predictions.imports.csv_files import FileRefused, Problem, Sheet
from registry.signature import Feature, Signature, text_in

_APOSTROPHES = str.maketrans("’‘ʼ", "'''")
# French has a narrow no-break space there, which a spreadsheet that saves in an older encoding turns into "?".
_SPACING = re.compile(r"[\s?]+(?=[:;!?»])|(?<=«)[\s?]+")


def folded(text: str) -> str:
    """Lower case without accents and with one kind of apostrophe, for finding."""
    plain = unicodedata.normalize("NFKD", text.lower()).translate(_APOSTROPHES)
    return "".join(character for character in plain if not unicodedata.combining(character))


def alike(text: str) -> str:
    """What two texts have in common that people take for the same word."""
    return " ".join(_SPACING.sub("", folded(text)).replace("_", " ").split())


def _in_all_languages(label: Any) -> set[str]:
    return {alike(text_in(label, code)) for code, _name in settings.LANGUAGES} - {""}


def fields(signature: Signature | None) -> dict[str, str]:
    """Word as `alike` writes it -> name of the only feature that is called so, by its name or in any language."""
    meant: dict[str, set[str]] = defaultdict(set)
    for feature in signature.features if signature else ():
        for word in {alike(feature.name), *_in_all_languages(feature.label)}:
            meant[word].add(feature.name)
    return {word: next(iter(names)) for word, names in meant.items() if len(names) == 1}


def choices(feature: Feature) -> dict[str, Any]:
    """Word -> the only value of a choice that is called so, by itself or in any language."""
    meant: dict[str, list[Any]] = defaultdict(list)
    for category in feature.categories:
        for word in {alike(str(category["value"])), *_in_all_languages(category.get("label"))}:
            meant[word].append(category["value"])
    return {word: values[0] for word, values in meant.items() if len(values) == 1}


def names_of(headings: Iterable[str], signature: Signature | None) -> list[str]:
    """The feature that each heading means; what means none stays as it is."""
    known = {feature.name for feature in signature.features} if signature else set()
    meant = fields(signature)
    return [heading if heading in known else meant.get(alike(heading), heading) for heading in headings]


def renamed(sheet: Sheet, signature: Signature | None, key: str = "") -> Sheet:
    """The file with the names that the model uses; `headings` stay. Raises FileRefused for two headings of one field.

    `key`: the column that tells records apart. It keeps its name, and is found as downloads call it, too.
    """
    names = names_of(sheet.headings, signature)
    if key in sheet.headings:
        names[sheet.headings.index(key)] = key
    elif key and key not in names:
        words = {alike(key), *_key_words()}
        places = [place for place, heading in enumerate(sheet.headings) if alike(heading) in words]
        if len(places) == 1:
            names[places[0]] = key
    _refuse_twins(names, sheet.headings, signature)
    return replace(sheet, names=names)


def _key_words() -> set[str]:
    """How the files that are downloaded here call the key."""
    found = set()
    for code, _name in settings.LANGUAGES:
        with override(code):
            found.add(alike(_("Key of the record")))
    return found


def _refuse_twins(names: list[str], headings: list[str], signature: Signature | None) -> None:
    titles = {feature.name: feature.title for feature in signature.features} if signature else {}
    places: dict[str, list[str]] = defaultdict(list)
    for name, heading in zip(names, headings, strict=True):
        places[name].append(heading)
    sentence = _("The columns “%(first)s” and “%(second)s” both mean “%(field)s”. Remove or rename one of them.")
    problems = [
        Problem(sentence % {"first": found[0], "second": found[1], "field": titles.get(name, name)})
        for name, found in places.items()
        if len(found) > 1
    ]
    if problems:
        raise FileRefused(*problems)


def headings(features: Iterable[Feature], signature: Signature) -> list[str]:
    """What a file made here calls fields: by their titles, or by their names where a title could mean another field."""
    meant = fields(signature)
    return [item.title if meant.get(alike(item.title)) == item.name else item.name for item in features]


def choice_words(feature: Feature) -> dict[Any, str]:
    """The text of each value of a choice in such a file: its title, or itself where the title could mean another."""
    meant = choices(feature)
    return {
        value: feature.category_title(value) if alike(feature.category_title(value)) in meant else str(value)
        for value in feature.values
    }
