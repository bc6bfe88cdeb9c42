"""What is done with a file once it is there: check it, run it, go back, stop it.

A person's word is the last one: what a program wished for the file is forgotten then (`is_unattended` is not said).
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from predictions.batches import closing, hints
from predictions.exceptions import Changed, ModelSuspended, NotAllowed, NotNow, UnknownModel
from predictions.models import Batch, BatchChunk, Dataset, RejectedRow
from registry import serving
from registry.rights import demand
from registry.serving import Serving
from registry.signature import Signature

Status = Batch.Status


__all__ = ["Changed", "NotNow", "NothingToRun", "cancel", "map_again", "start_check", "submit"]


class NothingToRun(NotNow):
    """No row of the file is good."""


def start_check(
    *, batch: Batch, mapping: Mapping[str, Any], dataset: Dataset | None, by: User, is_unattended: bool = False
) -> None:
    """Check every row against the version that answers now, which is kept for the run.

    `mapping`: {"fields": {feature: column index}, "key": index or None}. `dataset`: whose records the keys are.
    What an earlier check found is forgotten. Raises NotAllowed, NotNow.
    """
    _demand(batch, by)
    if dataset is not None and not dataset.is_visible_to(by):
        raise NotAllowed(_("You may not see this set of records."))
    with transaction.atomic():
        kept = _locked(batch, Status.MAPPING, Status.CHECKING, Status.CHECKED)
        champion = _champion(kept)
        _refuse_mapping(mapping, kept, champion.signature)
        kept.mapping, kept.dataset = dict(mapping), dataset
        # Stopping after the check, it waits for a person; running by itself, its columns may have to be chosen again.
        _attend(kept, is_unattended=is_unattended)
        _attend(kept, is_unattended=kept.runs_after_check)
        _check_again(kept, champion)
    batch.refresh_from_db()


def submit(*, batch: Batch, by: User, is_unattended: bool = False) -> None:
    """Run the good rows. Raises NotAllowed, NotNow; Changed when it has to be checked for another version first."""
    _demand(batch, by)
    with transaction.atomic():
        kept = _locked(batch, Status.CHECKED)
        _attend(kept, is_unattended=is_unattended)
        champion = _champion(kept)
        is_same = champion.version.pk == kept.version_id
        if is_same:
            _refuse_nothing_to_run(kept)
            kept.ledger_entry, kept.status = champion.entry, Status.RUNNING
            kept.submitted_at, kept.served_at, kept.attempts, kept.is_cancelled = timezone.now(), None, 0, False
            kept.reason, kept.lease, kept.leased_until = "", None, None  # it may have waited for its model
            kept.save(update_fields=[*_RUN, *_WISHES])
            hints.after_commit()
        elif _missing(kept.mapping, champion.signature):
            _back(kept)
        else:
            _check_again(kept, champion)
    batch.refresh_from_db()
    if not is_same:
        raise Changed(_("Another version of the model answers by now: the file is checked again for it."))


def cancel(*, batch: Batch, by: User) -> None:
    """Stop: rows that have their answers keep them. Before a run nothing is left of the file.

    The owner may, and whoever may change files of others. Raises NotAllowed, NotNow.
    """
    if batch.user_id != by.pk:
        demand(by, "predictions.change_batch")
    demand(by, "predictions.add_batch")
    with transaction.atomic():
        kept = _locked(batch, Status.READING, Status.MAPPING, Status.CHECKING, Status.CHECKED, Status.RUNNING)
        if kept.status == Status.RUNNING:
            Batch.objects.filter(pk=kept.pk).update(is_cancelled=True, reason="", leased_until=None, lease=None)
            hints.after_commit()
        else:
            closing.forget(kept, status=Status.CANCELLED, is_cancelled=True, finished_at=timezone.now())
    batch.refresh_from_db()


def map_again(*, batch: Batch, by: User) -> None:
    """Back to the choice of columns, which stays as it was. Raises NotAllowed, NotNow."""
    _demand(batch, by)
    with transaction.atomic():
        kept = _locked(batch, Status.CHECKING, Status.CHECKED)
        _attend(kept, is_unattended=False)
        _back(kept)
    batch.refresh_from_db()


def _attend(batch: Batch, *, is_unattended: bool) -> None:
    """Forget what a program wished for, for a person. Raises NotNow for a worker who comes after one."""
    if not is_unattended:
        batch.wishes, batch.runs_after_check = None, False
    elif batch.wishes is None:
        raise NotNow(_("Somebody decides about the file by now."))


def _demand(batch: Batch, by: User) -> None:
    demand(by, "predictions.add_batch")
    demand(by, "predictions.add_prediction")
    if batch.user_id != by.pk:
        raise NotAllowed(_("Only who sent a file may run it."))


def _locked(batch: Batch, *states: Batch.Status) -> Batch:
    """The batch as it is now, kept for this transaction. Raises NotNow when it is in none of these states."""
    # Answers that are being stored refer to it, and must not wait.
    try:
        kept = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise NotNow(_("The file is being read. Try again in a moment.")) from error
        raise
    if kept.status not in states or kept.is_cancelled:
        state = Status(kept.status).label
        raise NotNow(_("That is not possible any more: the file is %(state)s.") % {"state": state})
    return kept


def _champion(batch: Batch) -> Serving:
    try:
        return serving.champion(batch.model.name)
    except (ModelSuspended, UnknownModel) as refused:
        raise NotNow(str(refused)) from refused


def _check_again(batch: Batch, champion: Serving) -> None:
    """Nothing of an earlier check stays, and nothing of it can arrive late: its leases are gone."""
    _forget_check(batch)
    batch.version, batch.ledger_entry, batch.status = champion.version, champion.entry, Status.CHECKING
    batch.save(update_fields=["version", "ledger_entry", "status", "mapping", "dataset", *_WISHES, *_FORGOTTEN])
    hints.after_commit()


def _back(batch: Batch) -> None:
    _forget_check(batch)
    batch.status = Status.MAPPING
    batch.save(update_fields=["status", *_WISHES, *_FORGOTTEN])


_RUN = [
    *["ledger_entry", "status", "submitted_at", "served_at", "attempts", "is_cancelled"],
    *["reason", "lease", "leased_until"],
]
_WISHES = ["wishes", "runs_after_check"]
_FORGOTTEN = ["rows", "reason", "served_at", "lease", "leased_until", "attempts"]


def _forget_check(batch: Batch) -> None:
    BatchChunk.objects.filter(batch=batch).delete()
    RejectedRow.objects.filter(batch=batch).delete()
    batch.rows = batch.served_at = batch.lease = batch.leased_until = None
    batch.reason, batch.attempts = "", 0


def _refuse_mapping(mapping: Mapping[str, Any], batch: Batch, signature: Signature) -> None:
    """Raises NotNow for columns that the file has not, and for fields that the model cannot do without."""
    places = [*mapping["fields"].values(), *([] if mapping.get("key") is None else [mapping["key"]])]
    if not all(isinstance(place, int) and 0 <= place < len(batch.headings) for place in places):
        raise NotNow(_("The file has not all of these columns: choose them again."))
    if missing := _missing(mapping, signature):
        raise NotNow(_("Choose a column for: %(fields)s.") % {"fields": ", ".join(missing)})


def _missing(mapping: Mapping[str, Any], signature: Signature) -> list[str]:
    mapped = mapping["fields"]
    return [feature.title for feature in signature.features if not feature.nullable and feature.name not in mapped]


def _refuse_nothing_to_run(batch: Batch) -> None:
    rejected = RejectedRow.objects.filter(batch=batch).count()
    if rejected >= (batch.rows or 0):
        raise NothingToRun(_("Every row of the file has an error: there is nothing to run."))
