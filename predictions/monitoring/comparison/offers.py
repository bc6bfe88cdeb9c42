"""Which versions may be compared on a model's recorded inputs: its own, and those of others with one signature."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from predictions.monitoring.comparison.alike import differences
from registry import serving
from registry.models import LedgerEntry, ModelVersion, ModelVersionQuerySet, RegisteredModel
from registry.presenters import title_of

MOST = 50  # versions of other models that are looked at


@dataclass(frozen=True)
class Offer:
    """A version that may be chosen; `key` stands for it in addresses and forms."""

    version: ModelVersion
    is_champion: bool = False

    @property
    def key(self) -> str:
        return key_of(self.version)

    @property
    def title(self) -> str:
        """Within its model."""
        words = {"number": self.version.number}
        return (_("Version %(number)s, in charge") if self.is_champion else _("Version %(number)s")) % words

    @property
    def full_title(self) -> str:
        """With its model."""
        return _("%(model)s, version %(number)s") % {"model": title_of(self.version), "number": self.version.number}


@dataclass(frozen=True)
class Offers:
    """What there is to choose from for one model."""

    model: RegisteredModel

    @cached_property
    def own(self) -> list[Offer]:
        """Its versions, the newest first."""
        entry = LedgerEntry.objects.filter(model=self.model).order_by("-number").first()
        found = _confirmed().filter(model=self.model).order_by("-number")
        return [Offer(one, is_champion=entry is not None and entry.to_version_id == one.pk) for one in found]

    @property
    def base(self) -> Offer | None:
        """What others are held against, if nobody says otherwise: the version in charge, else the newest."""
        return next((one for one in self.own if one.is_champion), next(iter(self.own), None))

    @cached_property
    def others(self) -> list[Offer]:
        """Versions of other models that could be asked the same, the newest of each model first."""
        if self.base is None:
            return []
        signature = serving.signature_of(self.base.version)
        found = _confirmed().filter(model__input_kind=self.model.input_kind).exclude(model=self.model)
        versions = found.order_by("model__name", "-number")[:MOST]
        return [Offer(one) for one in versions if not differences(signature, serving.signature_of(one))]

    @property
    def all(self) -> list[Offer]:
        return [*self.own, *self.others]

    @property
    def are_enough(self) -> bool:
        """Whether there are two to choose."""
        return len(self.all) > 1


def key_of(version: ModelVersion) -> str:
    """`iris:2`: a model's name holds no colon."""
    return f"{version.model.name}:{version.number}"


def _confirmed() -> ModelVersionQuerySet:
    return ModelVersion.objects.ready().filter(is_draft=False).select_related("model").defer("report", "progress")
