"""Where an answer comes from: the version, who put it in charge, what it was trained on, and what became of it."""

import re
from dataclasses import replace
from functools import cached_property

from django.utils.translation import gettext as _

from predictions.models import Prediction
from predictions.presenters.values import source_of
from registry import serving
from registry.exceptions import ModelSuspended, UnknownModel
from registry.presenters import Limit, known_limits, metrics_of, person
from registry.signature import text_in
from registry.texts import figure


class Origin:
    """What the strip under an answer says."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction, self.version = prediction, prediction.version

    @property
    def description(self) -> str:
        return text_in(self.version.metadata.get("description"))

    @cached_property
    def limits(self) -> list[Limit]:
        """What the manifest or the card says about the model's limits."""
        return known_limits(self.version)

    @property
    def first_limit(self) -> Limit | None:
        """The first sentence of it."""
        if not self.limits:
            return None
        return replace(self.limits[0], text=re.split(r"(?<=[.!?])\s", self.limits[0].text, maxsplit=1)[0])

    @property
    def trained_on(self) -> str:
        """The data, its rows and the day of the training, as far as the manifest says."""
        told = self.version.metadata.get("provenance", {})
        parts = [str(text_in(told.get("data")))]
        if isinstance(told.get("rows"), int | float):  # nobody checked what a manifest says here
            parts.append(_("%(count)s rows") % {"count": figure(told["rows"], grouped=True)})
        return ", ".join(filter(None, [*parts, str(told.get("trained_at", ""))]))

    @property
    def metrics(self) -> list[tuple[str, str, str, str]]:
        """Name, split, value and number of rows of each metric of the manifest."""
        return metrics_of(self.version)

    @property
    def asked_by(self) -> str:
        return person(self.prediction.user)

    @property
    def promoted_by(self) -> str:
        entry = self.prediction.ledger_entry
        return person(entry.by) if entry else ""

    @property
    def source(self) -> str:
        return source_of(self.prediction)

    @cached_property
    def is_suspended(self) -> bool:
        """Whether the model answers nothing now."""
        try:
            serving.champion(self.version.model.name)
        except ModelSuspended:
            return True
        except UnknownModel:
            return False
        return False

    @cached_property
    def newer(self) -> int | None:
        """The number of the version in charge now, where that is another one."""
        try:
            now = serving.champion(self.version.model.name).version
        except (ModelSuspended, UnknownModel):
            return None
        return None if now.pk == self.version.pk else now.number
