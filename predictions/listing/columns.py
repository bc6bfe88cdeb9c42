"""The column index of a set of records: made by each import, read by the table.

Without it each look would read every record's whole JSON, whichever column it is about.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from predictions.listing import arrays
from predictions.listing.arrays import IDS, KEYS, SEARCH, Column
from predictions.models import Dataset, Record, RecordColumn

AT_ONCE = 5_000  # records read
PREFIX = "column."
OWN = {IDS: "pk", KEYS: "key", SEARCH: "search"}


def of(name: str) -> str:
    """What the index calls the column `name` of the file; its own are IDS, KEYS and SEARCH."""
    return PREFIX + name


def rebuild(dataset: Dataset) -> None:
    """Make the index anew. Inside the transaction that changed the records, while nobody else can."""
    columns = [column for column in dataset.columns if column["name"] != dataset.key_column]
    kinds = {of(column["name"]): column["kind"] for column in columns}
    RecordColumn.objects.filter(dataset=dataset).delete()
    for name, column in _built(dataset, {name: name for name in OWN} | kinds):
        RecordColumn.objects.create(dataset=dataset, name=name, content=arrays.pack(column))


def load(dataset: Dataset, kinds: Mapping[str, str]) -> dict[str, Column]:
    """Columns by name, all of one import; `kinds` are the names wanted and what each is of.

    A set that was imported before there was an index is read as a whole.
    """
    kept = RecordColumn.objects.filter(dataset=dataset, name__in=list(kinds)).values_list("name", "content")
    found = {name: arrays.unpack(content) for name, content in kept}
    if {name: column.kind for name, column in found.items()} == dict(kinds):
        return found
    return dict(_built(dataset, kinds))


def _built(dataset: Dataset, kinds: Mapping[str, str]) -> Iterator[tuple[str, Column]]:
    """The columns, from the records themselves."""
    values: dict[str, list[Any]] = {name: [] for name in kinds}
    own = [name for name in kinds if name in OWN]
    names = {name: name.removeprefix(PREFIX) for name in kinds if name not in OWN}
    for rows in _rows(Record.objects.filter(dataset=dataset), own, with_data=bool(names)):
        for place, name in enumerate(own):
            values[name] += [row[place] for row in rows]
        data = [_parsed(row[-1]) for row in rows] if names else []
        for name, key in names.items():
            values[name] += [item.get(key) for item in data]
    for name, kind in kinds.items():
        yield name, arrays.column(kind, values.pop(name))


def _rows(found: QuerySet[Record], own: list[str], *, with_data: bool) -> Iterator[list[tuple[Any, ...]]]:
    """A part at a time: what the index asks for, and the data as text, for a faster parser than Django's."""
    if with_data:
        found = found.annotate(text=Cast("data", TextField()))
    rows = found.order_by("pk").values_list(*(OWN[name] for name in own), *(["text"] if with_data else []))
    part: list[Any] = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        part.append(row)
        if len(part) == AT_ONCE:
            yield part
            part = []
    yield part


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # a number that is larger than any float
        return json.loads(text)
