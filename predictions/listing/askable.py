"""Which models can be asked about a set of records, and why others cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from predictions import asking
from predictions.models import Dataset
from registry import serving
from registry.presenters import title_of
from registry.signature import Signature


@dataclass(frozen=True)
class Askable:
    """A model in service that takes tables. `missing`: titles of the columns that it needs and the set lacks."""

    name: str
    title: str
    is_suspended: bool
    missing: tuple[str, ...]

    @property
    def can_be_asked(self) -> bool:
        return not (self.missing or self.is_suspended)


@dataclass(frozen=True)
class InService:
    """A model that takes tables, and the version that answers, or would if the model were not suspended."""

    name: str
    title: str
    is_suspended: bool
    signature: Signature


def in_service() -> list[InService]:
    """The models in service, by name; none that answers about pictures."""
    found = [_in_service(name) for name in serving.promoted_names()]
    return [model for model in found if model.signature.image is None]


def _in_service(name: str) -> InService:
    version, is_suspended = serving.in_charge(name)
    return InService(name, title_of(version), is_suspended, serving.signature_of(version))


def models_of(dataset: Dataset, models: Sequence[InService] | None = None) -> list[Askable]:
    """The models in service as the set's records suit them, the set's own first."""
    own = dataset.model.name if dataset.model else ""
    ordered = sorted(in_service() if models is None else models, key=lambda model: model.name != own)
    return [Askable(model.name, model.title, model.is_suspended, _missing(model, dataset)) for model in ordered]


def _missing(model: InService, dataset: Dataset) -> tuple[str, ...]:
    titles = {feature.name: feature.title for feature in model.signature.features}
    return tuple(titles[name] for name in asking.fits(model.signature, dataset))


def models_for(dataset: Dataset) -> list[tuple[str, str]]:
    """Name and title of those that can be asked about the set now."""
    return [(found.name, found.title) for found in models_of(dataset) if found.can_be_asked]
