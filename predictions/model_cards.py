"""What pages show of a model that can be asked."""

from dataclasses import dataclass

from registry import serving
from registry.exceptions import ModelSuspended
from registry.models import LedgerEntry
from registry.presenters import title_of
from registry.serving import Serving
from registry.signature import text_in


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
        version, _is_suspended = serving.in_charge(name)
        return ModelCard(name, title_of(version), "", is_image=False, version=None, suspended=True)
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
