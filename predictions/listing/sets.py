"""The sets of records, as the page that lists them shows them."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from predictions.listing.askable import Askable, InService, in_service, models_of
from predictions.listing.presenters import why_none
from predictions.models import Dataset
from registry.presenters import person
from registry.texts import figure


@dataclass(frozen=True)
class Set:
    """A set of records: how large, from when, and who can be asked about it."""

    dataset: Dataset
    size: str
    imported_by: str
    askable: list[Askable]
    obstacle: str

    @property
    def is_empty(self) -> bool:
        return self.dataset.size == 0


def sets(user: User | AnonymousUser) -> list[Set]:
    """Every set that the reader may see, by its title."""
    may_ask = user.has_perm("predictions.add_prediction")
    found = Dataset.objects.visible_to(user).select_related("model", "updated_by").order_by("title", "pk")
    models = in_service()
    return [_set(dataset, models, may_ask=may_ask) for dataset in found]


def _set(dataset: Dataset, in_service_now: list[InService], *, may_ask: bool) -> Set:
    models = models_of(dataset, in_service_now)
    askable = [model for model in models if model.can_be_asked] if may_ask else []
    obstacle = "" if askable or not may_ask else why_none(models)
    return Set(dataset, _size(dataset.size), person(dataset.updated_by), askable, obstacle)


def _size(records: int) -> str:
    if records < 2:
        return _("1 record") if records else _("No records yet")
    return _("%(count)s records") % {"count": figure(records, grouped=True)}
