"""What workers stored in English, in the reader's language.

A stored sentence is matched against the templates of registry.sentences; the template is translated and what stood in
its places is put back. What no template explains stays English and says so, for the page's `lang`.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from registry.sentences import TEMPLATES

ENGLISH = "en"
LONGEST = 6_000  # characters; a reason is stored with 5 000 at most
MOST_ENDS = 60  # of sentences in one text
DEPTH = 4
TRIED = "said"  # holes of such names may hold sentences themselves

_Known = dict[str, str | None]

_HOLE = re.compile(r"%\((\w+)\)s")
_END = re.compile(r"(?<=[.:!?])[ \n]+")
# Where something is wrong, before the sentence that says what: model_manifest.json: inputs.features: 'my age': …
_PLACE = re.compile(r"(?:[^\s:]{1,200}|'[^']{1,200}'|\"[^\"]{1,200}\"):(?=\s)")
_OTHER_SENTENCE = re.compile(r"[.!?] [A-Z]")


@dataclass(frozen=True)
class Said:
    """A text and the language it came out in."""

    text: str
    language: str

    @property
    def html(self) -> SafeString:
        """Escaped, and marked with its language where that is not the page's."""
        return marked(self.text, self.language)


def in_language(text: str) -> Said:
    """A stored text for the reader: translated as a whole, or as it is with language "en"."""
    language = _here()
    if language == ENGLISH or not text.strip():
        return Said(text, language)
    found = _translated(text, language)
    return Said(text, ENGLISH) if found is None else Said(found, language)


def is_known(text: str) -> bool:
    """Whether templates explain the whole text, in whatever language."""
    return _read(text, {}, 0) is not None


def marked(text: str, language: str) -> SafeString:
    """The text escaped, in a span with its `lang` where that is not the page's."""
    if language == _here():
        return format_html("{}", text)
    return format_html('<span lang="{}">{}</span>', language, text)


def _here() -> str:
    return (get_language() or ENGLISH).partition("-")[0]


@lru_cache(maxsize=1024)
def _translated(text: str, language: str) -> str | None:
    """Cached per language, which gettext takes from the request."""
    return _read(text, {}, 0)


# --- matching -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Template:
    """A sentence with holes. `literals` surround the holes, one more than there are `holes`."""

    message: str
    literals: tuple[str, ...]
    holes: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How much it says by itself: of two that match, the one that says more is meant."""
        return sum(map(len, self.literals))

    def fill(self, text: str) -> dict[str, str] | None:
        """What stands in the holes of a whole text, each as short as can be; None when the text is another one.

        Without going back, unlike a regular expression: texts quote what strangers wrote.
        """
        if not text.startswith(self.literals[0]) or not text.endswith(self.literals[-1]):
            return None
        found, start, end = {}, len(self.literals[0]), len(text) - len(self.literals[-1])
        for place, hole in enumerate(self.holes, start=1):
            stop = end if place == len(self.holes) else text.find(self.literals[place], start + 1, end)
            value = text[start:stop] if stop > start else ""
            if not value or (not hole.startswith(TRIED) and _OTHER_SENTENCE.search(value)):
                return None
            found[hole], start = value, stop + len(self.literals[place])
        return found if self.holes or text == self.message else None


@cache
def _templates() -> tuple[list[_Template], list[_Template]]:
    """Those that begin with words of their own, and those that begin with a hole; what says most comes first."""
    made = [_Template(each, tuple(_HOLE.split(each)[::2]), tuple(_HOLE.findall(each))) for each in TEMPLATES]
    made.sort(key=lambda each: -each.weight)
    return [each for each in made if each.literals[0]], [each for each in made if not each.literals[0]]


def _read(text: str, known: _Known, depth: int) -> str | None:
    """Sentences in a row, each explained by a template; None when one of them is not."""
    text = text.strip()
    if text not in known:
        known[text] = None  # while it is looked at
        known[text] = _sentences(text, known, depth)
    return known[text]


def _sentences(text: str, known: _Known, depth: int) -> str | None:
    ends = [(found.start(), found.end()) for found in _END.finditer(text)]
    if not text or len(text) > LONGEST or len(ends) > MOST_ENDS or depth > DEPTH:
        return None
    ends.append((len(text), len(text)))
    own_words, others = _templates()
    return (
        _in_a_row(text, ends, own_words, known, depth)
        or _placed(text, known, depth)
        or _in_a_row(text, ends, others, known, depth)
    )


def _placed(text: str, known: _Known, depth: int) -> str | None:
    """A place stays as it is: a reader looks for it in a file."""
    found = _PLACE.match(text)
    rest = _read(text[found.end() :], known, depth) if found else None
    return gettext("%(place)s: %(sentence)s") % {"place": found[0][:-1], "sentence": rest} if found and rest else None


def _in_a_row(
    text: str, ends: list[tuple[int, int]], templates: list[_Template], known: _Known, depth: int
) -> str | None:
    """The shortest beginning that is a sentence, where the rest can be read as well."""
    for stop, start in ends:
        first = _sentence(text[:stop], templates, known, depth)
        rest = "" if first is None or start == len(text) else _read(text[start:], known, depth)
        if first is not None and rest is not None:
            return f"{first} {rest}".strip()
    return None


def _sentence(text: str, templates: list[_Template], known: _Known, depth: int) -> str | None:
    for template in templates:
        values = template.fill(text)
        if values is None:
            continue
        for hole in values:
            if hole.startswith(TRIED):
                values[hole] = _said(values[hole], known, depth)
        return gettext(template.message) % values if values else gettext(template.message)
    return None


def _said(text: str, known: _Known, depth: int) -> str:
    """A part that may be a sentence itself, or several with commas; what is not stays as it is."""
    parts = [_read(part, known, depth + 1) for part in text.split(", ")]
    if None not in parts:
        return ", ".join(part or "" for part in parts)
    whole = _read(text, known, depth + 1)
    return text if whole is None else whole
