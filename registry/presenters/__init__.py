"""What pages of the registry show: display logic that would be more than an {% if %} in a template.

Here is what several of them need; the others are beside it, a module for each family of pages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.translation import get_language

from registry import measures
from registry.models import ModelVersion
from registry.signature import text_in
from registry.texts import figure


def person(user: User) -> str:
    """A person's name as others read it."""
    return user.get_full_name() or user.get_username()


def title_of(version: ModelVersion) -> str:
    """How the manifest calls the model, or its name here."""
    return model_title(text_in(version.metadata.get("name")) or version.model.name)


def model_title(name: str) -> str:
    """A name as a heading."""
    return name[:1].upper() + name[1:]


def metrics_of(version: ModelVersion) -> list[tuple[str, str, str, str]]:
    """Name and split in words, value and number of rows of each metric of the manifest."""
    return [
        (
            measures.title(str(item.get("name", ""))),
            measures.split(str(item.get("split", ""))),
            figure(float(f"{item['value']:.3g}")),
            figure(item["n"], grouped=True) if item.get("n") else "",
        )
        for item in version.metadata.get("metrics") or []
        if isinstance(item.get("value"), int | float)
    ]


@dataclass(frozen=True)
class Limit:
    """Something a model is not for. `language`: of the text, where that is not the reader's; else empty."""

    text: str
    language: str = ""


def known_limits(version: ModelVersion) -> list[Limit]:
    """What the manifest says of the model's limits, else the card's section on them; empty when neither does."""
    told = [_limit(text) for text in version.metadata.get("limits") or []]
    return [limit for limit in told if limit.text] or [_foreign(text) for text in _in_card(version)]


def _limit(text: str | Mapping[str, str]) -> Limit:
    if isinstance(text, Mapping) and not text.get((get_language() or "en")[:2]):
        return Limit(text_in(text), "en" if text.get("en") else next(iter(text), ""))
    return Limit(text_in(text))


def _foreign(text: str) -> Limit:
    """Cards are written in English."""
    return Limit(text, "" if (get_language() or "en").startswith("en") else "en")


def _in_card(version: ModelVersion) -> list[str]:
    """The paragraphs of the card's section on limits, without Markdown."""
    card = str(version.metadata.get("card") or "")
    section = re.search(r"^#+[^\n]*limits[^\n]*\n(.*?)(?=^#|\Z)", card, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    if section is None:
        return []
    paragraphs = (re.sub(r"!\[[^]]*\]\([^)]*\)|[*`]", "", text) for text in section[1].split("\n\n"))
    return [text for paragraph in paragraphs if (text := " ".join(paragraph.split()))]
