"""The list of models: who answers, since when, and what waits for somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Max, Q

from registry.models import LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from registry.presenters import model_title, person, states
from registry.presenters.states import State, Words
from registry.signature import text_in
from registry.texts import age

# Cards and reports of tens of models would be megabytes.
_HEAVY = ("to_version__signature", "to_version__metadata", "to_version__report")
_CHOSEN = (LedgerEntry.Kind.PROMOTE, LedgerEntry.Kind.ROLLBACK)


@dataclass(frozen=True)
class ModelRow:
    """A model in the list. `entry`: its latest one; `chosen`: the one that put the version in charge.

    `rejected`: the number of its newest version, where that was rejected and none was ever in charge.
    """

    model: RegisteredModel
    entry: Any
    chosen: LedgerEntry | None
    rejected: int | None
    states: list[State]
    now: datetime

    @property
    def title(self) -> str:
        """How the champion's manifest calls it, or its name."""
        return model_title((text_in(self.entry.called) if self.entry else "") or self.model.name)

    @property
    def task(self) -> Words:
        """What it does, in words."""
        return states.TASKS.get(self.entry.task, self.entry.task or "") if self.entry else ""

    @property
    def runtime(self) -> Words:
        """What executes it, in words."""
        return states.RUNTIMES.get(self.entry.to_version.runtime, "") if self.entry else ""

    @property
    def age(self) -> str:
        """How long the version has been in charge."""
        return age(self.now - self.chosen.created_at) if self.chosen else ""

    @property
    def by(self) -> str:
        """Who put it in charge."""
        return person(self.chosen.by) if self.chosen else ""

    @property
    def is_image(self) -> bool:
        return self.model.input_kind == RegisteredModel.InputKind.IMAGE


def model_rows(*, now: datetime) -> list[ModelRow]:
    """Every tracked model by name, in as many queries for many as for one."""
    latest = {entry.model_id: entry for entry in _latest()}
    chosen = {entry.model_id: entry for entry in _latest(kind__in=_CHOSEN)}
    versions = {row["model_id"]: row for row in _versions()}
    requests = PromotionRequest.objects.filter(status=PromotionRequest.Status.OPEN)
    waiting = set(requests.values_list("model_id", flat=True))
    rows = []
    for model in RegisteredModel.objects.order_by("name"):
        entry = latest.get(model.pk)
        newest = versions.get(model.pk, {})
        found = list(_states(model, entry, newest, asked=model.pk in waiting))
        rows.append(ModelRow(model, entry, chosen.get(model.pk), _rejected(entry, newest), found, now))
    return rows


def _latest(**filters: Any) -> Any:
    entries = LedgerEntry.objects.filter(**filters).order_by("model_id", "-number").distinct("model_id")
    entries = entries.select_related("by", "to_version").defer(*_HEAVY)
    return entries.annotate(task=F("to_version__signature__task"), called=F("to_version__metadata__name"))


def _versions() -> Any:
    """Per model the newest number of what waits for somebody."""
    status = ModelVersion.Status
    never = Q(status=status.READY, ledger_entries=None)
    return ModelVersion.objects.values("model_id").annotate(
        ready=Max("number", filter=Q(status=status.READY, is_draft=False)),
        candidate=Max("number", filter=never & Q(is_draft=False)),
        draft=Max("number", filter=never & Q(is_draft=True)),
        importing=Max("number", filter=Q(status=status.IMPORTING)),
        rejected=Max("number", filter=Q(status=status.REJECTED)),
        newest=Max("number"),
    )


def _rejected(entry: LedgerEntry | None, newest: dict[str, int | None]) -> int | None:
    rejected = newest.get("rejected")
    return rejected if entry is None and rejected == newest.get("newest") else None


def _states(
    model: RegisteredModel, entry: LedgerEntry | None, newest: dict[str, int | None], *, asked: bool
) -> Iterator[State]:
    yield states.of_model(entry)
    if _rejected(entry, newest):
        yield states.LAST_REJECTED
    champion = entry.to_version.number if entry else 0
    if asked:
        yield states.REQUEST
    elif (newest.get("candidate") or 0) > champion:
        yield states.CANDIDATE
    if (newest.get("draft") or 0) > max(champion, newest.get("ready") or 0):
        yield states.DRAFT
    if newest.get("importing"):
        yield states.IMPORTING
    if model.sync_error:
        yield states.HUB_ERROR
