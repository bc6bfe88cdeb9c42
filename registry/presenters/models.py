"""Everything the page of one model shows."""

from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from registry import charts, measures, promotions
from registry.models import Delivery, LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel
from registry.presenters import deliveries, history, model_title, person, states
from registry.presenters.deliveries import DeliveryRow
from registry.presenters.history import Period
from registry.presenters.states import State, Words
from registry.presenters.versions import VersionParts
from registry.signature import text_in
from registry.texts import figure

ENTRIES = VERSIONS = 20
DELIVERIES = 10
_CHOSEN = (LedgerEntry.Kind.PROMOTE, LedgerEntry.Kind.ROLLBACK)
_HEAVY = ("signature", "metadata", "report", "reason")


class VersionRow:
    """A version in the list of its model."""

    def __init__(self, version: Any, entry: LedgerEntry | None) -> None:
        self.version, self.states = version, states.of_version(version, entry)
        self.is_champion = entry is not None and entry.to_version_id == version.pk
        self.is_way_back = bool(version.has_served and entry and version.number < entry.to_version.number)

    @property
    def runtime(self) -> Words:
        return states.RUNTIMES.get(self.version.runtime, "")

    @property
    def is_candidate(self) -> bool:
        """Whether it may be put in charge."""
        ready = self.version.status == ModelVersion.Status.READY
        return bool(ready and not self.version.is_draft and not self.is_champion)

    @property
    def is_draft(self) -> bool:
        """Whether somebody has to describe it first."""
        return bool(self.version.is_draft and self.version.status == ModelVersion.Status.READY)


class ModelPage:
    """The page of one model. `before_entry` and `before_version` are cursors of its two long lists."""

    def __init__(
        self, model: RegisteredModel, *, now: datetime, before_entry: int | None, before_version: int | None
    ) -> None:
        self.model, self.now = model, now
        self.before_entry, self.before_version = before_entry, before_version

    # --- state -----------------------------------------------------------------------------------------

    @cached_property
    def entry(self) -> LedgerEntry | None:
        """The latest ledger entry, which is the state."""
        return promotions.latest(self.model)

    @cached_property
    def state(self) -> State:
        return states.of_model(self.entry)

    @cached_property
    def chosen(self) -> Period | None:
        """The entry that put the champion in charge, until now."""
        if self.entry is not None and self.entry.kind in _CHOSEN:
            return Period(self.entry, None, self.now)
        found = self.model.ledger.filter(kind__in=_CHOSEN).select_related("to_version", "by", "approved_by")
        entry = found.order_by("-number").first()
        return Period(entry, None, self.now) if entry else None

    @property
    def latest(self) -> Period | None:
        """The latest entry, until now: while it is suspended, the suspension."""
        return Period(self.entry, None, self.now) if self.entry else None

    @cached_property
    def request(self) -> PromotionRequest | None:
        """The oldest open request."""
        found = self.model.promotion_requests.filter(status=PromotionRequest.Status.OPEN)
        return found.select_related("version", "requested_by").defer(*(f"version__{n}" for n in _HEAVY)).first()

    @property
    def requester(self) -> str:
        """Who asks for it."""
        return person(self.request.requested_by) if self.request else ""

    @property
    def candidate(self) -> VersionRow | None:
        """The newest version that nobody put in charge yet, newer than the champion."""
        champion = self.entry.to_version.number if self.entry else 0
        found = (row for row in self._newest if row.is_candidate and not row.version.has_served)
        return next((row for row in found if row.version.number > champion), None)

    @property
    def importing(self) -> VersionRow | None:
        """The newest version that is being imported."""
        rows = (row for row in self._newest if row.version.status == ModelVersion.Status.IMPORTING)
        return next(rows, None)

    @property
    def draft(self) -> VersionRow | None:
        """The newest version, when it waits for its description."""
        return next((row for row in self._newest[:1] if row.is_draft), None)

    @property
    def rejected(self) -> VersionRow | None:
        """The newest version, when it was rejected and none was ever in charge."""
        rows = (row for row in self._newest[:1] if row.version.status == ModelVersion.Status.REJECTED)
        return next(rows, None) if self.entry is None else None

    # --- the version that is described -----------------------------------------------------------------

    @cached_property
    def shown(self) -> VersionParts | None:
        """The champion, or before there is one the newest ready version."""
        version = self.entry.to_version if self.entry else None
        if version is None:
            version = self.model.versions.ready().order_by("-number").first()
        if version is None:
            return None
        version.model = self.model
        return VersionParts(version)

    @property
    def title(self) -> str:
        return self.shown.title if self.shown else model_title(self.model.name)

    @property
    def description(self) -> str:
        """What the manifest says the model does."""
        return text_in(self.shown.version.metadata.get("description")) if self.shown else ""

    # --- lists -----------------------------------------------------------------------------------------

    @cached_property
    def _ledger(self) -> list[Period]:
        entries = self.model.ledger.select_related("to_version", "from_version", "by", "approved_by")
        heavy = [f"{end}_version__{name}" for end in ("to", "from") for name in _HEAVY]
        entries = entries.defer(*heavy).order_by("-number")
        if self.before_entry is None:
            return history.timeline(list(entries[: ENTRIES + 1]), now=self.now)
        # The entry of the cursor itself only says when the one before it ended.
        return history.timeline(list(entries.filter(number__lte=self.before_entry)[: ENTRIES + 2]), now=self.now)[1:]

    @property
    def ledger(self) -> list[Period]:
        """One page of the ledger, newest first."""
        return self._ledger[:ENTRIES]

    @property
    def older_entries(self) -> int | None:
        """The cursor of the next page."""
        return self._ledger[ENTRIES - 1].entry.number if len(self._ledger) > ENTRIES else None

    @property
    def ribbon(self) -> list[charts.Segment]:
        return history.ribbon(self.ledger)

    @cached_property
    def _versions(self) -> list[VersionRow]:
        versions = self.model.versions.defer(*_HEAVY).order_by("-number")
        if self.before_version is not None:
            versions = versions.filter(number__lt=self.before_version)
        served = LedgerEntry.objects.filter(to_version=OuterRef("pk"))
        found = versions.annotate(has_served=Exists(served))[: VERSIONS + 1]
        return [VersionRow(version, self.entry) for version in found]

    @property
    def _newest(self) -> list[VersionRow]:
        return self._versions if self.before_version is None else []

    @property
    def versions(self) -> list[VersionRow]:
        """One page of the versions, newest first."""
        return self._versions[:VERSIONS]

    @property
    def older_versions(self) -> int | None:
        """The cursor of the next page."""
        return self._versions[VERSIONS - 1].version.number if len(self._versions) > VERSIONS else None

    @cached_property
    def deliveries(self) -> list[DeliveryRow]:
        """The latest ones."""
        return deliveries.rows(Delivery.objects.filter(model=self.model).order_by("-id")[:DELIVERIES])

    @property
    def is_waiting(self) -> bool:
        """Whether any of them has yet to be answered."""
        return any(row.delivery.outcome == Delivery.Outcome.WAITING for row in self.deliveries)

    @property
    def hub_error(self) -> State:
        """Shown beside the time of a sync that failed."""
        return states.HUB_ERROR

    # --- settings --------------------------------------------------------------------------------------

    @property
    def repository(self) -> str:
        """The repository's page on its Hub; "" when the settings no longer know that Hub."""
        hub = settings.HUB_ENDPOINTS.get(self.model.endpoint, "")
        return f"{hub}/{self.model.repo_id}" if hub.startswith("https://") else ""

    @property
    def floors(self) -> str:
        """The metric floors of automatic promotion, in words."""
        floors = self.model.metric_floors
        if not isinstance(floors, dict):
            return ""
        return ", ".join(
            _("%(metric)s at least %(floor)s") % {"metric": measures.plain(name), "floor": figure(value)}
            for name, value in floors.items()
            if isinstance(value, int | float)
        )
