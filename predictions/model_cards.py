"""What pages show of a model that can be asked, and a case to begin with."""

from dataclasses import dataclass
from typing import Any

from registry import serving
from registry.exceptions import ModelSuspended
from registry.models import LedgerEntry
from registry.presenters import model_title, title_of
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
