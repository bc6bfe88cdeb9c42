"""The files that somebody sent: as a list, and those that wait for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Prefetch, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from predictions.batches.states import state_of
from predictions.models import OVER, Batch, BatchChunk
from predictions.models.batch import BatchQuerySet
from registry.models import LedgerEntry, ModelVersion
from registry.presenters import model_title, person
from registry.presenters.states import State
from registry.signature import text_in
from registry.texts import figure

PAGE = 25
Status = Batch.Status
WAITING = {Status.MAPPING: "batch-columns", Status.CHECKED: "batch-check"}  # for the person
SEES_ALL = "predictions.view_prediction"


@dataclass(frozen=True)
class BatchLine:
    """A file in a list. `title`: of the model; `answered`, `rejected`: of its rows, so far."""

    batch: Batch
    title: str
    answered: int
    rejected: int
    is_mine: bool

    @property
    def state(self) -> State:
        return state_of(self.batch)

    @property
    def by(self) -> str:
        return person(self.batch.user)

    @property
    def counts(self) -> str:
        """What became of its rows, as far as it is known."""
        if self.batch.rows is None:
            return ""
        texts = {
            "rows": figure(self.batch.rows, grouped=True),
            "answered": figure(self.answered, grouped=True),
            "rejected": figure(self.rejected, grouped=True),
        }
        if self.batch.status in {Status.CHECKING, Status.CHECKED}:
            one, many = _("1 rejected of %(rows)s"), _("%(rejected)s rejected of %(rows)s")
            return (one if self.rejected == 1 else many) % texts
        if self.rejected == 1:
            return _("%(answered)s answered and 1 rejected of %(rows)s") % texts
        return _("%(answered)s answered and %(rejected)s rejected of %(rows)s") % texts

    @property
    def next_url(self) -> str:
        """Where it waits for whoever looks at it; empty when it does not."""
        route = WAITING.get(Status(self.batch.status)) if self.is_mine else None
        return reverse(route, args=[self.batch.pk]) if route else ""

    @property
    def next_verb(self) -> str:
        """What to do there."""
        return _("Choose the columns") if self.batch.status == Status.MAPPING else _("See what was found, and run it")


class BatchList:
    """A page of the list: one's own files, or everybody's; the newest first."""

    def __init__(self, user: User, query: Mapping[str, str]) -> None:
        self.user = user
        self.sees_all = user.has_perm(SEES_ALL)
        self.may_send = user.has_perm("predictions.add_batch")
        # Who sends none has none: an auditor looks at those of others.
        self.is_everybodys = self.sees_all and (query.get("of") == "all" or not self.may_send)
        self.before = query.get("before", "")

    @cached_property
    def _found(self) -> list[Batch]:
        """One more than a page has, which tells whether there are others."""
        batches = Batch.objects.all() if self.is_everybodys else Batch.objects.filter(user=self.user)
        if self.before:
            batches = _older(batches, self.before, self.user)
        return list(_with_names(batches)[: PAGE + 1])

    @cached_property
    def lines(self) -> list[BatchLine]:
        return _lines(self._found[:PAGE], self.user)

    @property
    def older(self) -> str:
        """The address of the page after this one; empty on the last."""
        return self._address(before=str(self._found[PAGE - 1].pk)) if len(self._found) > PAGE else ""

    @property
    def newest(self) -> str:
        """The address of the first page."""
        return self._address()

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """Whose files: title, address, whether they are shown; nothing where there is no choice."""
        if not (self.sees_all and self.may_send):
            return []
        address = reverse("batches")
        return [
            (_("My files"), address, not self.is_everybodys),
            (_("Everybody’s files"), f"{address}?of=all", self.is_everybodys),
        ]

    def _address(self, **more: str) -> str:
        query = {"of": "all"} if self.is_everybodys and self.may_send else {}
        return reverse("batches", query=query | more)


def waiting_for(user: User, limit: int = 5) -> list[BatchLine]:
    """A person's own files that wait for them, or that run; the newest first."""
    found = Batch.objects.filter(user=user).exclude(status__in=OVER)
    return _lines(list(_with_names(found)[:limit]), user)


def _with_names(batches: BatchQuerySet) -> BatchQuerySet:
    """Newest first, with what a line names. A version is read once, and without what is large of it."""
    versions = ModelVersion.objects.defer("report", "signature")
    named = batches.select_related("model", "user").prefetch_related(Prefetch("version", versions))
    return named.order_by("-created_at", "-pk")


def _older(batches: BatchQuerySet, before: str, user: User) -> BatchQuerySet:
    """Those sent before one that the person may see; none when there is no such file."""
    try:
        last = Batch.objects.visible_to(user).filter(pk=UUID(before)).first()
    except ValueError:
        return batches.none()
    if last is None:
        return batches.none()
    return batches.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk))


def _lines(batches: list[Batch], user: User) -> list[BatchLine]:
    sums = (
        BatchChunk.objects.filter(batch__in=batches).values_list("batch_id").annotate(Sum("predicted"), Sum("rejected"))
    )
    counts = {pk: (answered, rejected) for pk, answered, rejected in sums}
    served = _served([batch for batch in batches if batch.version is None])
    found = []
    for batch in batches:
        title = titled(batch, batch.version or served.get(batch.model_id))
        answered, rejected = counts.get(batch.pk, (0, 0))
        found.append(BatchLine(batch, title, answered, rejected, is_mine=batch.user_id == user.pk))
    return found


def titled(batch: Batch, version: ModelVersion | None) -> str:
    """What pages call the model of a file, by its version."""
    return model_title(text_in(version.metadata.get("name") if version else None) or batch.model.name)


def _served(batches: Iterable[Batch]) -> dict[int, ModelVersion]:
    """Model -> the version in service, for files that are not pinned to one yet."""
    latest = LedgerEntry.objects.filter(model__in={batch.model_id for batch in batches})
    entries = latest.order_by("model_id", "-number").distinct("model_id").select_related("to_version")
    return {entry.model_id: entry.to_version for entry in entries.only("model_id", "to_version__metadata")}
