"""In which order a table of records stands."""

from dataclasses import dataclass

from predictions.imports.wording import folded
from predictions.listing import arrays, columns
from predictions.listing.arrays import KEYS, Array, Column
from predictions.listing.fields import Field


@dataclass(frozen=True)
class Order:
    """By which column; by none, the records are in the order they came in. `field` is None for the key."""

    name: str = ""
    is_descending: bool = False
    field: Field | None = None

    @property
    def column(self) -> tuple[str, str]:
        """What the index calls the column, and its kind."""
        return (columns.of(self.field.name), self.field.kind) if self.field else (KEYS, KEYS)

    def of(self, found: Array, column: Column) -> Array:
        """Positions of records, ordered."""
        values = _in_order(self.field) if self.field and column.kind == "category" else []
        return arrays.ordered(found, arrays.compared(column, values), is_descending=self.is_descending)


def _in_order(item: Field) -> list[str]:
    """The choices as the model orders them, else by their titles in the reader's language."""
    if item.feature and item.feature.ordered:
        known = [str(value) for value in item.feature.values]
        return [*known, *(value for value in item.values if value not in known)]
    return sorted(item.values, key=lambda value: folded(item.choice(value)))
