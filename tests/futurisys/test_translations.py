"""Every sentence that a page or an error can say is in the French catalogue, and the compiled catalogue is current."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.utils import translation
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
COMPILE = "Run .venv/bin/python manage.py compilemessages -l fr --ignore .venv."
NAMES = {"_", "gettext", "gettext_lazy", "gettext_noop", "_lazy"}
OURS = ("futurisys", "registry", "predictions")
MARKED = re.compile(r"""(?:gettext|_)\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\)""")


def said_by_code() -> Iterator[str]:
    for app in OURS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
                    yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def said_by_pages() -> Iterator[str]:
    for path in (ROOT / "templates").rglob("*.html"):
        for literal in MARKED.findall(templatize(path.read_text("utf-8"))):
            yield ast.literal_eval(literal)


def catalogue() -> dict[str, str]:
    """Message -> translation, as written in the .po file."""
    found: dict[str, list[str]] = {}
    target: list[str] = []
    for line in CATALOGUE.read_text("utf-8").splitlines():
        if line.startswith("msgid"):
            key: list[str] = []
            target = key
        elif line.startswith("msgstr"):
            target = found.setdefault(ast.literal_eval(f"({' '.join(key)})"), [])
        if '"' in line and not line.startswith("#"):
            target.append(line[line.index('"') :])
    return {message: ast.literal_eval(f"({' '.join(parts)})") for message, parts in found.items()}


def test_every_marked_sentence_has_a_french_one() -> None:
    french = catalogue()
    missing = sorted({text for text in (*said_by_code(), *said_by_pages()) if not french.get(text)})
    assert missing == [], f"Write their French into {CATALOGUE.relative_to(ROOT)} by hand. {COMPILE}"


def test_nothing_is_fuzzy_or_empty() -> None:
    assert "fuzzy" not in CATALOGUE.read_text("utf-8")
    assert [message for message, text in catalogue().items() if not text] == []


def test_the_compiled_catalogue_is_current() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [message for message, text in catalogue().items() if message and compiled.gettext(message) != text]
    assert stale == [], COMPILE


def test_placeholders_survive_translation() -> None:
    names = re.compile(r"%\(\w+\)[sd]|%%|</?\w+>")
    odd = [m for m, text in catalogue().items() if m and sorted(names.findall(m)) != sorted(names.findall(text))]
    assert odd == []


UNTIDY = re.compile(r"(?<! \()[ \u00a0]([;:?!]|%%)|[ \u202f]»|«[ \u202f]|[a-zé]'[a-zéêèàâ]")


def test_french_is_set_with_its_own_spaces_and_apostrophes() -> None:
    odd = [text for text in catalogue().values() if UNTIDY.search(text)]
    assert odd == [], "A narrow no-break space before ; : ? ! %, a no-break space inside « », and ’ for an apostrophe."


# Spelt alike in both languages, or shown by no page.
SAME = {"ID", "id"}


def test_models_fields_and_choices_have_french_titles() -> None:
    french, untitled = catalogue(), []
    for model in (each for app in OURS for each in apps.get_app_config(app).get_models()):
        for place, label in labels(model):
            with translation.override("en"):
                english = str(label)
            with translation.override("fr"):
                shown = str(label)
            if english not in SAME and french.get(english) != shown:
                untitled.append(f"{model._meta.label} {place}: {english}")
    assert untitled == [], "Mark it with gettext_lazy and translate it."


def labels(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """Where each title of a model is, and the title."""
    yield "", model._meta.verbose_name
    yield "", model._meta.verbose_name_plural
    for field in model._meta.local_fields:
        yield field.name, field.verbose_name
        yield field.name, field.help_text or model._meta.verbose_name
        yield from ((f"{field.name} = {value}", label) for value, label in field.flatchoices)
