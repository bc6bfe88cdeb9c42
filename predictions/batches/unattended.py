"""A file that a program sends: nobody is asked anything. What it wished for is kept with the file until it is done.

The wishes of a batch: {"fields": {feature: heading, or null for "not in the file"}, "key": heading, "" for none or null
for what is proposed, "dataset": name, "" or null likewise, "dialect": {members of csv_files.Dialect that were said}}.
A CSV file is mapped at once; a spreadsheet by a worker, after it was read. Workers come back to a file that could not go
on, because its model is suspended, until somebody ends it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from predictions.batches import intake, mapping, verbs
from predictions.batches.intake import Upload
from predictions.exceptions import Changed, InvalidInput, KeyInUse, KeyReused
from predictions.models import Batch, BatchPart, Dataset
from registry import serving
from registry.models import RegisteredModel
from registry.rights import demand
from registry.serving import Serving
from registry.signature import Signature, printable

Status = Batch.Status


@dataclass(frozen=True)
class Wishes:
    """What a program says besides the file; `runs`: after the check, without anybody's word."""

    fields: Mapping[str, str | None] = field(default_factory=dict)
    key: str | None = None
    dataset: str | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    runs: bool = True

    def kept(self) -> dict[str, Any]:
        """What is kept in the batch."""
        return {name: value for name, value in asdict(self).items() if name != "runs"}


@dataclass(frozen=True)
class Received:
    """A file that was taken; `is_replay`: by an earlier call with the same key."""

    batch: Batch
    is_replay: bool = False


def receive(
    *, file: Upload, name: str, model: str | None, by: User, language: str, wishes: Wishes, key: str = ""
) -> Received:
    """Keep a file of rows and check them, or have it read first; with `runs` the good ones are run then.

    `model`: None for the default one. `key`: an idempotency key; the same file and wishes find what was kept for them.
    Raises NotAllowed, UnknownModel, ModelSuspended, FileRefused, InvalidInput (fields of the request: what is wrong with
    the wishes), NotNow, KeyReused, KeyInUse; nothing is kept then.
    """
    demand(by, "predictions.add_batch")
    demand(by, "predictions.add_prediction")
    fingerprint = _fingerprint(model, wishes) if key else ""
    if kept := _replayed(file, by, key, fingerprint):
        return kept
    more = {
        "wishes": wishes.kept(),
        "runs_after_check": wishes.runs,
        "idempotency_key": key,
        "fingerprint": fingerprint,
    }
    asked = _tabular(serving.champion(model or serving.default_name(RegisteredModel.InputKind.TABULAR)))
    try:
        with transaction.atomic():  # a file whose columns are not known is not kept
            batch = intake.receive(file=file, name=name, model=asked.model, by=by, language=language, more=more)
            chosen = choose(batch) if batch.status == Status.MAPPING else None
    except IntegrityError:
        if kept := _replayed(file, by, key, fingerprint):
            return kept
        raise
    except OperationalError as error:
        if key and isinstance(error.__cause__, LockNotAvailable):
            raise KeyInUse(_("A call with this idempotency key is still running. Try again in a moment.")) from error
        raise
    _remember(batch, wishes.kept(), chosen)
    return Received(batch)


def _fingerprint(model: str | None, wishes: Wishes) -> str:
    text = json.dumps([model, asdict(wishes)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _replayed(file: Upload, by: User, key: str, fingerprint: str) -> Received | None:
    """What was kept for the same key. Raises KeyReused when another file, or other wishes, came with it."""
    kept = Batch.objects.filter(user=by, idempotency_key=key).first() if key else None
    if kept is None:
        return None
    digest = hashlib.sha256()
    file.seek(0)
    for content in iter(partial(file.read, BatchPart.SIZE), b""):
        digest.update(content)
    if (kept.fingerprint, kept.sha256) != (fingerprint, digest.hexdigest()):
        raise KeyReused(_("This idempotency key was already used for another request. Use a new key."))
    return Received(kept, is_replay=True)


def _tabular(found: Serving) -> Serving:
    """Raises InvalidInput for a model of pictures."""
    if found.signature.image is not None:
        raise InvalidInput(
            [_wrong("model", "not_tabular", _("This model takes pictures. Name one that takes columns."))]
        )
    return found


def choose(batch: Batch) -> mapping.Mapping:
    """Choose the columns as it was wished, and begin the check. What was chosen, fields that are not there included.

    Raises InvalidInput (members of the request), UnknownModel, ModelSuspended, NotAllowed, NotNow.
    """
    signature = serving.champion(batch.model.name).signature
    chosen, dataset = _chosen(batch, signature)
    wanted = mapping.chosen(chosen)
    verbs.start_check(batch=batch, mapping=wanted, dataset=dataset, by=batch.user, is_unattended=True)
    return chosen


def choose_again(batch: Batch) -> None:
    """The same for a worker, who remembers the choice, too."""
    wishes = batch.wishes or Wishes().kept()
    _remember(batch, wishes, choose(batch))


def run(batch: Batch) -> None:
    """Run a file that was checked, or check it again when another version answers by now.

    Raises UnknownModel, ModelSuspended, NotAllowed, NotNow.
    """
    serving.champion(batch.model.name)
    try:
        verbs.submit(batch=batch, by=batch.user, is_unattended=True)
    except Changed:
        return  # the check, or the choice of columns, comes next by itself


def _remember(batch: Batch, wishes: Mapping[str, Any], chosen: mapping.Mapping | None) -> None:
    """What a program said of the columns counts for the next such file, as what a person says does."""
    if chosen is not None and (wishes["fields"] or wishes["key"] is not None):
        mapping.remember(batch.model, batch.headings, chosen)


# -- which column means which field


def _chosen(batch: Batch, signature: Signature) -> tuple[mapping.Mapping, Dataset | None]:
    """The mapping and the set of records: what was said, and for the rest what the wizard proposes.

    Raises InvalidInput, with everything that is wrong.
    """
    wishes, errors = batch.wishes or Wishes().kept(), list[dict[str, Any]]()
    last = mapping.remembered(batch.model, batch.headings)
    start = mapping.from_headings(batch.headings, signature, last)
    said = _said(batch, signature, wishes["fields"], errors)
    fields = mapping.over(start["fields"], said)
    tried = {error["field"] for error in errors}
    errors += [error for error in _unclear(batch, signature, fields) if error["field"] not in tried]
    key = start["key"] if wishes["key"] is None else _place(batch, wishes["key"], "key", errors)
    dataset = _dataset(batch, wishes["dataset"], key, errors)
    if errors:
        raise InvalidInput(errors)
    return {"fields": fields, "key": key}, dataset


def _said(
    batch: Batch, signature: Signature, wished: Mapping[str, str | None], errors: list[dict[str, Any]]
) -> dict[str, int | None]:
    """Field -> the column of the heading that was said for it."""
    known, found = {feature.name for feature in signature.features}, dict[str, int | None]()
    for name, heading in wished.items():
        if name not in known:
            errors.append(_wrong(_member(name), "unknown_field", _("The model has no such field. Remove it.")))
        elif heading is None:
            found[name] = None
        else:
            place = _place(batch, heading, _member(name), errors)
            if place is not None and place in found.values():
                sentence = _("Another field takes this column. Choose another one.")
                errors.append(_wrong(_member(name), "column_twice", sentence))
            elif place is not None:
                found[name] = place
    return found


def _place(batch: Batch, heading: str, member: str, errors: list[dict[str, Any]]) -> int | None:
    """The only column that is called so; None for "" as for one that is not there, of which `errors` is told."""
    word = intake.in_one_line(heading)
    places = [index for index, name in enumerate(batch.headings) if name == word] if heading else []
    if heading and not places:
        errors.append(_wrong(member, "unknown_column", _("The file has no column of this name.")))
    if len(places) > 1:
        errors.append(_wrong(member, "ambiguous_column", _("Several columns of the file are called so. Rename them.")))
    return places[0] if len(places) == 1 else None


def _unclear(batch: Batch, signature: Signature, fields: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """Fields that the model needs and no column was found for, and those that several columns are called by."""
    twins, found = mapping.twins(batch.headings, signature), []
    for feature in signature.features:
        if feature.name in twins and feature.name not in fields:
            sentence = _("Several columns of the file are called so: choose one.")
            found.append(_wrong(_member(feature.name), "ambiguous_column", sentence))
        elif not feature.nullable and fields.get(feature.name) is None:
            sentence = _("Choose the column of “%(field)s”: the model needs it.") % {"field": feature.title}
            found.append(_wrong(_member(feature.name), "missing_column", sentence))
    return found


def _dataset(batch: Batch, wished: str | None, key: int | None, errors: list[dict[str, Any]]) -> Dataset | None:
    """The set of records that the keys belong to, among those that the person may see."""
    known = Dataset.objects.visible_to(batch.user).order_by("title")
    if wished is None:
        return mapping.set_of(batch, key, list(known))
    found = known.filter(name=wished).first() if wished else None
    if wished and found is None:
        errors.append(_wrong("dataset", "unknown_dataset", _("There is no set of records of this name.")))
    elif found and key is None:
        sentence = _("Choose the column that tells the rows apart: the records are found by it.")
        errors.append(_wrong("key", "missing_column", sentence))
    return found


def _member(name: str) -> str:
    return f"mapping.{printable(name)}"


def _wrong(name: str, code: str, message: str) -> dict[str, Any]:
    return {"row": None, "field": name, "code": code, "message": message}
