"""The card: README.md with its YAML front matter, which may be missing or odd and is then empty."""

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from registry.contract_files import MAX_TEXT, ContractError, read_file

CARD = "README.md"
MAX_FRONT_MATTER = 64 * 1024


@dataclass(frozen=True)
class Card:
    """README.md: the text below the front matter, and the front matter as plain JSON values."""

    text: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def card(directory: Path) -> Card:
    """README.md with its YAML front matter; a missing or unreadable part is empty, never an error."""
    try:
        text = read_file(directory, CARD, MAX_TEXT).decode("utf-8", errors="replace").replace("\r\n", "\n")
    except ContractError:
        return Card()
    if not text.startswith("---\n"):
        return Card(text=text)
    front, found, body = text[4:].partition("\n---\n")
    if not found or len(front) > MAX_FRONT_MATTER:
        return Card(text=text)
    return Card(text=body.lstrip("\n"), metadata=_front_matter(front))


def _front_matter(text: str) -> dict[str, Any]:
    import yaml  # comes with huggingface_hub

    try:
        # An alias lets a few lines grow into gigabytes when the value is written again.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            return {}
        value = _plain(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.replace("\x00", "") if isinstance(value, str) else value if _is_scalar(value) else str(value)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float))
