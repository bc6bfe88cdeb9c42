"""The rows of a question that can be asked, apart from those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictions.exceptions import InvalidInput
from registry.signature import CleanTable, Signature


@dataclass(frozen=True)
class Picked:
    """`table`: the clean rows; `places`: where each stood in the question, None when all are there; `refused`: errors."""

    table: CleanTable
    places: Sequence[int] | None = None
    refused: Sequence[dict[str, Any]] = ()

    def of(self, values: Sequence[Any]) -> Sequence[Any]:
        """What the door said of each row of the question, for the rows that are left."""
        return values if self.places is None else [values[place] for place in self.places]


def pick(signature: Signature, columns: Mapping[str, Sequence[Any]], rows: int, *, partial: bool) -> Picked:
    """Clean a question. With `partial` rows with errors are left out; the same question gives the same rows again.

    Raises InvalidInput: without `partial` for any error, with it when no row is without one.
    """
    try:
        return Picked(signature.clean(columns, rows))
    except InvalidInput as invalid:
        if not partial:
            raise
        refused = [error for found in invalid.errors for error in _of_every_row(found, columns)]
        bad = {error["row"] for error in refused}
        places = [row for row in range(rows) if row not in bad]
        if not places:
            raise InvalidInput(sorted(refused, key=lambda error: error["row"])) from invalid
    known = {error["field"] for error in refused if error["code"] == "unknown_field"}
    kept = {name: [values[place] for place in places] for name, values in columns.items() if name not in known}
    return Picked(signature.clean(kept, len(places)), places, sorted(refused, key=lambda error: error["row"]))


def _of_every_row(error: dict[str, Any], columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """A field that the model has not is said once of a whole question; here, of each row that holds something in it."""
    if error["code"] != "unknown_field" or error["field"] not in columns:
        return [error]
    held = [row for row, value in enumerate(columns[error["field"]]) if value is not None]
    return [{**error, "row": row} for row in held] or [error]
