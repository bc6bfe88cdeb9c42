"""What pages show of a model: its card, its quality, its limits, and a case to begin with."""

import re
from dataclasses import dataclass
from typing import Any

from predictions.texts import figure
from registry import serving
from registry.exceptions import ModelSuspended
from registry.models import LedgerEntry, ModelVersion
from registry.serving import Serving
from registry.signature import Feature, text_in


@dataclass(frozen=True)
class ModelCard:
    """A model on the home page."""

    name: str
    title: str
    description: str
    is_image: bool
    version: int | None
    suspended: bool
    entry: LedgerEntry | None = None


def model_cards() -> list[ModelCard]:
    """Every promoted model, by name."""
    return [_card(name) for name in serving.promoted_names()]


def _card(name: str) -> ModelCard:
    try:
        champion = serving.champion(name)
    except ModelSuspended:
        return ModelCard(name, model_title(name), "", is_image=False, version=None, suspended=True)
    return card_of(champion)


def card_of(champion: Serving) -> ModelCard:
    """What a page says about the model it asks."""
    metadata = champion.version.metadata
    return ModelCard(
        name=champion.model.name,
        title=title_of(champion.version),
        description=text_in(metadata.get("description")),
        is_image=champion.signature.image is not None,
        version=champion.version.number,
        suspended=False,
        entry=champion.entry,
    )


def title_of(version: ModelVersion) -> str:
    """How the manifest calls the model, or its name here."""
    return model_title(text_in(version.metadata.get("name")) or version.model.name)


def model_title(name: str) -> str:
    """A name as a heading."""
    return name[:1].upper() + name[1:]


def metrics_of(version: ModelVersion) -> list[tuple[str, str, str, str]]:
    """Name, split, value and number of rows of each metric of the manifest."""
    return [
        (
            str(item.get("name", "")).replace("_", " "),
            str(item.get("split", "")),
            figure(float(f"{item['value']:.3g}")),
            figure(item["n"]) if item.get("n") else "",
        )
        for item in version.metadata.get("metrics") or []
        if isinstance(item.get("value"), int | float)
    ]


def known_limits(version: ModelVersion) -> list[str]:
    """The paragraphs of the card's section on limits, without Markdown; empty when it has none."""
    card = str(version.metadata.get("card") or "")
    section = re.search(r"^#+[^\n]*limits[^\n]*\n(.*?)(?=^#|\Z)", card, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    if section is None:
        return []
    paragraphs = (re.sub(r"!\[[^]]*\]\([^)]*\)|[*`]", "", text) for text in section[1].split("\n\n"))
    return [text for paragraph in paragraphs if (text := " ".join(paragraph.split()))]


def typical_case(champion: Serving) -> dict[str, Any]:
    """A made-up case from the middle of the training sample: medians and most frequent values, nobody's own row."""
    from registry import background

    sample = background.of(champion.version)
    if sample is None or champion.signature.image is not None:
        return {}
    return {feature.name: _middle(feature, sample[feature.name].tolist()) for feature in champion.signature.features}


def _middle(feature: Feature, column: list[Any]) -> Any:
    known = [value for value in column if value is not None and value == value]  # noqa: PLR0124  NaN is not itself
    if not known:
        return None
    if feature.dtype not in {"number", "integer"}:
        return max(dict.fromkeys(known), key=known.count)
    middle = sorted(known)[len(known) // 2]
    return int(middle) if feature.dtype == "integer" else middle
