"""How the answers of one call reach their table: as columns, in one statement. See docs/adr/0006."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any

import orjson
from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

if TYPE_CHECKING:
    from predictions.models.prediction import Prediction

COPY_FROM = 50  # rows; for fewer an INSERT takes less
AT_ONCE = 500  # rows sent at once, so that the database begins before the last one is written down

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


@dataclass(frozen=True)
class Rows:
    """The answers of one call. `shared`: field -> the value all rows have; `own`: field -> a list, one value a row."""

    shared: Mapping[str, Any]
    own: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.own["id"])

    @cached_property
    def instances(self) -> "list[Prediction]":
        """The same as model instances; for a million rows nobody makes them."""
        model = apps.get_model("predictions", "Prediction")
        return [
            model(**self.shared, **dict(zip(self.own, values, strict=True)))
            for values in zip(*self.own.values(), strict=True)
        ]


def write(connection: BaseDatabaseWrapper, rows: Rows) -> None:
    """Insert the rows. Of few, the instances get their created_at; of many they are read again by who needs them."""
    with connection.cursor() as cursor:
        if len(rows) < COPY_FROM:
            _insert(connection, cursor, rows)
        else:
            _copy(connection, cursor, rows)


def _fields() -> "list[models.Field[Any, Any]]":
    """What an INSERT names: every column but the one the database's clock fills."""
    model = apps.get_model("predictions", "Prediction")
    return [field for field in model._meta.concrete_fields if field.db_default is models.NOT_PROVIDED]


def _table_and_names() -> tuple[str, str]:
    table = apps.get_model("predictions", "Prediction")._meta.db_table
    return table, ", ".join(f'"{field.column}"' for field in _fields())


def _insert(connection: BaseDatabaseWrapper, cursor: CursorWrapper, rows: Rows) -> None:
    """One INSERT by hand: building it anew through the ORM costs several times what PostgreSQL needs to run it."""
    fields, (table, names) = _fields(), _table_and_names()
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows.instances for field in fields
    ]
    cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES {places} RETURNING created_at', values)  # noqa: S608
    for row, (created_at,) in zip(rows.instances, cursor.fetchall(), strict=True):
        row.created_at = created_at
        row._state.adding, row._state.db = False, connection.alias


def _copy(connection: BaseDatabaseWrapper, cursor: CursorWrapper, rows: Rows) -> None:
    table, names = _table_and_names()
    with connection.wrap_database_errors, cursor.cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        lines = map("\t".join, zip(*_columns(rows), strict=False))
        while block := "\n".join(line for _, line in zip(range(AT_ONCE), lines, strict=False)):
            copy.write(f"{block}\n")


def _columns(rows: Rows) -> list[Iterable[str]]:
    """Per field the texts that COPY takes; a shared value is written down once."""
    example = apps.get_model("predictions", "Prediction")(**rows.shared)
    columns: list[Iterable[str]] = []
    for field in _fields():
        text = _text_of(field)
        name = field.name if field.name in rows.own else field.attname
        columns.append(map(text, rows.own[name]) if name in rows.own else repeat(text(getattr(example, field.attname))))
    return columns


def _text_of(field: "models.Field[Any, Any]") -> Callable[[Any], str]:
    """How a value of this field is written for COPY."""
    if isinstance(field, models.ForeignKey):
        return _plain
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.CharField | models.TextField):
        return _escaped
    return _binary if isinstance(field, models.BinaryField) else _plain


def _plain(value: Any) -> str:
    return _NULL if value is None else str(value)


def _escaped(value: str) -> str:
    return str(value).translate(_ESCAPES) if not value.isalnum() else value


def _json(value: Any) -> str:
    if value is None:
        return _NULL
    text = orjson.dumps(value).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text


def _binary(value: bytes) -> str:
    return f"\\\\x{value.hex()}"
