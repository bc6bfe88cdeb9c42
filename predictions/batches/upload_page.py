"""The page on which somebody selects a file, and the model that is asked about its rows."""

import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User

from predictions import model_cards
from predictions.batches.forms import UploadForm
from predictions.model_cards import ModelCard
from predictions.models import OVER, Batch
from registry import serving
from registry.exceptions import UnknownModel
from registry.models import RegisteredModel


class UploadPage:
    """`query`: what the address says, or what the form held before its language changed."""

    said: Sequence[str] = ()

    def __init__(self, user: User, query: Mapping[str, Any]) -> None:
        self.user, self._query = user, query
        self.form = UploadForm(self.cards, initial={"model": self._model})

    @cached_property
    def cards(self) -> list[ModelCard]:
        """The models that can be asked about rows."""
        return [card for card in model_cards.model_cards() if not card.suspended and not card.is_image]

    @property
    def _model(self) -> str:
        names = [card.name for card in self.cards]
        wanted = self._query.get("model", "")
        return wanted if wanted in names else _default(names)

    def bound(self, data: Any, files: Any) -> UploadForm:
        """The form as it came back."""
        self.form = UploadForm(self.cards, data, files)
        return self.form

    @cached_property
    def begun(self) -> Batch | None:
        """The file that somebody came back from: it is still there."""
        try:
            pk = uuid.UUID(self._query.get("file", ""))
        except ValueError:
            return None
        return Batch.objects.filter(pk=pk, user=self.user).exclude(status__in=OVER).first()

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """Lines of the summary at the top."""
        return [("", "", sentence) for sentence in self.said] + (self.form.problems() if self.form.is_bound else [])


def _default(names: Sequence[str]) -> str:
    """The default model of those that take columns, or the first one."""
    try:
        name = serving.default_name(RegisteredModel.InputKind.TABULAR)
    except UnknownModel:
        name = ""
    return name if name in names else next(iter(names), "")
