"""Records come in: a whole file or nothing of it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from predictions import masking
from predictions.imports import column_kinds, csv_files, wording
from predictions.imports.column_kinds import Column
from predictions.imports.csv_files import Dialect, FileRefused, Problem, Sheet
from predictions.listing import columns
from predictions.models import Dataset, Record, Upload
from registry.models import RegisteredModel
from registry.rights import demand
from registry.signature import Signature

AT_ONCE = 5_000  # rows of a statement
RESERVED = {"import"}  # names of pages beside the sets
LONGEST_TITLE = 120
UPLOADS_AT_ONCE = 3  # files that somebody may have waiting

# Nobody else writes into the set meanwhile: its row is locked. What a record is found by changes with what the model
# calls sensitive, too; that is no change of the record.
_WRITE = """
WITH sent AS MATERIALIZED (
    SELECT kept.id, sent.key, sent.data, sent.search, kept.data <> sent.data AS is_changed,
        kept.search <> sent.search AS is_found_otherwise
    FROM jsonb_to_recordset(%s::jsonb) AS sent (key text, data jsonb, search text)
    LEFT JOIN predictions_record AS kept ON kept.dataset_id = %s AND kept.key = sent.key
), created AS (
    INSERT INTO predictions_record (dataset_id, key, data, search, created_at, updated_at)
    SELECT %s, key, data, search, now(), now() FROM sent WHERE id IS NULL
), changed AS (
    UPDATE predictions_record AS kept
    SET data = sent.data, search = sent.search, updated_at = CASE WHEN is_changed THEN now() ELSE updated_at END
    FROM sent WHERE kept.id = sent.id AND (is_changed OR is_found_otherwise)
)
SELECT count(*) FILTER (WHERE id IS NULL), count(*) FILTER (WHERE is_changed) FROM sent
"""


class SetInUse(Exception):
    """Somebody else is importing into this set of records."""


@dataclass(frozen=True)
class Prepared:
    """A file that could be imported."""

    sheet: Sheet
    columns: list[Column]
    keys: list[str]


@dataclass(frozen=True)
class Imported:
    """What an import did to a set; records that the file does not hold stayed as they were."""

    dataset: Dataset
    created: int
    changed: int
    unchanged: int


def prepare(content: bytes, dialect: Dialect, key_column: str, signature: Signature | None) -> Prepared:
    """The records of a file, typed, with their keys. Raises FileRefused."""
    csv_files.refuse_other_kinds(content, most=settings.MAX_UPLOAD_BYTES)
    sheet = wording.renamed(csv_files.read(content, dialect), signature, key_column)
    found = column_kinds.keys(sheet, key_column)
    return Prepared(sheet, column_kinds.typed(sheet, dialect, key_column, signature), found)


def import_records(
    *,
    name: str,
    content: bytes,
    key_column: str,
    by: User,
    dialect: Dialect | None = None,
    title: str = "",
    model: RegisteredModel | None = None,
    fresh: bool = False,
    is_example: bool = False,
) -> Imported:
    """Bring the records of a file into the set `name`, by their keys; the set is made if there is none.

    `dialect` is guessed when it is missing; an empty `title` and a missing `model` leave a set's own as they are.
    `fresh`: the set is meant to be a new one; only its maker may send the same file again.
    `is_example`: visitors may see the set from now on; an import without it ends that, for what it brings may be real.
    All or nothing. Raises NotAllowed, FileRefused, SetInUse.
    """
    demand(by, "predictions.add_record")
    known = Dataset.objects.select_related("model").filter(name=name).first()
    _check_set(name, known, key_column)
    if known is None and (other := set_called(title or name)):
        raise FileRefused(Problem(called_already(other)))
    signature = masking.signature_of(Dataset(model=model or (known.model if known else None)))
    prepared = prepare(content, dialect or csv_files.guess(content), key_column, signature)
    described = [column.described() for column in prepared.columns]
    rows = _rows(prepared, key_column)
    try:
        with transaction.atomic():
            dataset = _locked(name, title, key_column, model, by, fresh=fresh)
            dataset.is_example = is_example
            created, changed = _write(dataset, rows)
            _describe(dataset, described, is_whole=len(rows) == _count(dataset))
            columns.rebuild(dataset)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            sentence = _("Somebody is importing into these records right now. Try again in a minute.")
            raise SetInUse(sentence) from error
        raise
    return Imported(dataset, created, changed, len(rows) - created - changed)


def _check_set(name: str, known: Dataset | None, key_column: str) -> None:
    if not re.fullmatch(r"[-\w]{1,80}", name, re.ASCII) or name in RESERVED:
        raise FileRefused(Problem(_("A set of records needs a name of letters, digits and hyphens.")))
    if known and known.key_column != key_column:
        sentence = _("These records are told apart by “%(column)s”: choose the same key.")
        raise FileRefused(Problem(sentence % {"column": known.key_column}))


def _locked(name: str, title: str, key_column: str, model: RegisteredModel | None, by: User, *, fresh: bool) -> Dataset:
    """The set, which no other import may change until this one has ended."""
    values = {"title": title or name, "key_column": key_column, "model": model, "updated_by": by}
    Dataset.objects.get_or_create(name=name, defaults=values)
    dataset = Dataset.objects.select_for_update().get(name=name)
    _check_set(name, dataset, key_column)  # it may have been made since
    if fresh and dataset.updated_by_id != by.pk:
        raise FileRefused(Problem(_("Somebody else made a set of this title just now. Choose another title.")))
    dataset.title, dataset.model = title or dataset.title, model or dataset.model
    dataset.updated_by = by
    return dataset


def _write(dataset: Dataset, rows: Sequence[str]) -> tuple[int, int]:
    """How many records are new, and how many changed."""
    created = changed = 0
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            # One JSON text: psycopg would look at each character of an array of texts in Python.
            cursor.execute(_WRITE, [f"[{','.join(rows[start : start + AT_ONCE])}]", dataset.pk, dataset.pk])
            new, other = cursor.fetchone()
            created, changed = created + new, changed + other
    return created, changed


def _rows(prepared: Prepared, key_column: str) -> list[str]:
    """Each record as JSON text: its key, its data, what it is found by."""
    names = [column.name for column in prepared.columns]
    searches = column_kinds.searches(prepared.keys, prepared.columns, key_column)
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode
    values = zip(*(column.values for column in prepared.columns), strict=True)
    return [
        encode({"key": key, "data": dict(zip(names, row, strict=True)), "search": search})
        for key, row, search in zip(prepared.keys, values, searches, strict=True)
    ]


def _count(dataset: Dataset) -> int:
    return Record.objects.filter(dataset=dataset).count()


def _describe(dataset: Dataset, columns: list[dict[str, Any]], *, is_whole: bool) -> None:
    """Keep what was seen. Of a set that the file holds only a part of, what was seen before counts as well."""
    dataset.columns = columns if is_whole else column_kinds.merged(dataset.columns, columns)
    dataset.size = _count(dataset)
    dataset.save()


def keep_upload(*, name: str, content: bytes, by: User, right: str = "predictions.add_record") -> Upload:
    """Keep a file until it is imported, a day at most. `right`: to what it brings. Raises NotAllowed, FileRefused."""
    demand(by, right)
    csv_files.refuse_other_kinds(content, most=settings.MAX_UPLOAD_BYTES)
    Upload.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).delete()
    newest = Upload.objects.filter(user=by).order_by("-created_at").values_list("pk", flat=True)
    Upload.objects.filter(user=by).exclude(pk__in=list(newest[: UPLOADS_AT_ONCE - 1])).delete()
    return Upload.objects.create(name=name[:255], content=content, user=by)


def already_there(dataset: Dataset, keys: Sequence[str]) -> int:
    """How many of these keys the set has a record of."""
    with connection.cursor() as cursor:
        table = Record._meta.db_table
        sent = json.dumps(list(keys), ensure_ascii=False)
        cursor.execute(
            f'SELECT count(*) FROM "{table}" WHERE dataset_id = %s'  # noqa: S608
            " AND key = ANY (ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))",
            [dataset.pk, sent],
        )
        return int(cursor.fetchone()[0])


def set_called(title: str) -> Dataset | None:
    """The set that people would take for this one: its title differs by case and accents at most."""
    wanted = wording.alike(title)
    found = Dataset.objects.select_related("model").order_by("pk")
    return next((item for item in found if wanted in {wording.alike(item.title), wording.alike(item.called)}), None)


def called_already(dataset: Dataset) -> str:
    """Why there is no second set of this title."""
    text = _("There is a set “%(title)s” already: import into that one, or enter another title.")
    return text % {"title": dataset.called}


def free_name(title: str) -> str:
    """A name for a new set of this title, which no set has yet."""
    name = base = slugify(title)[:70].strip("-_") or "records"
    taken = set(Dataset.objects.filter(name__startswith=base).values_list("name", flat=True)) | RESERVED
    number = 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
