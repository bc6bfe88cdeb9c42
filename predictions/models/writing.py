"""How the answers of one call reach their table: as columns, in one statement. See docs/adr/0006."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from registry.statements import fetched

if TYPE_CHECKING:
    from predictions.models.prediction import Prediction

COPY_FROM = 50  # rows; for fewer an INSERT takes less
INSTANCES_TO = 1000  # rows of a call that are told as they were written; for more nobody makes instances
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
    def related(self) -> dict[str, Any]:
        """The rows that all these refer to, by field."""
        return {
            field.name: self.shared[field.name]
            for field in _fields()
            if field.name in self.shared and field.is_relation
        }

    @cached_property
    def values(self) -> list[tuple[Any, ...]]:
        """Row by row, in the order of the columns."""
        columns: list[Iterable[Any]] = []
        for field in _fields():
            if field.attname in self.own:
                columns.append(self.own[field.attname])
            elif field.name in self.related:
                columns.append(repeat(self.related[field.name] and self.related[field.name].pk))
            else:
                known = field.attname in self.shared
                columns.append(repeat(self.shared[field.attname] if known else field.get_default()))
        return list(zip(*columns, strict=False))

    @cached_property
    def instances(self) -> "list[Prediction]":
        """The same as model instances; for a million rows nobody makes them."""
        model, names = apps.get_model("predictions", "Prediction"), [field.attname for field in _fields()]
        made = [model.from_db(None, names, values) for values in self.values]
        for row in made:
            row._state.fields_cache.update(self.related)
        return made


def write(connection: BaseDatabaseWrapper, rows: Rows) -> None:
    """Insert the rows. Of few, the instances get their created_at at once, of many by `timed`."""
    if len(rows) < COPY_FROM:
        _insert(connection, rows)
        return
    with connection.cursor() as cursor:
        _copy(connection, cursor, rows, _fields())


def write_past(connection: BaseDatabaseWrapper, calls: "Sequence[tuple[Rows, datetime]]") -> None:
    """Insert calls of a past that was made up, each with its own moment and not the database's. For demos alone."""
    values = [(*row, moment) for rows, moment in calls for row in rows.values]
    names = [*(field.attname for field in _fields()), "created_at"]
    with connection.cursor() as cursor:
        _copy(connection, cursor, Rows({}, dict(zip(names, zip(*values, strict=True), strict=True))), _all_fields())


@cache
def _all_fields() -> "list[models.Field[Any, Any]]":
    return list(apps.get_model("predictions", "Prediction")._meta.concrete_fields)


@cache
def _fields() -> "list[models.Field[Any, Any]]":
    """What an INSERT names: every column but the one the database's clock fills."""
    return [field for field in _all_fields() if field.db_default is models.NOT_PROVIDED]


@cache
def _table_and_names() -> tuple[str, str]:
    return apps.get_model("predictions", "Prediction")._meta.db_table, _names(_fields())


def _names(fields: "Iterable[models.Field[Any, Any]]") -> str:
    return ", ".join(f'"{field.column}"' for field in fields)


@cache
def _statement(rows: int) -> str:
    table, names = _table_and_names()
    places = ", ".join([f"({', '.join(['%s'] * len(_fields()))})"] * rows)
    return f'INSERT INTO "{table}" ({names}) VALUES {places} RETURNING created_at'  # noqa: S608


@cache
def _documents() -> list[int]:
    """The places of columns that hold JSON."""
    return [place for place, field in enumerate(_fields()) if isinstance(field, models.JSONField)]


def _insert(connection: BaseDatabaseWrapper, rows: Rows) -> None:
    """One INSERT by hand: building it anew through the ORM costs several times what PostgreSQL needs to run it."""
    parameters: list[Any] = []
    for values in rows.values:
        start = len(parameters)
        parameters += values
        for place in _documents():
            parameters[start + place] = _value(values[place])
    _stored(connection, rows.instances, fetched(connection, _statement(len(rows)), parameters))


def timed(connection: BaseDatabaseWrapper, rows: Rows) -> "list[Prediction]":
    """The instances of rows that were written, with the time that the database gave each: COPY tells nobody."""
    instances = rows.instances
    if "created_at" not in instances[0].__dict__:
        first, last = rows.own["id"][0], rows.own["id"][-1]
        _stored(connection, instances, fetched(connection, _times(), [first, last, first]))
        for row in instances:
            row.id, row.request_id = UUID(str(row.id)), UUID(str(row.request_id))  # for COPY they are texts
    return instances


@cache
def _times() -> str:
    table, _names = _table_and_names()
    return f'SELECT created_at FROM "{table}" WHERE id BETWEEN %s AND %s AND request_id = %s ORDER BY id'  # noqa: S608


def _stored(connection: BaseDatabaseWrapper, instances: "list[Prediction]", times: list[tuple[Any, ...]]) -> None:
    for row, (created_at,) in zip(instances, times, strict=True):
        row.created_at, row._state.db = created_at, connection.alias


def _value(value: Any) -> str | None:
    """JSON as text, of which the server knows what it shall be."""
    return None if value is None else orjson.dumps(value).decode()


def _copy(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper, rows: Rows, fields: "list[models.Field[Any, Any]]"
) -> None:
    (table, _own), names = _table_and_names(), _names(fields)
    with connection.wrap_database_errors, cursor.cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        lines = map("\t".join, zip(*_columns(rows, fields), strict=False))
        while block := "\n".join(line for _, line in zip(range(AT_ONCE), lines, strict=False)):
            copy.write(f"{block}\n")


def _columns(rows: Rows, fields: "list[models.Field[Any, Any]]") -> list[Iterable[str]]:
    """Per field the texts that COPY takes; a shared value is written down once."""
    example = apps.get_model("predictions", "Prediction")(**rows.shared)
    columns: list[Iterable[str]] = []
    for field in fields:
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
